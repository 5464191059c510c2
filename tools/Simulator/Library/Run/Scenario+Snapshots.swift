internal import Chain

extension Scenario {
    /// The scenario of a seed in which nodes fall far behind, small distances counting as far: one joins late or comes back
    /// with an empty disk, and takes over a state amid all the other faults. In most seeds somebody sends false parts.
    /// From seed `stallersFromSeed` on half of those who would send false parts keep others waiting instead.
    package init(snapshotsWithSeed seed: UInt64) {
        self.init(seed: seed)
        var random = SeededRandom(seed: seed, stream: 7)
        isAboutSnapshots = true
        snapshotLagBlocks = random.within(9...20)
        snapshotBlocks = random.within(2...24)
        chaosMicroseconds += 5_000_000
        parameters.heartbeatMilliseconds = 400
        if followerCount == 0 { followerCount = 1 }
        let late = nodeCount - 1
        traitors.removeAll { $0.node == late }
        // It starts when the others are well ahead.
        let downMicroseconds = random.within((chaosMicroseconds / 2)...(chaosMicroseconds - 500_000))
        var faults = [PlannedFault(time: 30_000, kind: .crash(late, downMicroseconds: downMicroseconds))]
        let isSpared = faultyValidatorCount + lostDiskCount < faultsMax
        if isSpared, random.chance(600) {
            let honest = (0..<validatorCount).filter { !isTraitor($0) }
            if let node = random.pick(honest) {
                faults.append(
                    PlannedFault(
                        time: random.within((chaosMicroseconds / 2)...chaosMicroseconds), kind: .wipe(node)))
            }
        } else if isSpared, let node = random.pick(Array(0..<validatorCount)) {
            traitors.append(Traitor(node: node, kind: .liar))
        }
        if followerCount > 1, !isTraitor(validatorCount), random.chance(700) {
            traitors.append(Traitor(node: validatorCount, kind: .liar))
        }
        if seed >= Scenario.stallersFromSeed { makeStallers() }
        traitors.sort { $0.node < $1.node }
        plan = (faults + plan).enumerated().sorted {
            $0.element.time != $1.element.time ? $0.element.time < $1.element.time : $0.offset < $1.offset
        }.map(\.element)
        let disloyal = traitors.map(\.node)
        plan.removeAll { fault in
            switch fault.kind {
            case .wipe(let node), .restore(let node), .backUp(let node): disloyal.contains(node)
            default: false
            }
        }
    }

    /// Seeds below are as they were before there were stallers, so that what they found stays found.
    package static let stallersFromSeed: UInt64 = 10_000_000

    private mutating func makeStallers() {
        var random = SeededRandom(seed: seed, stream: 9)
        for index in traitors.indices where traitors[index].kind == .liar && random.chance(500) {
            traitors[index] = Traitor(node: traitors[index].node, kind: .staller)
        }
        eventsMax += 300_000 * stallerCount
    }

    package var stallerCount: Int { traitors.count { $0.kind == .staller } }

    private var lostDiskCount: Int {
        let lost = plan.compactMap { fault -> Int? in
            switch fault.kind {
            case .wipe(let node), .restore(let node): node
            default: nil
            }
        }
        return Set(lost).count
    }
}
