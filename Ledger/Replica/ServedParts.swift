internal import Primitives

/// Whose requests for parts of this node's state are answered: so many a second for all peers together. Each who asks has an equal
/// share, which is kept for it when it asks slowly; the rest is anybody's.
struct ServedParts: Sendable {
    /// Each is some ten milliseconds of reading.
    static let perSecondMax: UInt64 = 32
    /// After a quiet time.
    static let atOnceMax: UInt64 = 64
    /// Who has not asked for so long shares no more. Who was told to wait asks again sooner (`CatchUp.retryMilliseconds`).
    static let askingMilliseconds: UInt64 = 2_000
    /// A part, in the unit of budgets.
    private static let part: UInt64 = 1_000_000

    private struct Budget {
        var rest: UInt64
        var at: UInt64

        /// What came since, of so many who share.
        mutating func fill(at time: UInt64, sharers: Int) {
            let passed = min(time - min(at, time), 60_000)
            let share = UInt64(max(1, sharers))
            rest = min(atOnceMax * part / share, rest + passed * perSecondMax * part / 1_000 / share)
            at = max(at, time)
        }
    }

    private var all = Budget(rest: atOnceMax * part, at: 0)
    /// At most `PeerTable.countMax`.
    private var asking: [(peer: PeerID, askedAt: UInt64, budget: Budget)] = []

    /// Whether a part may be sent to the peer now; counts it.
    mutating func mayServe(_ peer: PeerID, at time: UInt64) -> Bool {
        asking.removeAll { $0.peer != peer && time > $0.askedAt + ServedParts.askingMilliseconds }
        var index = asking.firstIndex { $0.peer == peer }
        if index == nil, asking.count < PeerTable.countMax {
            index = asking.count
            asking.append((peer, time, Budget(rest: ServedParts.atOnceMax * ServedParts.part, at: time)))
        }
        guard let index else { return false }
        asking[index].askedAt = max(asking[index].askedAt, time)
        all.fill(at: time, sharers: 1)
        for other in asking.indices { asking[other].budget.fill(at: time, sharers: asking.count) }
        let own = asking[index].budget.rest
        let kept = asking.reduce(0) { $0 + $1.budget.rest } - own
        guard all.rest >= ServedParts.part, own >= ServedParts.part || all.rest >= kept + ServedParts.part else {
            return false
        }
        all.rest -= ServedParts.part
        asking[index].budget.rest -= min(own, ServedParts.part)
        return true
    }
}
