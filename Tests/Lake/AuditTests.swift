import Chain
import ContractKit
import DataLake
import Foundation
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@Suite("Public audit")
struct AuditTests {
    static let hours: UInt64 = 4

    /// Four settled hours, the first one corrected once.
    private func settled(k: UInt16 = 2) async throws -> (Cluster, Address) {
        let cluster = try Cluster()
        let address = try cluster.community(
            Homes.rules(activeMembersMin: k), homes: 4, from: Homes.first,
            batches: (1...4).map { Homes.batch($0, hours: Self.hours) })
        for hour in 0..<Self.hours { _ = try await cluster.settle(address, PeriodNumber(Homes.first.value + hour)) }
        let batch = Homes.batch(2, hours: Self.hours, revision: 1, more: 77)
        try cluster.network.withLock { try $0.anchor([batch]) }
        try cluster.lake(Cluster.administrator).store(batch.bcs)
        _ = try await cluster.settle(address, Homes.first)
        return (cluster, address)
    }

    private func audit(
        _ values: [[UInt8]: [UInt8]], _ address: Address, from: PeriodNumber? = nil, to: PeriodNumber? = nil
    ) async throws -> AuditReport {
        try await ChainAudit(community: address) { values[$0] }.run(
            from: from, to: to, now: Timestamp(1_800_000_000_000))
    }

    @Test func aRightCommunityPasses() async throws {
        let (cluster, address) = try await settled()
        let values = cluster.network.withLock { $0.state.values }
        let report = try await audit(values, address)
        #expect(report.isRight, "\(report.outcomes)")
        #expect(report.settled == 4 && report.corrected == 1 && report.members == 4)
        #expect(report.stages == [.final: 3, .corrected: 1])
        for check in AuditReport.Check.allCases {
            #expect((report.outcomes[check]?.checked ?? 0) > 0 || check == .money)
        }
        // The sums are those of the open totals that stand on the chain.
        var production: Int128 = 0
        for hour in 0..<Self.hours {
            let period = PeriodNumber(Homes.first.value + hour)
            let record = try cluster.chain.settlement(of: address, period: period)
            if case .open(let totals)? = record?.claim.totals { production += Int128(totals.production) }
        }
        #expect(report.production == production && report.production > 0)
        let part = try await audit(
            values, address, from: PeriodNumber(Homes.first.value + 1), to: PeriodNumber(Homes.first.value + 3))
        #expect(part.settled == 2 && part.corrected == 0 && part.isRight)
        let few = try await settled(k: 9)
        let sealed = try await audit(few.0.network.withLock { $0.state.values }, few.1)
        #expect(sealed.isRight && sealed.sealed == 5 && sealed.production == 0)
        await #expect(throws: AdaptorError.self) { try await audit([:], address) }
    }

    /// Each lie of a state is found by the check that it belongs to.
    @Test func whatIsWrongIsFound() async throws {
        let (cluster, address) = try await settled()
        let right = cluster.network.withLock { $0.state.values }
        let first = Community.settlements.stateKey(Homes.first, at: address)
        let second = Community.settlements.stateKey(PeriodNumber(Homes.first.value + 1), at: address)
        let older = Community.replaced.stateKey(Pair(Homes.first, 1), at: address)
        func record(_ key: [UInt8]) throws -> SettlementRecord { try SettlementRecord(bcs: right[key] ?? []) }
        func with(_ key: [UInt8], _ claim: SettlementClaim) throws -> [UInt8] {
            let old = try record(key)
            return SettlementRecord(inputs: old.inputs, claim: claim, previous: old.previous).bcs
        }
        func with(_ key: [UInt8], previous: Digest?, inputs: Digest? = nil) throws -> [UInt8] {
            let old = try record(key)
            return SettlementRecord(inputs: inputs ?? old.inputs, claim: old.claim, previous: previous).bcs
        }
        func claim(
            _ key: [UInt8], version: UInt32? = nil, stage: SettlementStage? = nil, members: UInt32? = nil,
            totals: (SettlementTotals) -> SettlementTotals = { $0 }
        ) throws -> [UInt8] {
            let old = try record(key).claim
            var published = old.totals
            if case .open(let open) = old.totals { published = .open(totals(open)) }
            return try with(
                key,
                SettlementClaim(
                    period: old.period, version: version ?? old.version, stage: stage ?? old.stage, totals: published,
                    root: old.root, members: members ?? old.members, missing: old.missing, estimated: old.estimated))
        }
        func totals(_ old: SettlementTotals, production: Energy = 0, fund: Amount = 0) -> SettlementTotals {
            SettlementTotals(
                production: old.production + production, consumption: old.consumption, traded: old.traded,
                bought: old.bought, sold: old.sold, tradePaid: old.tradePaid, tradeEarned: old.tradeEarned,
                gridPaid: old.gridPaid, gridEarned: old.gridEarned, fund: old.fund + fund, rounding: old.rounding)
        }
        // The correction with the totals of the version before it in the open.
        let (corrected, replaced) = (try record(first).claim, try record(older).claim)
        let opened = SettlementClaim(
            period: corrected.period, version: corrected.version, stage: corrected.stage, totals: replaced.totals,
            root: corrected.root, members: corrected.members, missing: 0, estimated: 0)
        let lies: [(AuditReport.Check, [[UInt8]: [UInt8]?])] = [
            (.periods, [second: nil]), (.corrections, [older: nil]), (.corrections, [older: right[second]]),
            (.corrections, [first: try claim(first, stage: .final)]), (.corrections, [older: right[first]]),
            // The link to what was replaced: cut, to another record, to a record that was changed, before the first.
            (.corrections, [first: try with(first, previous: nil)]),
            (.corrections, [first: try with(first, previous: record(second).digest)]),
            (.corrections, [older: try with(older, previous: nil, inputs: record(second).inputs)]),
            (.corrections, [older: try claim(older) { totals($0, production: 1) }]),
            (.corrections, [second: try with(second, previous: record(older).digest)]),
            (.corrections, [first: try with(first, opened)]),
            (.counts, [second: try claim(second, members: 3)]), (.counts, [older: try claim(older, members: 5)]),
            (.energy, [second: try claim(second) { totals($0, production: 1) }]),
            (.money, [second: try claim(second) { totals($0, fund: 1) }]),
            (.members, [Community.members.stateKey(MemberNumber(2), at: address): nil]),
            (
                .members,
                [
                    Community.members.stateKey(MemberNumber(2), at: address): right[
                        Community.members.stateKey(MemberNumber(1), at: address)]
                ]
            ),
            (
                .rules,
                [
                    Community.rulesParts.stateKey(0, at: address): RulesPart(
                        bytes: Homes.rules(activeMembersMin: 3).bcs
                    ).bcs
                ]
            ),
        ]
        for (index, (check, changes)) in lies.enumerated() {
            var values = right
            for (key, value) in changes { values[key] = value }
            let report = try await audit(values, address)
            #expect(!report.isRight, "lie \(index)")
            #expect(
                (report.outcomes[check]?.failed ?? 0) > 0, "lie \(index): \(check) did not find it: \(report.outcomes)")
            #expect(report.outcomes[check]?.findings.isEmpty == false)
        }
    }
}
