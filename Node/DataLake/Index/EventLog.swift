internal import Anchors
package import Chain
internal import ContractKit
package import Primitives
internal import Synchronization
internal import Trading

/// Events of final blocks, for a view of the chain whose height is known.
package struct ChainEvents: Sendable {
    /// Block that the view's state follows from.
    package let height: Height
    /// Events of a final block in their order; nil when this node does not have the block.
    package let at: @Sendable (Height) throws(StorageFailure) -> [Event]?

    package init(height: Height, at: @escaping @Sendable (Height) throws(StorageFailure) -> [Event]?) {
        self.height = height
        self.at = at
    }
}

/// What final blocks said of anchors and members since some height, each block read once. What is known of the chain in
/// memory is kept in step with it instead of being read from the state for every period.
///
/// Invariant: between two answers of `follow` for which the first one's `next` is still kept, no event that concerns
/// anchors or memberships of the blocks in between is left out.
final class EventLog: Sendable {
    enum Change: Sendable {
        case anchored(BatchAnchor)
        case deleted(Digest)
        /// An event of a community that its `MemberLog` counts.
        case membership(Event)
    }

    struct Entry: Sendable {
        let height: Height
        let change: Change
    }

    struct Answer {
        /// Changes since the number that was asked for; nil when they are not all kept.
        let changes: [Entry]?
        /// The number to ask with next time.
        let next: UInt64
        /// The height up to which these are all.
        let followed: Height
    }

    static let entriesMax = 131_072
    /// Blocks that are read at once; after a longer gap the state is quicker.
    static let blocksMax: UInt64 = 4_096

    private struct State {
        var followed: Height?
        var entries: [Entry] = []
        /// Number of the first entry that is kept.
        var first: UInt64 = 0

        var next: UInt64 { first + UInt64(entries.count) }

        mutating func startOver(at height: Height) {
            first = next + 1
            entries = []
            followed = height
        }
    }

    private let state = Mutex(State())

    /// Reads the blocks up to the view's, and gives the changes from `number` on.
    func follow(_ events: ChainEvents, from number: UInt64?) throws(StorageFailure) -> Answer {
        let result = state.withLock { state -> Result<Answer, StorageFailure> in
            do throws(StorageFailure) {
                try EventLog.advance(&state, events)
            } catch {
                return .failure(error)
            }
            let changes: [Entry]? =
                if let number, number >= state.first, number <= state.next {
                    Array(state.entries.dropFirst(Int(number - state.first)))
                } else { nil }
            return .success(
                Answer(changes: changes, next: state.next, followed: state.followed ?? events.height))
        }
        return try result.get()
    }

    private static func advance(_ state: inout State, _ events: ChainEvents) throws(StorageFailure) {
        guard let followed = state.followed else { return state.startOver(at: events.height) }
        guard events.height > followed else { return }
        guard events.height.distance(above: followed) <= blocksMax else { return state.startOver(at: events.height) }
        var height = followed
        while height < events.height {
            height = height.next
            guard let block = try events.at(height) else { return state.startOver(at: events.height) }
            for event in block {
                if let change = change(event) { state.entries.append(Entry(height: height, change: change)) }
            }
        }
        state.followed = height
        if state.entries.count > entriesMax {
            let gone = state.entries.count - entriesMax / 2
            state.entries.removeFirst(gone)
            state.first += UInt64(gone)
        }
    }

    /// Any instance may emit events of the numbers below; only those of a community's `MemberLog` lead to its digest.
    private static func change(_ event: Event) -> Change? {
        if event.instance == WellKnown.anchors {
            switch event.kind {
            case Anchors.anchored.number: return (try? Anchors.anchored.payload(of: event)).map { .anchored($0) }
            case Anchors.deleted.number: return (try? Anchors.deleted.payload(of: event)).map { .deleted($0.batch) }
            default: return nil
            }
        }
        switch event.kind {
        case Community.admitted.number, Community.ended.number, Community.amended.number, Community.published.number:
            return .membership(event)
        default: return nil
        }
    }
}
