import Chain
import DataLake
import Foundation
import LightClient
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// The page that checks statements in a browser agrees with `verify`, check by check: on right statements under every
/// price rule, on the golden ones, and on tampered ones.
@Suite("Verifier page")
struct WebVerifierTests {
    struct Verdict: Decodable {
        struct Check: Decodable {
            let name: String
            let passed: Bool
            let detail: String
        }
        let isRight: Bool
        let checks: [Check]
    }

    /// A statement file with what our own verifier says of it.
    struct Case {
        let name: String
        let file: Data
        let report: StatementReport

        init(_ name: String, _ file: Data, _ cluster: Cluster) {
            self.name = name
            self.file = file
            report = cluster.verify(file)
        }
    }

    static let rules: [(String, CommunityRules)] = {
        let grid = Tariff(base: PricePair(consumption: 250_000, production: 80_000))
        func rules(
            _ model: AllocationModel, _ price: PriceRule, k: UInt16 = 2, fee: Int64 = 0, levy: Int64 = 0,
            rounding: MoneyRounding = .halfUp, series: Bool = false
        ) -> CommunityRules {
            CommunityRules(
                name: "Sierra Crest", currency: "USD", period: .minutes60, model: model, priceRule: price,
                gridTariff: series
                    ? Tariff(base: PricePair(consumption: 250_000, production: 80_000), series: SeriesUse(series: 0))
                    : grid,
                series: series ? [PriceSeries(name: "day-ahead", oracle: "dawn")] : [],
                gridFee: RateSchedule(
                    fee, bands: fee == 0 ? [] : [RateBand(weekdays: 127, fromMinute: 0, toMinute: 60, value: fee * 2)]),
                fundLevy: RateSchedule(levy), rounding: rounding, clock: HourlyAdaptor.californiaClock,
                activeMembersMin: k)
        }
        return [
            ("community tariffs", Homes.rules()), ("sealed totals", Homes.rules(activeMembersMin: 4)),
            ("mid-market rate", rules(.proRata, .midMarketRate, fee: 15_500, levy: 1_333, rounding: .halfEven)),
            ("series without values", rules(.evenSplit, .midMarketRate, series: true)),
            ("supply-demand ratio", rules(.evenSplit, .supplyDemandRatio)),
            ("supply-demand ratio, sealed", rules(.evenSplit, .supplyDemandRatio, k: 9)),
            ("bill sharing", rules(.evenSplit, .billSharing)), ("uniform price", rules(.uniformPrice, .byModel)),
            ("pay as bid", rules(.payAsBid, .byModel)),
            ("shared incentive", rules(.sharedIncentive(RateSchedule(110_000)), .byModel, levy: 5_000)),
            ("static keys", rules(.staticKeys, .midMarketRate)),
        ]
    }()

    /// A settled community under some rules.
    static func settled(_ rules: CommunityRules, hours: UInt64 = 2) async throws -> (Cluster, Address) {
        let cluster = try Cluster()
        let address = try cluster.community(
            rules, homes: 4, from: Homes.first, batches: (1...4).map { Homes.batch($0, hours: hours + 1) })
        for hour in 0..<hours {
            _ = try await cluster.settle(address, PeriodNumber(Homes.first.value + hour), except: ["dawn"])
        }
        return (cluster, address)
    }

    static func statement(_ cluster: Cluster, _ address: Address, hours: UInt64 = 2) async throws -> Statement {
        try await cluster.statement(
            of: 1, in: address, from: Homes.first, to: PeriodNumber(Homes.first.value + hours + 1))
    }

    // MARK: Work

