internal import Chain
internal import Primitives
internal import Replica

/// After the faults: what must happen, and by when.
struct Healing {
    /// Simulated microseconds of the healing; nil before.
    var time: UInt64?
    /// One transaction per honest node, handed to it after the healing: all must become final.
    var markers: [Int: SignedTransaction] = [:]
    var taken: Set<Int> = []
    var position = VotePosition()
    /// Blocks that the transactions fill which were made before and are not final.
    var backlogBlocks: UInt64 = 0
    var views: UInt64 = 0
    /// Nodes that voted since then.
    var voted: Set<Int> = []
    /// At some moment nothing was missing but perhaps reports of followers.
    var isSettled = false

    var isHealed: Bool { time != nil }

    static let judgeMicroseconds: UInt64 = 100_000
    static let progressMicrosecondsMax: UInt64 = 90_000_000
    /// A follower's report that was lost before the healing is made again when it has expired.
    static let repeatedMicrosecondsMax = Simulation.reportLifetimeMilliseconds * 1_000 + 30_000_000

    /// Views within which every marker must be final everywhere, for n nodes: a few turns of everybody, and the blocks of
    /// what may wait before the markers.
    static func viewsMax(nodes: Int, backlogBlocks: UInt64) -> UInt64 { 20 + 8 * UInt64(nodes) + backlogBlocks }

    /// A staller keeps a node that takes over a state of its from executing until the transfer is given up, once before those who do
    /// not had their turn: for so long. Views pass meanwhile, at the pace of heartbeats.
    static let stallMicroseconds: UInt64 = 75_000_000
}

extension Simulation {
    /// Partitions end, links keep their promises, every honest node runs, clocks are within bounds. Traitors go on.
    mutating func heal() throws {
        healing.time = now
        healing.position = votes.position
        let backlog = clients.salt - min(clients.salt, UInt64(chain.executed.count))
        healing.backlogBlocks = backlog / UInt64(max(1, scenario.parameters.blockTransactionsMax))
        trace.line(now, "all faults heal")
        links.conditions = scenario.healedConditions
        links.heal()
        let bound = Int64(scenario.parameters.clockSkewMillisecondsMax) / 4
        for number in nodes.indices where nodes[number].isHonest {
            nodes[number].clock.skewMilliseconds = max(-bound, min(bound, nodes[number].clock.skewMilliseconds))
            nodes[number].diskFactor = 1
            nodes[number].disk.store.failsNextRead = false
            if !nodes[number].isUp { try startNode(number) }
        }
        if networkRandom.chance(500) {
            for one in nodes.indices {
                for other in nodes.indices where one < other && !areTwins(one, other) { try link(one, other) }
            }
        }
        queue.schedule(.judge, at: now + Healing.judgeMicroseconds)
    }

    mutating func judge() throws {
        guard let healed = healing.time else { return }
        try retryChange()
        for number in nodes.indices where nodes[number].isHonest { try submitMarker(number) }
        let reporters = self.reporters
        let isSettled = isSettled
        if !healing.isSettled { outcome.viewsAfterHealing = healing.views }
        // A validator puts its own report into its next block; a follower's goes by the network alone.
        if isSettled, reporters.allSatisfy({ nodes[$0].replica?.status.isValidator == false }) {
            healing.isSettled = true
        }
        if isSettled, reporters.isEmpty {
            try checkAll()
            try checkEvidence()
            trace.line(now, "all agree at height \(chain.height), \(healing.views) views after healing")
            isOver = true
            return
        }
        let viewsMax =
            Healing.viewsMax(nodes: nodes.count, backlogBlocks: healing.backlogBlocks)
            + stalledMicrosecondsMax / (1_000 * UInt64(scenario.parameters.heartbeatMilliseconds))
        let isInTime =
            healing.isSettled
            ? now - healed <= Healing.repeatedMicrosecondsMax
            : now - healed <= Healing.progressMicrosecondsMax + stalledMicrosecondsMax && healing.views <= viewsMax
        guard isInTime else {
            throw Violation(
                .progress,
                "\(healing.views) views and \((now - healed) / 1_000) ms after healing: \(complaint)")
        }
        queue.schedule(.judge, at: now + Healing.judgeMicroseconds)
    }

    /// How long stallers may keep nodes from catching up, all together.
    private var stalledMicrosecondsMax: UInt64 { UInt64(scenario.stallerCount) * Healing.stallMicroseconds }

    private mutating func submitMarker(_ number: Int) throws {
        guard !healing.taken.contains(number), nodes[number].isUp else { return }
        if healing.markers[number] == nil {
            // It must not expire while the last validators of a quorum still catch up.
            healing.markers[number] = try makeTransfer(
                isStrange: false, lifetimeMillisecondsMin: 60_000 + stalledMicrosecondsMax / 1_000)
        }
        guard let marker = healing.markers[number] else { return }
        clients.lastRefusals = []
        try submit([marker], to: number)
        switch clients.lastRefusals.first {
        case .some(.none), .some(.some(.included)), .some(.some(.pending)): healing.taken.insert(number)
        case .some(.some(.expired)), .some(.some(.expiryTooFar)): healing.markers[number] = nil
        default: break
        }
    }

    /// Every marker is final on every honest node, and every honest validator votes.
    private var isSettled: Bool {
        clients.change == nil
            && nodes.allSatisfy { node in
                guard node.isHonest else { return true }
                guard healing.taken.contains(node.number), let marker = healing.markers[node.number],
                    let status = node.replica?.status
                else { return false }
                // A node that was just started again may still read its own last blocks, and one with a slow disk may not
                // have written the genesis yet.
                return chain.executed[marker.transaction.signedDigest] != nil && status.height == chain.height
                    && node.disk.store.contents.count > 0
                    && (!status.isValidator || healing.voted.contains(node.number))
            }
    }

    /// What is missing, for the report.
    private var complaint: String {
        var parts: [String] = clients.change == nil ? [] : ["the validator set change is not final"]
        let reporters = Set(self.reporters).sorted()
        if !reporters.isEmpty {
            parts.append("evidence of \(reporters.map { name($0) }.joined(separator: " and ")) is not on chain")
        }
        for node in nodes where node.isHonest {
            let marker =
                healing.markers[node.number].map { chain.executed[$0.transaction.signedDigest] != nil } ?? false
            guard let status = node.replica?.status else {
                parts.append("\(name(node.number)) is down")
                continue
            }
            parts.append(
                "\(name(node.number)) at height \(node.height)/\(chain.height) epoch \(status.epoch) view \(status.view)"
                    + (status.isValidator ? "" : " follower")
                    + (status.isValidator && !healing.voted.contains(node.number) ? " without a vote" : "")
                    + (status.isSyncing ? " syncing" : "") + (marker ? "" : ", its transaction is not final"))
        }
        return parts.joined(separator: "; ")
    }
}
