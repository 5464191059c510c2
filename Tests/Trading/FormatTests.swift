import Chain
import ContractKit
import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing
import TradingTestSupport

@testable import Trading

/// One fixed value of every format; their hex is pinned below.
enum Sample {
    static let salt = Digest(Array(UInt8(1)...UInt8(32))) ?? .zero
    static let batch = ReadingBatch(
        salt: salt, meter: MeterNumber(0x1122_3344_5566_7788), resolution: .minutes60,
        readings: [
            Reading(
                start: Timestamp(1_470_031_200_000), direction: .load, energy: 2_276, quality: .asProvided,
                receivedAt: Timestamp(1_470_034_800_000)),
            Reading(
                start: Timestamp(1_470_031_200_000), direction: .production, energy: 0, quality: .estimated,
                revision: 2, receivedAt: Timestamp(1_470_034_800_000)),
        ])
    static let rules = CommunityRules(
        name: "Sierra Crest", currency: "EUR", period: .minutes60,
        priceRule: .communityTariffs(
            PriceSchedule(
                base: PricePair(consumption: 160_000, production: 140_000),
                bands: [
                    PriceBand(
                        weekdays: 31, fromMinute: 1_020, toMinute: 1_200,
                        prices: PricePair(consumption: 200_000, production: 180_000))
                ])),
        gridTariff: Tariff(base: PricePair(consumption: 250_000, production: 80_000)),
        clock: LocalClock(spans: [LocalClock.Span(from: Timestamp(0), offsetMinutes: -420)]),
        attestation: AttestationPolicy(attesters: ["aurora", "borealis"], threshold: 2))
    static let band = RateBand(weekdays: 96, fromMinute: 0, toMinute: 1_440, value: 2_500)
    /// Everything that rules can have.
    static let fullRules = CommunityRules(
        name: "CER", currency: "EUR", period: .minutes15, model: .sharedIncentive(RateSchedule(110_000, bands: [band])),
        priceRule: .byModel,
        gridTariff: Tariff(
            base: PricePair(consumption: 250_000, production: 80_000),
            series: SeriesUse(
                series: 0, sides: .consumption, surcharge: PricePair(consumption: 90_000, production: -1))),
        series: [PriceSeries(name: "day-ahead", oracle: "dawn")], gridFee: RateSchedule(20_000),
        fundLevy: RateSchedule(1_000, bands: [band]), rounding: .halfEven, activeMembersMin: 3, deadlineHours: 24,
        correctionDays: 90, listsBatches: false)
    static let settings = MemberSettings(
        tariff: Tariff(base: PricePair(consumption: 1, production: -1)), key: RateSchedule(100, bands: [band]),
        producerKeys: [ProducerKey(producer: MemberNumber(3), key: RateSchedule(5_000))],
        limits: PriceSchedule(base: PricePair(consumption: 200_000, production: 90_000)),
        preferred: [PreferredPartner(producer: MemberNumber(2), energyMax: 1_500)])
    static let change = SettingsChange(member: MemberNumber(7), from: PeriodNumber(408_400), settings: settings)
    static let member = Member(
        number: MemberNumber(7), meters: [MeterNumber(5), MeterNumber(9)],
        settings: settings,
        plant: PlantTerms(
            agent: "corona",
            owners: [
                PlantTerms.Owner(member: MemberNumber(1), share: 2_500),
                PlantTerms.Owner(member: MemberNumber(4), share: 7_500),
            ]), holder: Consent.holder(key.publicKey), consent: salt, from: PeriodNumber(408_342),
        until: PeriodNumber(408_510), amendments: 1)
    static let inputs = SettlementInputs(
        rules: rules.digest, members: MemberLog.appending(member, to: MemberLog.start),
        batches: batches, salts: salts.digest, previous: .zero, contractVersion: 2)
    static let batches = SettlementBatches([batch.digest])
    static let salts = SaltList(
        community: salt,
        members: [
            SaltList.Entry(
                member: MemberNumber(7), salt: SaltList.salt(key: salt, period: PeriodNumber(408_342), version: 1))
        ])
    static let totals = SettlementTotals(
        production: 5, consumption: 12, traded: 4, bought: 8, sold: 1, shared: 0, tradePaid: 640, tradeEarned: 560,
        restPaid: 2_001, restEarned: 80, gridPaid: 2_000, gridEarned: 80, gridFees: 40, levies: 12, fund: 92,
        rounding: 1)
    static let claim = SettlementClaim(
        period: PeriodNumber(408_342), version: 2, stage: .corrected, totals: .open(totals), root: salt, members: 17,
        missing: 1, estimated: 2)
    static let record = SettlementRecord(inputs: inputs.digest, claim: claim, previous: salt)
    static let line = StatementLine(
        community: Address(wellKnown: "test-community"), period: PeriodNumber(408_342), version: 2,
        member: MemberNumber(7), production: 5, consumption: 12, received: 3, given: 0, bought: 4, sold: 0,
        communityPrices: PricePair(consumption: 160_000, production: 140_000),
        gridPrices: PricePair(consumption: 250_000, production: 80_000), paidForReceived: 480, earnedForGiven: 0,
        paidForBought: 1_000, earnedForSold: 0, quality: .adjusted)
    static let chargedLine = StatementLine(
        community: line.community, period: line.period, version: 1, member: line.member, production: 5, consumption: 12,
        received: 3, given: 0, bought: 4, sold: 0, communityPrices: line.communityPrices, gridPrices: line.gridPrices,
        paidForReceived: 480, earnedForGiven: 0, paidForBought: 1_000, earnedForSold: 0, quality: .missing,
        charges: LineCharges(
            gridFeeRate: 20_000, fundLevyRate: 1_000, incentiveRate: 0, shared: 0, gridFee: 60, fundLevy: 3,
            incentive: 0))

