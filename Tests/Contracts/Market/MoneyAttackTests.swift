import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Ways to keep, get back or lock money that somebody else has a right to.
@Suite struct MoneyAttackTests {
    static let on = WellKnown.agreements

    /// A buyer whose invoice a gateway booked as paid by mistake disputes a micro-unit of it until the 14 days are over.
    @Test func aDisputeKeepsNoMistakenPayment() throws {
        var shop = try Shop()
        _ = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        let dispute = DisputeInvoice(invoice: 0, amount: 1, reason: 1, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        try shop.market.pass(days: 13)
        let reversal = ReversePayment(receipt: 0, reason: 1)
        #expect(shop.market.plainCode(Billing.reverse, reversal, as: "payco", on: WellKnown.billing) == nil)
        // The dispute is about what is open now: nothing is held for it, and reminders go on for the rest.
        #expect(try shop.sheet(shop.provider.holder) == [0, 0, 1_000, 0, -1_000, 0, 0])
        let open = try shop.market.invoice(0)
        #expect(open.outstanding == 1_000 && open.disputed == 1 && open.state == .open)
        try shop.market.pass(days: 9)
        #expect(try shop.market.invoice(0).dunning == .reminded)
        #expect(shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 0), by: shop.user) == nil)
        #expect(try shop.sheet(shop.user.holder) == [0, 0, 0, -1_000, 0, 1_000, 0])
    }

    /// What a dispute held stays held as far as it is about money that was paid.
    @Test func aReversalLeavesWhatADisputeNeeds() throws {
        var shop = try Shop()
        _ = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        try shop.market.deposit(600, to: shop.user, reference: 9)
        #expect(shop.code(Billing.pay, PayInvoice(invoice: 0, amount: 600), by: shop.user) == nil)
        #expect(shop.confirm(0, 400, 1) == nil)
        let dispute = DisputeInvoice(invoice: 0, amount: 700, reason: 1, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        #expect(try shop.sheet(shop.provider.holder)[..<2] == [300, 700])
        let reversal = ReversePayment(receipt: 1, reason: 1)
        #expect(shop.market.plainCode(Billing.reverse, reversal, as: "payco", on: WellKnown.billing) == nil)
        #expect(try shop.sheet(shop.provider.holder)[..<2] == [300, 300])
        #expect(shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 700), by: shop.judge) == nil)
        #expect(try shop.sheet(shop.user.holder) == [300, 0, 0, 0, 0, 300, 0])
        #expect(try shop.sheet(shop.provider.holder) == [300, 0, 0, 0, -300, 0, 0])
    }

    /// A first invoice that nobody paid and nobody decided about opens no access, nor with a part of it paid; it falls away
    /// with the agreement.
    @Test(arguments: [0, 1] as [Amount])
    func aFallenDisputeOpensNothing(paid: Amount) throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000, paysFirst: true), days: 365)
        if paid > 0 { #expect(shop.confirm(0, paid, 1) == nil) }
        let dispute = DisputeInvoice(invoice: 0, amount: 1_000 - paid, reason: 1, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        try shop.market.pass(days: 61)
        #expect(try shop.market.invoice(0).isDisputed == false)
        #expect(try shop.refusal(number) == .paymentAwaited)
        try shop.market.act(
            Agreements.terminate, EndAgreement(agreement: number, reason: 1), by: shop.user, on: Self.on)
        #expect(try shop.market.invoice(0).state == .credited)
        #expect(try shop.sheet(shop.user.holder) == [paid, 0, 0, 0, 0, 0, 0])
    }

    /// A decision that the buyer owes nothing gives it nothing either; a half that was paid and stays does. A seller credits
    /// the whole of what access waits for by no call; what it leaves opens by the buyer's payment.
    @Test(arguments: [0, 400, 600] as [Amount])
    func aDecisionOpensNothing(paid: Amount) throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000, paysFirst: true), days: 365)
        if paid > 0 { #expect(shop.confirm(0, paid, 1) == nil) }
        var gift = shop
        for amount in [1_000 - paid, 1_000] {
            let all = CreditInvoice(invoice: 0, amount: amount, reason: 1)
            #expect(gift.code(Billing.credit, all, by: shop.provider) == Billing.paymentAwaited.code)
        }
        let most = CreditInvoice(invoice: 0, amount: 999 - paid, reason: 1)
        #expect(gift.code(Billing.credit, most, by: shop.provider) == nil)
        #expect(try gift.refusal(number) == .paymentAwaited)
        #expect(gift.confirm(0, 1, 9) == nil)
        #expect(try gift.refusal(number) == nil)
        let dispute = DisputeInvoice(invoice: 0, amount: 1_000, reason: 1, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        for judge in [shop.judge, shop.provider] {
            var other = shop
            #expect(other.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 1_000), by: judge) == nil)
            #expect(try other.market.invoice(0).state == .credited)
            #expect(try other.refusal(number) == .paymentAwaited)
            #expect(try other.sheet(shop.user.holder) == [paid, 0, 0, 0, 0, 0, 0])
            try other.market.pass(days: 30)
            #expect(try other.refusal(number) == .paymentAwaited)
            let end = EndAgreement(agreement: number, reason: 1)
            try other.market.act(Agreements.terminate, end, by: shop.user, on: Self.on)
            #expect(try other.sheet(shop.user.holder) == [paid, 0, 0, 0, 0, 0, 0])
        }
        let resolve = ResolveDispute(invoice: 0, credit: 1_000 - paid)
        guard paid > 0 else { return }
        #expect(shop.code(Billing.resolve, resolve, by: shop.judge) == nil)
        #expect(try shop.refusal(number) == (paid < 500 ? .paymentAwaited : nil))
        #expect(try shop.market.invoice(0).state == .paid)
    }

    /// Who reads one data set of an agreement to its end is not credited the whole of it for the loss of another one.
    @Test func oneLostSetCreditsNotTheOthers() throws {
        var shop = try Shop()
        let ann = try shop.market.person("ann", .serviceUser)
        let owned = try shop.market.describe(
            "owned", Market.description(owners: [ann.holder], noticeDays: 10), by: shop.provider)
        // The owner never consented, and the user knew it.
        let terms = shop.market.terms([shop.set, owned], Market.plan(.oneTime, 1_000), days: 100)
        let number = try shop.market.agree(terms, shop.provider, shop.user)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        try shop.market.pass(days: 90)
        #expect(try shop.refusal(number) == nil)
        try shop.market.act(
            Agreements.terminate, EndAgreement(agreement: number, reason: 1), by: shop.user, on: Self.on)
        #expect(try shop.market.agreement(number).state == .terminated)
        let credited = try shop.market.invoice(0).credited
        #expect(credited > 0 && credited <= 100)
    }

    /// Older debts that their own parties leave unpaid lock no later creditor out.
    @Test func tinyDebtsLockNobodyOut() throws {
        var debtor = try DebtTests.Debtor()
        #expect(debtor.shop.confirm(2, 400, 3) == nil)
        let paid = try debtor.cash(debtor.shop.provider)
        #expect(debtor.refund(0, 935, by: debtor.buyers[0]) == nil && paid == 1_000)
        for _ in 0..<66 { #expect(debtor.credit(1, 1) == nil) }
        #expect(debtor.credit(2, 400) == nil)
        try debtor.shop.market.deposit(1_000, to: debtor.shop.provider, reference: 10)
        #expect(debtor.refund(67, 300, by: debtor.buyers[2]) == Billing.refundOwed.code)
        // The third buyer has the oldest ones paid, though they are not its own.
        #expect(debtor.refund(1, 1, by: debtor.buyers[2]) == Billing.debtForeign.code)
        #expect(debtor.refund(0, 65, by: debtor.buyers[2]) == nil)
        for debt in 1..<3 as Range<UInt64> { #expect(debtor.refund(debt, 1, by: debtor.buyers[2]) == nil) }
        #expect(debtor.refund(67, 300, by: debtor.buyers[2]) == nil)
        #expect(try debtor.cash(debtor.buyers[2]) == 300)
    }
}
