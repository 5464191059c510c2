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

    /// Judged is the disputed period, by what was logged for it until a day after its end: neither another period's accesses
    /// nor later logs decide it, and a dispute at issue wins nothing for that.
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
        try shop.market.pass(days: 2)
        #expect(log(1) == nil)
        try shop.market.pass(days: 14)
        #expect(dispute(0) == nil && dispute(1) == nil)
        #expect(log(15) == nil)
        try shop.market.pass(days: 10)
        #expect(log(25) == nil && dispute(2) == nil)
        // Nothing of the fourth period is logged until it is over, and more than a day.
        try shop.market.pass(days: 6)
        #expect(dispute(3) == nil)
        try shop.market.pass(days: 10)
        #expect(log(35) == nil && dispute(4) == nil)
        try shop.market.pass(days: 4)
        #expect(log(45) == nil)
        try shop.market.pass(days: 61)
        for (invoice, credit) in [(0, 0), (1, 0), (2, 0), (3, 1_000), (4, 0)] as [(UInt64, Amount)] {
            let fallen = try shop.market.bench.ask(
                Billing.disputeQuery, of: WellKnown.billing, DocumentNumber(invoice))
            #expect(fallen.resolved != nil && fallen.credit == credit, "invoice \(invoice)")
            #expect(try shop.market.invoice(invoice).credited == credit, "invoice \(invoice)")
        }
    }

    /// What the buyer may still read is not called undelivered: the dispute waits until a day after the end, or the decision.
    /// Who reads meanwhile has it decided when it is looked at again, 60 days later.
    @Test(arguments: [true, false, nil] as [Bool?])
    func aDisputeOfALongTimeWaits(isRead: Bool?) throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 150)
        let from = try shop.market.agreement(number).from
        #expect(shop.confirm(0, 1_000, 1) == nil)
        let dispute = DisputeInvoice(invoice: 0, amount: 400, reason: 1, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        try shop.market.pass(days: 70)
        #expect(try shop.market.invoice(0).isDisputed)
        if isRead == true {
            let log = LogAccess(
                agreement: number, dataSet: shop.set, root: .zero, accesses: 1, energy: 0,
                from: from.adding(days: 69 as UInt32),
                to: from.adding(days: 70 as UInt32))
            try shop.market.bench.send(Agreements.logAccess, to: Self.on, log, as: "metrics")
        } else if isRead == nil {
            #expect(shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 300), by: shop.judge) == nil)
        }
        try shop.market.pass(days: 49)
        #expect(try shop.market.invoice(0).isDisputed == (isRead != nil))
        try shop.market.pass(days: 2)
        #expect(try shop.market.invoice(0).isDisputed == (isRead == false))
        try shop.market.pass(days: 29)
        #expect(try shop.market.invoice(0).isDisputed == (isRead == false))
        try shop.market.pass(days: 2)
        let invoice = try shop.market.invoice(0)
        #expect(!invoice.isDisputed && invoice.credited == (isRead.map { $0 ? 0 : 400 } ?? 300))
        #expect(try shop.sheet(shop.user.holder)[0] == invoice.credited)
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

    /// How an agreement of ten years ends on its 62nd day.
    enum End: CaseIterable { case terminated, noticed, revoked }

    /// The dispute that waits falls a day after the end, not when it would be looked at again; and who disputes has 60 days
    /// from the end, not from the day that was agreed.
    @Test(arguments: End.allCases)
    func anEndBringsTheFallForward(end: End) throws {
        var shop = try Shop()
        let set =
            end == .noticed
            ? try shop.market.describe("noticed", Market.description(noticeDays: 5), by: shop.provider) : shop.set
        for number in 0..<2 as Range<UInt64> {
            let terms = shop.market.terms([set], Market.plan(.oneTime, 1_000), days: 3_660)
            _ = try shop.market.agree(terms, shop.provider, shop.user)
            #expect(shop.confirm(number, 1_000, UInt8(1 + number)) == nil)
        }
        let dispute = DisputeInvoice(invoice: 0, amount: 1_000, reason: 1, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        try shop.market.pass(days: 62)
        #expect(try shop.market.invoice(0).isDisputed)
        for agreement in 0..<2 as Range<UInt64> {
            let body = EndAgreement(agreement: agreement, reason: 1)
            try shop.market.act(
                end == .revoked ? Agreements.revoke : Agreements.terminate, body,
                by: end == .revoked ? shop.provider : shop.user, on: Self.on)
        }
        let days = end == .noticed ? 5 : 0
        try shop.market.pass(days: days)
        #expect(try shop.market.invoice(0).isDisputed)
        try shop.market.pass(days: 2)
        let fallen = try shop.market.invoice(0)
        #expect(!fallen.isDisputed && fallen.credited == 1_000)
        #expect(try shop.sheet(shop.provider.holder)[1] == 0)
        // The second one is disputed 59 days after the end, and not later than 60.
        try shop.market.pass(days: 57)
        let all = try shop.market.invoice(1)
        let late = DisputeInvoice(invoice: 1, amount: all.amount - all.credited, reason: 1, text: .zero)
        var other = shop
        #expect(other.code(Billing.dispute, late, by: shop.user) == nil)
        try shop.market.pass(days: 2)
        #expect(shop.code(Billing.dispute, late, by: shop.user) == Billing.disputeLate.code)
    }

    /// An end leaves who decides its 60 days.
    @Test func anEndLeavesTimeToDecide() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 3_660)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        try shop.market.pass(days: 10)
        let dispute = DisputeInvoice(invoice: 0, amount: 1_000, reason: 1, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        try shop.market.pass(days: 20)
        try shop.market.act(
            Agreements.terminate, EndAgreement(agreement: number, reason: 1), by: shop.user, on: Self.on)
        try shop.market.pass(days: 39)
        #expect(try shop.market.invoice(0).isDisputed)
        try shop.market.pass(days: 1)
        #expect(try shop.market.invoice(0).credited == 1_000)
    }
}
