internal import ContractKit
internal import Identity
package import LightClient
package import NodeClient
internal import Primitives

/// What the resolver reads of a node's newest final state.
package protocol RegistryReader: Sendable {
    /// Values of one state, in order of the keys.
    func values(_ keys: [[UInt8]]) async throws -> StateValues
    /// One bundle of one state for all keys.
    func proof(_ keys: [[UInt8]]) async throws -> ProofBundle
}

/// State keys of the registry; docs/formats/did-resolution-proof.md says how others compute them.
package enum RegistryKeys {
    package static func head(_ url: String) -> [UInt8] {
        Identity.heads.stateKey(ObjectID(url).digest, at: WellKnown.identity)
    }

    package static func version(_ url: String, _ number: UInt32) -> [UInt8] { version(ObjectID(url).digest, number) }

    static func version(_ object: Digest, _ number: UInt32) -> [UInt8] {
        Identity.versions.stateKey(Pair(object, number), at: WellKnown.identity)
    }

    static func part(_ content: Digest, _ index: UInt16) -> [UInt8] {
        Identity.contents.stateKey(Pair(content, index), at: WellKnown.identity)
    }
}
