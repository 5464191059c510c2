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

/// 537 real homes at 15 minutes for seven weeks, in an ordinary year and in years in which the clock changes within them,
/// in both directions. Every fourth home has a made-up roof, so that there is something to trade. What comes out is what
/// `tools/settle_oracle.py` makes of the same file, line by line, and what is committed in
/// `Tests/Golden/weeks`.
@Suite("537 homes for seven weeks")
struct WholeWeeksTests {
    struct Year: Sendable, CustomTestStringConvertible {
        let name: String
        let isoYear: Int
        let zone: String
        let model: String
        let allocation: AllocationModel
        var testDescription: String { name }
    }

    static let years = [
        Year(name: "ordinary", isoYear: 2014, zone: "Europe/Zurich", model: "evenSplit", allocation: .evenSplit),
        Year(name: "autumn", isoYear: 2004, zone: "Europe/Zurich", model: "proRata", allocation: .proRata),
        Year(name: "spring", isoYear: 2018, zone: "America/Sao_Paulo", model: "staticKeys", allocation: .staticKeys),
    ]

    /// Counts of a year, all integers: what the oracle prints, and more.
    struct Counts: Codable, Equatable {
        var periods = 0
        var memberPeriods = 0
        var missing = 0
        var produced: Energy = 0
        var consumed: Energy = 0
        var traded: Energy = 0
        var bought: Energy = 0
        var sold: Energy = 0
        var rounding: Amount = 0
        /// SHA-256 over all lines, as the oracle writes them.
        var lines = ""
    }

    struct Weeks {
        let names: [String]
        let batches: [ReadingBatch]
        let rules: CommunityRules
        let keys: [Int64]
        let first: PeriodNumber
        let end: PeriodNumber

        /// Wh of the roof of a home, by its position, the day of the file and the local quarter hour.
        static func roof(_ home: Int, day: Int, quarter: Int) -> Int {
            home % 4 == 0 && (28..<68).contains(quarter)
                ? (quarter - 28) * (68 - quarter) * (3 + (day * 7 + home) % 5) : 0
        }

