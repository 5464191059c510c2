import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Random agreements that are paid by time, ended in every way at random moments, also while scheduled calls are late:
/// each comes to what a formula of its own says.
@Suite struct BillingPeriodModelTests {
    static let day = Timestamp.dayMilliseconds

    struct Deal {
        let price: Amount
        /// Milliseconds; nil for a one-time price.
        let period: UInt64?
        let noticeDays: UInt64
        let from: UInt64
        /// As agreed, and as it stands.
        let agreed: UInt64
        var until: UInt64
        var isNoticed = false
        /// From when on the provider took it back.
        var takenBack: UInt64?
        /// It took it back twice, so that the price was cut, and rounded down, twice.
        var isCutTwice = false

        /// Every period that began is paid whole, but for what the provider took back of it: by milliseconds, rounded down.
        var cost: Amount {
            var sum: Amount = 0
            var start = from
            while start < agreed, start < until || period == nil {
                let next = min(period.map { start + $0 } ?? agreed, agreed)
                let end = min(takenBack ?? next, next)
                if end > start { sum += price * Amount(end - start) / Amount(next - start) }
                start = next
            }
            return sum
        }
    }

    struct Walk {
        var generator: SeededGenerator
        var market: Market
        let provider: Party
        let user: Party
        /// Without notice, with three days of it, with ten.
        let sets: [Digest]
        var deals: [Deal] = []
        var reference: UInt64 = 0
        var seen: [String: Int] = [:]

        init(seed: UInt64) throws {
            generator = SeededGenerator(seed: seed)
            market = try Market()
            provider = try market.organisation("provider", .dataProvider)
            user = try market.organisation("user", .dataUser)
            var sets: [Digest] = []
            for days in [0, 3, 10] as [UInt16] {
                sets.append(
                    try market.describe("set\(days)", Market.description(noticeDays: days), by: provider))
            }
            self.sets = sets
        }

        mutating func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
        var now: UInt64 { market.bench.nextBlock.time.value }

        mutating func agree() throws {
            let (isOnce, paysFirst, set) = (pick(3) == 0, pick(3) == 0, pick(3))
            let periodDays = UInt16(7 + pick(14))
            let price = Amount(1 + pick(100_000))
            let plan = PricePlan(
                isOnce ? .oneTime : .recurring, currency: Market.currency, price: price,
                periodDays: isOnce ? 0 : periodDays, dueDays: 90, paysFirst: paysFirst)
            let number = try market.agree(market.terms([sets[set]], plan, days: UInt32(1 + pick(60))), provider, user)
            let agreement = try market.agreement(number)
            deals.append(
                Deal(
                    price: price, period: isOnce ? nil : UInt64(periodDays) * BillingPeriodModelTests.day,
                    noticeDays: UInt64([0, 3, 10][set]), from: agreement.from.value, agreed: agreement.until.value,
                    until: agreement.until.value))
            // Access opens at once, or in the next block.
            if paysFirst || pick(2) == 0 { try pay(try market.invoiceCount - 1, price) }
        }

        private mutating func pay(_ invoice: UInt64, _ amount: Amount) throws {
            reference += 1
            let payment = GatewayPayment(
                invoice: invoice, currency: Market.currency, amount: amount,
                reference: SHA256.hash(reference.keyBytes))
            try market.bench.send(Billing.confirmPayment, to: WellKnown.billing, payment, as: "payco")
        }

        mutating func end(_ index: Int) throws {
            let (deal, at) = (deals[index], now)
            let isByProvider = pick(2) == 0 || deal.isNoticed
            guard at < deal.until else { return }
            let body = EndAgreement(agreement: UInt64(index), reason: 3)
            if isByProvider, deal.isNoticed || pick(2) == 0 {
                try market.act(Agreements.revoke, body, by: provider, on: WellKnown.agreements)
                deals[index].until = at
                cut(index, at)
                seen["revoked \(deal.isNoticed)", default: 0] += 1
                return
            }
            try market.act(
                Agreements.terminate, body, by: isByProvider ? provider : user, on: WellKnown.agreements)
            deals[index].isNoticed = true
            deals[index].until = min(deal.until, at + deal.noticeDays * BillingPeriodModelTests.day)
            if isByProvider { cut(index, deals[index].until) }
            seen["ended by provider \(isByProvider)", default: 0] += 1
        }

        private mutating func cut(_ index: Int, _ end: UInt64) {
            deals[index].isCutTwice = deals[index].takenBack != nil
            deals[index].takenBack = end
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func everyEndCostsWhatWasAvailable(seed: UInt64) throws {
        var walk = try Walk(seed: seed)
        for _ in 0..<300 {
            switch walk.pick(5) {
            case 0: try walk.agree()
            case 1, 2:
                if !walk.deals.isEmpty { try walk.end(walk.deals.count - 1 - walk.pick(min(5, walk.deals.count))) }
            // Calls that are due wait: bills come late, and ends before them.
            case 3 where walk.pick(8) == 0: walk.market.bench.advance(milliseconds: 25 * Self.day)
            default: walk.market.bench.advance(milliseconds: UInt64(walk.pick(3 * 86_400_000)))
            }
        }
        try walk.market.pass(days: 75)
        repeat { try walk.market.bench.runBlock() } while !walk.market.bench.scheduledReceipts.isEmpty
        var cost = walk.deals.map { _ in Amount(0) }
        var spans = walk.deals.map { _ in UInt64(0) }
        for number in 0..<(try walk.market.invoiceCount) {
            let invoice = try walk.market.invoice(number)
            let index = Int(invoice.agreement)
            cost[index] += invoice.amount - invoice.credited
            // Each period once, in order.
            #expect(invoice.from.value >= spans[index] && invoice.from < invoice.to, "seed \(seed), invoice \(number)")
            spans[index] = invoice.to.value
        }
        for (index, deal) in walk.deals.enumerated() {
            let least = deal.cost - (deal.isCutTwice ? 1 : 0)
            #expect((least...deal.cost).contains(cost[index]), "seed \(seed), agreement \(index): \(deal)")
        }
        for end in ["revoked true", "revoked false", "ended by provider true", "ended by provider false"] {
            #expect(walk.seen[end] ?? 0 > 0, "seed \(seed): \(end)")
        }
    }
}
