import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// A bill that was refused, or still waits, bills what access was when its period began: whoever starts it, and whatever
/// opened or closed access in between.
@Suite struct LateBillTests {
    typealias Late = DueCallTests.Late
    typealias Hindrance = DueCallTests.Hindrance

    static func plan(_ price: Amount, days: UInt16 = 30, due: UInt16, paysFirst: Bool = false) -> PricePlan {
        PricePlan(
            .recurring, currency: Market.currency, price: price, periodDays: days, dueDays: due, paysFirst: paysFirst)
    }

    /// A late first payment opens access: what was closed before it is not billed, by whomsoever.
    @Test(arguments: Hindrance.allCases)
    func whatWasClosedIsNotBilled(hindrance: Hindrance) throws {
        var late = try Late(hindrance)
        let price = Amount(30 * Timestamp.dayMilliseconds)
        let number = try late.shop.agree(Self.plan(price, due: 90, paysFirst: true))
        let from = try late.shop.market.agreement(number).from
        try late.shop.market.pass(days: 29)
        try late.pass(days: 2)
        if hindrance == .refused { try late.shop.market.pass(days: 20) }
        #expect(late.shop.confirm(0, price, 1) == nil)
        #expect(try late.shop.refusal(number) == nil && late.shop.market.invoiceCount == 2)
        let rest = try late.shop.market.invoice(1)
        #expect(rest.from == late.shop.market.bench.time && rest.to == from.adding(days: 60 as UInt32))
        #expect(rest.amount == Amount(rest.to.value - rest.from.value))
        #expect(late.start(Billing.bill, BillRun(agreement: number)) == nil)
        late.release()
        try late.shop.market.bench.runBlock()
        #expect(try late.shop.market.invoiceCount == 2)
        try UnpaidAccessTests.checkMoney(late.shop)
        // The next one comes by itself.
        try late.shop.market.pass(days: 31)
        #expect(try late.shop.market.invoice(2).from == from.adding(days: 60 as UInt32))
    }

    /// A reminder closes access: the periods that began before are billed whole, once.
    @Test(arguments: Hindrance.allCases, [30, 7] as [UInt16])
    func whatWasOpenIsBilled(hindrance: Hindrance, days: UInt16) throws {
        var late = try Late(hindrance)
        let number = try late.shop.agree(Self.plan(1_000, days: days, due: 25))
        let from = try late.shop.market.agreement(number).from
        try late.shop.market.pass(days: days == 30 ? 29 : 27)
        let before = try late.shop.market.invoiceCount
        #expect(before == (days == 30 ? 1 : 4))
        try late.pass(days: days == 30 ? 4 : 22)
        #expect(try late.shop.market.invoiceCount == before)
        let reminder = Reminder(invoice: 0, time: try late.shop.market.invoice(0).reminder.time)
        #expect(late.start(Billing.remind, reminder) == nil)
        #expect(try late.shop.refusal(number) == .paymentOverdue)
        let count = days == 30 ? 2 : 8 as UInt64
        #expect(try late.shop.market.invoiceCount == count)
        for index in 0..<count {
            let invoice = try late.shop.market.invoice(index)
            #expect(invoice.from == from.adding(days: UInt32(index) * UInt32(days)) && invoice.amount == 1_000)
        }
        #expect(late.start(Billing.bill, BillRun(agreement: number)) == nil)
        late.release()
        try late.shop.market.bench.runBlock()
        #expect(try late.shop.market.invoiceCount == count)
        try UnpaidAccessTests.checkMoney(late.shop)
    }

    /// More periods than one call bills: what is left is billed by what access is then.
    @Test func manyPeriods() throws {
        var late = try Late(.refused)
        let number = try late.shop.agree(Self.plan(1_000, days: 7, due: 5), days: 365)
        try late.shop.market.pass(days: 6)
        try late.pass(days: 65)
        // Access is open still: who has it billed has all billed, one in a block.
        var billed = late
        #expect(billed.start(Billing.bill, BillRun(agreement: number)) == nil)
        for _ in 0..<12 { try billed.shop.market.bench.runBlock() }
        #expect(try billed.shop.market.invoiceCount == 11)
        let reminder = Reminder(invoice: 0, time: try late.shop.market.invoice(0).reminder.time)
        #expect(late.start(Billing.remind, reminder) == nil)
        #expect(try late.shop.refusal(number) == .paymentOverdue)
        for _ in 0..<3 { try late.shop.market.bench.runBlock() }
        #expect(try late.shop.market.invoiceCount == 9)
        for shop in [late.shop, billed.shop] { try UnpaidAccessTests.checkMoney(shop) }
    }

