import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Random consents of three owners of one data set: a user ends without notice exactly while it can read for no purpose,
/// and is credited for no time in which it could.
@Suite struct SharedConsentModelTests {
    static let on = WellKnown.agreements
    static let purposes: [Purposes] = [.research, .forecasting, .advice]

    struct Walk {
        var generator: SeededGenerator
        var shop: Shop
        let owners: [Party]
        let set: Digest
        let number: UInt64
        var version: UInt32 = 1
        var volume: UInt64 = 1

        init(seed: UInt64) throws {
            generator = SeededGenerator(seed: seed)
            var shop = try Shop()
            owners = try ["ann", "ben", "cat"].map { name in try shop.market.person(name, .serviceUser) }
            set = try shop.market.describe("owned", Self.described(1, owners), by: shop.provider)
            // A micro-unit for each millisecond.
            let price = Amount(3_660 * Timestamp.dayMilliseconds)
            let terms = shop.market.terms(
                [set], Market.plan(.oneTime, price), days: 3_660, purposes: [.research, .forecasting, .advice])
            number = try shop.market.agree(terms, shop.provider, shop.user)
            #expect(shop.confirm(0, price, 1) == nil)
            self.shop = shop
        }

        static func described(_ volume: UInt64, _ owners: [Party]) -> DataDescription {
            DataDescription(
                origin: .measured, type: .timeSeries, sharingClass: .saleOnly, privacy: .pseudonymised,
                velocity: .hourly, volume: volume, authority: .consent, owners: owners.map(\.holder).sorted(),
                purposes: [.research, .forecasting, .advice], noticeDays: 366, deletionDays: 30, text: SHA256.hash([1]))
        }

        mutating func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }

        mutating func step() throws {
            let owner = owners[pick(3)]
            switch pick(12) {
            case 0..<6:
                var purposes: Purposes = []
                while purposes.isEmpty {
                    for purpose in SharedConsentModelTests.purposes where pick(5) < 3 { purposes.formUnion(purpose) }
                }
                let until = shop.market.bench.time.adding(days: UInt32(1 + pick(20)))
                let body = GrantConsent(dataSet: set, version: version, purposes: purposes, until: until)
                try shop.market.act(Agreements.grantConsent, body, by: owner, on: SharedConsentModelTests.on)
            case 6:
                // Refused where there is none.
                _ = shop.market.code(
                    Agreements.withdrawConsent, DataSetID(set), by: owner, on: SharedConsentModelTests.on)
            case 7 where pick(3) == 0:
                volume += 1
                let body = DescribeDataSet(
                    name: "owned", previous: version, location: DataLocation(partner: "metrics", anchor: "owned"),
                    description: Self.described(volume, owners))
                try shop.market.act(
                    Agreements.describe, body, by: shop.provider, on: SharedConsentModelTests.on, via: "metrics")
                version += 1
            default: shop.market.bench.advance(milliseconds: UInt64(pick(2 * 86_400_000)))
            }
        }

        /// For some purpose, at the time of the next block.
        var mayRead: Bool {
            get throws {
                try SharedConsentModelTests.purposes.contains {
                    try shop.market.refusal(shop.user, set, number, $0) == nil
                }
            }
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func anEndWithoutNotice(seed: UInt64) throws {
        var walk = try Walk(seed: seed)
        let from = try walk.shop.market.agreement(walk.number).from
        let end = EndAgreement(agreement: walk.number, reason: 1)
        var readable = from
        var seen = (open: 0, lost: 0, early: 0)
        for step in 0..<200 {
            try walk.step()
            let mayRead = try walk.mayRead
            let time = walk.shop.market.bench.nextBlock.time
            var ended = walk.shop
            try ended.market.act(Agreements.terminate, end, by: walk.shop.user, on: Self.on)
            let place: Comment = "seed \(seed), step \(step)"
            #expect(try ended.market.agreement(walk.number).state == (mayRead ? .noticed : .terminated), place)
            let invoice = try ended.market.invoice(0)
            let paid = UInt64(invoice.amount - invoice.credited)
            if mayRead {
                seen.open += 1
                readable = time
                #expect(invoice.credited == 0, place)
            } else {
                seen.lost += 1
                let lost = from.adding(milliseconds: paid)
                #expect(lost <= time && lost >= readable, place)
                if lost < time { seen.early += 1 }
            }
        }
        #expect(seen.open > 5 && seen.lost > 5 && seen.early > 5, "seed \(seed): \(seen)")
    }
}
