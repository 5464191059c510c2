import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Access that waits for its first payment opens by a payment, or by an operator, and by nothing that its seller does; what
/// was paid for access that never opened comes back.
@Suite struct FirstPaymentTests {
    static let on = WellKnown.agreements

    static func bill(_ shop: Shop, _ number: UInt64) throws -> AgreementBill {
        try shop.market.bench.ask(Billing.billQuery, of: WellKnown.billing, DocumentNumber(number))
    }
    static func credit(_ shop: inout Shop, _ invoice: UInt64, _ amount: Amount) -> UInt16? {
        shop.code(Billing.credit, CreditInvoice(invoice: invoice, amount: amount, reason: 1), by: shop.provider)
    }
    static func end(
        _ shop: inout Shop, _ number: UInt64, _ method: Method<Signed<EndAgreement>, Nothing>, by party: Party
    ) throws {
        try shop.market.act(method, EndAgreement(agreement: number, reason: 1), by: party, on: on)
    }
    static func log(_ shop: inout Shop, _ number: UInt64, from: Timestamp) throws {
        let log = LogAccess(
            agreement: number, dataSet: shop.set, root: .zero, accesses: 1, energy: 0, from: from,
            to: from.adding(milliseconds: 1))
        try shop.market.bench.send(Agreements.logAccess, to: on, log, as: "metrics")
    }
    static func monthly() -> PricePlan {
        PricePlan(.recurring, currency: Market.currency, price: 100, periodDays: 30, dueDays: 90, paysFirst: true)
    }

    /// A seller that credits the rest of a first invoice when its time is over, to keep the part that was paid.
    @Test(arguments: [0, 60] as [Amount], [PricePlan.Kind.recurring, .oneTime])
    func aSellerKeepsNoPart(paid: Amount, kind: PricePlan.Kind) throws {
        var shop = try Shop()
        let plan = kind == .recurring ? Self.monthly() : Market.plan(.oneTime, 100, paysFirst: true)
        let number = try shop.agree(plan, days: 365)
        try shop.market.pass(days: 1)
        if paid > 0 { #expect(shop.confirm(0, paid, 1) == nil) }
        try shop.market.pass(days: 90)
        let calls = [
            try shop.market.call(
                Billing.credit, CreditInvoice(invoice: 0, amount: 100 - paid, reason: 1), by: shop.provider,
                on: WellKnown.billing)
        ]
        let receipt = try shop.market.bench.runBlock([try shop.market.bench.transaction(calls, as: "village")])
        #expect(receipt.map { $0.rejection?.code } == [Billing.paymentAwaited.code])
        #expect(Self.credit(&shop, 0, 99 - paid) == nil)
        #expect(try shop.refusal(number) != nil && shop.market.invoiceCount == 1)
        // Whom the price left suits pays it.
        var other = shop
        #expect(other.confirm(0, 1, 2) == nil)
        #expect(try other.refusal(number) == nil)
        try Self.end(&shop, number, Agreements.revoke, by: shop.provider)
        #expect(try shop.market.invoice(0).state == .credited)
        #expect(try shop.sheet(shop.user.holder) == [paid, 0, 0, 0, 0, 0, 0])
        try UnpaidAccessTests.checkMoney(shop)
    }

    /// Nor by giving in to what the buyer disputes of what it has not paid: an operator decides that. Giving in to more gives
    /// the buyer all back, and opens nothing.
    @Test(arguments: [40, 100] as [Amount])
    func aSellerThatGivesIn(disputed: Amount) throws {
        var shop = try Shop()
        let number = try shop.agree(Self.monthly(), days: 365)
        #expect(shop.confirm(0, 60, 1) == nil)
        #expect(UnpaidAccessTests.dispute(&shop, 0, disputed) == nil)
        var other = shop
        let all = ResolveDispute(invoice: 0, credit: disputed)
        #expect(
            shop.code(Billing.resolve, all, by: shop.provider) == (disputed == 40 ? Billing.paymentAwaited.code : nil))
        #expect(try shop.refusal(number) == .paymentAwaited)
        #expect(UnpaidAccessTests.decide(&other, 0, disputed) == nil)
        #expect(try other.refusal(number) == (disputed == 40 ? nil : .paymentAwaited))
        try Self.end(&shop, number, Agreements.revoke, by: shop.provider)
        #expect(try shop.sheet(shop.user.holder) == [60, 0, 0, 0, 0, 0, 0])
        try UnpaidAccessTests.checkMoney(shop)
    }

