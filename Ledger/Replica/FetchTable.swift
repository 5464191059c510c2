internal import Primitives

/// Outstanding requests to peers. Each has a deadline and goes to another peer when it passes.
struct FetchTable: Sendable {
    static let countMax = 128
    static let timeoutMilliseconds: UInt64 = 1_000
    /// The ends of many epochs.
    static let offerTimeoutMilliseconds: UInt64 = 2_000
    /// Ranges take longer: megabytes of blocks.
    static let rangeTimeoutMilliseconds: UInt64 = 5_000

    enum Subject: Hashable, Sendable {
        /// Missing transactions of a block that is being judged.
        case transactions(block: Digest)
        case block(Digest)
        case range
        /// An offer of a state snapshot.
        case snapshot
        /// A part of the snapshot that is being taken over: blocks below this one, or leaves above this key hash.
        case ancestors(Digest)
        case leaves(after: Digest?)

        var timeoutMilliseconds: UInt64 {
            switch self {
            case .transactions, .block: FetchTable.timeoutMilliseconds
            case .snapshot: FetchTable.offerTimeoutMilliseconds
            case .range, .ancestors, .leaves: FetchTable.rangeTimeoutMilliseconds
            }
        }

        /// Belongs to the taking over of a snapshot.
        var isSnapshotPart: Bool {
            switch self {
            case .ancestors, .leaves: true
            default: false
            }
        }
    }

    struct Fetch: Sendable {
        let id: UInt64
        let subject: Subject
        let peer: PeerID
        let deadline: UInt64
        /// Peers that were asked for it, this one included.
        let asked: [PeerID]
        var sentAt: UInt64 { deadline - subject.timeoutMilliseconds }
        func age(at time: UInt64) -> UInt64 { time - min(time, sentAt) }
    }

    private(set) var fetches: [Fetch] = []
    private var nextID: UInt64 = 1

    var nextDeadline: UInt64? { fetches.map(\.deadline).min() }

    func isFetching(_ subject: Subject) -> Bool { fetches.contains { $0.subject == subject } }
    var isFetchingSnapshotPart: Bool { fetches.contains { $0.subject.isSnapshotPart } }

    /// The id of the new request, nil when there are too many.
    mutating func add(_ subject: Subject, peer: PeerID, asked: [PeerID], at now: UInt64) -> UInt64? {
        guard fetches.count < FetchTable.countMax else { return nil }
        let id = nextID
        nextID += 1
        let deadline = now + subject.timeoutMilliseconds
        fetches.append(Fetch(id: id, subject: subject, peer: peer, deadline: deadline, asked: asked + [peer]))
        return id
    }

    /// The request that this answer is for.
    mutating func take(id: UInt64, from peer: PeerID) -> Fetch? {
        guard let index = fetches.firstIndex(where: { $0.id == id && $0.peer == peer }) else { return nil }
        return fetches.remove(at: index)
    }

    mutating func cancel(_ subject: Subject) { fetches.removeAll { $0.subject == subject } }
    mutating func cancelSnapshotParts() { fetches.removeAll { $0.subject.isSnapshotPart } }

    /// Removes those whose deadline has passed or whose peer is gone.
    mutating func takeFailed(at now: UInt64, isConnected: (PeerID) -> Bool) -> [Fetch] {
        let failed = fetches.filter { $0.deadline <= now || !isConnected($0.peer) }
        if !failed.isEmpty { fetches.removeAll { $0.deadline <= now || !isConnected($0.peer) } }
        return failed
    }
}
