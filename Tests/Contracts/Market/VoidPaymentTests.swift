import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Access that waits though its first invoice leaves nothing to pay: it waits for the next one, and no longer where a later
/// one is paid.
@Suite struct VoidPaymentTests {
    typealias First = FirstPaymentTests

    /// A shop whose first invoice, of 1,000 a week, was credited by a decision: whole, or with 400 paid.
    static func void(paid: Amount) throws -> (shop: Shop, number: UInt64) {
        var shop = try Shop()
        let number = try shop.agree(UnpaidAccessTests.weekly(), days: 200)
        if paid > 0 { #expect(shop.confirm(0, paid, 1) == nil) }
        #expect(UnpaidAccessTests.dispute(&shop, 0, 1_000 - paid) == nil)
        #expect(UnpaidAccessTests.decide(&shop, 0, 1_000 - paid) == nil)
        let invoice = try shop.market.invoice(0)
        #expect(try invoice.outstanding == 0 && shop.refusal(number) == .paymentAwaited)
        return (shop, number)
    }

    /// The next period is billed, once, and opens access by its payment; what was paid for the first one goes back then.
    @Test(arguments: [0, 400] as [Amount])
    func theNextInvoiceOpens(paid: Amount) throws {
        var (shop, number) = try Self.void(paid: paid)
        let from = try shop.market.agreement(number).from
        try shop.market.pass(days: 30)
        #expect(try shop.market.invoiceCount == 2 && shop.refusal(number) == .paymentAwaited)
        let next = try shop.market.invoice(1)
        #expect(next.from == from.adding(days: 7 as UInt32) && next.amount == 1_000)
        #expect(shop.confirm(1, 999, 2) == nil)
        #expect(First.credit(&shop, 1, 1) == Billing.paymentAwaited.code)
        #expect(try shop.refusal(number) == .paymentAwaited && shop.sheet(shop.user.holder)[0] == 0)
        #expect(shop.confirm(1, 1, 3) == nil)
        #expect(try shop.refusal(number) == nil && shop.sheet(shop.user.holder)[0] == paid)
        // From then on it goes on as ever: what is left of the open period, and the next ones whole.
        #expect(try shop.market.invoiceCount == 3 && shop.market.invoice(2).from == shop.market.bench.time)
        try shop.market.pass(days: 6)
        #expect(try shop.market.invoiceCount == 4 && shop.market.invoice(3).amount == 1_000)
        try UnpaidAccessTests.checkMoney(shop)
    }

    /// One that its seller credits whole opens nothing: the one after it does.
    @Test func aGiftOpensNothing() throws {
        var (shop, number) = try Self.void(paid: 0)
        try shop.market.pass(days: 8)
        #expect(First.credit(&shop, 1, 1_000) == nil)
        #expect(try shop.refusal(number) == .paymentAwaited)
        try shop.market.pass(days: 7)
        #expect(try shop.market.invoiceCount == 3 && shop.refusal(number) == .paymentAwaited)
        #expect(shop.confirm(2, 1_000, 2) == nil)
        #expect(try shop.refusal(number) == nil)
        try UnpaidAccessTests.checkMoney(shop)
    }

    /// Whoever does not pay it owes nothing at the end, however that comes, and has back what it paid.
    @Test(arguments: [true, false], [0, 300] as [Amount])
    func nobodyWhoNeverReadOwes(isExpired: Bool, part: Amount) throws {
        var (shop, number) = try Self.void(paid: 400)
        try shop.market.pass(days: 8)
        if part > 0 { #expect(shop.confirm(1, part, 2) == nil) }
        if isExpired {
            try shop.market.pass(days: 193)
        } else {
            try First.end(&shop, number, Agreements.revoke, by: shop.provider)
        }
        #expect(try shop.market.agreement(number).state == (isExpired ? .expired : .revoked))
        #expect(try shop.market.invoiceCount == 2)
        #expect(try shop.sheet(shop.user.holder) == [400 + part, 0, 0, 0, 0, 0, 0])
        try UnpaidAccessTests.checkMoney(shop)
    }

    /// A mistaken payment of it that goes back closes access at once; where another one was paid since, it stays open.
    @Test(arguments: [true, false])
    func aMistakenPaymentOfIt(isAnotherPaid: Bool) throws {
        var (shop, number) = try Self.void(paid: 0)
        try shop.market.pass(days: 8)
        #expect(shop.confirm(1, 1_000, 2) == nil)
        try shop.market.pass(days: 7)
        #expect(try shop.market.invoiceCount == 3 && shop.refusal(number) == nil)
        if isAnotherPaid { #expect(shop.confirm(2, 1_000, 3) == nil) }
        #expect(UnpaidAccessTests.reverse(&shop, 0) == nil)
        #expect(try shop.refusal(number) == (isAnotherPaid ? nil : .paymentAwaited))
        if isAnotherPaid { #expect(UnpaidAccessTests.reverse(&shop, 1) == nil) }
        #expect(try shop.refusal(number) == .paymentAwaited)
        #expect(shop.confirm(2, 1_000, 4) == nil)
        #expect(try shop.refusal(number) == nil)
        try UnpaidAccessTests.checkMoney(shop)
    }

    /// The payment of a first invoice that a decision credited whole was none: who has paid another one since reads on,
    /// though the newest one is not due yet, or was credited.
    @Test(arguments: [true, false], [true, false])
    func whoPaidAnotherReadsOn(isPaid: Bool, isCredited: Bool) throws {
        var shop = try Shop()
        let number = try shop.agree(UnpaidAccessTests.weekly(), days: 200)
        try shop.market.pass(days: 10)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        let rest = try shop.market.invoice(1)
        if isPaid { #expect(shop.confirm(1, rest.amount, 2) == nil) }
        try shop.market.pass(days: 2)
        #expect(UnpaidAccessTests.dispute(&shop, 0, 1_000) == nil)
        #expect(UnpaidAccessTests.decide(&shop, 0, 1_000) == nil)
        try shop.market.pass(days: 3)
        #expect(try shop.market.invoiceCount == 3 && shop.refusal(number) == nil)
        if isCredited { #expect(First.credit(&shop, 2, 1_000) == nil) }
        #expect(UnpaidAccessTests.reverse(&shop, 0) == nil)
        #expect(try shop.refusal(number) == (isPaid ? nil : .paymentAwaited))
        let bill = try First.bill(shop, number)
        #expect(bill.isVoid && bill.paidLater == (isPaid ? 1 : 0))
        // Where that payment is taken back, too, nothing is paid.
        if isPaid { #expect(UnpaidAccessTests.reverse(&shop, 1) == nil) }
        #expect(try shop.refusal(number) == .paymentAwaited)
        #expect(shop.confirm(1, rest.amount, 3) == nil)
        #expect(try shop.refusal(number) == nil)
        try UnpaidAccessTests.checkMoney(shop)
    }

    /// Of more periods than one call bills, that began without their bill, a reversal that closes access bills no more.
    @Test func aReversalBillsNoMore() throws {
        var late = try DueCallTests.Late(.refused)
        let number = try late.shop.agree(LateBillTests.plan(1_000, days: 7, due: 1), days: 365)
        // Late, and open again for a dispute of all but what was paid.
        #expect(UnpaidAccessTests.dispute(&late.shop, 0, 999) == nil)
        try late.shop.market.pass(days: 9)
        #expect(try late.shop.refusal(number) == .paymentOverdue)
        #expect(late.shop.confirm(0, 1, 1) == nil)
        #expect(try late.shop.refusal(number) == nil && late.shop.market.invoiceCount == 2)
        try late.pass(days: 130)
        #expect(late.shop.confirm(0, 999, 2) == nil)
        #expect(late.shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 0), by: late.shop.user) == nil)
        #expect(try late.shop.refusal(number) == nil && late.shop.market.invoiceCount == 2)
        #expect(UnpaidAccessTests.reverse(&late.shop, 1) == nil)
        #expect(try late.shop.refusal(number) == .paymentOverdue && late.shop.market.invoiceCount == 10)
        try late.shop.market.pass(days: 2)
        #expect(try late.shop.market.invoiceCount == 10)
        try UnpaidAccessTests.checkMoney(late.shop)
    }
}