    /// Every leaf of the file's JSON changed once, in the one form again, and damaged bytes.
    static func lies(_ statement: Statement, _ cluster: Cluster, most: Int, _ what: String) throws -> [Case] {
        let file = try statement.json()
        var cases: [Case] = []
        let root = try JSONSerialization.jsonObject(with: file)
        for (path, changed) in JSONLies.all(root) {
            let data = try JSONSerialization.data(withJSONObject: changed, options: .fragmentsAllowed)
            // What still is a statement is written in its form, so that the check that it belongs to has to find it.
            let form = (try? Statement(json: data)).flatMap { try? $0.json() } ?? data
            cases.append(Case("\(what): \(path)", form, cluster))
        }
        var random = SeededGenerator(seed: 11)
        for number in 0..<60 {
            var bytes = [UInt8](file)
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch number % 3 {
            case 0: bytes[at] ^= UInt8.random(in: 1...255, using: &random)
            case 1: bytes.remove(at: at)
            default: bytes = Array(bytes.prefix(at))
            }
            cases.append(Case("\(what): damage \(number)", Data(bytes), cluster))
        }
        cases.shuffle(using: &random)
        return Array(cases.prefix(most))
    }

    /// The same verdict on every check of every case.
    static func compare(_ cases: [Case], _ verdicts: [Verdict]) {
        #expect(verdicts.count == cases.count)
        for (one, verdict) in zip(cases, verdicts) {
            let ours = one.report.checks.map { "\($0.name.rawValue) \($0.passed)" }
            let theirs = verdict.checks.map { "\($0.name) \($0.passed)" }
            let first = one.report.failures.first
            #expect(
                ours == theirs && verdict.isRight == one.report.isRight,
                "\(one.name): ours \(first?.name.rawValue ?? "right") (\(first?.detail ?? "")), the page \(verdict.checks.first { !$0.passed }?.name ?? "right") (\(verdict.checks.first { !$0.passed }?.detail ?? ""))"
            )
        }
    }

    @Test(.enabled("node or the page's library is not there") { try WebPage.isBuilt && WebPage.node != nil })
    func agreesUnderNode() async throws {
        for (name, rules) in Self.rules {
            let (cluster, address) = try await Self.settled(rules)
            let statement = try await Self.statement(cluster, address)
            let right = Case(name, try statement.json(), cluster)
            #expect(right.report.isRight, "\(name): \(right.report.failures)")
            let cases =
                [right] + (try Self.lies(statement, cluster, most: name == "community tariffs" ? 500 : 60, name))
            // A certificate with one signature less is still one of a quorum; every other change is found.
            #expect(cases.dropFirst().allSatisfy { !$0.report.isRight || $0.name.hasSuffix("signatures cut") })
            let genesis = cluster.network.withLock { $0.genesis }
            Self.compare(cases, try WebPage.verdicts(cases.map(\.file), genesis: Data(genesis.bcs), inBrowser: false))
        }
    }

    /// A corrected period, changed settings and a price series with values.
    @Test(.enabled("node or the page's library is not there") { try WebPage.isBuilt && WebPage.node != nil })
    func agreesOnCorrectionsAndGenesisFiles() async throws {
        let (cluster, address) = try await Self.settled(Homes.rules())
        let batch = Homes.batch(1, hours: 3, revision: 1, more: 111)
        try cluster.network.withLock { try $0.anchor([batch]) }
        try cluster.lake(Cluster.administrator).store(batch.bcs)
        _ = try await cluster.settle(address, Homes.first)
        let statement = try await Self.statement(cluster, address)
        #expect(statement.lines.first?.version == 2 && statement.lines.first?.stage == "corrected")
        let right = Case("corrected", try statement.json(), cluster)
        #expect(right.report.isRight, "\(right.report.failures)")
        let genesis = cluster.network.withLock { $0.genesis }
        let other = Genesis(
            name: "other", time: genesis.time, parameters: genesis.parameters, validators: genesis.validators,
            application: [])
        Self.compare([right], try WebPage.verdicts([right.file], genesis: Data(genesis.bcs), inBrowser: false))
        // Another network's genesis: the page says what our verifier says.
        let foreign = try WebPage.verdicts([right.file], genesis: Data(other.bcs), inBrowser: false)
        let ours = StatementVerifier(genesis: other).verify(right.file, now: cluster.chain.time)
        #expect(foreign.first?.checks.map(\.passed) == ours.checks.map(\.passed) && foreign.first?.isRight == false)
    }

    /// Two values of one revision contradict each other wherever they stand among the batches, as for `BalanceAssembly`.
    @Test(.enabled("node is not there") { WebPage.node != nil })
    func contradictionsAreFoundInAnyOrder() throws {
        let script = """
            import { balanceOf } from "\(WebPage.folder.appending(path: "src/balance.js").absoluteString)";
            const batch = (revision, energy) => ({
              meter: 1, minutes: 60, readings: [{ start: 0n, direction: 0, revision, energy, quality: 0 }],
            });
            function outcome(...batches) {
              try {
                return String(balanceOf({ meters: [1] }, batches, 0n, 60).consumption);
              } catch (error) {
                return error.message.includes("two values of one revision") ? "contradiction" : String(error);
              }
            }
            const [five, six, newer] = [batch(1, 5n), batch(1, 6n), batch(2, 9n)];
            const orders = [[five, newer, six], [newer, five, six], [five, six, newer], [six, newer, five, newer]];
            const right = [[five, newer, five], [newer, five], [five, five]];
            console.log([...orders, ...right].map((order) => outcome(...order)).join(" "));
            """
        let outcome = try WebPage.run(WebPage.node, ["--input-type=module", "--eval", script])
        let expected = [String](repeating: "contradiction", count: 4) + ["9", "9", "5"]
        #expect(outcome.text.split(whereSeparator: \.isWhitespace).map(String.init) == expected, "\(outcome.text)")
    }

    /// The page itself, opened from the disk in headless Chromium, on the golden statements.
    @Test(
        .enabled("Chromium or the page's library is not there") { try WebPage.isBuilt && WebPage.chromium != nil },
        .timeLimit(.minutes(3)))
    func agreesInChromium() async throws {
        let (cluster, address) = try await Self.settled(Homes.rules())
        let statement = try await Self.statement(cluster, address)
        let cases =
            [Case("right", try statement.json(), cluster)] + (try Self.lies(statement, cluster, most: 24, "golden"))
        let genesis = cluster.network.withLock { $0.genesis }
        Self.compare(cases, try WebPage.verdicts(cases.map(\.file), genesis: Data(genesis.bcs), inBrowser: true))
    }

    /// The committed statement is the one that is made, and right; a verifier in another language can begin with it.
    @Test func goldenStatement() async throws {
        let (cluster, address) = try await Self.settled(Homes.rules())
        let file = try await Self.statement(cluster, address).json()
        let genesis = cluster.network.withLock { $0.genesis }
        #expect(try Golden.matches(file: "statement/genesis.bcs", Data(genesis.bcs)))
        #expect(try Golden.matches(file: "statement/right.json", file))
        #expect(cluster.verify(file).isRight)
    }
}

