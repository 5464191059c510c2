import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Ways to have access that nobody paid: disputes, decisions and reversals in an order that suits the buyer.
@Suite struct UnpaidAccessTests {
    static let on = WellKnown.agreements

    static func reverse(_ shop: inout Shop, _ receipt: UInt64) -> UInt16? {
        shop.market.plainCode(
            Billing.reverse, ReversePayment(receipt: receipt, reason: 1), as: "payco", on: WellKnown.billing)
    }
    static func dispute(_ shop: inout Shop, _ invoice: UInt64, _ amount: Amount) -> UInt16? {
        shop.code(
            Billing.dispute, DisputeInvoice(invoice: invoice, amount: amount, reason: 1, text: .zero), by: shop.user)
    }
    static func decide(_ shop: inout Shop, _ invoice: UInt64, _ credit: Amount) -> UInt16? {
        shop.code(Billing.resolve, ResolveDispute(invoice: invoice, credit: credit), by: shop.judge)
    }
    /// All of the ledger: what there is sums to zero, and cash is what gateways keep.
    static func checkMoney(_ shop: Shop) throws {
        let context = shop.market.bench.reading(WellKnown.billing)
        let trial = try #require(try Billing.trials.get(Market.currency, in: context))
        #expect(trial.totals.reduce(0, +) == 0)
        #expect(trial.total(.cash) + trial.total(.held) == -trial.total(.clearing))
        var sums = [Amount](repeating: 0, count: 7)
        for holder in [shop.provider.holder, shop.user.holder, LedgerAccount.gateway("payco")] {
            for (index, amount) in try shop.sheet(holder).enumerated() { sums[index] += amount }
        }
        #expect(sums.map { Int128($0) } == trial.totals)
    }
    static func weekly() -> PricePlan {
        PricePlan(
            .recurring, currency: Market.currency, price: 1_000, periodDays: 7, dueDays: 90, paysFirst: true)
    }

