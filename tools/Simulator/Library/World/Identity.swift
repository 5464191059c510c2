package import Chain
package import ContractKit
internal import Governance
package import LedgerCrypto
internal import Primitives
package import Replica

/// Keys and names of simulated nodes and clients: fixed, the same in every run.
package enum Identity {
    /// Consensus key of a node; `generation` counts its rotations.
    package static func consensusKey(_ node: Int, generation: Int = 0) -> Secp256k1.SecretKey {
        secretKey("simulated validator \(node) key \(generation)")
    }

    package static func accountKey(_ account: Int) -> Secp256k1.SecretKey { secretKey("simulated account \(account)") }

    /// Key with which a node's partner signs transactions.
    package static func operatorKey(_ node: Int) -> Secp256k1.SecretKey { secretKey("simulated operator \(node)") }

    /// The partner that runs a node, as Governance knows it. A council has room for fewer than the largest networks have.
    package static func member(_ node: Int) -> Partner {
        Partner(
            id: partner(node), name: "Partner \(node)",
            roles: node < Governance.councilMax ? [.council, .validator] : .validator,
            keys: [operatorKey(node).publicKey])
    }

    /// Name of a node on its links.
    package static func peer(_ node: Int) -> PeerID { SHA256.hash(Array("simulated transport key \(node)".utf8)) }

    package static func partner(_ node: Int) -> String { "partner-" + (node < 10 ? "0" : "") + String(node) }

    package static func validator(_ node: Int, generation: Int = 0) -> Validator {
        Validator(
            partner: partner(node), consensusKey: consensusKey(node, generation: generation).publicKey,
            transportKey: peer(node))
    }

    private static func secretKey(_ text: String) -> Secp256k1.SecretKey {
        var digest = SHA256.hash(Array(text.utf8))
        // All but some 2^-128 of all digests are scalars in range.
        while true {
            if let key = Secp256k1.SecretKey(digest.bytes) { return key }
            digest = SHA256.hash(digest.bytes)
        }
    }
}
