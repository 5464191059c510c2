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

    func log(_ shop: inout Shop, _ agreement: UInt64, from: Timestamp) -> UInt16? {
        let log = LogAccess(
            agreement: agreement, dataSet: shop.set, root: .zero, accesses: 1, energy: 0, from: from,
            to: from.adding(milliseconds: 1))
        return shop.market.plainCode(Agreements.logAccess, log, as: "metrics", on: WellKnown.agreements)
    }

    /// A payment that opened defaulted access closes it again when it goes back, at once, and as often as it likes.
    @Test func accessClosesAgain() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        try shop.market.pass(days: 40)
        for round in 0..<3 as Range<UInt64> {
            #expect(shop.confirm(0, 1_000, UInt8(1 + round)) == nil)
            #expect(try shop.refusal(number) == nil)
            try shop.market.pass(days: 6)
            #expect(reverse(&shop, round) == nil)
            #expect(try shop.refusal(number) == .paymentOverdue && shop.market.invoice(0).dunning == .defaulted)
        }
        #expect(shop.confirm(0, 1_000, 9) == nil)
        let bill = try shop.market.bench.ask(Billing.billQuery, of: WellKnown.billing, DocumentNumber(number))
        #expect(try bill.overdue == 0 && shop.refusal(number) == nil)
    }

    /// An invoice that is not late has a week once: who books and takes back again and again opens nothing for longer.
    @Test func aWeekComesOnce() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        let from = try shop.market.agreement(number).from
        try shop.market.pass(days: 13)
        var round: UInt64 = 0
        while try shop.refusal(number) == nil, round < 20 {
            #expect(shop.confirm(0, 1_000, UInt8(1 + round)) == nil)
            #expect(reverse(&shop, round) == nil)
            round += 1
            try shop.market.pass(days: 3)
        }
        // Due on day 14, a week more for the first reversal, and one from the reminder to the closing.
        let closed = try #require(try shop.market.agreement(number).closed)
        #expect(closed >= from.adding(days: 27 as UInt32) && closed <= from.adding(days: 29 as UInt32))
        #expect(try shop.market.invoice(0).dunning == .overdue && round > 3)
        // It defaults as others do.
        try shop.market.pass(days: 15)
        #expect(try shop.market.invoice(0).dunning == .defaulted && shop.refusal(number) == .paymentOverdue)
    }

    /// Access that a mistaken first payment opened waits again. Whoever read meanwhile owes it, whoever did not owes nothing.
    @Test(arguments: [true, false], [PricePlan.Kind.oneTime, .recurring])
    func aFirstPaymentThatGoesBack(isRead: Bool, kind: PricePlan.Kind) throws {
        var shop = try Shop()
        let plan = PricePlan(
            kind, currency: Market.currency, price: 1_000, periodDays: kind == .recurring ? 30 : 0, dueDays: 90,
            paysFirst: true)
        let number = try shop.agree(plan, days: 365)
        let from = try shop.market.agreement(number).from
        #expect(shop.confirm(0, 1_000, 1) == nil)
        try shop.market.pass(days: 1)
        #expect(try shop.refusal(number) == nil)
        #expect(reverse(&shop, 0) == nil)
        #expect(try shop.refusal(number) == .paymentAwaited && shop.market.agreement(number).closed != nil)
        // Logged within a day of it, late.
        if isRead { #expect(log(&shop, number, from: from) == nil) }
        #expect(try shop.market.bench.ask(Billing.billQuery, of: WellKnown.billing, DocumentNumber(number)).awaits)
        // The right payment opens it, and goes back as well.
        #expect(shop.confirm(0, 400, 2) == nil)
        #expect(try shop.refusal(number) == .paymentAwaited)
        #expect(shop.confirm(0, 600, 3) == nil)
        #expect(try shop.refusal(number) == nil)
        #expect(reverse(&shop, 2) == nil)
        #expect(try shop.refusal(number) == .paymentAwaited)
        try shop.market.pass(days: 3)
        let end = EndAgreement(agreement: number, reason: 1)
        try shop.market.act(Agreements.terminate, end, by: shop.user, on: WellKnown.agreements)
        let invoice = try shop.market.invoice(0)
        #expect(invoice.outstanding == (isRead ? 600 : 0) && invoice.credited == (isRead ? 0 : 1_000))
        #expect(try shop.sheet(shop.user.holder)[0] == (isRead ? 0 : 400))
        #expect(try shop.market.agreement(number).closed != nil)
    }

    /// When a second period was billed the first invoice is one among others: overdue at once.
    @Test func aFirstPaymentOfAnEarlierPeriod() throws {
        var shop = try Shop()
        let plan = Market.plan(.recurring, 1_000, periodDays: 7, paysFirst: true)
        let number = try shop.agree(plan, days: 70)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        try shop.market.pass(days: 8)
        #expect(try shop.market.invoiceCount == 2 && shop.refusal(number) == nil)
        #expect(shop.confirm(1, 1_000, 2) == nil)
        // A later one has its reminders.
        #expect(reverse(&shop, 1) == nil)
        #expect(try shop.refusal(number) == nil)
        #expect(reverse(&shop, 0) == nil)
        #expect(try shop.refusal(number) == .paymentOverdue && shop.market.invoice(0).dunning == .overdue)
        #expect(shop.confirm(0, 1_000, 3) == nil)
        #expect(try shop.refusal(number) == nil)
    }

    /// What ended is not closed, and not awaited: the invoice is open, reminders go on.
    @Test func aReversalAfterTheEnd() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000, paysFirst: true), days: 365)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        try shop.market.act(
            Agreements.terminate, EndAgreement(agreement: number, reason: 1), by: shop.user, on: WellKnown.agreements)
        #expect(reverse(&shop, 0) == nil)
        let bill = try shop.market.bench.ask(Billing.billQuery, of: WellKnown.billing, DocumentNumber(number))
        #expect(!bill.awaits && bill.overdue == 0)
        #expect(try shop.market.invoice(0).outstanding == 1_000)
        try shop.market.pass(days: 22)
        #expect(try shop.market.invoice(0).dunning == .overdue)
    }

    /// What the buyer's own end brought into its cash goes back, too, and what the seller credited; not more than that.
    @Test(arguments: [500, 1_000] as [Amount])
    func whatWentBackToTheBuyer(paid: Amount) throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000, paysFirst: true), days: 365)
        #expect(shop.confirm(0, paid, 1) == nil)
        if paid < 1_000 {
            let end = EndAgreement(agreement: number, reason: 1)
            try shop.market.act(Agreements.terminate, end, by: shop.user, on: WellKnown.agreements)
            #expect(try shop.sheet(shop.user.holder)[0] == 500)
        } else {
            let credit = CreditInvoice(invoice: 0, amount: 300, reason: 1)
            #expect(shop.code(Billing.credit, credit, by: shop.provider) == nil)
        }
        // Where the buyer took a part of it out, nothing goes back.
        var spent = shop
        let out = PayOut(gateway: "payco", currency: Market.currency, amount: 1, destination: .zero)
        #expect(spent.market.code(Billing.payOut, out, by: shop.user, on: WellKnown.billing, via: "payco") == nil)
        #expect(reverse(&spent, 0) == Billing.fundsMissing.code)
        #expect(reverse(&shop, 0) == nil)
        let invoice = try shop.market.invoice(0)
        #expect(invoice.paid == 0 && invoice.refunded == 0)
        if paid < 1_000 {
            #expect(invoice.state == .credited && invoice.outstanding == 0)
            #expect(try shop.sheet(shop.provider.holder) == [0, 0, 0, 0, 0, 0, 0])
            #expect(try shop.sheet(shop.user.holder) == [0, 0, 0, 0, 0, 0, 0])
        } else {
            #expect(invoice.state == .open && invoice.outstanding == 700)
            #expect(try shop.refusal(number) == .paymentAwaited)
            #expect(try shop.sheet(shop.provider.holder) == [0, 0, 700, 0, -700, 0, 0])
            #expect(try shop.sheet(shop.user.holder) == [0, 0, 0, -700, 0, 700, 0])
        }
        #expect(try shop.sheet(LedgerAccount.gateway("payco")) == [0, 0, 0, 0, 0, 0, 0])
        #expect(reverse(&shop, 0) == Billing.reversedBefore.code)
    }

    /// The buyer gives back what it has, not what it waits for.
    @Test func whatIsOwedToTheBuyerIsPaidFirst() throws {
        var shop = try Shop()
        _ = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        let out = PayOut(gateway: "payco", currency: Market.currency, amount: 1_000, destination: .zero)
        #expect(shop.market.code(Billing.payOut, out, by: shop.provider, on: WellKnown.billing, via: "payco") == nil)
        let credit = CreditInvoice(invoice: 0, amount: 1_000, reason: 1)
        #expect(shop.code(Billing.credit, credit, by: shop.provider) == nil)
        try shop.market.deposit(1_000, to: shop.user, reference: 5)
        #expect(reverse(&shop, 0) == Billing.reversalSpent.code)
        try shop.market.deposit(1_000, to: shop.provider, reference: 6)
        let refund = PayRefund(debt: 0, amount: 1_000)
        #expect(shop.code(Billing.payRefund, refund, by: shop.user) == nil)
        #expect(reverse(&shop, 0) == nil)
        #expect(try shop.sheet(shop.user.holder)[0] == 1_000 && shop.market.invoice(0).state == .credited)
    }

    /// Not after 14 days, not what went back already, and not out of cash that is owed or gone.
    @Test func reversalsAreBounded() throws {
        var debtor = try DebtTests.Debtor()
        // The first payment is owed to its buyer whole, the second lies there but is owed to the first buyer.
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
