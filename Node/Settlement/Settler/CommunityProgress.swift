internal import Chain
internal import ContractKit
internal import DataLake
internal import Primitives
internal import Trading

/// What a settler knows of one community. Nothing of it needs to outlive the process: chain and lake tell it again.
struct CommunityProgress: Sendable {
    struct Wait: Sendable {
        let stage: SettlementStage?
        let lack: PeriodLack
        /// Looked at again then, or when something arrives for it.
        let until: Timestamp
        var reason: String?
    }

    struct Trouble: Sendable {
        let reason: String
        let attempts: Int
        let retryAt: Timestamp
    }

    var view: CommunityView?
    var problem: String?
    private(set) var meters: Set<MeterNumber> = []
    /// Spans of periods in which somebody is a member, ascending and apart; the last one may have no end.
    private var spans: [(from: PeriodNumber, until: PeriodNumber)] = []
    /// Every period before it is final, or has no members.
    private(set) var finalBefore: PeriodNumber?
    private(set) var waits: [PeriodNumber: Wait] = [:]
    var troubles: [PeriodNumber: Trouble] = [:]
    /// Since when a period has been due.
    private var dueSince: [PeriodNumber: Timestamp] = [:]
    /// Final periods whose readings may have changed.
    var suspects: Set<PeriodNumber> = []
    /// Changed readings of final periods by the root of their batches, and since when they are these.
    private var changes: [PeriodNumber: (root: Digest, since: Timestamp)] = [:]
    /// Final periods from here on were not compared since the start.
    private var compareFrom: PeriodNumber?
    private var isCompared = false
    var lastSync: Timestamp?
    /// When this settler saw members, settings or prices change.
    private var changedAt: Timestamp?
    private(set) var (unsettled, provisional) = (0, 0)
    /// Whether there are further periods, which were not counted.
    private(set) var hasMore = false
    var (settled, corrected, overtaken) = (0, 0, 0)
    private(set) var failed = 0

    /// Takes over the community as the chain has it now. New members, settings or prices wake every period.
    mutating func follow(_ view: CommunityView, _ chain: ChainView) throws(StorageFailure) {
        let known = self.view?.head.members
        self.view = view
        problem = nil
        if known == view.head.members { return }
        // A community that was never settled is being founded.
        if known != nil || view.head.lastSettled == nil { changedAt = chain.time }
        let members = try chain.members(of: view)
        meters = Set(members.flatMap(\.meters))
        spans = []
        for member in members.sorted(by: { $0.from < $1.from }) {
            let until = member.until ?? PeriodNumber(.max)
            guard member.from < until else { continue }
            if let last = spans.indices.last, member.from <= spans[last].until {
                spans[last].until = max(spans[last].until, until)
            } else {
                spans.append((member.from, until))
            }
        }
        finalBefore = spans.first?.from
        waits = [:]
    }

    private func hasMembers(_ period: PeriodNumber) -> Bool {
        spans.contains { $0.from <= period && period < $0.until }
    }

    /// Periods that are over, not final, and to be looked at now, ascending, with their stage; at most `limit`. Those that
    /// wait are only counted: what would change for them wakes them.
    mutating func open(
        _ chain: ChainView, limit: Int
    ) throws(StorageFailure) -> [(period: PeriodNumber, stage: SettlementStage?)] {
        (unsettled, provisional, hasMore) = (0, 0, false)
        guard let view, let first = finalBefore, let last = spans.last?.until else { return [] }
        let end = min(view.rules.period.period(at: chain.time), last)
        var found: [(period: PeriodNumber, stage: SettlementStage?)] = []
        var next = first
        while next < end {
            let period = next
            next = next.next
            let isFirst = finalBefore == period
            guard hasMembers(period) else {
                if isFirst { finalBefore = next }
                continue
            }
            if let wait = waits[period], chain.time < wait.until {
                count(wait.stage)
                continue
            }
            if found.count >= limit {
                hasMore = true
                break
            }
            let stage = try chain.settlement(of: view.address, period: period)?.claim.stage
            switch stage {
            case .final, .corrected:
                if isFirst { finalBefore = next }
                waits[period] = nil
                dueSince[period] = nil
                if !suspects.contains(period) { troubles[period] = nil }
            case nil, .provisional:
                count(stage)
                if !isTroubled(period, at: chain.time) { found.append((period, stage)) }
            }
        }
        return found
    }

    private mutating func count(_ stage: SettlementStage?) {
        if stage == nil { unsettled += 1 } else { provisional += 1 }
    }