/// Copies of a JSON value in each of which one leaf, or one list, is another one.
enum JSONLies {
    static func all(_ value: Any, path: String = "") -> [(String, Any)] {
        switch value {
        case let object as [String: Any]:
            return object.keys.sorted().flatMap { name in
                all(object[name] ?? NSNull(), path: "\(path).\(name)").map { inner, changed in
                    var copy = object
                    copy[name] = changed
                    return (inner, copy as Any)
                }
            }
        case let list as [Any]:
            var changes: [(String, Any)] =
                list.isEmpty ? [] : [("\(path) cut", Array(list.dropLast())), ("\(path) doubled", list + [list[0]])]
            // The first ones stand for all.
            for index in list.indices.prefix(3) {
                changes += all(list[index], path: "\(path)[\(index)]").map { inner, changed in
                    var copy = list
                    copy[index] = changed
                    return (inner, copy as Any)
                }
            }
            return changes
        case let text as String: return [(path, flipped(text))]
        case let number as NSNumber: return [(path, NSNumber(value: number.int64Value &+ 1))]
        default: return []
        }
    }

    /// Another digit in the middle, so that lengths stay.
    private static func flipped(_ text: String) -> String {
        var units = Array(text.utf8)
        guard !units.isEmpty else { return "0" }
        let at = units.count / 2
        units[at] = units[at] == 48 ? 49 : 48
        return String(decoding: units, as: UTF8.self)
    }
}
