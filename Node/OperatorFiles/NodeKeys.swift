internal import Foundation
package import LedgerCrypto
internal import Primitives
package import Transport

/// The three keys of a node, in one folder:
///
///     consensus.key   secp256k1, signs votes; a second running copy of it is a fault that others can prove
///     operator.key    secp256k1, signs the partner's transactions and attestations
///     transport.pem   TLS key and certificate; peers pin the key
package struct NodeKeys {
    package let folder: String
    package let consensus: Secp256k1.SecretKey
    package let operatorKey: Secp256k1.SecretKey
    package let transport: TransportIdentity

    package static func create(in folder: String) throws -> NodeKeys {
        let identity = try TransportIdentity.generate()
        let path = folder + "/transport.pem"
        try NewFile.require(path, "A key", remedy: "choose another folder")
        let keys = NodeKeys(
            folder: folder, consensus: try KeyFile.create(at: folder + "/consensus.key"),
            operatorKey: try KeyFile.create(at: folder + "/operator.key"), transport: identity)
        try KeyFile.write(Data(identity.pem.utf8), to: path)
        return keys
    }

    package static func read(_ folder: String) throws -> NodeKeys {
        let path = folder + "/transport.pem"
        guard let pem = FileManager.default.contents(atPath: path) else {
            throw UserError("No transport key at \(path); make the keys with `commonwatt keys new --dir \(folder)`.")
        }
        let identity: TransportIdentity
        do {
            identity = try TransportIdentity(pem: String(decoding: pem, as: UTF8.self))
        } catch {
            throw UserError("\(path) cannot be used: \(error)")
        }
        return NodeKeys(
            folder: folder, consensus: try KeyFile.read(folder + "/consensus.key"),
            operatorKey: try KeyFile.read(folder + "/operator.key"), transport: identity)
    }
}
