internal import Chain
internal import ContractKit
package import Primitives

/// The calls that wait for their time, by lane (an instance, or the host's own lane of turns), then time, then arrival.
///
/// A tree over the six bytes of a time with a bitmap at each branch leads to a moment, whose entries are linked in order
/// of arrival. So every operation costs at most some ten reads and writes, whatever else waits and whatever times others
/// choose.
///
/// Invariants: a branch or moment is stored exactly while something is below it; `previous` and `next` of a moment's
/// entries form one list from `first` to `last`.
enum Calendar {
    /// Times above 48 bits (the year 10889) cannot be scheduled.
    static let timeMax = Timestamp((1 << 48) - 1)
    private static let depth = 6

    /// Appends an entry to a lane; `time` is at most `timeMax`.
    static func append(
        _ call: ScheduledCall, to lane: Address, at time: Timestamp, in host: Context
    ) throws(Rejection) -> ScheduleID {
        let sequence = try HostState.scheduledCount.get(in: host)?.value ?? 0
        try HostState.scheduledCount.set(Height(checked(sequence.adding(1))), in: host)
        var entry = call
        let key = Pair(lane, time)
        let moment = try HostState.moments.get(key, in: host)
        if let last = moment?.last {
            try change(last, at: time, in: host) { $0.next = sequence }
            entry.previous = last
        }
        try HostState.moments.set(key, QueueEnds(moment, appending: sequence), in: host)
        if moment == nil { try mark(lane, time, in: host) }
        try HostState.scheduled.set(Pair(time, sequence), entry, in: host)
        return ScheduleID(time: time, sequence: sequence)
    }

    /// Takes an entry out of its lane.
    static func remove(_ id: ScheduleID, from lane: Address, in host: Context) throws(Rejection) -> ScheduledCall {
        let key = Pair(lane, id.time)
        guard let entry = try HostState.scheduled.get(Pair(id.time, id.sequence), in: host),
            let moment = try HostState.moments.get(key, in: host)
        else { throw HostRejection.malformedState() }
        try HostState.scheduled.remove(Pair(id.time, id.sequence), in: host)
        if let previous = entry.previous { try change(previous, at: id.time, in: host) { $0.next = entry.next } }
        if let next = entry.next { try change(next, at: id.time, in: host) { $0.previous = entry.previous } }
        if let rest = moment.without(entryBetween: entry.previous, and: entry.next) {
            try HostState.moments.set(key, rest, in: host)
        } else {
            try HostState.moments.remove(key, in: host)
            try unmark(lane, id.time, in: host)
        }
        return entry
    }

    /// The first entry of a lane; nil when nothing waits there.
    static func first(of lane: Address, in host: Context) throws(Rejection) -> ScheduleID? {
        var path: [UInt8] = []
        while path.count < depth {
            guard let branch = try HostState.branches.get(CalendarPath(lane, path[...]), in: host) else {
                try require(path.isEmpty, HostRejection.malformedState())
                return nil
            }
            path.append(branch.first)
        }
        let time = Timestamp(path.reduce(0) { $0 << 8 | UInt64($1) })
        guard let moment = try HostState.moments.get(Pair(lane, time), in: host) else {
            throw HostRejection.malformedState()
        }
        return ScheduleID(time: time, sequence: moment.first)
    }

    // MARK: Parts

    private static func path(_ time: Timestamp) -> [UInt8] {
        (0..<depth).map { UInt8(truncatingIfNeeded: time.value >> (8 * (depth - 1 - $0))) }
    }

    private static func mark(_ lane: Address, _ time: Timestamp, in host: Context) throws(Rejection) {
        let path = path(time)
        for level in stride(from: depth - 1, through: 0, by: -1) {
            let key = CalendarPath(lane, path[..<level])
            let known = try HostState.branches.get(key, in: host)
            var branch = known ?? CalendarBranch()
            branch.insert(path[level])
            try HostState.branches.set(key, branch, in: host)
            if known != nil { return }
        }
    }

    private static func unmark(_ lane: Address, _ time: Timestamp, in host: Context) throws(Rejection) {
        let path = path(time)
        for level in stride(from: depth - 1, through: 0, by: -1) {
            let key = CalendarPath(lane, path[..<level])
            guard var branch = try HostState.branches.get(key, in: host) else { throw HostRejection.malformedState() }
            branch.remove(path[level])
            guard branch.isEmpty else { return try HostState.branches.set(key, branch, in: host) }
            try HostState.branches.remove(key, in: host)
        }
    }

    private static func change(
        _ sequence: UInt64, at time: Timestamp, in host: Context, _ body: (inout ScheduledCall) -> Void
    ) throws(Rejection) {
        guard var entry = try HostState.scheduled.get(Pair(time, sequence), in: host) else {
            throw HostRejection.malformedState()
        }
        body(&entry)
        try HostState.scheduled.set(Pair(time, sequence), entry, in: host)
    }
}

/// Which of 256 children a branch has: four words, the lowest numbers in the first.
package struct CalendarBranch: Hashable, Sendable, BCSCodable {
    private var words: [UInt64] = [0, 0, 0, 0]

    init() {}
    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }
    /// The lowest child; 0 when there is none.
    var first: UInt8 {
        guard let word = words.firstIndex(where: { $0 != 0 }) else { return 0 }
        return UInt8(truncatingIfNeeded: word * 64 + words[word].trailingZeroBitCount)
    }
    mutating func insert(_ child: UInt8) { words[Int(child / 64)] |= 1 << UInt64(child % 64) }
    mutating func remove(_ child: UInt8) { words[Int(child / 64)] &= ~(1 << UInt64(child % 64)) }

    package func encode(to encoder: inout BCSEncoder) { for word in words { encoder.u64(word) } }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        words = []
        for _ in 0..<4 { words.append(try decoder.u64()) }
    }
}

/// A branch's place: the lane and the first bytes of the times below it.
package struct CalendarPath: StorageKey {
    let lane: Address
    let bytes: [UInt8]

    init(_ lane: Address, _ bytes: ArraySlice<UInt8>) {
        self.lane = lane
        self.bytes = Array(bytes)
    }

    package func appendKey(to key: inout [UInt8]) {
        lane.appendKey(to: &key)
        key.append(contentsOf: bytes)
    }
    package init?(takingKey key: inout ArraySlice<UInt8>) {
        guard let lane = Address(takingKey: &key) else { return nil }
        self.init(lane, key)
        key = []
    }
}
