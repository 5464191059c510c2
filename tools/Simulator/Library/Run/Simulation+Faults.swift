internal import Chain
internal import Primitives
internal import Replica

/// Planned faults.
extension Simulation {
    mutating func inject(_ fault: PlannedFault.Kind) throws {
        guard !healing.isHealed else { return }
        switch fault {
        case .partition(let side, let other, let oneWay):
            outcome.faults.count(oneWay ? .asymmetricPartition : .symmetricPartition)
            trace.line(now, "partition: \(side) | \(other)\(oneWay ? ", one way" : "")")
            links.partition(slots(side), from: slots(other), oneWay: oneWay)
        case .mend: try mend()
        case .crash(let node, let down):
            guard nodes[node].isUp else { return }
            outcome.faults.count(.crash)
            crash(node, downMicroseconds: down)
        case .crashAll(let down):
            for node in nodes.indices where nodes[node].isUp && nodes[node].isHonest {
                outcome.faults.count(.crash)
                crash(node, downMicroseconds: down + faultRandom.below(200_000))
            }
        case .wipe(let node):
            outcome.faults.count(.wipedDisk)
            trace.line(now, "\(name(node)) gets an empty disk")
            replaceDisk(node) { $0.wipe() }
        case .backUp(let node): nodes[node].backup = nodes[node].disk.backup
        case .restore(let node):
            guard let backup = nodes[node].backup else { return }
            outcome.faults.count(.restoredBackup)
            trace.line(now, "\(name(node)) is restored from an older backup")
            // With its old journal only when the operator says so; without any, the missing marker says it.
            let withJournal = faultRandom.chance(500)
            nodes[node].journalLost = withJournal
            replaceDisk(node) { $0.restore(backup, withJournal: withJournal) }
        case .slowDisk(let node, let factor):
            outcome.faults.count(.slowDisk)
            nodes[node].diskFactor = factor
        case .skewClock(let node, let milliseconds):
            outcome.faults.count(.clockSkew)
            nodes[node].clock.skewMilliseconds = milliseconds
        case .changeValidators: try changeValidators()
        case .changeState(let node):
            nodes[node].disk.changeState(LedgerApplication.accountKey(0))
            trace.line(now, "\(name(node)) gets a wrong value into its state")
        case .idle(let microseconds):
            outcome.faults.count(.idlePhase)
            clients.idleUntil = now + microseconds
        }
    }

    /// The nodes of a side, twins with them: both stay on the side of their name.
    private func slots(_ side: [Int]) -> [Int] {
        side + twins.filter { side.contains($0.first) }.map(\.second)
    }

    private mutating func mend() throws {
        let cut = links
        links.heal()
        trace.line(now, "partition mended")
        // Half of the cut links were noticed and are made again; the others only lost messages.
        for one in nodes.indices {
            for other in nodes.indices where one < other && nodes[one].isUp && nodes[other].isUp {
                guard cut.isCut(from: one, to: other) || cut.isCut(from: other, to: one) else { continue }
                if networkRandom.chance(500), !areTwins(one, other) { try link(one, other) }
            }
        }
    }

    private mutating func replaceDisk(_ node: Int, _ body: (inout SimulatedDisk) -> Void) {
        if nodes[node].isUp {
            nodes[node].disk.crash(.nothing)
            stop(node)
        } else {
            nodes[node].incarnation += 1
        }
        nodes[node].hasLostDisk = true
        body(&nodes[node].disk)
        let later = now + faultRandom.within(10_000...1_000_000)
        queue.schedule(.start(node: node, incarnation: nodes[node].incarnation), at: later)
    }

    /// The administrator submits another validator set: one joins, leaves, or rotates its key. The set keeps its traitors
    /// and has room for them and for nodes whose disk was lost.
    private mutating func changeValidators() throws {
        guard clients.change == nil, let set = chain.sets.last else { return }
        let members = (0..<scenario.nodeCount).filter { set.index(ofPartner: Identity.partner($0)) != nil }
        let faulty = members.filter { scenario.isTraitor($0) || losesDisk($0) }.count
        let honest = members.filter { !scenario.isTraitor($0) && !losesDisk($0) }
        let outside = (0..<scenario.nodeCount).filter { !members.contains($0) && !scenario.isTraitor($0) }
        var next = Set(members)
        let draw = faultRandom.below(3)
        let joiner = faultRandom.pick(outside)
        let leaver = faultRandom.pick(honest)
        if draw == 0, let joiner, members.count < 10 {
            next.insert(joiner)
        } else if draw == 1, let leaver, members.count > 4, (members.count - 2) / 3 >= faulty {
            next.remove(leaver)
        } else if draw == 2, let joiner, let leaver {
            next.insert(joiner)
            next.remove(leaver)
        } else if let leaver {
            nodes[leaver].keyGeneration += 1
        }
        let validators = next.sorted().map { Identity.validator($0, generation: nodes[$0].keyGeneration) }
        guard let changed = try? ValidatorSet(validators), changed != set else { return }
        outcome.faults.count(.epochChange)
        trace.line(now, "the administrator submits the validator set \(next.sorted())")
        try submitChange(changed)
    }

    private func losesDisk(_ node: Int) -> Bool {
        scenario.plan.contains { fault in
            switch fault.kind {
            case .wipe(let lost), .restore(let lost): lost == node
            default: false
            }
        }
    }
}
