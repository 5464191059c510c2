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
        gridTariff: PriceSchedule(base: PricePair(consumption: 250_000, production: 80_000)),
        clock: LocalClock(spans: [LocalClock.Span(from: Timestamp(0), offsetMinutes: -420)]),
        attestation: AttestationPolicy(attesters: ["aurora", "borealis"], threshold: 2))
    static let member = Member(
        number: MemberNumber(7), meters: [MeterNumber(5), MeterNumber(9)],
        tariff: PriceSchedule(base: PricePair(consumption: 1, production: -1)), consent: salt,
        from: PeriodNumber(408_342), until: PeriodNumber(408_510))
    static let inputs = SettlementInputs(
        rules: rules.digest, members: MemberLog.appending(member, to: MemberLog.start), batches: [batch.digest],
        salts: salts.digest, previous: .zero, contractVersion: 1)
    static let salts = SaltList(
        community: salt,
        members: [
            SaltList.Entry(
                member: MemberNumber(7), salt: SaltList.salt(key: salt, period: PeriodNumber(408_342), version: 1))
        ])
    static let totals = SettlementTotals(
        production: 5, consumption: 12, traded: 4, bought: 8, sold: 1, tradePaid: 640, tradeEarned: 560,
        gridPaid: 2_000, gridEarned: 80, fund: 80, rounding: 0)
    static let claim = SettlementClaim(
        period: PeriodNumber(408_342), version: 2, stage: .corrected, totals: .open(totals), root: salt, members: 17,
        missing: 1, estimated: 2)
    static let record = SettlementRecord(inputs: inputs.digest, claim: claim)
    static let line = StatementLine(
        community: Address(wellKnown: "test-community"), period: PeriodNumber(408_342), version: 2,
        member: MemberNumber(7), production: 5, consumption: 12, received: 3, given: 0, bought: 4, sold: 0,
        communityPrices: PricePair(consumption: 160_000, production: 140_000),
        gridPrices: PricePair(consumption: 250_000, production: 80_000), paidForReceived: 480, earnedForGiven: 0,
        paidForBought: 1_000, earnedForSold: 0, quality: .adjusted)

    static let terms = MembershipTerms(meters: [MeterNumber(5)], tariff: rules.gridTariff, from: PeriodNumber(9))
    static let key = TestNetwork.key("golden")
    static let consent = Consent(
        credential: salt, key: key.publicKey, attesters: ["aurora", "borealis"], signature: key.sign(salt))
    static var head: CommunityHead {
        var head = CommunityHead(administrator: "aurora", rules: rules.digest)
        head.memberCount = 3
        head.openMemberships = 2
        head.lastSettled = PeriodNumber(408_342)
        return head
    }
    static let attested = AttestedSettlement(
        inputs: inputs, claim: claim,
        attestations: [
            Attestation(
                signing: record.digest, network: salt, instance: line.community, partner: "aurora", key: key)
        ])

    static let formats: [Format] = [
        Format("admission", Admission(terms: terms, consent: consent)), Format("head", head),
        Format("attested", attested), Format("end", MembershipEnd(member: MemberNumber(7), until: PeriodNumber(9))),
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
    /// BCS bytes of every sample, hexadecimal.
    static let golden: [(name: String, hex: String)] = [
        (
            "batch",
            "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2001008877665544332211020200ffaf44"
                + "5601000002e40800000000000000000080ede6445601000000ffaf445601000003000000000000000002020080ede644"
                + "56010000"
        ),
        (
            "rules",
            "01000c536965727261204372657374034555520200000071020000000000e022020000000000011ffc03b004400d0300"
                + "0000000020bf02000000000090d00300000000008038010000000000000100000000000000005cfe0400480002066175"
                + "726f726108626f7265616c69730200"
        ),
        (
            "member",
            "070000000205000000000000000900000000000000010100000000000000ffffffffffffffff00010203040506070809"
                + "0a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20163b06000000000001be3b060000000000"
        ),
        (
            "inputs",
            "699cf0eb367b071007a31c5784216fdea7c344ec6395b34f5fc5ab3210d75895dac57bc783f5a067996de89abb1a242a"
                + "816afbbbf66ad5b485c5dc35534cc598017412b7f69b91a27f169050894f389f36ee2d96fd0bdcd7173692bb1c7e8d46"
                + "a67c484ae760f47f27d6671a5d1412352e25542fab96d3c3b1af3cb8232c5723e5000000000000000000000000000000"
                + "000000000000000000000000000000000001000000"
        ),
        (
            "salts",
            "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2001070000000d1d8c2ec753b1a40fff3c"
                + "ccd717d8cbe2f191cc328c237477cc32a2a23cbf18"
        ),
        (
            "claim",
            "163b06000000000002000000020005000000000000000c00000000000000040000000000000008000000000000000100"
                + "00000000000080020000000000003002000000000000d007000000000000500000000000000050000000000000000000"
                + "0000000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2011000000010000000200"
                + "0000"
        ),
        (
            "record",
            "de7aee1b2c6077546f91e79a5f1386d0d2fc7abeb2411ccf4986d6eb334009c6163b0600000000000200000002000500"
                + "0000000000000c0000000000000004000000000000000800000000000000010000000000000080020000000000003002"
                + "000000000000d0070000000000005000000000000000500000000000000000000000000000000102030405060708090a"
                + "0b0c0d0e0f101112131415161718191a1b1c1d1e1f20110000000100000002000000"
        ),
        (
            "line",
            "746573742d636f6d6d756e697479000000000000163b060000000000020000000700000005000000000000000c000000"
                + "0000000003000000000000000000000000000000040000000000000000000000000000000071020000000000e0220200"
                + "0000000090d00300000000008038010000000000e0010000000000000000000000000000e80300000000000000000000"
                + "0000000001"
        ),
        (
            "totals",
            "01d7eb3d320cbe3cd3d1654cc52b76186d83f78b8fe2462dc8ded8df8fcd2a25a1"
        ),
        (
            "admission",
            "0105000000000000000190d003000000000080380100000000000009000000000000000102030405060708090a0b0c0d"
                + "0e0f101112131415161718191a1b1c1d1e1f2000028a59a04c0cd5648ba32773766961bc0a292cdb9342d3c47e0b1f70"
                + "38b2cbe34802066175726f726108626f7265616c697361adb82221a50bdd98e4a2918857a5a1f9b686eeaeffef6f6d68"
                + "c99848f23c3e45d6103f5be88de6119c4f29ce88f7d090d5db21554ca020c4252e4291709b3b"
        ),
        (
            "head",
            "066175726f7261699cf0eb367b071007a31c5784216fdea7c344ec6395b34f5fc5ab3210d75895000000000000000000"
                + "0000000000000000000000000000000000000000000000030000000200000001163b060000000000"
        ),
        (
            "attested",
            "699cf0eb367b071007a31c5784216fdea7c344ec6395b34f5fc5ab3210d75895dac57bc783f5a067996de89abb1a242a"
                + "816afbbbf66ad5b485c5dc35534cc598017412b7f69b91a27f169050894f389f36ee2d96fd0bdcd7173692bb1c7e8d46"
                + "a67c484ae760f47f27d6671a5d1412352e25542fab96d3c3b1af3cb8232c5723e5000000000000000000000000000000"
                + "000000000000000000000000000000000001000000163b06000000000002000000020005000000000000000c00000000"
                + "00000004000000000000000800000000000000010000000000000080020000000000003002000000000000d007000000"
                + "0000005000000000000000500000000000000000000000000000000102030405060708090a0b0c0d0e0f101112131415"
                + "161718191a1b1c1d1e1f2011000000010000000200000001066175726f726100028a59a04c0cd5648ba32773766961bc"
                + "0a292cdb9342d3c47e0b1f7038b2cbe348272ae846e089d9b4243cfc4a8968866b0e8760f1204aabb5eb19cebd694d41"
                + "006c6ae455f89706b660900898432e7e20e282630788411cb9ec3678269fcaf2bc"
        ),
        (
            "end",
            "070000000900000000000000"
        ),
        (
            "part",
            "03010203"
        ),
    ]

    @Test(arguments: Sample.formats) func bytesAreThoseCommitted(format: Format) throws {
        #expect(Self.golden.first { $0.name == format.name }?.hex == Hex.encode(format.bytes))
        #expect(format.roundTrip(format.bytes) == format.bytes)
    }

    @Test func everyFormatIsPinned() {
        #expect(Self.golden.map(\.name).sorted() == Sample.formats.map(\.name).sorted())
    }

    /// Computed apart from this code, with Python's hashlib and hmac.
    @Test func saltsLeavesAndRoots() {
        #expect(Sample.line.leaf(salt: Sample.salt) == SHA256.hash([0] + Sample.salt.bytes + Sample.line.bcs))
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
                gridTariff: PriceSchedule(base: PricePair(consumption: .max, production: 0))),
            CommunityRules(
                name: "A", currency: "EUR", period: .minutes15, priceRule: .midMarketRate, gridTariff: flat,
                clock: LocalClock(spans: [])),
        ] {
            #expect(bad.problem != nil)
            #expect(throws: BCSError.self) { try CommunityRules(bcs: bad.bcs) }
        }
    }

    private var flat: PriceSchedule { PriceSchedule(base: PricePair(consumption: 2, production: 1)) }
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
