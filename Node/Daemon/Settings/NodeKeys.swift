internal import Foundation
internal import LedgerCrypto
internal import Primitives
internal import Transport

/// The three keys of a node, in one folder:
///
///     consensus.key   secp256k1, signs votes; a second running copy of it is a fault that others can prove
///     operator.key    secp256k1, signs the partner's transactions and attestations
///     transport.pem   TLS key and certificate; peers pin the key
struct NodeKeys {
    let folder: String
    let consensus: Secp256k1.SecretKey
    let operatorKey: Secp256k1.SecretKey
    let transport: TransportIdentity

    static func create(in folder: String) throws -> NodeKeys {
        let identity = try TransportIdentity.generate()
        let path = folder + "/transport.pem"
        guard !FileManager.default.fileExists(atPath: path) else {
            throw UserError(
                "\(path) exists already; a key is never overwritten. Choose another folder or move it away.")
        }
        let keys = NodeKeys(
            folder: folder, consensus: try KeyFile.create(at: folder + "/consensus.key"),
            operatorKey: try KeyFile.create(at: folder + "/operator.key"), transport: identity)
        try KeyFile.write(Data(identity.pem.utf8), to: path)
        return keys
    }

    static func read(_ folder: String) throws -> NodeKeys {
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
