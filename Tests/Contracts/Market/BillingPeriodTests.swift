import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// What the last period of an agreement costs, however it ends.
@Suite struct BillingPeriodTests {
    static let on = WellKnown.agreements

    /// A shop whose data set needs ten days of notice.
    static func shop() throws -> (shop: Shop, set: Digest) {
        var shop = try Shop()
        let set = try shop.market.describe("noticed", Market.description(noticeDays: 10), by: shop.provider)
        return (shop, set)
    }

    /// A provider's notice that ends just after a period began: that much of it is billed, rounded down, and no invoice
    /// where that is nothing. A user's notice leaves the begun period whole.
    @Test(arguments: [2_592_000_000, 1_000] as [Amount])
    func aNoticeThatEndsAfterAPeriodBegan(price: Amount) throws {
        for isByProvider in [true, false] {
            var (shop, set) = try Self.shop()
            let plan = PricePlan(
                .recurring, currency: Market.currency, price: price, periodDays: 30, dueDays: 90, paysFirst: false)
            let number = try shop.market.agree(shop.market.terms([set], plan), shop.provider, shop.user)
            let from = try shop.market.agreement(number).from
            let end = from.adding(days: 30 as UInt32).adding(milliseconds: 5_000)
            let ahead = end.value - 10 * Timestamp.dayMilliseconds - shop.market.bench.nextBlock.time.value
            shop.market.bench.advance(milliseconds: ahead)
            let notice = EndAgreement(agreement: number, reason: 1)
            try shop.market.act(
                Agreements.terminate, notice, by: isByProvider ? shop.provider : shop.user, on: Self.on)
            #expect(try shop.market.agreement(number).until == end)
            try shop.market.pass(days: 40)
            let first = try shop.market.invoice(0)
            #expect(first.amount == price && first.credited == 0)
            // Five seconds of thirty days, one micro-unit for each millisecond.
            let used = isByProvider ? price * 5_000 / 2_592_000_000 : price
            #expect(try shop.market.invoiceCount == (used > 0 ? 2 : 1))
            if used > 0 { #expect(try shop.market.invoice(1).amount == used) }
            let bill = try shop.market.bench.ask(Billing.billQuery, of: WellKnown.billing, DocumentNumber(number))
            #expect(bill.isClosed)
        }
    }

    /// Notice does not open access that waits for its payment, and what never opened is not owed.
    @Test(arguments: [true, false])
    func noticeOfWhatNeverOpened(isByProvider: Bool) throws {
        var (shop, set) = try Self.shop()
        let plan = Market.plan(.oneTime, 900, paysFirst: true)
        for isPaid in [false, true] {
            let number = try shop.market.agree(shop.market.terms([set], plan), shop.provider, shop.user)
            let notice = EndAgreement(agreement: number, reason: 1)
            try shop.market.act(
                Agreements.terminate, notice, by: isByProvider ? shop.provider : shop.user, on: Self.on)
            #expect(try shop.market.refusal(shop.user, set, number) == .paymentAwaited)
            let invoice = try shop.market.invoice(number)
            // A provider's notice gives back eighty of ninety days at once.
            #expect(invoice.outstanding == (isByProvider ? 100 : 900))
            if isPaid {
                #expect(shop.confirm(number, invoice.outstanding, 1) == nil)
                #expect(try shop.market.refusal(shop.user, set, number) == nil)
            }
            try shop.market.pass(days: 11)
            let ended = try shop.market.invoice(number)
            #expect(try shop.market.agreement(number).state == .terminated)
            #expect(
                ended.state == (isPaid ? .paid : .credited)
                    && ended.amount - ended.credited == (isPaid ? invoice.outstanding : 0))
        }
    }

    /// An agreement that expires while its first invoice is overdue never opened, so nothing is owed for it.
    @Test func anOverdueFirstInvoiceFallsAwayAtExpiry() throws {
        for kind in [PricePlan.Kind.oneTime, .recurring] {
            var shop = try Shop()
            let plan = Market.plan(kind, 1_000, periodDays: kind == .recurring ? 10 : 0, paysFirst: true)
            let number = try shop.agree(plan, days: 30)
            #expect(shop.confirm(0, 300, 1) == nil)
            try shop.market.pass(days: 22)
            #expect(try shop.refusal(number) == .paymentOverdue)
            try shop.market.pass(days: 9)
            let agreement = try shop.market.agreement(number)
            #expect(agreement.state == .expired && agreement.payment == .clear)
            #expect(try shop.market.invoiceCount == 1 && shop.market.invoice(0).state == .credited)
            #expect(try shop.sheet(shop.user.holder) == [300, 0, 0, 0, 0, 0, 0])
        }
    }

    /// Usage that was served stays owed when the agreement expires while an earlier bill is overdue: each access once.
    @Test func overdueUsageAtExpiry() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.perAccess, 10, periodDays: 10), days: 40)
        let from = try shop.market.agreement(number).from
        func log(_ day: UInt32) -> UInt16? {
            let body = LogAccess(
                agreement: number, dataSet: shop.set, root: .zero, accesses: 5, energy: 0, from: from.adding(days: day),
                to: from.adding(days: day).adding(milliseconds: 1))
            return shop.market.plainCode(Agreements.logAccess, body, as: "metrics", on: Self.on)
        }
        try shop.market.pass(days: 2)
        #expect(log(1) == nil)
        try shop.market.pass(days: 13)
        #expect(log(14) == nil)
        // The first bill, of day 11, is overdue on day 32.
        try shop.market.pass(days: 24)
        #expect(try shop.refusal(number) == .paymentOverdue && shop.market.invoiceCount == 2)
        try shop.market.pass(days: 3)
        let agreement = try shop.market.agreement(number)
        #expect(agreement.state == .expired && agreement.payment == .overdue)
        try shop.market.pass(days: 5)
        let bill = try shop.market.bench.ask(Billing.billQuery, of: WellKnown.billing, DocumentNumber(number))
        #expect(bill.isClosed && bill.amount == 100)
        #expect(try shop.market.invoiceCount == 2)
        for invoice in 0..<2 as Range<UInt64> {
            #expect(try shop.market.invoice(invoice).outstanding == 50 && shop.market.invoice(invoice).credited == 0)
        }
    }
}
