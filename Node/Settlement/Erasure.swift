package import Chain
internal import ContractKit
package import DataLake
internal import NodeClient
package import Primitives
package import Trading

/// Erasing a member's readings once nothing can be corrected with them any more.
///
/// A batch may go when the correction window of every settled period that it reaches into is closed. Its anchor stays,
/// with a tombstone; what was settled from it stays provable for everybody who holds a statement. What is of another membership
/// of the same meter alone is left to that one; what reaches into both goes when neither needs it.
package struct Erasure: Sendable {
    /// Batches of a member that are looked at.
    package static let batchesMax = 100_000

    private let lake: DataLake
    private let chain: ChainView
    private let now: Timestamp
    private let communities: CommunitySource

    /// `now` is the machine's clock: by it a node knows that its chain is behind. `communities` are those that the node's partner
    /// has to do with.
    package init(lake: DataLake, chain: ChainView, now: Timestamp, communities: @escaping CommunitySource) {
        self.lake = lake
        self.chain = chain
        self.now = now
        self.communities = communities
    }

    package struct Plan: Sendable {
        /// Batches that may go once their data provider declares them deleted, ascending.
        package let batches: [Digest]
        /// Batches that may go, ascending, and that no tombstone can name: the meter's data provider did not anchor them.
        package let unanchored: [Digest]
        /// Batches that may not go yet, with the reason.
        package let kept: [(batch: Digest, reason: String)]
        /// The membership is over and nothing is kept: key, salts and lines may go, too.
        package let isWhole: Bool
    }

    package func plan(of number: MemberNumber, in address: Address) throws -> Plan {
        guard let community = try chain.community(address),
            let member = try chain.read(Community.members, number, of: address)
        else { throw LakeRefusal(.unknown, "the chain has no member \(number) in community \(address)") }
        var (batches, unanchored): ([Digest], [Digest]) = ([], [])
        var kept: [(batch: Digest, reason: String)] = []
        guard let known = try communities(chain) else {
            throw LakeRefusal(.unavailable, "this node has not read yet which communities it has to do with; try again")
        }
        for meter in member.meters {
            let others = try chain.memberships(with: meter, in: known)
                .filter { $0.community.address != address || $0.member.number != number }
            let entries = try lake.entries(
                of: meter, from: Timestamp(0), to: Timestamp(UInt64(Int64.max)), limit: Erasure.batchesMax)
            let provider = try chain.dataProviders(of: [meter])[0]
            for (entry, anchor) in zip(entries, try chain.anchors(entries.map(\.digest)))
            where entry.status != .erased {
                let rivals = others.filter { $0.community.reaches(from: entry.from, to: entry.to, into: $0.member) }
                let isOwn = community.reaches(from: entry.from, to: entry.to, into: member)
                if !rivals.isEmpty, !isOwn { continue }
                if let reason = try reasonToKeep(entry, [(community, member)] + rivals) {
                    kept.append((entry.digest, reason))
                } else if let anchor, anchor.owner == provider {
                    batches.append(entry.digest)
                } else if anchor == nil, let reason = try reasonToWait(for: entry.digest) {
                    kept.append((entry.digest, reason))
                } else {
                    unanchored.append(entry.digest)
                }
            }
        }
        let isOver = try member.until.map { try isClosed(before: $0, member, community) } ?? false
        return Plan(
            batches: batches.sorted(), unanchored: unanchored.sorted(), kept: kept, isWhole: isOver && kept.isEmpty)
    }

    /// Why a batch without any anchor may still get one; nil when it is waited for no longer. What another partner anchored
    /// never gets its provider's: a digest has one anchor.
    private func reasonToWait(for digest: Digest) throws -> String? {
        if AnchorWait.isBehind(chain, now: now) {
            return "this node's chain is behind, at \(chain.time.text), and does not know whether it was anchored since"
        }
        if try lake.isWaiting(digest, since: limit) { return nil }
        return "it is not anchored, and was handed in or noticed less than a day ago: its anchor may be on its way"
    }

    private var limit: Timestamp { AnchorWait.limit(chain, AnchorWait.onTheWayMilliseconds) }

    /// Removes the member's batches that go without a tombstone; how many.
    package func removeUnanchored(of number: MemberNumber, in address: Address) throws -> Int {
        try remove(try plan(of: number, in: address).unanchored)
    }

    /// What was anchored, or went and was handed in again, since the plan was made stays.
    private func remove(_ unanchored: [Digest]) throws -> Int {
        var removed = 0
        for (digest, anchor) in zip(unanchored, try chain.anchors(unanchored)) {
            let since = anchor == nil ? limit : Timestamp(.max)
            if try lake.removeUnanchored(digest, waitingSince: since) { removed += 1 }
        }
        return removed
    }

    private func reasonToKeep(
        _ entry: BatchEntry, _ memberships: [(community: CommunityView, member: Member)]
    ) throws -> String? {
        for one in memberships {
            if let reason = try reasonToKeep(entry, one.member, one.community) { return reason }
        }
        return nil
    }

    /// Why a batch is still needed; nil when it is not. A batch reaches into at most 8,192 periods.
    private func reasonToKeep(
        _ entry: BatchEntry, _ member: Member, _ community: CommunityView
    ) throws -> String? {
        let resolution = community.rules.period
        let first = resolution.period(at: entry.from).value
        let last = resolution.period(at: Timestamp(max(entry.from.value, entry.to.value &- 1))).value
        for number in first...max(first, min(last, first &+ UInt64(ReadingBatch.readingsMax))) {
            let period = PeriodNumber(number)
            guard member.isActive(in: period) else { continue }
            if let reason = try reasonToKeep(period, community) { return reason }
        }
        return nil
    }

    private func reasonToKeep(_ period: PeriodNumber, _ community: CommunityView) throws -> String? {
        guard let closing = try chain.windowClosing(of: community.address, period: period) else {
            return "period \(period) is not final yet"
        }
        return chain.time >= closing ? nil : "period \(period) may be corrected until \(closing.text)"
    }

    /// Whether no period of an ended membership may be corrected any more. Windows close in the order in which periods
    /// became final, so all are looked at.
    private func isClosed(before end: PeriodNumber, _ member: Member, _ community: CommunityView) throws -> Bool {
        guard end.distance(above: member.from) <= UInt64(Erasure.batchesMax) else { return false }
        for number in member.from.value..<max(member.from.value, end.value) {
            if try reasonToKeep(PeriodNumber(number), community) != nil { return false }
        }
        return true
    }

    /// Erases what the chain says is deleted, whoever it belongs to: every partner's lake follows the tombstone of a meter's
    /// data provider, and that of nobody else. `ReadingUpkeep` does the same by and by. Gives how many were erased.
    package func followTombstones() throws -> Int {
        var erased = 0
        for digest in try lake.keptBatches() {
            guard let entry = try lake.entry(digest), let tombstone = try chain.tombstone(digest, of: entry.meter)
            else { continue }
            try lake.erase(digest, reason: tombstone.reason)
            erased += 1
        }
        return erased
    }

    /// Destroys a member's key, salts and lines, when the plan for it is whole and no batch is held any more but what goes
    /// without a tombstone, which goes first.
    package func forget(_ number: MemberNumber, in address: Address) throws {
        let plan = try plan(of: number, in: address)
        guard plan.isWhole, plan.batches.isEmpty else {
            throw LakeRefusal(
                .notPermitted,
                plan.kept.first.map { "batch \($0.batch.short) is kept: \($0.reason)" }
                    ?? "the membership is not over, or batches are still held")
        }
        _ = try remove(plan.unanchored)
        try lake.secrets.destroy(number, in: address)
        try lake.results.eraseLines(of: number, in: address)
    }
}
