import ContractKit
import DataLake
import Foundation
import OperatorFiles
import Primitives
import Settlement
import Testing
import Trading

@testable import Wiring
@testable import commonwatt

/// Rules and terms as people write them.
struct RulesFileTests {
    private func rules(_ json: String) throws -> CommunityRules {
        let file = try JSONFile.read(RulesFile.self, Data(json.utf8), "It is no rules", shape: RulesFile.shape)
        return try file.rules(year: 2024, zone: file.zone == nil ? "UTC" : nil)
    }

    private func refusal(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing was refused"
        } catch {
            return "\(error)"
        }
    }

    private func with(_ fields: String) -> String {
        #"{"name": "A", "gridTariff": {"consumption": 0.25, "production": 0.08}, \#(fields)}"#
    }

    @Test func everyModelAndPriceRule() throws {
        let models: [(String, AllocationModel)] = [
            ("evenSplit", .evenSplit), ("proRata", .proRata), ("staticKeys", .staticKeys),
            ("scheduledKeys", .scheduledKeys), ("fullKeys", .fullKeys),
        ]
        for (name, model) in models {
            let made = try rules(with(#""model": "\#(name)", "priceRule": "midMarketRate""#))
            #expect(made.model == model && made.priceRule == .midMarketRate)
        }
        let rest = try rules(with(#""model": "preferredPartners", "rest": "proRata", "priceRule": "billSharing""#))
        #expect(rest.model == .preferredPartners(then: .proRata) && rest.priceRule == .billSharing)
        for (name, model) in [("uniformPrice", AllocationModel.uniformPrice), ("payAsBid", .payAsBid)] {
            let made = try rules(with(#""model": "\#(name)""#))
            #expect(made.model == model && made.priceRule == .byModel)
        }
        let shared = try rules(with(#""model": "sharedIncentive", "incentive": 0.11"#))
        #expect(shared.model == .sharedIncentive(RateSchedule(110_000)))
        #expect(try rules(with(#""priceRule": "supplyDemandRatio""#)).priceRule == .supplyDemandRatio)
        let prices = #""communityPrices": {"consumption": 0.16, "production": 0.14}"#
        #expect(
            try rules(with(prices)).priceRule
                == .communityTariffs(PriceSchedule(base: PricePair(consumption: 160_000, production: 140_000))))
    }

    @Test func bandsSeriesFeesAndDeadlines() throws {
        let made = try rules(
            """
            {"name": "A", "currency": "CHF", "periodMinutes": 15, "zone": "Europe/Zurich", "priceRule": "midMarketRate",
             "gridTariff": {"consumption": 0.25, "production": -0.01,
               "bands": [{"days": "sat,sun", "from": "22:00", "to": "24:00", "consumption": 0.2, "production": 0}],
               "follows": {"series": 0, "sides": "consumption", "consumption": 0.05}},
             "series": [{"name": "day-ahead", "oracle": "sun"}],
             "gridFee": {"value": 0.02, "bands": [{"days": "mon-fri", "from": "08:30", "to": "20:00", "value": 0.031}]},
             "fundLevy": 0.000001, "rounding": "halfEven", "activeMembersMin": 5, "deadlineHours": 24,
             "correctionDays": 30, "listsBatches": false, "attesters": ["coop", "a"], "threshold": 2}
            """)
        #expect(made.currency == "CHF" && made.period == .minutes15 && made.rounding == .halfEven)
        #expect(made.gridTariff.schedule.base == PricePair(consumption: 250_000, production: -10_000))
        #expect(
            made.gridTariff.schedule.bands == [
                PriceBand(
                    weekdays: 0b110_0000, fromMinute: 1_320, toMinute: 1_440,
                    prices: PricePair(consumption: 200_000, production: 0))
            ])
        #expect(
            made.gridTariff.series
                == SeriesUse(series: 0, sides: .consumption, surcharge: PricePair(consumption: 50_000, production: 0)))
        #expect(
            made.gridFee
                == RateSchedule(
                    20_000, bands: [RateBand(weekdays: 0b001_1111, fromMinute: 510, toMinute: 1_200, value: 31_000)]))
        #expect(made.fundLevy == RateSchedule(1) && made.attestation.attesters == ["a", "coop"])
        #expect((made.activeMembersMin, made.deadlineHours, made.correctionDays) == (5, 24, 30) && !made.listsBatches)
        // Summer and winter of the zone.
        #expect(made.clock.offsetMinutes(at: Timestamp(1_721_055_600_000)) == 120)
        #expect(made.clock.offsetMinutes(at: Timestamp(1_705_334_400_000)) == 60)
    }

    @Test(arguments: [
        #""model": "magic""#, #""priceRule": "free""#, #""periodMinutes": 20"#, #""zone": "Mars/Olympus""#,
        #""priceRule": "midMarketRate", "gridFee": 0.0000001"#, #""model": "sharedIncentive""#,
        #""priceRule": "communityTariffs""#, #""model": "payAsBid", "priceRule": "midMarketRate""#,
        #""priceRule": "midMarketRate", "rounding": "down""#, #""priceRule": "midMarketRate", "gridFee": 1e30"#,
        #""priceRule": "midMarketRate", "gridFee": {"value": 1, "bands": [{"days": "someday", "from": "0:00", "to": "1:00", "value": 1}]}"#,
        #""priceRule": "midMarketRate", "gridFee": {"value": 1, "bands": [{"from": "7pm", "to": "20:00", "value": 1}]}"#,
    ])
    func whatIsWrongIsSaid(_ fields: String) {
        #expect(throws: UserError.self) { try rules(with(fields)) }
    }

    @Test func terms() throws {
        func terms(_ json: String) throws -> TermsFile {
            try JSONFile.read(TermsFile.self, Data(json.utf8), "It is no terms", shape: TermsFile.shape)
        }
        let file = try terms(
            """
            {"tariff": {"consumption": 0.3, "production": 0.07}, "key": {"value": 2500, "bands": [{"from": "0:00", "to": "6:00", "value": 100}]},
             "producerKeys": [{"producer": 9, "key": 100}, {"producer": 2, "key": 50}],
             "limits": {"consumption": 0.2, "production": 0.1}, "preferred": [{"producer": 3, "wattHours": 500}]}
            """)
        let settings = try file.settings()
        #expect(settings.tariff?.schedule.base == PricePair(consumption: 300_000, production: 70_000))
        #expect(settings.key.base == 2_500 && settings.key.bands.map(\.value) == [100])
        #expect(settings.producerKeys.map(\.producer.value) == [2, 9])
        #expect(settings.preferred == [PreferredPartner(producer: MemberNumber(3), energyMax: 500)])
        #expect(try file.plantTerms() == nil)
        let plant = try terms(
            #"{"plant": {"agent": "coop", "owners": [{"member": 2, "share": 6000}, {"member": 1, "share": 4000}]}}"#)
        #expect(try plant.plantTerms()?.owners.map(\.share) == [4_000, 6_000])
        let tooMuch = try terms(#"{"plant": {"agent": "coop", "owners": [{"member": 2, "share": 10001}]}}"#)
        #expect(throws: UserError.self) { try tooMuch.plantTerms() }
        #expect(throws: UserError.self) { try terms(#"{"key": 10001}"#).settings() }
        #expect(throws: UserError.self) { try terms(#"{"key": 0.5}"#).settings() }
    }

    /// A misspelt member, or one of another type, would silently have its default for ever.
    @Test(arguments: [
        (
            #""priceRule": "midMarketRate", "deadlineHour": 1"#,
            "'deadlineHour' is unknown; did you mean 'deadlineHours'?"
        ),
        (#""priceRule": "midMarketRate", "thresold": 1"#, "'thresold' is unknown; did you mean 'threshold'?"),
        (
            #""priceRule": "midMarketRate", "gridFee": {"value": 0.1, "band": []}"#,
            "'gridFee.band' is unknown; did you mean 'bands'?"
        ),
        (#""priceRule": "midMarketRate", "gridFee": "0.1""#, #"'gridFee' must be a number, or an object"#),
        (
            #""priceRule": "midMarketRate", "communityPrices": {"consumption": "0.2", "production": 0}"#,
            #"'communityPrices.consumption' must be a number, but is the text "0.2""#
        ),
        (#""priceRule": "midMarketRate", "series": [{"name": "a"}, {"nam": "b"}]"#, "'series[1].nam' is unknown"),
        (#""priceRule": "midMarketRate", "listsBatches": 1"#, "'listsBatches' must be true or false, but is 1"),
        (#""priceRule": "midMarketRate", "priceRule": "midMarketRate""#, "twice"),
    ])
    func unknownMembersOfRulesAreNamed(_ fields: String, _ words: String) {
        let said = refusal { _ = try rules(with(fields)) }
        #expect(said.contains(words), "\(said)")
    }

    @Test func unknownMembersOfTermsAreNamed() {
        func said(_ json: String) -> String {
            refusal {
                _ = try JSONFile.read(TermsFile.self, Data(json.utf8), "It is no terms", shape: TermsFile.shape)
            }
        }
        #expect(said(#"{"keyy": 1}"#).contains("'keyy' is unknown; did you mean 'key'?"))
        #expect(
            said(#"{"plant": {"agent": "a", "owners": [{"membr": 1}]}}"#)
                .contains("'plant.owners[0].membr' is unknown; did you mean 'member'?"))
        #expect(said("[]").contains("the whole must be an object, but is a list"))
    }

    /// Every member that the file can have is known to the shape, and none more.
    @Test func shapeIsThatOfTheFile() throws {
        let whole = """
            {"name": "A", "currency": "CHF", "periodMinutes": 15, "zone": "Europe/Zurich", "model": "sharedIncentive",
             "rest": "proRata", "incentive": 0.1, "priceRule": "byModel",
             "communityPrices": {"consumption": 0.1, "production": 0.1}, "gridTariff": {"consumption": 0.2, "production": 0.1},
             "series": [], "gridFee": 0, "fundLevy": 0, "rounding": "halfUp", "activeMembersMin": 4, "deadlineHours": 1,
             "correctionDays": 1, "listsBatches": true, "attesters": [], "threshold": 0}
            """
        #expect(try rules(whole).name == "A")
        let file = try JSONFile.read(RulesFile.self, Data(whole.utf8), "no rules", shape: RulesFile.shape)
        let members = Set(Mirror(reflecting: file).children.compactMap(\.label))
        guard case .object(let known) = RulesFile.shape else { throw UserError("the shape is no object") }
        #expect(members == Set(known.map(\.name)) && file.defaults.isEmpty)
    }

    /// No default of a time zone is right for everybody.
    @Test func zoneIsNamedOnce() throws {
        let none = try JSONFile.read(
            RulesFile.self, Data(with(#""priceRule": "midMarketRate""#).utf8), "no rules", shape: RulesFile.shape)
        #expect(refusal { _ = try none.rules(year: 2024) }.contains("name no time zone"))
        #expect(try none.rules(year: 2024, zone: "UTC").clock == .utc)
        #expect(
            try none.rules(year: 2024, zone: "Europe/Zurich").clock.offsetMinutes(at: Timestamp(1_721_055_600_000))
                == 120)
        let own = try JSONFile.read(
            RulesFile.self, Data(with(#""priceRule": "midMarketRate", "zone": "UTC""#).utf8), "no rules",
            shape: RulesFile.shape)
        #expect(refusal { _ = try own.rules(year: 2024, zone: "Europe/Zurich") }.contains("give one of them"))
        let text = RulesText(rules: try own.rules(year: 2024), zone: "UTC", defaults: own.defaults).text
        for words in [
            "deadlineHours     72", "(default)", "0.25 to use, 0.08 to make", "attesters         every validator",
        ] {
            #expect(text.contains(words), "\(text)")
        }
    }

    @Test func roomForOthersData() throws {
        var user = UserSettings()
        #expect(try StorageRoom(user) == StorageRoom())
        user.copiesFor = ["coop"]
        user.copiesMegabytesMax = 0
        user.waitingMegabytesMax = 64
        #expect(
            try StorageRoom(user)
                == StorageRoom(owners: ["coop"], copyBytesMax: 0, waitingBytesMax: 64 * 1_048_576))
        for wrong in [-1, 31, Int.max] {
            user.waitingMegabytesMax = wrong
            #expect(throws: UserError.self) { try StorageRoom(user) }
        }
        user.waitingMegabytesMax = nil
        user.copiesMegabytesMax = -1
        #expect(throws: UserError.self) { try StorageRoom(user) }
    }

    @Test func settingsOfTheAPI() throws {
        var user = UserSettings()
        (user.partner, user.genesis) = ("coop", "genesis.json")
        let plain = try NodeSettings(user, relativeTo: "/etc/cw")
        #expect(plain.apiTLS == nil && !plain.trustsForwardedFor && plain.witness == nil)
        user.apiCertificate = "tls/chain.pem"
        #expect(throws: UserError.self) { try NodeSettings(user, relativeTo: "/etc/cw") }
        user.apiKey = "/keys/tls.pem"
        user.trustForwardedFor = true
        user.witness = "../other-disk"
        let made = try NodeSettings(user, relativeTo: "/etc/cw")
        let files = made.apiTLS.map { "\($0)" } ?? ""
        #expect(files.contains("\"/etc/cw/tls/chain.pem\"") && files.contains("\"/keys/tls.pem\""))
        #expect(made.trustsForwardedFor && made.witness == "/etc/cw/../other-disk")
    }

    /// Clients get the connections that the limit of open files leaves beside the store.
    @Test func connectionsFitTheOpenFiles() throws {
        #expect(try OpenFiles.connections(atMost: 1_024, openFiles: 65_536) == 1_024)
        let few = try OpenFiles.connections(atMost: 1_024, openFiles: 2_500)
        #expect(few >= OpenFiles.connectionsMin && few + few / 4 + few / 8 + 16 <= 2_500 - OpenFiles.reserved)
        #expect(throws: UserError.self) { try OpenFiles.connections(atMost: 1_024, openFiles: 1_024) }
        #expect(try OpenFiles.connections(atMost: 1_024) >= OpenFiles.connectionsMin)
    }

    @Test func settlerSettings() throws {
        var user = UserSettings()
        #expect(try !SettlerSwitch(user).isOn)
        user.settleCommunities = [String(repeating: "ab", count: 20)]
        #expect(throws: UserError.self) { try SettlerSwitch(user) }
        user.settler = true
        user.settlerWaitMinutes = 90
        user.settlerQuietSeconds = 0
        let made = try SettlerSwitch(user)
        #expect(made.isOn && made.communities.count == 1)
        #expect(made.settings.dataMilliseconds == 5_400_000 && made.settings.quietMilliseconds == 0)
        user.settlerDelaySeconds = -1
        #expect(throws: UserError.self) { try SettlerSwitch(user) }
        user.settlerDelaySeconds = nil
        user.settleCommunities = ["a name that is no address"]
        #expect(throws: UserError.self) { try SettlerSwitch(user) }
    }
}