    static let terms = MembershipTerms(meters: [MeterNumber(5)], settings: settings, from: PeriodNumber(9))
    static let key = TestNetwork.key("golden")
    static let consent = Consent(
        credential: salt, key: key.publicKey, attesters: ["aurora", "borealis"], signature: key.sign(salt))
    static let memberSignature = MemberSignature(signing: salt, with: key)
    static var priceDay: PriceDay {
        var day = PriceDay()
        for (hour, price) in [(0, Amount(85_000)), (23, -1_000)] { _ = day.publish(price, hour: hour) }
        return day
    }
    static var head: CommunityHead {
        var head = CommunityHead(administrator: "aurora", rules: rules.digest)
        head.memberCount = 3
        head.openMemberships = 2
        head.lastSettled = PeriodNumber(408_342)
        return head
    }
    static let attested = AttestedSettlement(
        inputs: inputs, claim: claim, batches: batches,
        attestations: [
            Attestation(
                signing: record.digest, network: salt, instance: line.community, partner: "aurora", key: key)
        ])

    static let formats: [Format] = [
        Format("admission", Admission(terms: terms, consent: consent)), Format("head", head),
        Format("attested", attested), Format("end", MembershipEnd(member: MemberNumber(7), until: PeriodNumber(9))),
        Format("fullRules", fullRules), Format("change", change), Format("chargedLine", chargedLine),
        Format("withdrawal", Withdrawal(member: MemberNumber(7), signature: memberSignature)),
        Format("amendment", Amendment(change: change, signature: memberSignature)),
        Format("prices", PublishedPrices(series: 0, firstHour: 408_342, values: [85_000, -1_000])),
        Format("priceDay", priceDay), Format("closed", ClosedPeriods(day: 17_015, periods: 24)),
        Format("batches", batches),
        Format("part", RulesPart(bytes: [1, 2, 3])),
        Format("batch", batch), Format("rules", rules), Format("member", member), Format("inputs", inputs),
        Format("salts", salts), Format("claim", claim), Format("record", record), Format("line", line),
        Format("totals", PublishedTotals.sealed(PublishedTotals.seal(totals, salt: salt))),
    ]
}

/// A format with its sample bytes and a decoder that says whether bytes are canonical.
struct Format: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// Re-encoded bytes, nil when refused.
    let roundTrip: @Sendable ([UInt8]) -> [UInt8]?

    init<Value: BCSCodable & Sendable>(_ name: String, _ value: Value) {
        self.name = name
        bytes = value.bcs
        roundTrip = { (try? Value(bcs: $0))?.bcs }
    }

    var testDescription: String { name }
}

