internal import Chain
internal import Encodings
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import OperatorFiles
internal import Primitives

/// The secret keys of one organisation's DID in a file of its own, mode 0600, with what its document says beside them.
struct DIDWallet: Codable {
    struct Service: Codable {
        var label: String
        var type: String
        var endpoint: String
        var accept: [String]
    }

    static let formatName = "commonwatt/did-wallet/1"

    var format = formatName
    var did = ""
    /// `<network>` of the DID.
    var network: String
    /// 32-byte seeds in hexadecimal digits. `control` is the Ed25519 key of the document.
    var control: String
    var agreement: String
    /// The key that the last version committed to.
    var next: String?
    /// Rotations so far: names the key of a version.
    var rotation: UInt32 = 0
    var services: [Service] = []
    var aliases: [String] = []
    /// True: `control` is no key of the document, but one that the DID granted rights to.
    var delegate: Bool?

    var isDelegate: Bool { delegate == true }

    static func seed() -> String {
        var generator = SystemRandomNumberGenerator()
        return Hex.encode((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    static func new(network: String) -> DIDWallet {
        DIDWallet(network: network, control: seed(), agreement: seed())
    }

    // MARK: File

    static func read(_ path: String) throws -> DIDWallet {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UserError("No DID wallet at \(path); make one with `commonwatt did create`.")
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        if let mode = attributes[.posixPermissions] as? Int, mode & 0o077 != 0 {
            throw UserError("\(path) can be read by other users; run `chmod 600 \(path)` and, if they did, rotate.")
        }
        guard let wallet = try? JSONDecoder().decode(DIDWallet.self, from: data), wallet.format == formatName else {
            throw UserError("\(path) is no DID wallet (format \(formatName)).")
        }
        return wallet
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Beside the old one first: a wallet that is half written would lose the keys.
        let part = path + ".new"
        try? FileManager.default.removeItem(atPath: part)
        try KeyFile.write(try encoder.encode(self), to: part)
        guard rename(part, path) == 0 else { throw UserError("Could not replace \(path).") }
    }

    // MARK: Keys

    static func key(_ seed: String) throws -> PublicKey {
        guard let bytes = Hex.decode(seed), let key = Ed25519.publicKey(seed: bytes) else {
            throw UserError("A key in the wallet is no 32-byte seed.")
        }
        return key
    }

    func controlKey() throws -> PublicKey { try DIDWallet.key(control) }

    /// Refuses what only a control key may do before a node is asked.
    func requireControl() throws {
        guard !isDelegate else {
            throw UserError("This is a delegate's wallet: it may register or revoke, nothing else. Use the DID's own.")
        }
    }

    func commitment() throws -> Digest? {
        try next.map { OperationDigest.commitment(to: try DIDWallet.key($0)) }
    }

    /// Signs with any key of this wallet.
    func signer(network id: Digest) -> OperationSigner {
        let seeds = [control] + (next.map { [$0] } ?? [])
        return OperationSigner(network: id, name: network) { key, digest in
            for seed in seeds.compactMap(Hex.decode) where Ed25519.publicKey(seed: seed) == key {
                return Ed25519.sign(digest.bytes, seed: seed)
            }
            return nil
        }
    }

    func content() throws -> DocumentContent {
        guard let agreement = Hex.decode(agreement).flatMap({ X25519.publicKey(secret: $0) }) else {
            throw UserError("The agreement key in the wallet is no 32-byte secret.")
        }
        return DocumentContent(
            keys: [
                DocumentKey(
                    "key-\(2 * rotation + 1)", .signing(try controlKey()),
                    [.authentication, .assertionMethod, .capabilityInvocation]),
                DocumentKey("key-\(2 * rotation + 2)", .agreement(agreement), .keyAgreement),
            ], aliases: aliases,
            services: services.map {
                DocumentService($0.label, type: $0.type, endpoint: $0.endpoint, accept: $0.accept)
            })
    }

    func identifier() throws -> DID {
        guard let did = DID(did) else { throw UserError("The wallet has no DID yet; run `commonwatt did create`.") }
        return did
    }
}

extension DIDWallet.Service {
    /// `LABEL=TYPE,URL[,accept…]`.
    init(option: String) throws {
        let parts = option.split(separator: "=", maxSplits: 1).map(String.init)
        let values = parts.count == 2 ? parts[1].split(separator: ",").map(String.init) : []
        guard values.count >= 2 else {
            throw UserError("'\(option)' is no service: write LABEL=TYPE,https://host/path[,accept…].")
        }
        self.init(label: parts[0], type: values[0], endpoint: values[1], accept: Array(values.dropFirst(2)))
    }
}
