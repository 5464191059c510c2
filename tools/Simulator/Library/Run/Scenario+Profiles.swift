internal import Chain

/// Runs of a special character. Some faults only do harm together, and evenly drawn ones hardly ever meet.
extension Scenario {
    /// Power fails everywhere, again and again, under a leader that contradicts itself: what only memory holds is lost
    /// while votes that rest on it are on the disks.
    mutating func becomeStorm(_ random: inout SeededRandom) {
        becomeFour(with: .equivocatingLeader, &random)
        profile = "storm"
        conditions = NetworkModel.Conditions(
            delayMicroseconds: 3_000...random.within(15_000...60_000), lossPerMille: Int(random.within(0...60)),
            duplicationPerMille: 0, stallPerMille: 0, stallMicroseconds: 100_000...1_500_000)
        keepUnsyncedPerMille = Int(random.within(0...100))
        flushMicroseconds = 100...1_500
        submissionMicroseconds = random.within(30_000...90_000)
        var time = random.within(300_000...600_000)
        while time < chaosMicroseconds {
            plan.append(PlannedFault(time: time, kind: .crashAll(downMicroseconds: random.within(1_000...30_000))))
            time += random.within(250_000...700_000)
        }
    }

    /// One validator hears everything late, so that many proposals come after its first timer; another one helps no block,
    /// so that none succeeds without the late one: its Notarize after its Nullify, or a longer delay.
    mutating func becomeLateValidator(_ random: inout SeededRandom) {
        becomeFour(with: .nullifier, &random)
        profile = "late validator"
        let honest = (0..<validatorCount).filter { !isTraitor($0) }
        let late = random.pick(honest) ?? 0
        let delay = random.within(260_000...400_000)
        for from in 0..<validatorCount where from != late {
            slowLinks[NetworkModel.Link(from: from, to: late)] = delay
        }
        conditions = .calm
        healedConditions = .calm
        flushMicroseconds = 100...400
        // Its first timer runs from the entry into a view while something waits.
        busyNode = late
        parameters.blockTransactionsMax = 2
        parameters.unfinalizedBlocksMax = 16
        submissionMicroseconds = 40_000
        chaosMicroseconds = random.within(3_000_000...5_000_000)
    }

    /// Four validators, one of them this traitor, and no other fault.
    private mutating func becomeFour(with kind: ByzantineKind, _ random: inout SeededRandom) {
        validatorCount = 4
        followerCount = 0
        traitors = [Traitor(node: random.below(4), kind: kind)]
        plan = []
        crashAtWritePerMille = 0
        corruptedReadPerHundredThousand = 0
        inlineProposalBytesMax = 64 * 1024
    }
}
