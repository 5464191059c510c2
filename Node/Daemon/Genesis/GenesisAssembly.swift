internal import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import Foundation
internal import NodeClient
internal import Primitives

/// Makes a genesis of parts, and checks one. Anyone with the same parts, time and parameters makes the same bytes, so
/// that each partner can make it and compare the network id.
enum GenesisAssembly {
    static func assemble(
        name: String, time: Timestamp, parts: [GenesisPart], parameters: ChainParameters = ChainParameters()
    ) throws -> Genesis {
        guard !parts.isEmpty else { throw UserError("A genesis needs the parts of at least one partner.") }
        for part in parts where part.network != name {
            throw UserError("The part of '\(part.partner)' is for the network '\(part.network)', not '\(name)'.")
        }
        let sorted = parts.sorted { $0.partner.utf8.lexicographicallyPrecedes($1.partner.utf8) }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.partner == right.partner {
            throw UserError("Two parts are of the partner '\(left.partner)'; keep one.")
        }
        let checked = try sorted.map { try $0.checked() }
        let validators: ValidatorSet
        do {
            validators = try ValidatorSet(checked.compactMap(\.validator))
        } catch {
            throw UserError("The parts make no validator set: \(error)")
        }
        let genesis = Genesis(
            name: name, time: time, parameters: parameters, validators: validators,
            application: SuiteGenesis(partners: checked.map(\.partner)).bcs)
        try checkApplication(genesis)
        return genesis
    }

    /// Whether the contracts accept the genesis; gives the state root of block 0's writes by running them.
    static func checkApplication(_ genesis: Genesis) throws {
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

    static func read(_ path: String) throws -> Genesis {
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

    static func write(_ genesis: Genesis, to path: String) throws {
        try NewFile.write(Data(genesis.file), to: path)
    }
}
