import Chain
import Consensus
import Foundation
import Primitives
import TestSupport
import Testing

/// Networks under loss, delay, reordering, duplication, partitions, crashes with part of the unsynced journal lost, wiped
/// journals, epoch changes. Every step is checked; after healing all must go on. One seed, one run:
/// COMMONWATT_SEED=<seed> runs that one only, COMMONWATT_SEEDS=<count> more of them.
@Suite struct RandomSchedules {
    static let seeds: [UInt64] = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["COMMONWATT_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        return Array(0..<(environment["COMMONWATT_SEEDS"].flatMap { UInt64($0) } ?? 200))
    }()

    @Test(arguments: seeds) func agreementAndProgress(seed: UInt64) throws {
        let failures = try RandomRun(seed: seed).failures
        #expect(failures == [], "replay with COMMONWATT_SEED=\(seed)")
    }
}

/// One random run, with or without deliberate faults.
struct RandomRun {
    var network: Network
    var failures: [String] { network.failures }

    init(seed: UInt64, mutations: ConsensusMutation = []) throws {
        var choice = SeededGenerator(seed: seed &* 7 &+ 1)
        func pick(_ bound: UInt64, _ choice: inout SeededGenerator) -> UInt64 { choice.next() % bound }
        let count = [1, 2, 3, 4, 4, 4, 4, 7][Int(pick(8, &choice))]
        network = try Network(count, seed: seed, mutations: mutations)
        network.messageDelayMax = 10 + pick(300, &choice)
        network.lossPercent = pick(20, &choice)
        network.duplicatePercent = pick(10, &choice)
        network.syncDelay = 1 + pick(20, &choice)
        network.checkpointBlocks = 1 + pick(6, &choice)
        if count == 4, pick(2, &choice) == 0 {
            network.sets.append(try Fixture.validators(Array(network.keys[0..<3])))
            network.sets.append(network.fixture.set)
            network.closingHeights = [3 + pick(8, &choice), 14 + pick(5, &choice)]
        }
        network.startAll()
        network.setBusy(pick(4, &choice) != 0)
        try disturb(count, &choice)
        heal()
    }

    private mutating func disturb(_ count: Int, _ choice: inout SeededGenerator) throws {
        let rounds = 6 + choice.next() % 10
        var canLose = true
        for _ in 0..<rounds where failures.isEmpty {
            network.run(until: network.time + 50 + choice.next() % 1_500)
            let node = Int(choice.next() % UInt64(count))
            switch choice.next() % 8 {
            case 0...2:
                if network.nodes[node].isUp { network.crash(node, keeping: Int(choice.next() % 4)) }
            case 3:
                for index in network.nodes.indices where network.nodes[index].isUp {
                    network.crash(index, keeping: Int(choice.next() % 4))
                }
            case 4:
                let cut = Int(choice.next() % UInt64(count)) + 1
                network.passes = { from, to, _ in (from < cut) == (to < cut) }
            case 5: network.passes = { from, _, _ in from != node }
            case 6:
                // At most f journals are lost, never where f = 0: an abstaining validator that all others need stops them.
                if canLose, count >= 4, network.sets.count == 1, network.nodes[node].isUp {
                    canLose = false
                    network.crash(node)
                    network.start(node, lost: true)
                }
            default: network.passes = nil
            }
            for index in network.nodes.indices where !network.nodes[index].isUp && choice.next() % 2 == 0 {
                network.start(index)
            }
        }
    }

    /// From now on all is well: the chain must go on within a bounded time.
    private mutating func heal() {
        network.passes = nil
        network.lossPercent = 0
        network.messageDelayMax = 20
        for index in network.nodes.indices where !network.nodes[index].isUp && failures.isEmpty { network.start(index) }
        network.setBusy(true)
        let height = network.nodes.map(\.finalHeight).max() ?? Height(0)
        if failures.isEmpty, !network.reaches(height.value + 8, within: 120_000), failures.isEmpty {
            let views = network.nodes.map { "\($0.machine?.epoch.value ?? 0):\($0.machine?.view.value ?? 0)" }
            network.failures.append(
                "no progress after healing: heights \(network.nodes.map(\.finalHeight)), views \(views)")
        }
    }
}
