package import Chain
internal import LedgerState
package import Primitives

/// A peer's request for leaves, to be answered from the store by whoever performs effects: it reads some thousand
/// records, which must not hold up the consensus. Holds nothing of the store between two requests.
package struct SnapshotRead: Sendable, Hashable {
    package let version: Height
    package let after: Digest?
    let leavesMax: Int
    package let id: UInt64

    /// The answer. `unavailable` when the version is not stored here, or was pruned meanwhile. Throws when the store is
    /// damaged: the peer is to be told `unavailable`, the operator what is wrong.
    package func answer(_ reader: any KeyValueReader) throws(StorageFailure) -> PeerMessage {
        do {
            guard let state = try StateSnapshot.historic(reader, at: version),
                let chunk = try state.chunk(after: after, leavesMax: min(leavesMax, StateChunk.leavesMax))
            else { return refusal }
            return .response(.leaves(chunk), id: id)
        } catch {
            // Pruning removes the root first: then this is no damage.
            if try StateSnapshot.historic(reader, at: version) == nil { return refusal }
            throw error
        }
    }

    /// Says that this node does not have it.
    package var refusal: PeerMessage { .response(.unavailable, id: id) }
}