    /// An agreement ends before its late bill: what never opened stays unbilled, what was open is billed as if it had come.
    @Test(arguments: Hindrance.allCases, [true, false])
    func anEndBeforeTheBill(hindrance: Hindrance, paysFirst: Bool) throws {
        var late = try Late(hindrance)
        let number = try late.shop.agree(Self.plan(1_000, due: 90, paysFirst: paysFirst))
        try late.shop.market.pass(days: 29)
        try late.pass(days: 2)
        let end = EndAgreement(agreement: number, reason: 1)
        try late.shop.market.act(Agreements.terminate, end, by: late.shop.user, on: WellKnown.agreements)
        #expect(try late.shop.market.invoiceCount == (paysFirst ? 1 : 2))
        for _ in 0..<2 { #expect(late.start(Billing.bill, BillRun(agreement: number)) == nil) }
        late.release()
        try late.shop.market.pass(days: 40)
        #expect(try late.shop.market.invoiceCount == (paysFirst ? 1 : 2))
        #expect(try late.shop.market.invoice(0).credited == (paysFirst ? 1_000 : 0))
        try UnpaidAccessTests.checkMoney(late.shop)
    }

    /// A first payment that is taken back when the second bill is late: as if that had come.
    @Test(arguments: Hindrance.allCases)
    func aReversalBeforeTheBill(hindrance: Hindrance) throws {
        var late = try Late(hindrance)
        let number = try late.shop.agree(Self.plan(1_000, days: 7, due: 90, paysFirst: true))
        #expect(late.shop.confirm(0, 1_000, 1) == nil)
        try late.shop.market.pass(days: 6)
        try late.pass(days: 2)
        #expect(UnpaidAccessTests.reverse(&late.shop, 0) == nil)
        #expect(try late.shop.market.invoiceCount == 2)
        #expect(try late.shop.refusal(number) == .paymentOverdue && late.shop.market.invoice(0).dunning == .overdue)
        #expect(late.shop.confirm(1, 1_000, 2) == nil)
        #expect(try late.shop.refusal(number) == .paymentOverdue)
        #expect(late.shop.confirm(0, 1_000, 3) == nil)
        #expect(try late.shop.refusal(number) == nil)
        try UnpaidAccessTests.checkMoney(late.shop)
    }

    /// What somebody else started in the same block refuses no transaction that goes on after it.
    @Test(arguments: Hindrance.allCases)
    func whoComesSecondIsNotRefused(hindrance: Hindrance) throws {
        var late = try Late(hindrance)
        let billed = try late.shop.agree(Self.plan(1_000, days: 7, due: 90), days: 300)
        let ending = try late.shop.agree(Market.plan(.oneTime, 500), days: 63)
        try late.shop.market.deposit(1_000, to: late.shop.user, reference: 9)
        #expect(UnpaidAccessTests.dispute(&late.shop, 1, 500) == nil)
        try late.shop.market.pass(days: 59)
        try late.pass(days: 5)
        let starts = [
            Billing.bill.call(on: WellKnown.billing, BillRun(agreement: billed)),
            Agreements.due.call(on: WellKnown.agreements, AgreementID(ending)),
            Billing.disputeDue.call(on: WellKnown.billing, DocumentNumber(1)),
        ]
        let pay = try late.shop.market.call(
            Billing.pay, PayInvoice(invoice: 0, amount: 1_000), by: late.shop.user, on: WellKnown.billing)
        var bench = late.shop.market.bench
        let transactions = [
            try bench.transaction(starts, as: "village"), try bench.transaction(starts + [pay], as: "metrics"),
        ]
        let count = try late.shop.market.invoiceCount
        let receipts = try bench.runBlock(transactions)
        #expect(receipts.map { $0.rejection?.code } == [nil, nil])
        late.shop.market.bench = bench
        #expect(try late.shop.market.invoiceCount == count + 1 && late.shop.market.invoice(0).state == .paid)
        #expect(try late.shop.market.agreement(ending).state == .expired)
        try UnpaidAccessTests.checkMoney(late.shop)
    }
}
