internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import Primitives

/// How long finality takes when the validators stand in several regions, beside what the distances alone demand.
package struct RegionRun: Sendable {
    package struct Sample: Sendable {
        /// Microseconds from the leader's proposal to the node's finality, and the least that the distances allow.
        package let measured: UInt64
        package let bound: UInt64
        package var overhead: Int64 { Int64(measured) - Int64(bound) }
    }

    package let validators: Int
    package let blocks: Int
    /// One entry for each node and block.
    package let finality: [Sample]
    /// Microseconds from a transaction's submission at a node to its finality there, waiting for a leader included.
    package let transactions: [UInt64]
    package let violation: Violation?

    /// Runs `validators` nodes over `regions` for so many simulated seconds, with a transaction every 100 ms.
    package static func run(_ regions: Regions, validators: Int, seconds: UInt64, seed: UInt64) throws -> RegionRun {
        var simulation = try Simulation(.over(regions, validators: validators, seconds: seconds, seed: seed))
        simulation.stopwatch = Stopwatch()
        let outcome = simulation.run()
        let quorum = try ValidatorSet((0..<validators).map { Identity.validator($0) }).quorum
        let bounds = (0..<validators).map { regions.finality(of: validators, quorum: quorum, leader: $0) }
        let watch = simulation.stopwatch ?? Stopwatch()
        return RegionRun(
            validators: validators, blocks: outcome.blocks,
            finality: watch.finals.map { final in
                Sample(measured: final.microseconds, bound: bounds[final.leader % validators][final.node])
            }, transactions: watch.transactions, violation: outcome.violation)
    }
}

extension Scenario {
    /// Validators in regions, without faults: distances, up to 1 ms of jitter, and disks that take 0.2 to 0.4 ms.
    package static func over(_ regions: Regions, validators: Int, seconds: UInt64, seed: UInt64) -> Scenario {
        var scenario = Scenario.calm(validators: validators, seconds: seconds, seed: seed)
        scenario.parameters.delayMilliseconds = 400
        scenario.parameters.delayMillisecondsMax = 4_000
        scenario.parameters.heartbeatMilliseconds = 1_000
        scenario.conditions.delayMicroseconds = 0...1_000
        scenario.healedConditions = scenario.conditions
        for from in 0..<validators {
            for to in 0..<validators where from != to {
                scenario.slowLinks[NetworkModel.Link(from: from, to: to)] = regions.oneWayMicroseconds(from, to)
            }
        }
        scenario.eventsMax = 20_000_000
        return scenario
    }
}

/// Times of proposals, finality and transactions in one run.
struct Stopwatch {
    struct Final {
        let node: Int
        let leader: Int
        let microseconds: UInt64
    }

    private var proposals: [Digest: (time: UInt64, leader: Int)] = [:]
    private var submissions: [Digest: (time: UInt64, node: Int)] = [:]
    private(set) var finals: [Final] = []
    private(set) var transactions: [UInt64] = []

    mutating func proposed(_ proposal: Proposal, by node: Int, at time: UInt64) {
        let digest = proposal.header.digest
        if proposals[digest] == nil { proposals[digest] = (time, node) }
    }

    mutating func submitted(_ digests: [Digest], to node: Int, at time: UInt64) {
        for digest in digests where submissions[digest] == nil { submissions[digest] = (time, node) }
    }

    mutating func final(_ block: Block, at node: Int, time: UInt64) {
        if let proposal = proposals[block.digest] {
            finals.append(Final(node: node, leader: proposal.leader, microseconds: time - proposal.time))
        }
        for transaction in block.transactions {
            guard let submission = submissions[transaction.digest], submission.node == node else { continue }
            transactions.append(time - submission.time)
        }
    }
}
