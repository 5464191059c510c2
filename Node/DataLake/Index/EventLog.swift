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

/// What final blocks said of anchors of readings, deletions and members of known communities since some height, each block
/// read once. What is known of the chain in memory is kept in step with it instead of being read from the state for every
/// period.
///
/// Invariant: between two answers of `follow` for which the first one's `next` is still kept, no event of the blocks in
/// between is left out that concerns anchors of readings, deletions, or members of a community that was asked for by then.
/// `followed` is the block up to which `entries` has everything: both move on together, block by block.
final class EventLog: Sendable {
    struct Anchored: Sendable {
        let digest: Digest
        let owner: String
        let supersedes: Digest?
        let height: Height
    }

    enum Change: Sendable {
        case anchored(Anchored)
        case deleted(Digest)
        /// An event of a community that its `MemberLog` counts.
        case membership(Event)
    }

    struct Entry: Sendable {
        let height: Height
        let change: Change

        /// In memory, with what the entry points to.
        var byteCount: Int {
            let beyond =
                switch change {
                case .anchored(let anchor): anchor.owner.utf8.count
                case .deleted: 0
                case .membership(let event): event.payload.count + 32
                }
            return MemoryLayout<Entry>.stride + beyond
        }
    }

    struct Answer {
        /// Changes since the number that was asked for; nil when they are not all kept.
        let changes: [Entry]?
        /// The number to ask with next time.
        let next: UInt64
        /// The height up to which these are all.
        let followed: Height
    }

    static let bytesMax = 16 * 1_048_576
    /// Blocks that are read at once; after a longer gap the state is quicker.
    static let blocksMax: UInt64 = 4_096
    /// Communities whose members are followed; those of more are read from the state.
    static let communitiesMax = 1_024

    private struct State {
        var followed: Height?
        var entries: [Entry] = []
        /// Of `entries`.
        var byteCount = 0
        /// Number of the first entry that is kept.
        var first: UInt64 = 0
        var communities: Set<Address> = []

        var next: UInt64 { first + UInt64(entries.count) }

        mutating func startOver(at height: Height) {
            first = next + 1
            entries = []
            byteCount = 0
            followed = height
        }

        mutating func take(_ found: [Entry], bytesMax: Int) {
            entries += found
            byteCount += found.reduce(0) { $0 + $1.byteCount }
            guard byteCount > bytesMax else { return }
            // Half of it goes at once, so that this is seldom.
            var gone = 0
            while byteCount > bytesMax / 2, gone < entries.count {
                byteCount -= entries[gone].byteCount
                gone += 1
            }
            entries.removeFirst(gone)
            first += UInt64(gone)
        }
    }

    private let state = Mutex(State())
    private let bytesMax: Int

    init(bytesMax: Int = EventLog.bytesMax) { self.bytesMax = bytesMax }

    /// Of what is kept.
    var byteCount: Int { state.withLock { $0.byteCount } }

    /// Reads the blocks up to the view's, and gives the changes from `number` on. Members of `community` are followed from
    /// this answer's `next` on, if they were not before.
    func follow(
        _ events: ChainEvents, from number: UInt64?, of community: Address? = nil
    ) throws(StorageFailure) -> Answer {
        let result = state.withLock { state -> Result<Answer, StorageFailure> in
            do throws(StorageFailure) {
                try advance(&state, events)
            } catch {
                return .failure(error)
            }
            if let community, state.communities.count < EventLog.communitiesMax {
                state.communities.insert(community)
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

    private func advance(_ state: inout State, _ events: ChainEvents) throws(StorageFailure) {
        guard let followed = state.followed else { return state.startOver(at: events.height) }
        guard events.height > followed else { return }
        guard events.height.distance(above: followed) <= EventLog.blocksMax else {
            return state.startOver(at: events.height)
        }
        var height = followed
        while height < events.height {
            height = height.next
            // A block that cannot be read now is read the next time; those before it are done with.
            guard let block = try events.at(height) else { return state.startOver(at: events.height) }
            let found = block.compactMap { EventLog.change($0, state.communities) }
            state.take(found.map { Entry(height: height, change: $0) }, bytesMax: bytesMax)
            state.followed = height
        }
    }

    /// Other contracts use the same numbers for other events.
    private static func change(_ event: Event, _ communities: Set<Address>) -> Change? {
        if event.instance == WellKnown.anchors {
            switch event.kind {
            case Anchors.anchored.number:
                guard let anchor = try? Anchors.anchored.payload(of: event), anchor.schema == ReadingBatch.schema else {
                    return nil
                }
                return .anchored(
                    Anchored(
                        digest: anchor.digest, owner: anchor.owner, supersedes: anchor.supersedes,
                        height: anchor.height))
            case Anchors.deleted.number: return (try? Anchors.deleted.payload(of: event)).map { .deleted($0.batch) }
            default: return nil
            }
        }
        guard communities.contains(event.instance) else { return nil }
        switch event.kind {
        case Community.admitted.number, Community.ended.number, Community.amended.number, Community.published.number:
            return .membership(event)
        default: return nil
        }
    }
}
