import Chain
import Foundation
import NodeClient
import Primitives
import TestSupport
import Testing
import Trading

extension ProcessSuite {
    static let rules = """
        {"name": "Settler", "currency": "EUR", "periodMinutes": 60, "zone": "UTC", "model": "proRata", "priceRule": "midMarketRate",
         "gridTariff": {"consumption": 0.25, "production": 0.08}, "activeMembersMin": 2}
        """

    /// Readings of three homes over the last `hours` full hours.
    private static func rows(_ hours: Int, last: UInt64) -> [HourlyRow] {
        ["A", "B", "C"].enumerated().flatMap { home, name in
            (0..<UInt64(hours)).map { offset in
                HourlyRow(
                    name: name, hour: last - UInt64(hours) + offset, load: Int64(300 + 70 * home + 13 * Int(offset)),
                    production: home == 0 ? Int64(900 + 31 * Int(offset)) : 0)
            }
        }
    }

    /// Nothing is settled before its readings are there.
    private static let patient = "settler-wait-minutes: 4320\n"

    private static func settling(_ network: ValidatorNetwork, _ partners: [String], _ more: String = "", quiet: Int = 1)
        throws
    {
        for partner in partners {
            let text =
                try String(contentsOfFile: network.settings(partner), encoding: .utf8)
                + "settler: true\nsettler-quiet-seconds: \(quiet)\nsettler-delay-seconds: 0\n" + more
            try text.write(toFile: network.settings(partner), atomically: true, encoding: .utf8)
        }
    }

