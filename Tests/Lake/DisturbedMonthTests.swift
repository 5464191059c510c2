import Anchors
import Chain
import ContractKit
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// A month in which 5 % of the readings come late, 2 % are changed afterwards and 1 % are missing at first, through lake,
/// engine, attesters and chain: after the corrections every balance is that of the clean month.
@Suite("Late, changed and missing readings")
struct DisturbedMonthTests {
    static let homes = 6
    static let days = 30
    static let start = Homes.first.value / 24 * 24

    /// How a value of the month first arrives.
    enum Arrival { case intime, late, changed, missing }

    private struct Month {
        /// Load and production of each home and hour.
        var values: [[(load: Energy, production: Energy)]]
        var arrivals: [[Arrival]]

        init(seed: UInt64) {
            var generator = SeededGenerator(seed: seed)
            values = []
            arrivals = []
            for home in 0..<DisturbedMonthTests.homes {
                values.append([])
                arrivals.append([])
                for hour in 0..<DisturbedMonthTests.days * 24 {
                    let sun = home % 2 == 0 && (7..<19).contains(hour % 24)
                    values[home].append(
                        (
                            load: Int64.random(in: 50...2_000, using: &generator),
                            production: sun ? Int64.random(in: 0...4_000, using: &generator) : 0
                        ))
                    let draw = Int.random(in: 0..<100, using: &generator)
                    arrivals[home].append(draw < 5 ? .late : draw < 7 ? .changed : draw < 8 ? .missing : .intime)
                }
            }
        }

        /// The batch of one home and day, as it is at first or in the end; nil when nothing differs in the end.
        func batch(home: Int, day: Int, isFinal: Bool) -> ReadingBatch? {
            let hours = day * 24..<(day + 1) * 24
            if isFinal, !hours.contains(where: { arrivals[home][$0] != .intime }) { return nil }
            var readings: [Reading] = []
            for hour in hours {
                let arrival = arrivals[home][hour]
                if !isFinal, arrival == .late { continue }
                for direction in [Direction.load, .production] {
                    let value = direction == .load ? values[home][hour].load : values[home][hour].production
                    let isGone = arrival == .missing && !isFinal
                    readings.append(
                        Reading(
                            start: Timestamp((DisturbedMonthTests.start + UInt64(hour)) * 3_600_000),
                            direction: direction,
                            energy: isGone ? 0 : arrival == .changed && !isFinal ? value + 77 : value,
                            quality: isGone ? .missing : .asProvided, revision: isFinal ? 1 : 0,
                            receivedAt: Timestamp((DisturbedMonthTests.start + UInt64(hour) + 2) * 3_600_000)))
                }
            }
            return ReadingBatch(
                salt: SHA256.hash(Array("\(home) \(day) \(isFinal)".utf8)), meter: TestNetwork.meter(home + 1),
                resolution: .minutes60, readings: readings)
        }
    }

    private func batches(_ month: Month, isFinal: Bool) -> [ReadingBatch] {
        (0..<Self.homes).flatMap { home in
            (0..<Self.days).compactMap { month.batch(home: home, day: $0, isFinal: isFinal) }
        }
    }

    private var periods: [PeriodNumber] {
        (0..<UInt64(Self.days * 24)).map { PeriodNumber(Self.start + $0) }
    }

    /// Net of every member over the month, by the results in the administrator's lake under the chain's roots.
    private func balances(_ cluster: Cluster, _ address: Address) throws -> [Amount] {
        var sums = [Amount](repeating: 0, count: Self.homes)
        let lake = try cluster.lake(Cluster.administrator)
        for period in periods {
            let record = try #require(try cluster.chain.settlement(of: address, period: period))
            let entries = try lake.results.entries(of: address, period: period, version: record.claim.version)
            #expect(MerkleTree.root(entries.map(\.leaf)) == record.claim.root)
            for (position, entry) in entries.enumerated() { sums[position] += try #require(entry.line).net() }
        }
        return sums
    }

    /// Settles whatever the engine has something new for, and says how many periods that were.
    private func settleAll(_ cluster: Cluster, _ address: Address) async throws -> Int {
        var settled = 0
        for period in periods {
            let engine = try cluster.engine()
            let prepared: PreparedSettlement
            do throws(SettlementRefusal) {
                prepared = try engine.prepare(address, period: period)
            } catch {
                guard case .unchanged = error else { throw error }
                continue
            }
            let attested = try await engine.attest(prepared, ask: cluster.asking())
            #expect(try cluster.submit(attested, to: address) == nil)
            settled += 1
        }
        return settled
    }

    private func stages(_ cluster: Cluster, _ address: Address) throws -> [SettlementStage: Int] {
        var counts: [SettlementStage: Int] = [:]
        for period in periods {
            let record = try cluster.chain.settlement(of: address, period: period)
            if let stage = record?.claim.stage { counts[stage, default: 0] += 1 }
        }
        return counts
    }

    @Test func endsWithTheBalancesOfTheCleanMonth() async throws {
        let month = Month(seed: 7)
        let rules = Homes.rules()
        let from = PeriodNumber(Self.start)
        // The clean month: everything as it is in the end, in order.
        let clean = try Cluster()
        let values = (0..<Self.homes).flatMap { home in
            (0..<Self.days).compactMap { day in
                month.batch(home: home, day: day, isFinal: true) ?? month.batch(home: home, day: day, isFinal: false)
            }
        }
        let cleanAddress = try clean.community(rules, homes: Self.homes, from: from, batches: values)
        #expect(try await settleAll(clean, cleanAddress) == periods.count)

        // The disturbed one: first pass before the deadline of most hours.
        let disturbed = try Cluster()
        let first = batches(month, isFinal: false)
        disturbed.network.withLock { $0.time = Timestamp((Self.start + UInt64(Self.days * 24) + 1) * 3_600_000) }
        let address = try disturbed.community(rules, homes: Self.homes, from: from, batches: first)
        #expect(try await settleAll(disturbed, address) == periods.count)
        let before = try stages(disturbed, address)
        // The last three days are within the 72 hours of the rules: provisional where something lacks.
        #expect((before[.provisional] ?? 0) > 10 && (before[.final] ?? 0) > 500)
        #expect(try balances(disturbed, address) != balances(clean, cleanAddress))

        // What was late, missing or changed arrives, in an order of its own, and supersedes the first batch.
        var generator = SeededGenerator(seed: 9)
        let late = batches(month, isFinal: true).shuffled(using: &generator)
        #expect(late.count > 100)
        let lake = try disturbed.lake(Cluster.administrator)
        for batch in late {
            let old = try #require(first.first { $0.meter == batch.meter && day(of: $0) == day(of: batch) })
            try disturbed.network.withLock { try $0.anchor([batch], supersedes: old.digest) }
            try lake.store(batch.bcs)
        }
        let corrected = try await settleAll(disturbed, address)
        #expect(corrected > 200 && corrected <= periods.count)
        let after = try stages(disturbed, address)
        #expect(after[.provisional] == nil && (after[.corrected] ?? 0) > 100)
        #expect(try balances(disturbed, address) == balances(clean, cleanAddress))
        // Nothing is left to correct.
        #expect(try await settleAll(disturbed, address) == 0)
    }

    private func day(of batch: ReadingBatch) -> UInt64? { batch.span.map { $0.from.value / 86_400_000 } }
}
