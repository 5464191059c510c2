internal import Chain

extension Scenario {
    /// The scenario of a seed.
    package init(seed: UInt64) {
        var random = SeededRandom(seed: seed, stream: 1)
        let size = random.below(100)
        let validators = size < 72 ? 4 : size < 94 ? 7 : 10
        let followers = random.below(3)
        let chaos = random.within(2_500_000...6_000_000)
        var parameters = ChainParameters()
        parameters.delayMilliseconds = 120
        parameters.delayMillisecondsMax = 1_200
        parameters.heartbeatMilliseconds = UInt32(random.within(400...1_500))
        parameters.unfinalizedBlocksMax = UInt32(random.within(3...16))
        parameters.blockTransactionsMax = UInt32(random.within(2...64))
        self.init(
            seed: seed, validatorCount: validators, followerCount: followers, traitors: [], parameters: parameters,
            conditions: Scenario.conditions(&random), plan: [], chaosMicroseconds: chaos,
            crashAtWritePerMille: random.chance(350) ? Int(random.within(1...25)) : 0,
            keepUnsyncedPerMille: Int(random.within(0...1_000)),
            corruptedReadPerHundredThousand: random.chance(150) ? Int(random.within(5...60)) : 0,
            flushMicroseconds: 100...(random.chance(200) ? 40_000 : 1_500),
            storeFlushMicroseconds: 200...(random.chance(300) ? 150_000 : 4_000),
            submissionMicroseconds: random.within(60_000...600_000),
            checksAhead: random.chance(700), mutation: nil)
        let count = random.chance(550) ? 1 + random.below(faultsMax) : 0
        traitors = random.sample(Array(0..<validators), count).map { node in
            Traitor(node: node, kind: random.pick(ByzantineKind.general) ?? .nullifier)
        }.sorted { $0.node < $1.node }
        if followers > 0, random.chance(150) {
            let kinds: [ByzantineKind] = [.liar, .flooder, .staleReplayer, .impersonator, .withholder]
            traitors.append(Traitor(node: validators, kind: random.pick(kinds) ?? .liar))
        }
        inlineProposalBytesMax = random.chance(300) ? random.below(2) * 800 : 64 * 1024
        if random.chance(300) {
            // Slow, but as it promised: the delay that the validators assume must grow to it.
            let least = random.within(20_000...250_000)
            healedConditions.delayMicroseconds = least...(least + random.within(5_000...60_000))
        }
        plan = faults(&random)
        // Drawn from a stream of their own, so that the other seeds stay as they are.
        var profiles = SeededRandom(seed: seed, stream: 7)
        switch profiles.below(100) {
        case 0..<6: becomeStorm(&profiles)
        case 6..<10: becomeLateValidator(&profiles)
        default: break
        }
    }

    private static func conditions(_ random: inout SeededRandom) -> NetworkModel.Conditions {
        let slowest: UInt64 = random.chance(300) ? 150_000 : random.chance(500) ? 60_000 : 25_000
        return NetworkModel.Conditions(
            delayMicroseconds: 3_000...slowest, lossPerMille: random.chance(400) ? Int(random.within(5...150)) : 0,
            duplicationPerMille: random.chance(300) ? Int(random.within(5...100)) : 0,
            stallPerMille: random.chance(300) ? Int(random.within(2...60)) : 0,
            stallMicroseconds: 100_000...1_500_000)
    }

    private func faults(_ random: inout SeededRandom) -> [PlannedFault] {
        var faults: [PlannedFault] = []
        func add(_ kind: PlannedFault.Kind, at time: UInt64) {
            faults.append(PlannedFault(time: time, kind: kind))
        }
        let nodes = Array(0..<nodeCount)
        let honest = nodes.filter { !isTraitor($0) }
        if random.chance(400) {
            for _ in 0..<(1 + random.below(3)) {
                let start = random.below(chaosMicroseconds)
                let side = random.sample(nodes, 1 + random.below(nodeCount / 2))
                let rest = nodes.filter { !side.contains($0) }
                add(.partition(side, from: rest, oneWay: random.chance(400)), at: start)
                add(.mend, at: start + random.within(200_000...3_000_000))
            }
        }
        if random.chance(500) {
            for _ in 0..<(1 + random.below(4)) {
                guard let node = random.pick(honest) else { continue }
                add(
                    .crash(
                        node,
                        downMicroseconds: random.within(1_000...(random.chance(200) ? chaosMicroseconds : 1_500_000))),
                    at: random.below(chaosMicroseconds))
            }
        }
        if random.chance(150) {
            for _ in 0..<(1 + random.below(6)) {
                let down = random.within(1_000...300_000)
                add(.crashAll(downMicroseconds: down), at: random.below(chaosMicroseconds))
            }
        }
        if faultyValidatorCount < faultsMax, random.chance(350) { lostDisk(honest, &random, add) }
        if random.chance(200), let node = random.pick(honest) {
            add(.slowDisk(node, factor: random.within(5...60)), at: random.below(chaosMicroseconds))
        }
        if random.chance(350) {
            for node in random.sample(honest, 1 + random.below(nodeCount)) {
                // Ahead or behind within what voters allow, at times beyond.
                let bound = UInt64(parameters.clockSkewMillisecondsMax) * (random.chance(200) ? 3 : 1) / 2
                let milliseconds = Int64(random.within(0...(2 * bound))) - Int64(bound)
                add(.skewClock(node, milliseconds: milliseconds), at: random.below(chaosMicroseconds))
            }
        }
        if random.chance(300) {
            for _ in 0..<(1 + random.below(2)) { add(.changeValidators, at: random.below(chaosMicroseconds)) }
        }
        if random.chance(250) {
            add(.idle(microseconds: random.within(500_000...3_000_000)), at: random.below(chaosMicroseconds))
        }
        return faults.enumerated().sorted {
            $0.element.time != $1.element.time ? $0.element.time < $1.element.time : $0.offset < $1.offset
        }.map(\.element)
    }

    /// A wiped disk or a restored backup. The node is at fault until it rejoined, so one run has at most f of these and
    /// traitors together.
    private func lostDisk(
        _ honest: [Int], _ random: inout SeededRandom, _ add: (PlannedFault.Kind, UInt64) -> Void
    ) {
        let validators = honest.filter { $0 < validatorCount }
        for node in random.sample(validators, 1 + random.below(faultsMax - faultyValidatorCount)) {
            let time = random.within((chaosMicroseconds / 4)...chaosMicroseconds)
            if random.chance(500) {
                add(.wipe(node), time)
            } else {
                add(.backUp(node), random.below(time))
                add(.restore(node), time)
            }
        }
    }
}
