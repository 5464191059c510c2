import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// How disputes that nobody decided fall, and what follows.
@Suite struct DisputeTests {
    static let on = WellKnown.agreements

    /// Judged is the disputed period as it stood when the dispute began: neither another period's accesses nor later ones
    /// decide it.
    @Test func anUndecidedDisputeFallsByItsPeriod() throws {
        var shop = try Shop()
        let plan = PricePlan(
            .recurring, currency: Market.currency, price: 1_000, periodDays: 10, dueDays: 90, paysFirst: false)
        let number = try shop.agree(plan, days: 90)
        let from = try shop.market.agreement(number).from
        func log(_ day: UInt32) -> UInt16? {
            let body = LogAccess(
                agreement: number, dataSet: shop.set, root: .zero, accesses: 5, energy: 0, from: from.adding(days: day),
                to: from.adding(days: day).adding(milliseconds: 1))
            return shop.market.plainCode(Agreements.logAccess, body, as: "metrics", on: Self.on)
        }
        func dispute(_ invoice: UInt64) -> UInt16? {
            shop.code(
                Billing.dispute, DisputeInvoice(invoice: invoice, amount: 1_000, reason: 1, text: .zero), by: shop.user)
        }
        // Accesses of the first and third period; those of the second come after its dispute.
        try shop.market.pass(days: 2)
        #expect(log(1) == nil)
        try shop.market.pass(days: 14)
        #expect(dispute(0) == nil && dispute(1) == nil)
        #expect(log(15) == nil)
        try shop.market.pass(days: 10)
        #expect(log(25) == nil && dispute(2) == nil)
        try shop.market.pass(days: 61)
        for (invoice, credit) in [(0, 0), (1, 1_000), (2, 0)] as [(UInt64, Amount)] {
            let fallen = try shop.market.bench.ask(
                Billing.disputeQuery, of: WellKnown.billing, DocumentNumber(invoice))
            #expect(fallen.resolved != nil && fallen.credit == credit, "invoice \(invoice)")
            #expect(try shop.market.invoice(invoice).credited == credit, "invoice \(invoice)")
        }
    }

    /// A dispute that falls to the seller leaves the invoice to be paid: reminders close access again, also when they had
    /// all been sent for the rest.
    @Test func remindersEndNoInvoice() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        #expect(
            shop.code(
                Billing.dispute, DisputeInvoice(invoice: 0, amount: 999, reason: 1, text: .zero), by: shop.user) == nil)
        let from = try shop.market.agreement(number).from
        try shop.market.pass(days: 36)
        #expect(try shop.market.invoice(0).dunning == .defaulted && shop.refusal(number) == .paymentOverdue)
        #expect(shop.confirm(0, 1, 1) == nil)
        #expect(try shop.refusal(number) == nil)
        #expect(
            shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 0), by: shop.judge) == nil)
        #expect(try shop.refusal(number) == nil)
        try shop.market.pass(days: 8)
        #expect(try shop.market.invoice(0).dunning == .defaulted && shop.refusal(number) == .paymentOverdue)
        #expect(shop.confirm(0, 999, 2) == nil)
        #expect(try shop.refusal(number) == nil && from < shop.market.bench.time)
    }
}