        /// `days` of readings in a batch.
        init(_ year: Year, days length: UInt64 = 1) throws {
            let (bytes, rows, names) = try QuarterHourAdaptorTests.shared()
            self.names = names
            var settings = try QuarterHourAdaptorTests.settings(year.zone, names)
            settings = AdaptorSettings(
                clock: settings.clock,
                meters: Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, TestNetwork.meter($0 + 1)) }),
                receivedAt: settings.receivedAt, plausibleKilowattsMax: 1_000)
            let days = Set(rows.map { "\($0[0]) \($0[1])" }).sorted()
            var roofs = String(String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }) + "\n"
            for (day, label) in days.enumerated() {
                let parts = label.split(separator: " ")
                for home in stride(from: 0, to: names.count, by: 4) {
                    let cells = (0..<96).map { String(Self.roof(home, day: day, quarter: $0)) }
                    roofs += "\(parts[0]),\(parts[1]),\(names[home]),\(cells.joined(separator: ","))\n"
                }
            }
            var drawn = 0
            var batches: [ReadingBatch] = []
            for (data, direction) in [(bytes, Direction.load), (Array(roofs.utf8), .production)] {
                let adapted = try QuarterHourAdaptor(settings, isoYear: year.isoYear, direction: direction).read(data)
                batches += adapted.batches(from: Timestamp(0), to: Timestamp(.max), span: 86_400_000 * length) {
                    drawn += 1
                    return SHA256.hash(Array("salt \(drawn)".utf8))
                }
            }
            self.batches = batches
            rules = CommunityRules(
                name: "537 homes", currency: "CHF", period: .minutes15, model: year.allocation,
                priceRule: .midMarketRate,
                gridTariff: Tariff(base: PricePair(consumption: 250_000, production: 80_000)), deadlineHours: 0,
                listsBatches: false, attestation: AttestationPolicy(attesters: ["borealis"], threshold: 1))
            keys = try Division.proRata(
                10_000, by: names.indices.map { 400 + 100 * Int64($0) }, period: PeriodNumber(0))
            let spans = batches.compactMap(\.span)
            first = Resolution.minutes15.period(at: try #require(spans.map(\.from).min()))
            end = Resolution.minutes15.period(at: try #require(spans.map(\.to).max()))
        }

        func members(from: PeriodNumber) -> [Member] {
            names.indices.map { home in
                Member(
                    number: MemberNumber(UInt32(home + 1)), meters: [TestNetwork.meter(home + 1)],
                    settings: MemberSettings(key: RateSchedule(keys[home])), holder: .zero, consent: .zero, from: from)
            }
        }
    }

    private static func row(_ line: StatementLine) -> String {
        let fields: [Int64] = [
            line.received, line.given, line.bought, line.sold, line.paidForReceived, line.earnedForGiven,
            line.paidForBought, line.earnedForSold,
        ]
        return (["\(line.period)", "\(line.member)"] + fields.map(String.init)).joined(separator: ",") + "\n"
    }

    /// Settles periods from the batches by the contract's own functions.
    private static func settle(_ weeks: Weeks, _ span: Range<PeriodNumber>) throws -> Counts {
        var byDay: [UInt64: [ReadingBatch]] = [:]
        for batch in weeks.batches {
            guard let span = batch.span else { continue }
            for day in span.from.value / 86_400_000...(span.to.value - 1) / 86_400_000 {
                byDay[day, default: []].append(batch)
            }
        }
        let members = weeks.members(from: weeks.first)
        var counts = Counts()
        var text: [UInt8] = []
        for number in span.lowerBound.value..<span.upperBound.value {
            let period = PeriodNumber(number)
            let start = try #require(Resolution.minutes15.start(of: period))
            let end = try #require(Resolution.minutes15.end(of: period))
            let used = (byDay[start.value / 86_400_000] ?? []).filter { !$0.readings(from: start, to: end).isEmpty }
            let balances = try BalanceAssembly.balances(
                of: members, rules: weeks.rules, period: period, batches: used)
            let settlement = try PeriodSettlement(
                community: Address(wellKnown: "weeks"), period: period, version: 1, rules: weeks.rules,
                balances: balances, terms: try AllocationTerms(members, rules: weeks.rules, at: start, values: []))
            #expect(settlement.totals.problem(weeks.rules.model) == nil)
            counts.add(settlement.totals, members: balances.count, missing: balances.count { $0.quality == .missing })
            for line in settlement.lines { text += Array(row(line).utf8) }
        }
        counts.lines = SHA256.hash(text).description
        return counts
    }

    private static func counts(_ year: Year) throws -> Counts {
        let weeks = try Weeks(year)
        return try settle(weeks, weeks.first..<weeks.end)
    }

    private static func oracle(_ year: Year) throws -> [String: String] {
        let process = Process()
        process.executableURL = python
        process.arguments = [
            Shared.project.appending(path: "tools/settle_oracle.py").path, "--quarters",
            Shared.root.appending(path: "data/ch537_15min.csv").path, year.model, "midMarketRate", "\(year.isoYear)",
            year.zone,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let pairs = output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
        return Dictionary(
            pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
    }

    static let python = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":")
        .map { URL(filePath: String($0)).appending(path: "python3") }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    static let isPossible = Shared.isPresent && python != nil

    static func committed(_ year: Year, _ counts: Counts) throws -> Bool {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try Golden.matches(file: "weeks/\(year.name).json", encoder.encode(counts) + Data("\n".utf8))
    }

    @Test(.enabled(if: isPossible, "needs ../shared and python3"), .timeLimit(.minutes(10)), arguments: years)
    func sevenWeeksEqualTheOracle(_ year: Year) throws {
        let counts = try Self.counts(year)
        let expected = try Self.oracle(year)
        #expect("\(counts.traded)" == expected["traded"] && "\(counts.rounding)" == expected["rounding"])
        #expect("\(counts.periods)" == expected["periods"] && "\(counts.missing)" == expected["missing"])
        #expect(counts.lines == expected["lines"])
        #expect(counts.memberPeriods == counts.periods * 537 && counts.traded > 0)
        #expect(counts.periods == 49 * 96 + (year.name == "autumn" ? 4 : year.name == "spring" ? -4 : 0))
        #expect(try Self.committed(year, counts))
    }

    /// Days that are settled through lake, attester and contract, 1 to 49; about a minute each.
    static let days = ProcessInfo.processInfo.environment["COMMONWATT_WEEKS_DAYS"].flatMap(Int.init)

    /// The same through lakes, settler, attester and contract: half an hour on both sides of the autumn's change of the
    /// clock, or with COMMONWATT_WEEKS_DAYS the first days of the file in all three years, up to all seven weeks. The lines in the lake, under the roots on
    /// the chain, are those that the oracle agreed with.
    @Test(
        .enabled(if: isPossible, "needs ../shared and python3"), .timeLimit(.minutes(240)),
        arguments: days == nil ? [years[1]] : years)
    func settlesEndToEnd(_ year: Year) async throws {
        let weeks = try Weeks(year, days: Self.days == nil ? 1 : 7)
        let cluster = try Cluster()
        let span = try Self.span(year, weeks)
        let from = try #require(Resolution.minutes15.start(of: span.lowerBound))
        let to = try #require(Resolution.minutes15.start(of: span.upperBound))
        let used = weeks.batches.filter { !$0.readings(from: from, to: to).isEmpty }
        cluster.network.withLock { $0.time = from }
        let address = try cluster.community(
            weeks.rules, homes: weeks.names.count, from: span.lowerBound, batches: used, keys: weeks.keys)
        cluster.network.withLock { $0.time = max($0.time, to) }
        let settler = try cluster.settler()
        while (await settler.report().communities.first?.finalBefore ?? 0) < span.upperBound.value {
            _ = try await settler.round([address])
            try #require(await settler.report().communities.first?.troubles.isEmpty ?? false)
        }
        var counts = Counts()
        var text: [UInt8] = []
        let lake = try cluster.lake(Cluster.administrator)
        for number in span.lowerBound.value..<span.upperBound.value {
            let period = PeriodNumber(number)
            let record = try #require(try cluster.chain.settlement(of: address, period: period))
            #expect(record.claim.version == 1 && record.claim.stage == .final && record.claim.members == 537)
            let entries = try lake.results.entries(of: address, period: period, version: 1)
            #expect(MerkleTree.root(entries.map(\.leaf)) == record.claim.root)
            guard case .open(let totals) = record.claim.totals else {
                // Nights have no producers: the totals are sealed, and the lake has them.
                let stored = try #require(try lake.results.inputs(of: address, period: period, version: 1))
                counts.add(stored.totals, members: entries.count, missing: Int(record.claim.missing))
                for entry in entries { text += Array(Self.row(try #require(entry.line)).utf8) }
                continue
            }
            counts.add(totals, members: entries.count, missing: Int(record.claim.missing))
            for entry in entries { text += Array(Self.row(try #require(entry.line)).utf8) }
        }
        counts.lines = SHA256.hash(text).description
        #expect(try counts == Self.settle(weeks, span))
        if span == weeks.first..<weeks.end { #expect(try Self.committed(year, counts)) }
    }

    /// Around the clock's change, or noon; or the first days.
    private static func span(_ year: Year, _ weeks: Weeks) throws -> Range<PeriodNumber> {
        if let days {
            return weeks.first..<min(weeks.end, weeks.first.advanced(by: UInt64(max(1, min(days, 50))) * 96))
        }
        let middle =
            switch year.name {
            case "autumn": "2004-10-31T01:00:00Z"
            case "spring": "2018-11-04T03:00:00Z"
            default: "2014-11-05T11:00:00Z"
            }
        let period = Resolution.minutes15.period(at: try RegisterAdaptorTests.time(middle))
        return PeriodNumber(period.value - 2)..<PeriodNumber(period.value + 2)
    }
}

extension WholeWeeksTests.Counts {
    mutating func add(_ totals: SettlementTotals, members: Int, missing lacking: Int) {
        periods += 1
        memberPeriods += members
        missing += lacking
        produced += totals.production
        consumed += totals.consumption
        traded += totals.traded
        bought += totals.bought
        sold += totals.sold
        rounding += totals.rounding
    }
}