    /// Two settlers at once, both killed at random instants and started again while they catch up on many periods: each
    /// period is settled once, and everybody's balance is that of a community with the same readings that one settler
    /// settled undisturbed.
    @Test(.timeLimit(.minutes(15))) func settlersAreKilledAndTwoAtOnce() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let hours = 36
        let last = TestTime.now
        let first = last - UInt64(hours)
        let periods = first..<last
        let rows = Self.rows(hours, last: last)
        try await ValidatorNetwork.with(prepare: { try Self.settling($0, ["coop"], Self.patient) }) { network in
            let clean = try await CommunityRun(network, name: "clean", rules: Self.rules)
            for (index, name) in ["A", "B", "C"].enumerated() {
                try await clean.admit(name, meter: UInt64(100 + index), from: TestTime.argument(first))
            }
            try await clean.ingest(rows)
            try await eventually("the clean community is settled", seconds: 120) {
                try await clean.records(periods).allSatisfy { $0 != nil }
            }
            let expected = try await clean.balances(members: 3, from: TestTime.argument(first), hours: hours)

            // Down while the readings of all periods arrive, then two of them at once.
            let run = try await CommunityRun(network, name: "disturbed", rules: Self.rules)
            try #require(try await network.stop("coop", seconds: 20) == 0)
            try Self.settling(network, ["gridco"], Self.patient + "settle-communities: [\(run.address)]\n")
            try Self.withoutSettler(network, "coop")
            try network.start("coop")
            try await network.ready(["coop"])
            for (index, name) in ["A", "B", "C"].enumerated() {
                try await run.admit(name, meter: UInt64(200 + index), from: TestTime.argument(first))
            }
            try await run.ingest(rows)
            #expect(try await run.records(periods).allSatisfy { $0 == nil })
            // Switched off it says what there is to do.
            let passed = Int(TestTime.now - first)
            let idle = try await run.watch()
            // An hour may end while all this runs; nobody has readings of it.
            #expect(!idle.isRunning && (passed...Int(TestTime.now - first)).contains(idle.community.unsettled))
            try #require(try await network.stop("gridco", seconds: 20) == 0)
            try #require(try await network.stop("coop", seconds: 20) == 0)
            try Self.settling(network, ["coop"], Self.patient)
            for name in ["coop", "gridco"] { try network.start(name) }
            for round in 0..<ProcessSuite.rounds(4) {
                try await Task.sleep(for: .milliseconds(Int.random(in: 300...2_500, using: &random)))
                let victim = ["coop", "gridco"][round % 2]
                try await network.crash(victim)
                try network.start(victim)
            }
            try await network.ready(["coop", "gridco"])
            try await eventually("all periods are settled, seed \(seed)", seconds: 180) {
                try await run.records(periods).allSatisfy { $0 != nil }
            }
            for record in try await run.records(periods) {
                #expect(
                    record?.claim.version == 1 && record?.claim.stage == .final,
                    "seed \(seed): \(record.map { "\($0.claim)" } ?? "none")")
            }
            #expect(
                try await run.balances(members: 3, from: TestTime.argument(first), hours: hours) == expected,
                "seed \(seed)")
            let audit = try await Program.run([
                "cec", "audit", run.address.description, "--genesis", network.genesisFile, "--node",
                network.url("sunsupply"),
            ])
            #expect(audit.exitCode == 0, "\(audit.output)")
        }
    }

    private static func withoutSettler(_ network: ValidatorNetwork, _ partner: String) throws {
        let text = try String(contentsOfFile: network.settings(partner), encoding: .utf8)
        let kept = text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("settle") }
        try kept.joined(separator: "\n").write(toFile: network.settings(partner), atomically: true, encoding: .utf8)
    }

    /// A member's readings lack: it says whose, settles provisionally at the data deadline, finally when they come, and
    /// corrects when some change.
    @Test(.timeLimit(.minutes(10))) func settlerWaitsThenCorrects() async throws {
        let hours = 4
        let last = TestTime.now
        let first = last - UInt64(hours)
        let periods = first..<last
        // The data deadline of the first two hours is over.
        let prepare: (ValidatorNetwork) async throws -> Void = {
            try Self.settling($0, ["coop"], "settler-wait-minutes: 150\n", quiet: 5)
        }
        try await ValidatorNetwork.with(prepare: prepare) { network in
            let run = try await CommunityRun(network, name: "waiting", rules: Self.rules)
            for (index, name) in ["A", "B", "C"].enumerated() {
                try await run.admit(name, meter: UInt64(300 + index), from: TestTime.argument(first))
            }
            let rows = Self.rows(hours, last: last)
            try await run.ingest(rows.filter { $0.name != "C" })
            try await eventually("the first hours are provisional", seconds: 60) {
                try await run.records(first..<first + 1).allSatisfy { $0?.claim.stage == .provisional }
            }
            #expect(try await run.records(last - 1..<last) == [nil])
            let waits = try await run.watch().community.waits
            #expect(waits.contains { $0.stage == "open" && $0.missing == [302] })
            #expect(waits.contains { $0.stage == "provisional" && $0.missing == [302] })
            let shown = try await run.cec(["watch"])
            #expect(shown.contains("readings of C") && shown.contains("The settler works by itself."))
            // They come: final. Then one home's meter turns out to have counted too little.
            try await run.ingest(rows.filter { $0.name == "C" }, file: "late.csv")
            try await eventually("all hours are final", seconds: 60) {
                try await run.records(periods).allSatisfy { $0?.claim.stage == .final }
            }
            let changed = rows.filter { $0.name == "B" && $0.hour == first + 1 }.map { row in
                HourlyRow(name: row.name, hour: row.hour, load: row.load + 500, production: 0)
            }
            try await run.ingest(changed, file: "changed.csv", revision: 1)
            try await eventually("the hour is corrected", seconds: 60) {
                try await run.records(first + 1..<first + 2).allSatisfy { $0?.claim.stage == .corrected }
            }
            let stages = try await run.records(periods).map { $0?.claim.stage }
            #expect(stages == [.final, .corrected, .final, .final])
            let sums = try await run.balances(members: 3, from: TestTime.argument(first), hours: hours)
            let loads = ["A", "B", "C"].map { name in
                rows.filter { $0.name == name }.reduce(Int64(0)) { $0 + $1.load }
            }
            #expect(sums.map(\.consumption) == [loads[0], loads[1] + 500, loads[2]])
            let end = try await run.watch().community
            #expect(end.waits.isEmpty && end.unsettled == 0 && end.corrected == 1)
        }
    }
}