    /// A first invoice after which others were billed: what is disputed between the mistaken payment and its reversal does
    /// not keep open what the reversal closes, nor does the rest when it is paid, nor the fall of the dispute.
    @Test(arguments: [1_000, 999] as [Amount])
    func aDisputeOfTheFirstInvoice(disputed: Amount) throws {
        var shop = try Shop()
        let number = try shop.agree(Self.weekly(), days: 200)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        try shop.market.pass(days: 8)
        #expect(try shop.market.invoiceCount == 2 && shop.refusal(number) == nil)
        #expect(Self.dispute(&shop, 0, disputed) == nil)
        #expect(Self.reverse(&shop, 0) == nil)
        #expect(try shop.refusal(number) == .paymentOverdue && shop.market.invoice(0).isDisputed)
        if disputed < 1_000 { #expect(shop.confirm(0, 1_000 - disputed, 2) == nil) }
        #expect(try shop.refusal(number) == .paymentOverdue)
        // Nobody read: it falls to the buyer, whom that gives no access.
        try shop.market.pass(days: 62)
        let first = try shop.market.invoice(0)
        #expect(!first.isDisputed && first.outstanding == 0 && first.credited == disputed)
        #expect(try shop.refusal(number) == .paymentAwaited && shop.market.invoiceCount == 2)
        try Self.checkMoney(shop)
        // Nor is the second one's period forgotten: it is paid, and opens.
        #expect(shop.confirm(1, 1_000, 3) == nil)
        #expect(try shop.refusal(number) == nil && shop.market.invoiceCount == 3)
        try Self.checkMoney(shop)
    }

    /// A late invoice is as late as it was, whatever of it is disputed since; what was disputed before stays out of it.
    @Test(arguments: [true, false])
    func aDisputeOfALateInvoice(isBefore: Bool) throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        if isBefore { #expect(Self.dispute(&shop, 0, 999) == nil) }
        try shop.market.pass(days: 40)
        #expect(try shop.market.invoice(0).dunning == .defaulted && shop.refusal(number) == .paymentOverdue)
        if isBefore { #expect(shop.confirm(0, 1, 1) == nil) }
        #expect(shop.confirm(0, isBefore ? 999 : 1_000, 2) == nil)
        #expect(try shop.refusal(number) == nil)
        if !isBefore { #expect(Self.dispute(&shop, 0, 1_000) == nil) }
        let known = try shop.market.bench.ask(Billing.disputeQuery, of: WellKnown.billing, DocumentNumber(0))
        #expect(known.wasInTime == isBefore)
        #expect(Self.reverse(&shop, isBefore ? 1 : 0) == nil)
        let invoice = try shop.market.invoice(0)
        #expect(invoice.outstanding == invoice.disputed && invoice.dunning == .defaulted)
        #expect(try shop.refusal(number) == (isBefore ? nil : .paymentOverdue))
        try Self.checkMoney(shop)
        try shop.market.pass(days: 70)
        #expect(try shop.refusal(number) == (isBefore ? nil : .paymentOverdue))
        // Dropped, it is to be paid; until it is nothing opens.
        #expect(shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 0), by: shop.user) == nil)
        try shop.market.pass(days: 8)
        #expect(try shop.refusal(number) == .paymentOverdue)
        #expect(shop.confirm(0, try shop.market.invoice(0).outstanding, 3) == nil)
        #expect(try shop.refusal(number) == nil)
        try Self.checkMoney(shop)
    }

    /// A decision that credits more than was paid opens nothing: not with the micro-unit that was paid before it, nor with
    /// the one that it leaves. Half of the price is a price.
    @Test(arguments: [1, 499, 500] as [Amount], [true, false])
    func aLittleBuysNothing(paid: Amount, isBefore: Bool) throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000, paysFirst: true), days: 365)
        if isBefore { #expect(shop.confirm(0, paid, 1) == nil) }
        #expect(Self.dispute(&shop, 0, 1_000 - paid) == nil)
        #expect(Self.decide(&shop, 0, 1_000 - paid) == nil)
        if !isBefore { #expect(shop.confirm(0, paid, 1) == nil) }
        let invoice = try shop.market.invoice(0)
        #expect(invoice.state == .paid && invoice.outstanding == 0)
        #expect(try shop.refusal(number) == (paid == 500 ? nil : .paymentAwaited))
        try Self.checkMoney(shop)
        guard paid < 500 else { return }
        try shop.market.pass(days: 40)
        #expect(try shop.refusal(number) == .paymentAwaited)
        // It comes back with the end.
        try shop.market.act(
            Agreements.terminate, EndAgreement(agreement: number, reason: 1), by: shop.user, on: Self.on)
        #expect(try shop.sheet(shop.user.holder) == [paid, 0, 0, 0, 0, 0, 0])
        try Self.checkMoney(shop)
    }

    /// How a first invoice that was paid came to nothing.
    enum Loss: CaseIterable { case decided, decidedLater, givenAway }

    /// A first payment that was credited whole by a decision and goes back to the gateway was none: access waits again,
    /// until another invoice is paid. What the seller gave away stays given.
    @Test(arguments: Loss.allCases)
    func aVoidFirstPayment(loss: Loss) throws {
        var shop = try Shop()
        let number = try shop.agree(Self.weekly(), days: 200)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        if loss == .decidedLater { try shop.market.pass(days: 8) }
        if loss == .givenAway {
            let credit = CreditInvoice(invoice: 0, amount: 1_000, reason: 1)
            #expect(shop.code(Billing.credit, credit, by: shop.provider) == nil)
        } else {
            #expect(Self.dispute(&shop, 0, 1_000) == nil)
            #expect(Self.decide(&shop, 0, 1_000) == nil)
        }
        #expect(try shop.refusal(number) == nil)
        var paid = shop
        #expect(Self.reverse(&shop, 0) == nil)
        #expect(try shop.market.invoice(0).state == .credited && shop.sheet(shop.user.holder)[0] == 0)
        #expect(try shop.refusal(number) == (loss == .givenAway ? nil : .paymentAwaited))
        try Self.checkMoney(shop)
        try shop.market.pass(days: 30)
        #expect(try shop.refusal(number) == (loss == .givenAway ? nil : .paymentAwaited))
        guard loss == .decidedLater else { return }
        // The second one is owed, and buys it.
        #expect(shop.confirm(1, 1_000, 2) == nil)
        #expect(try shop.refusal(number) == nil)
        try Self.checkMoney(shop)
        // Where it was paid before, access goes on.
        #expect(paid.confirm(1, 1_000, 2) == nil)
        #expect(Self.reverse(&paid, 0) == nil)
        #expect(try paid.refusal(number) == nil)
        try Self.checkMoney(paid)
    }

    /// What a reversal takes back of a credit the credit notes no longer say, the newest first.
    @Test func creditNotesSayWhatWasGiven() throws {
        var shop = try Shop()
        _ = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        try shop.market.deposit(400, to: shop.user, reference: 9)
        #expect(shop.code(Billing.pay, PayInvoice(invoice: 0, amount: 400), by: shop.user) == nil)
        #expect(shop.confirm(0, 350, 1) == nil)
        #expect(shop.confirm(0, 250, 2) == nil)
        for amount in [100, 150, 250] as [Amount] {
            let credit = CreditInvoice(invoice: 0, amount: amount, reason: 1)
            #expect(shop.code(Billing.credit, credit, by: shop.provider) == nil)
        }
        func given(_ shop: Shop) throws -> [Amount] {
            try (0..<3 as Range<UInt64>).map {
                let id = DocumentNumber($0)
                let note = try shop.market.bench.ask(Billing.creditNoteQuery, of: WellKnown.billing, id)
                #expect(note.owed == 0 && note.amount == [100, 150, 250][Int($0)])
                return note.refunded
            }
        }
        #expect(try given(shop) == [100, 150, 250])
        // Of 1,000 the seller has 500: it gives 350 back, then 150, and the buyer 100.
        #expect(Self.reverse(&shop, 1) == nil)
        #expect(try given(shop) == [100, 150, 250])
        #expect(Self.reverse(&shop, 2) == nil)
        #expect(try given(shop) == [100, 150, 150])
        #expect(try shop.market.invoice(0).refunded == 400 && shop.sheet(shop.user.holder)[0] == 400)
        try Self.checkMoney(shop)
        // All of three notes, by one reversal.
        var other = try Shop()
        _ = try other.agree(Market.plan(.oneTime, 1_000), days: 365)
        #expect(other.confirm(0, 1_000, 1) == nil)
        for amount in [100, 150, 250] as [Amount] {
            let credit = CreditInvoice(invoice: 0, amount: amount, reason: 1)
            #expect(other.code(Billing.credit, credit, by: other.provider) == nil)
        }
        #expect(Self.reverse(&other, 0) == nil)
        #expect(try given(other) == [0, 0, 0] && other.market.invoice(0).refunded == 0)
        // A later one is the newest of its own.
        #expect(other.confirm(0, 500, 2) == nil)
        let credit = CreditInvoice(invoice: 0, amount: 300, reason: 1)
        #expect(other.code(Billing.credit, credit, by: other.provider) == nil)
        #expect(Self.reverse(&other, 1) == nil)
        let last = try other.market.bench.ask(Billing.creditNoteQuery, of: WellKnown.billing, DocumentNumber(3))
        #expect(try last.refunded == 0 && given(other) == [0, 0, 0])
        try Self.checkMoney(other)
    }
}
