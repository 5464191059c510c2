import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// A gateway's mistake: the payment goes back to the gateway, the invoice is open again.
@Suite struct ReversalTests {
    func reverse(_ shop: inout Shop, _ receipt: UInt64, as partner: String = "payco", reason: UInt16 = 1) -> UInt16? {
        shop.market.plainCode(
            Billing.reverse, ReversePayment(receipt: receipt, reason: reason), as: partner, on: WellKnown.billing)
    }

    @Test func aMistakenPaymentGoesBack() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        try shop.market.deposit(100, to: shop.user, reference: 9)
        #expect(shop.code(Billing.pay, PayInvoice(invoice: 0, amount: 100), by: shop.user) == nil)
        #expect(shop.confirm(0, 900, 1) == nil)
        #expect(try shop.market.invoice(0).state == .paid)
        #expect(reverse(&shop, 9) == Billing.documentUnknown.code)
        #expect(reverse(&shop, 0) == Billing.reversalForeign.code)
        #expect(reverse(&shop, 1, as: "zaps") == Billing.reversalForeign.code)
        #expect(reverse(&shop, 1, as: "aurora") == HostRejection.notAuthorised.code)
        #expect(reverse(&shop, 1, reason: 0) == Billing.reasonMissing.code)
        #expect(reverse(&shop, 1) == nil)
        #expect(reverse(&shop, 1) == Billing.reversedBefore.code)
        let invoice = try shop.market.invoice(0)
        #expect(invoice.state == .open && invoice.outstanding == 900 && invoice.paid == 100)
        #expect(try shop.sheet(shop.provider.holder) == [100, 0, 900, 0, -1_000, 0, 0])
        #expect(try shop.sheet(shop.user.holder) == [0, 0, 0, -900, 0, 1_000, 0])
        #expect(try shop.sheet(LedgerAccount.gateway("payco")) == [0, 0, 0, 0, 0, 0, -100])
        let reversal = try shop.market.bench.ask(Billing.reversalQuery, of: WellKnown.billing, DocumentNumber(1))
        #expect(reversal.amount == 900 && reversal.gateway == "payco" && reversal.invoice == 0)
        // Reminders go on, and the right payment settles it.
        try shop.market.pass(days: 22)
        #expect(try shop.market.invoice(0).dunning == .overdue && shop.refusal(number) == .paymentOverdue)
        #expect(shop.confirm(0, 900, 2) == nil)
        #expect(try shop.refusal(number) == nil)
    }

    /// A payment that opened defaulted access closes it again when it goes back, a week later.
    @Test func accessClosesAgain() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        try shop.market.pass(days: 40)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        #expect(try shop.refusal(number) == nil)
        #expect(reverse(&shop, 0) == nil)
        try shop.market.pass(days: 6)
        #expect(try shop.refusal(number) == nil)
        try shop.market.pass(days: 2)
        #expect(try shop.refusal(number) == .paymentOverdue && shop.market.invoice(0).dunning == .defaulted)
    }

    /// Not after 14 days, not what went back already, and not out of cash that is owed or gone.
    @Test func reversalsAreBounded() throws {
        var debtor = try DebtTests.Debtor()
        // The first payment was credited whole, the second lies there but is owed to the first buyer.
        #expect(reverse(&debtor.shop, 0) == Billing.reversalSpent.code)
        #expect(reverse(&debtor.shop, 1) == Billing.refundOwed.code)
        try debtor.shop.market.deposit(1_000, to: debtor.shop.provider, reference: 9)
        #expect(debtor.dispute(1, 1, by: debtor.buyers[1]) == nil)
        #expect(reverse(&debtor.shop, 1) == nil)
        #expect(
            debtor.shop.code(Billing.resolve, ResolveDispute(invoice: 1, credit: 0), by: debtor.buyers[1]) == nil)
        #expect(debtor.refund(0, 1_000, by: debtor.buyers[0]) == nil)
        #expect(debtor.shop.confirm(2, 400, 3) == nil)
        let out = PayOut(gateway: "payco", currency: Market.currency, amount: 1, destination: .zero)
        #expect(
            debtor.shop.market.code(
                Billing.payOut, out, by: debtor.shop.provider, on: WellKnown.billing, via: "payco") == nil)
        #expect(reverse(&debtor.shop, 2) == Billing.fundsMissing.code)
        try debtor.shop.market.deposit(1, to: debtor.shop.provider, reference: 10)
        try debtor.shop.market.pass(days: 14)
        #expect(reverse(&debtor.shop, 2) == Billing.reversalLate.code)
    }
}
