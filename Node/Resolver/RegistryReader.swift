package import Chain
internal import ContractKit
internal import Identity
package import LightClient
package import NodeClient
package import Primitives

/// What the resolver reads of a node's newest final state.
package protocol RegistryReader: Sendable {
    /// All that an answer says is read from one state.
    func finalState() async throws -> any FinalState
    /// One bundle of one state for all keys, for a reader that trusts `epoch`.
    func proof(_ keys: [[UInt8]], from epoch: Epoch) async throws -> ProofBundle
    /// What becomes of a read that failed in two states one after the other.
    func explain(_ failure: StorageFailure) -> any Error
}

extension RegistryReader {
    package func explain(_ failure: StorageFailure) -> any Error {
        ResolutionProblem(.internalError, "The registry cannot be read here. Use another node.")
    }
}

/// State keys of the registry; docs/formats/did-resolution-proof.md says how others compute them.
package enum RegistryKeys {
    package static func head(_ url: String) -> [UInt8] { head(ObjectID(url).digest) }

    package static func version(_ url: String, _ number: UInt32) -> [UInt8] { version(ObjectID(url).digest, number) }

    static func head(_ object: Digest) -> [UInt8] { Identity.heads.stateKey(object, at: WellKnown.identity) }

    static func version(_ object: Digest, _ number: UInt32) -> [UInt8] {
        Identity.versions.stateKey(Pair(object, number), at: WellKnown.identity)
    }

    static func part(_ content: Digest, _ index: UInt16) -> [UInt8] {
        Identity.contents.stateKey(Pair(content, index), at: WellKnown.identity)
    }
}