    /// What was read before a payment went back is owed after the end; then its seller may let it go.
    @Test func whatIsOwedAfterTheEndIsLetGo() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 100, paysFirst: true), days: 365)
        let from = try shop.market.agreement(number).from
        #expect(shop.confirm(0, 100, 1) == nil)
        try Self.log(&shop, number, from: from)
        #expect(UnpaidAccessTests.reverse(&shop, 0) == nil)
        #expect(Self.credit(&shop, 0, 100) == Billing.paymentAwaited.code)
        try Self.end(&shop, number, Agreements.terminate, by: shop.user)
        #expect(try shop.market.invoice(0).outstanding == 100)
        #expect(Self.credit(&shop, 0, 100) == nil)
        #expect(try shop.sheet(shop.user.holder) == [0, 0, 0, 0, 0, 0, 0])
    }

    /// The provider's notice credits what is for the time after it: that settles what access waits for, and opens nothing.
    @Test(arguments: [true, false])
    func aNoticeOpensNothing(isRevoked: Bool) throws {
        var shop = try Shop()
        let set = try shop.market.describe("noticed", Market.description(noticeDays: 1), by: shop.provider)
        let plan = PricePlan(.oneTime, currency: Market.currency, price: 365, dueDays: 90, paysFirst: true)
        let number = try shop.market.agree(shop.market.terms([set], plan, days: 365), shop.provider, shop.user)
        #expect(shop.confirm(0, 100, 1) == nil)
        try shop.market.pass(days: 98)
        try Self.end(&shop, number, Agreements.terminate, by: shop.provider)
        let invoice = try shop.market.invoice(0)
        #expect(invoice.outstanding == 0 && invoice.paid > invoice.refunded)
        #expect(try shop.market.refusal(shop.user, set, number) == .paymentAwaited)
        if isRevoked {
            try Self.end(&shop, number, Agreements.revoke, by: shop.provider)
        } else {
            try shop.market.pass(days: 2)
        }
        #expect(try shop.market.agreement(number).state == (isRevoked ? .revoked : .terminated))
        #expect(try shop.sheet(shop.user.holder) == [100, 0, 0, 0, 0, 0, 0])
        try UnpaidAccessTests.checkMoney(shop)
    }

    /// Who paid a first invoice whole, had most of it credited and has paid what is left again, once the gateway has put the
    /// first payment right, reads as before.
    @Test(arguments: [[1_000], [500, 500]] as [[Amount]])
    func aCorrectionShutsNobodyOut(payments: [Amount]) throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000, paysFirst: true), days: 365)
        let from = try shop.market.agreement(number).from
        for (index, amount) in payments.enumerated() { #expect(shop.confirm(0, amount, UInt8(index)) == nil) }
        try Self.log(&shop, number, from: from)
        #expect(UnpaidAccessTests.dispute(&shop, 0, 600) == nil)
        #expect(UnpaidAccessTests.decide(&shop, 0, 600) == nil)
        #expect(try shop.refusal(number) == nil)
        try shop.market.pass(days: 3)
        #expect(UnpaidAccessTests.reverse(&shop, 0) == nil)
        #expect(try shop.refusal(number) == .paymentAwaited)
        #expect(shop.confirm(0, 400, 9) == nil)
        #expect(try shop.refusal(number) == nil)
        let invoice = try shop.market.invoice(0)
        #expect(invoice.paid - invoice.refunded == 400 && invoice.state == .paid)
        try UnpaidAccessTests.checkMoney(shop)
    }

    /// A decision that spared a first invoice when it was not paid goes on doing so, whatever is credited or booked later.
    @Test func whatWasSparedStaysSpared() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000, paysFirst: true), days: 365)
        #expect(UnpaidAccessTests.dispute(&shop, 0, 600) == nil)
        // One that leaves more than it credits does not, whatever the seller credits beside it.
        var fair = shop
        #expect(UnpaidAccessTests.decide(&fair, 0, 500) == nil)
        #expect(Self.credit(&fair, 0, 400) == nil)
        #expect(fair.confirm(0, 100, 1) == nil)
        #expect(try fair.refusal(number) == nil)
        #expect(UnpaidAccessTests.decide(&shop, 0, 600) == nil)
        for round in 0..<2 as Range<UInt64> {
            #expect(shop.confirm(0, 400, UInt8(round)) == nil)
            #expect(try shop.refusal(number) == .paymentAwaited)
            if round == 0 { #expect(UnpaidAccessTests.reverse(&shop, round) == nil) }
        }
        try Self.end(&shop, number, Agreements.revoke, by: shop.provider)
        #expect(try shop.sheet(shop.user.holder) == [400, 0, 0, 0, 0, 0, 0])
    }

    /// What was paid for a first invoice that a decision spared goes back at the end though another one was billed since,
    /// unless somebody read in its time; of the newest one nothing is owed where nobody did.
    @Test(arguments: [true, false])
    func aSparedFirstInvoiceGoesBack(isRead: Bool) throws {
        var shop = try Shop()
        let number = try shop.agree(UnpaidAccessTests.weekly(), days: 200)
        let from = try shop.market.agreement(number).from
        #expect(shop.confirm(0, 1_000, 1) == nil)
        try shop.market.pass(days: 7)
        if isRead { try Self.log(&shop, number, from: from.adding(days: 6 as UInt32)) }
        try shop.market.pass(days: 1)
        #expect(UnpaidAccessTests.reverse(&shop, 0) == nil)
        #expect(UnpaidAccessTests.dispute(&shop, 0, 501) == nil)
        #expect(UnpaidAccessTests.decide(&shop, 0, 501) == nil)
        #expect(shop.confirm(0, 499, 2) == nil)
        #expect(try shop.refusal(number) == .paymentAwaited && shop.market.invoiceCount == 2)
        try shop.market.pass(days: 12)
        try Self.end(&shop, number, Agreements.terminate, by: shop.user)
        #expect(try shop.market.invoice(1).state == .credited)
        #expect(try shop.sheet(shop.user.holder) == (isRead ? [0, 0, 0, 0, 0, 499, 0] : [499, 0, 0, 0, 0, 0, 0]))
        try UnpaidAccessTests.checkMoney(shop)
    }
}
