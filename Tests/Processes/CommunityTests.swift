import Chain
import ContractKit
import Foundation
import NodeClient
import Primitives
import Testing
import Trading

extension ProcessSuite {
    /// A community's life with the commands of its administrator, members and oracle: rules from a file, terms, a plant
    /// owned by shares, prices, a change of terms, settling, the month's files, leaving and withdrawing.
    @Test(.timeLimit(.minutes(10))) func communityCommands() async throws {
        let rules = """
            {"name": "Life", "currency": "EUR", "periodMinutes": 60, "zone": "Europe/Zurich", "model": "staticKeys",
             "priceRule": "communityTariffs",
             "communityPrices": {"consumption": 0.16, "production": 0.14,
               "bands": [{"days": "mon-fri", "from": "17:00", "to": "20:00", "consumption": 0.2, "production": 0.18}]},
             "gridTariff": {"consumption": 0.25, "production": 0.08, "follows": {"series": 0, "sides": "consumption", "consumption": 0.05}},
             "series": [{"name": "day-ahead", "oracle": "sunsupply"}], "gridFee": 0.02, "fundLevy": {"value": 0.001},
             "activeMembersMin": 2, "deadlineHours": 48, "correctionDays": 30}
            """
        let last = TestTime.now
        let first = last - 3
        try await ValidatorNetwork.with { network in
            let run = try await CommunityRun(network, name: "life", rules: rules)
            try await run.admit("A", meter: 1, from: TestTime.argument(first), terms: #"{"key": 2500}"#)
            try await run.admit(
                "B", meter: 2, others: ["B2": 5], from: TestTime.argument(first), terms: #"{"key": 5000}"#)
            try await run.admit(
                "H", meter: 3, from: TestTime.argument(first),
                terms:
                    #"{"plant": {"agent": "coop", "owners": [{"member": 1, "share": 4000}, {"member": 2, "share": 6000}]}}"#
            )
            let rows = (first..<last).flatMap { hour in
                [
                    HourlyRow(name: "A", hour: hour, load: 700, production: 0),
                    HourlyRow(name: "B", hour: hour, load: 400, production: 0),
                    HourlyRow(name: "B2", hour: hour, load: 100, production: 50),
                    HourlyRow(name: "H", hour: hour, load: 0, production: 3_000),
                ]
            }
            // Labels are those of the community's clock.
            let path = try run.write(
                "period_start_local,meter,load_wh,pv_wh\n"
                    + rows.map { "\(TestTime.label($0.hour)),\($0.name),\($0.load),\($0.production)\n" }.joined(),
                "utc.csv")
            try await run.cec(["ingest", path, "--zone", "UTC"])
            try await checkCompare(run, network, first)
            // Only the oracle may publish, and what it published stays.
            let prices = ["cec", "prices", "--community", run.address.description, "--from", TestTime.argument(first)]
            let foreign = try await Program.run(
                prices + ["--values", "0.1,0.2,0.3"] + CommunityRun.signed(network, "coop"))
            #expect(foreign.exitCode == 1 && foreign.output.contains("117"))
            try await Program.succeed(prices + ["--values=-0.01,0.2,0.3"] + CommunityRun.signed(network, "sunsupply"))
            let again = try await Program.run(prices + ["--values", "0.1"] + CommunityRun.signed(network, "sunsupply"))
            #expect(again.exitCode == 1 && again.output.contains("118"))
            try await run.cec(["settle", "--from", TestTime.argument(first), "--hours", "2"])
            // Settling twice, and what is not over, is refused in words.
            let twice = try await run.refusable(["settle", "--from", TestTime.argument(first)])
            #expect(twice.exitCode == 1 && twice.output.contains("nothing to correct"))
            let future = try await run.refusable(["settle", "--force", "--from", TestTime.argument(last)])
            #expect(future.exitCode == 1 && future.output.contains("not over"))
            try await checkSettlingOrder(run, first)
            let early = try await run.records(first..<last)
            #expect(early.map { $0?.claim.members } == [3, 3, nil])
            // Keys are the administrator's to change, before a period begins; anything else needs the member's signature.
            let keys = try run.write(#"{"key": 7500}"#, "keys.json")
            let from = ["--from", TestTime.argument(first + 2)]
            let late = try await run.refusable(["amend", "--member", "1", "--terms", keys] + from)
            #expect(late.exitCode == 1 && late.output.contains("135"))
            let tariff = try run.write(
                #"{"key": 7500, "tariff": {"consumption": 0.3, "production": 0.07}}"#, "tariff.json")
            let unsigned = try await run.refusable(["amend", "--member", "1", "--terms", tariff] + from)
            #expect(unsigned.exitCode == 1 && unsigned.output.contains("113"))
            try await run.cec(
                ["amend", "--member", "1", "--terms", tariff, "--member-key", run.memberKey("A")] + from)
            let later = try run.write(
                #"{"key": 5000, "tariff": {"consumption": 0.3, "production": 0.07}}"#, "later.json")
            try await run.cec(
                ["amend", "--member", "1", "--terms", later, "--from", TestTime.argument(TestTime.now + 2)])
            try await run.cec(["settle", "--from", TestTime.argument(first + 2)])
            try await checkStatement(run, network, first)
            try await checkMonth(run, first)
            // The member goes without the administrator; the other one is let go.
            let withdrawal = [
                "cec", "withdraw", "--community", run.address.description, "--member", "1", "--member-key",
            ]
            let wrong = try await Program.run(
                withdrawal + [run.memberKey("B")] + CommunityRun.signed(network, "energylab"))
            #expect(wrong.exitCode == 1 && wrong.output.contains("113"))
            try await Program.succeed(withdrawal + [run.memberKey("A")] + CommunityRun.signed(network, "energylab"))
            try await run.cec(["leave", "--member", "2", "--until", TestTime.argument(last + 2)])
            let twiceLeft = try await run.refusable(["leave", "--member", "2", "--until", TestTime.argument(last + 3)])
            #expect(twiceLeft.exitCode == 1 && twiceLeft.output.contains("111"))
            let ends = try await network.with(["gridco"]) { client in
                var ends: [UInt64?] = []
                for number in 1...3 {
                    let key = Community.members.stateKey(MemberNumber(UInt32(number)), at: run.address)
                    ends.append(try await client.value(key).value.map { try Member(bcs: $0) }?.until?.value)
                }
                return ends
            }
            #expect((ends[0] ?? 0) > first + 3 && ends[1] == last + 2 && ends[2] == nil)
        }
    }

    /// What leaves earlier periods behind is not settled by mistake, nor is a time that begins no period.
    private func checkSettlingOrder(_ run: CommunityRun, _ first: UInt64) async throws {
        let late = try await run.refusable(["settle", "--from", TestTime.argument(first + 3)])
        #expect(
            late.exitCode == 1 && late.output.contains("that from \(TestTime.argument(first + 2)) is not settled yet"),
            "\(late.output)")
        let half = TestTime.argument(first + 2).replacing(":00Z", with: ":30Z")
        let odd = try await run.refusable(["settle", "--from", half])
        #expect(odd.exitCode == 1 && odd.output.contains("is not the beginning of a period"), "\(odd.output)")
        // Nor is a community's file replaced, which no other place has.
        let again = try await run.refusable(["create", "--name", "Again", "--zone", "UTC"])
        #expect(again.exitCode == 1 && again.output.contains("A community file is never overwritten"))
        let other = try await Program.run(
            ["cec", "create", "--name", "Other", "--zone", "UTC", "--partner", "gridco", "--file", run.file + "2"]
                + CommunityRun.signed(run.network, CommunityRun.administrator))
        #expect(other.exitCode == 1 && other.output.contains("is that of coop, not of gridco"), "\(other.output)")
        #expect(!FileManager.default.fileExists(atPath: run.file + "2"))
    }

    /// A community whose meters have no reading at all, long ago: nothing of it is settled without being asked twice.
    @Test(.timeLimit(.minutes(3))) func nothingIsSettledWithoutReadings() async throws {
        try await ValidatorNetwork.with { network in
            let run = try await CommunityRun(network, name: "empty", rules: ProcessSuite.rules)
            try await run.admit("A", meter: 1, from: "2016-10-17T07:00Z")
            let early = try await run.refusable(["settle", "--from", "2017-10-17T07:00Z"])
            #expect(
                early.exitCode == 1 && early.output.contains("that from 2016-10-17T07:00Z is not settled yet"),
                "\(early.output)")
            let bare = try await run.refusable(["settle", "--from", "2016-10-17T07:00Z"])
            #expect(bare.exitCode == 1 && bare.output.contains("lacks a reading"), "\(bare.output)")
            let first: UInt64 = 410_191
            #expect(try await run.records(first..<first + 1) == [nil])
            let forced = try await run.cec(["settle", "--from", "2016-10-17T07:00Z", "--force"])
            #expect(forced.contains("Settled the period from 2016-10-17T07:00Z: final."), "\(forced)")
            // Bank files are of whole spans only, unless somebody means it.
            let account = #"{"name": "C", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}"#
            let bank = try run.write(
                #"{"community": \#(account), "creditor": "DE98ZZZ09999999999", "members": [{"member": 1, "account": \#(account), "mandate": "M", "mandateDate": "2015-05-31"}]}"#,
                "bank.json")
            let out = network.folder + "/month"
            let month = ["month", "--month", "2016-10", "--accounts", bank, "--out", out]
            let dayless = try await run.refusable(month)
            #expect(dayless.exitCode == 64 && dayless.output.contains("give --day"), "\(dayless.output)")
            let open = try await run.refusable(month + ["--day", "2016-11-15"])
            #expect(
                open.exitCode == 1 && open.output.contains("352 of 353 periods are not settled yet"), "\(open.output)")
            #expect(!FileManager.default.fileExists(atPath: out))
            try await run.cec(month + ["--day", "2016-11-15", "--partial"])
            let page = try String(contentsOfFile: out + "/overview.html", encoding: .utf8)
            #expect(page.contains("This span is not final: 352 of 353 periods are not settled yet."))
        }
    }

    /// The prices of the file's rules, the published series and the amended terms are in the member's statement.
    private func checkStatement(_ run: CommunityRun, _ network: ValidatorNetwork, _ first: UInt64) async throws {
        struct Shown: Decodable {
            struct Prices: Decodable { let bought: Int64 }
            struct Line: Decodable { let prices: Prices }
            let lines: [Line]
        }
        let path = "\(network.folder)/life-statement.json"
        try await run.cec([
            "statement", "--member", "1", "--from", TestTime.argument(first), "--hours", "3", "--out", path,
        ])
        try await Program.succeed(["verify", path, "--genesis", network.genesisFile])
        let shown = try JSONDecoder().decode(Shown.self, from: Data(contentsOf: URL(filePath: path)))
        #expect(shown.lines.map(\.prices.bought) == [40_000, 250_000, 300_000])
        let sums = try await run.balances(members: 3, from: TestTime.argument(first), hours: 3)
        #expect(sums.map(\.consumption) == [2_100, 1_500, 0] && sums.map(\.production) == [0, 150, 9_000])
        // Keys: 2,500 of 3,000 Wh, then 7,500, up to the demand; B half of it, up to 450 Wh.
        #expect(sums.map(\.received) == [2_100, 1_350, 0] && sums[2].given == 3_450)
    }

    /// The plant's income is the agent's, who owes the owners their shares.
    private func checkMonth(_ run: CommunityRun, _ first: UInt64) async throws {
        let out = "\(run.network.folder)/life-month"
        try await run.cec(["month", "--from", TestTime.argument(first), "--hours", "3", "--out", out])
        let postings = try String(contentsOfFile: out + "/postings.csv", encoding: .utf8)
        #expect(postings.split(separator: "\n").count == 4)
        let plant = try #require(postings.split(separator: "\n").last?.split(separator: ",").dropFirst(8).first)
        let income = try #require(Int64(plant))
        let rows = try String(contentsOfFile: out + "/plants.csv", encoding: .utf8).split(separator: "\n").dropFirst()
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        #expect(rows.map { $0[2] } == ["\"coop\"", "\"coop\""] && rows.map { $0[3] } == ["1", "2"])
        let owed = rows.compactMap { Int64($0[6]) }
        #expect(income > 0 && owed.reduce(0, +) == income && abs(owed[0] * 10 - income * 4) <= 30)
        let page = try String(contentsOfFile: out + "/overview.html", encoding: .utf8)
        #expect(page.contains("Life"))
    }

    /// A comparison from the node's lake is that of the same readings from the file.
    private func checkCompare(_ run: CommunityRun, _ network: ValidatorNetwork, _ first: UInt64) async throws {
        let common = ["cec", "compare", "--json", "--file", run.file]
        let lake = try await Program.succeed(
            common + [
                "--lake", network.data(CommunityRun.administrator) + "/lake", "--from", TestTime.argument(first),
                "--hours", "3",
            ])
        let file = try await Program.succeed(
            common + ["--readings", "\(network.folder)/life-utc.csv", "--zone", "UTC"])
        #expect(lake == file)
        let compared = try JSONDecoder().decode(Compared.self, from: Data(lake.utf8))
        #expect(compared.members == ["A", "B", "H"] && compared.periods == 3 && compared.periodMinutes == 60)
        #expect(compared.production == 9_150 && compared.consumption == 3_600)
        let part = try await Program.succeed(
            common + [
                "--lake", network.data(CommunityRun.administrator) + "/lake", "--from", TestTime.argument(first + 1),
                "--hours", "1",
            ])
        #expect(try JSONDecoder().decode(Compared.self, from: Data(part.utf8)).periods == 1)
    }
}