    /// Whether a period failed and is not to be tried again yet.
    func isTroubled(_ period: PeriodNumber, at time: Timestamp) -> Bool {
        troubles[period].map { time < $0.retryAt } ?? false
    }

    /// Periods for which something may be had from partners.
    var wanting: [PeriodNumber] {
        (waits.filter { $0.value.lack.lacksReadings }.map(\.key) + troubles.keys).sorted()
    }

    /// Wakes the periods that a new batch reaches into.
    mutating func wake(_ batch: BatchEntry) {
        guard let view, meters.contains(batch.meter) else { return }
        let first = view.rules.period.period(at: batch.from)
        let last = view.rules.period.period(at: Timestamp(max(batch.from.value, batch.to.value &- 1)))
        guard last.distance(above: first) <= UInt64(ReadingBatch.readingsMax) else { return }
        for number in first.value...max(first.value, last.value) {
            let period = PeriodNumber(number)
            waits[period] = nil
            troubles[period] = nil
            suspects.insert(period)
        }
    }

    mutating func wait(_ period: PeriodNumber, _ wait: Wait) {
        waits[period] = wait
        suspects.remove(period)
        dueSince[period] = nil
    }

    /// Whether a period that could be settled is to be settled now: not while an earlier one waits for prices, which may be
    /// published for hours after the last settled period only, and not before the delay that leaves it to another.
    mutating func isDue(
        _ period: PeriodNumber, _ stage: SettlementStage?, at time: Timestamp, delay: UInt64, leaving words: String,
        quiet: UInt64
    ) -> Bool {
        suspects.remove(period)
        // Whoever admits members one after the other wants all of them in the first period.
        if let until = changedAt?.adding(milliseconds: quiet), time < until {
            waits[period] = Wait(
                stage: stage, lack: PeriodLack(), until: until, reason: "members, terms or prices changed just now")
            return false
        }
        if stage == nil,
            let earlier = waits.filter({ $0.key < period && !$0.value.lack.unpriced.isEmpty }).min(by: {
                $0.key < $1.key
            })
        {
            waits[period] = Wait(
                stage: stage, lack: PeriodLack(), until: earlier.value.until,
                reason: "an earlier period waits for prices")
            return false
        }
        let since = dueSince[period] ?? time
        dueSince[period] = since
        let until = since.adding(milliseconds: delay)
        if time < until { waits[period] = Wait(stage: stage, lack: PeriodLack(), until: until, reason: words) }
        return time >= until
    }

    /// Whether changed readings have been these for long enough.
    mutating func isQuiet(_ period: PeriodNumber, root: Digest, at time: Timestamp, quiet: UInt64) -> Bool {
        let known = changes[period].flatMap { $0.root == root ? $0.since : nil }
        changes[period] = (root, known ?? time)
        return time >= (known ?? time).adding(milliseconds: quiet)
    }

    mutating func fail(_ period: PeriodNumber, _ reason: String, at time: Timestamp, _ settings: SettlerSettings) {
        failed += 1
        let attempts = min(troubles[period]?.attempts ?? 0, 16)
        let wait = min(settings.retryMillisecondsMax, settings.retryMilliseconds << UInt64(attempts))
        troubles[period] = Trouble(
            reason: reason, attempts: attempts + 1, retryAt: time.adding(milliseconds: wait))
    }

    mutating func finish(_ period: PeriodNumber) {
        waits[period] = nil
        troubles[period] = nil
        dueSince[period] = nil
        changes[period] = nil
        suspects.remove(period)
    }

    /// When arrivals were missed, as after a start: looks at everything again, and compares every final period with an
    /// open window once.
    mutating func startOver() {
        waits = [:]
        isCompared = false
        compareFrom = nil
    }

    /// Adds final periods with an open window to the suspects, at most `limit` that can be compared now.
    mutating func pickSuspects(_ chain: ChainView, limit: Int) throws(StorageFailure) {
        guard let view, !isCompared, let first = spans.first?.from else { return }
        var next = compareFrom ?? first
        // Beyond the last settled period is nothing to compare.
        guard let last = view.head.lastSettled else { return }
        var reads = 0
        // Those that cannot be compared now do not keep others from it.
        var waiting = suspects.count { !isTroubled($0, at: chain.time) }
        while next <= last, waiting < limit, reads < 4_096 {
            reads += 1
            if let closing = try chain.windowClosing(of: view.address, period: next), chain.time < closing,
                suspects.insert(next).inserted
            {
                waiting += 1
            }
            next = next.next
        }
        compareFrom = next
        isCompared = next > last
    }
}
