package import Chain
internal import ContractHost
internal import ContractSuite
internal import Foundation
internal import NodeClient
internal import Primitives

/// The genesis file, from which every node and every verifier starts.
package enum GenesisFile {
    /// Whether the contracts accept the genesis; gives the state root of block 0's writes by running them.
    package static func checkApplication(_ genesis: Genesis) throws {
        do {
            _ = try Genesis(bcs: genesis.bcs)
        } catch {
            throw UserError("This makes no genesis: \(error)")
        }
        do {
            _ = try ContractSuite.application.genesisState(genesis)
        } catch {
            throw UserError("The contracts refuse this genesis: \(error.text)")
        }
    }

    package static func read(_ path: String) throws -> Genesis {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UserError(
                "No genesis file at \(path); ask a partner for it, or make one with `commonwatt genesis assemble`.")
        }
        let genesis: Genesis
        do {
            genesis = try Genesis(file: data)
        } catch {
            throw UserError("\(path) is no genesis file of a Commonwatt network: \(error)")
        }
        return genesis
    }

    package static func write(_ genesis: Genesis, to path: String) throws {
        try NewFile.write(Data(genesis.file), to: path)
    }
}