@Suite("Trading formats")
struct FormatTests {
    @Test(arguments: Sample.formats) func bytesAreThoseCommitted(format: Format) throws {
        #expect(Golden.samples.first { $0.name == format.name }?.hex == Hex.encode(format.bytes))
        #expect(format.roundTrip(format.bytes) == format.bytes)
    }

    @Test func everyFormatIsPinned() {
        #expect(Golden.samples.map(\.name).sorted() == Sample.formats.map(\.name).sorted())
    }

    /// Computed apart from this code, with Python's hashlib and hmac.
    @Test func saltsLeavesAndRoots() {
        for line in [Sample.line, Sample.chargedLine] {
            #expect(line.leaf(salt: Sample.salt) == SHA256.hash([0] + Sample.salt.bytes + line.bcs))
        }
        #expect(
            Sample.salts.members[0].salt.description
                == "0d1d8c2ec753b1a40fff3cccd717d8cbe2f191cc328c237477cc32a2a23cbf18")
        #expect(Sample.batch.root.description == "66c93806c95988019d2e1fa1c247855d4678bb2ddc1d7efe3aca812fe53770a3")
    }

    @Test(arguments: Sample.formats) func decodersTakeOnlyCanonicalBytes(format: Format) {
        let count = ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap(Int.init) ?? 4_000
        var generator = SeededGenerator(seed: 11)
        for length in 0..<format.bytes.count {
            #expect(format.roundTrip(Array(format.bytes.prefix(length))) == nil)
        }
        #expect(format.roundTrip(format.bytes + [0]) == nil)
        for _ in 0..<count {
            let mutated = mutate(format.bytes, &generator)
            if let again = format.roundTrip(mutated) { #expect(again == mutated) }
        }
    }

    @Test func boundsAreRefused() {
        let reading = Sample.batch.readings[0]
        func batch(_ readings: [Reading], salt: Digest = Sample.salt) -> ReadingBatch {
            ReadingBatch(salt: salt, meter: MeterNumber(1), resolution: .minutes60, readings: readings)
        }
        func at(_ start: UInt64, _ energy: Energy, _ quality: Quality = .asProvided) -> Reading {
            Reading(
                start: Timestamp(start), direction: .load, energy: energy, quality: quality, receivedAt: Timestamp(0))
        }
        for bad in [
            batch([]), batch([reading, reading]), batch([reading], salt: .zero), batch([at(1, 0)]),
            batch([at(3_600_000, 0), at(0, 0)]), batch([at(0, -1)]), batch([at(0, Reading.energyMax + 1)]),
            batch([at(0, 5, .missing)]), batch((0...8_192).map { at($0 * 3_600_000, 1) }),
        ] {
            #expect(bad.problem != nil)
            #expect(throws: BCSError.self) { try ReadingBatch(bcs: bad.bcs) }
        }
        for bad in [
            CommunityRules(name: "", currency: "EUR", period: .minutes15, priceRule: .midMarketRate, gridTariff: flat),
            CommunityRules(name: "A", currency: "eur", period: .minutes15, priceRule: .midMarketRate, gridTariff: flat),
            CommunityRules(
                name: "A", currency: "EUR", period: .minutes15, priceRule: .midMarketRate, gridTariff: flat,
                activeMembersMin: 1),
            CommunityRules(
                name: "A", currency: "EUR", period: .minutes15, priceRule: .midMarketRate,
                gridTariff: Tariff(base: PricePair(consumption: .max, production: 0))),
            CommunityRules(
                name: "A", currency: "EUR", period: .minutes15, priceRule: .midMarketRate, gridTariff: flat,
                clock: LocalClock(spans: [])),
        ] {
            #expect(bad.problem != nil)
            #expect(throws: BCSError.self) { try CommunityRules(bcs: bad.bcs) }
        }
    }

    private var flat: Tariff { Tariff(base: PricePair(consumption: 2, production: 1)) }
}

/// Truncates, extends, flips, overwrites or replaces.
func mutate(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var out = bytes
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: out = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
    case 1:
        out += (0..<Int.random(in: 1...9, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
    case 2:
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !out.isEmpty {
            out[Int.random(in: 0..<out.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        }
    case 3:
        for _ in 0..<Int.random(in: 1...4, using: &generator) where !out.isEmpty {
            out[Int.random(in: 0..<out.count, using: &generator)] =
                [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
        }
    default:
        out = (0..<Int.random(in: 0...200, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
    return out
}
