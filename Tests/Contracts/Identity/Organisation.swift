import Chain
import ContractHost
import ContractKit
import ContractSuite
import Encodings
import Identity
import LedgerCrypto
import Primitives
import TestSupport

/// Keys of an organisation of tests, made from a name: Ed25519, secp256k1 and one of X25519.
struct Organisation {
    let name: String

    static let p256 = PublicKey(scheme: .p256, bytes: [2] + [UInt8](repeating: 7, count: 32))

    func seed(_ purpose: String) -> [UInt8] { SHA256.hash(Array("organisation/\(name)/\(purpose)".utf8)).bytes }
    func ed25519(_ purpose: String = "control") -> PublicKey {
        Ed25519.publicKey(seed: seed(purpose)) ?? PublicKey(scheme: .ed25519, bytes: [UInt8](repeating: 0, count: 32))!
    }
    var secp256k1: PublicKey { ContractTestBench.key(of: "organisation/\(name)").publicKey }
    var agreement: Digest { Digest(seed("agreement"))! }

    static let purposes = ["control", "next", "other", "agent", "spare"]

    /// Signs with any key of this organisation.
    func sign(_ key: PublicKey, _ digest: Digest) -> Signature? {
        if key == secp256k1 { return ContractTestBench.key(of: "organisation/\(name)").sign(digest) }
        for purpose in Organisation.purposes where ed25519(purpose) == key {
            return Ed25519.sign(digest.bytes, seed: seed(purpose))
        }
        return nil
    }

    static let control: KeyPurposes = [.authentication, .assertionMethod, .capabilityInvocation]

    var content: DocumentContent {
        DocumentContent(
            keys: [
                DocumentKey("key-1", .signing(ed25519()), Organisation.control),
                DocumentKey("key-2", .agreement(agreement), .keyAgreement),
            ],
            services: [
                DocumentService(
                    "agent", type: "DIDCommMessaging", endpoint: "https://agent.\(name).example/didcomm",
                    accept: ["didcomm/v2"])
            ])
    }

    func rotated(to purpose: String) -> DocumentContent {
        DocumentContent(keys: [DocumentKey("key-\(purpose)", .signing(ed25519(purpose)), Organisation.control)])
    }

    func signer(_ bench: ContractTestBench) -> OperationSigner {
        OperationSigner(network: bench.network, name: "bench", sign: sign)
    }

    var did: DID { content.did(network: "bench", nextKey: nil) }
}

extension Consortium {
    /// The consortium, of which aurora and borealis endorse organisations.
    static func identityBench() throws -> ContractTestBench {
        try bench { suite in
            suite.partners = suite.partners.map { partner in
                var changed = partner
                if ["aurora", "borealis"].contains(partner.id) { changed.roles.formUnion(.issuer) }
                return changed
            }
            suite.parameters.quotaTransactions = 1_000_000_000
            suite.parameters.quotaWork = 1 << 60
        }
    }
}

extension ContractTestBench {
    /// The number of the rejection of a call to Identity, nil when it succeeded.
    mutating func identity<Arguments, Output>(
        _ method: Method<Arguments, Output>, _ arguments: Arguments?, as partner: String = "aurora"
    ) -> UInt16? {
        guard let arguments else { return 0 }
        do {
            _ = try send(method, to: WellKnown.identity, arguments, as: partner)
            return nil
        } catch { return error.code }
    }

    func head(_ url: String) throws -> ObjectHead? {
        try Identity.heads.get(ObjectID(url).digest, in: reading(WellKnown.identity))
    }

    func version(_ url: String, _ number: UInt32) throws -> ObjectVersion? {
        try Identity.versions.get(Pair(ObjectID(url).digest, number), in: reading(WellKnown.identity))
    }

    /// The stored text of a version.
    func text(_ url: String, _ number: UInt32) throws -> [UInt8] {
        guard let version = try version(url, number) else { return [] }
        var bytes: [UInt8] = []
        var index: UInt16 = 0
        while let part = try Identity.contents.get(Pair(version.content, index), in: reading(WellKnown.identity)) {
            bytes += part.bytes
            index += 1
        }
        return bytes
    }
}
