import Accounts
import Agreements
import Billing
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// What happens to money when agreements, disputes and accounts end.
@Suite struct BillingEndTests {
    static let on = WellKnown.agreements

    /// At most the ceiling counts between two bills: logs are recorded whole, the next period counts from nothing.
    @Test(arguments: [PricePlan.Kind.perAccess, .perEnergy])
    func usageHasACeiling(kind: PricePlan.Kind) throws {
        var shop = try Shop()
        // Per access 10, per kWh 10: a hundred of either reach the ceiling.
        let number = try shop.agree(Market.plan(kind, 10, periodDays: 7, ceiling: 1_000), days: 20)
        let from = try shop.market.agreement(number).from
        var logged = from
        /// What counts of it.
        func log(_ count: UInt32) throws -> Int64 {
            let body = LogAccess(
                agreement: number, dataSet: shop.set, root: .zero, accesses: kind == .perAccess ? count : 1,
                energy: kind == .perEnergy ? Energy(count) * 1_000 : 0, from: logged,
                to: logged.adding(milliseconds: 1))
            let before = try shop.market.agreement(number)
            #expect(shop.market.plainCode(Agreements.logAccess, body, as: "metrics", on: Self.on) == nil)
            logged = logged.adding(milliseconds: 1)
            let after = try shop.market.agreement(number)
            #expect(after.logs == before.logs + 1)
            let key = Agreements.accessLogs.stateKey(Pair(number, before.logs), at: Self.on)
            let record = try #require(try shop.market.bench.state.value(key))
            #expect(try AccessLog(bcs: record).log == body)
            return kind == .perAccess
                ? Int64(after.accesses - before.accesses) : (after.energy - before.energy) / 1_000
        }
        try shop.market.pass(days: 1)
        #expect(try log(60) == 60 && log(39) == 39)
        #expect(try log(7) == 1 && log(1) == 0)
        // The bill is a day after the period; what is logged until then belongs to it.
        try shop.market.pass(days: 6)
        #expect(try log(1) == 0)
        try shop.market.pass(days: 1)
        #expect(try shop.market.invoiceCount == 1 && shop.market.invoice(0).amount == 1_000)
        #expect(try log(LogAccess.accessesMax) == 100)
        #expect(try log(1) == 0)
        try shop.market.pass(days: 20)
        for invoice in 0..<(try shop.market.invoiceCount) {
            #expect(try shop.market.invoice(invoice).amount <= 1_000)
        }
        #expect(try shop.market.agreement(number).charged == 1_000)
    }

    /// What a ceiling lets count is the most that comes to no more, whatever the price, and sums do not overflow.
    @Test(arguments: [PricePlan.Kind.perAccess, .perEnergy])
    func theMostUsageOfACharge(kind: PricePlan.Kind) throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2_000 {
            let price = Amount(generator.next() >> UInt64(15 + generator.next() % 48)) + 1
            let charge = Amount(generator.next() >> UInt64(3 + generator.next() % 60))
            let plan = PricePlan(
                kind, currency: Market.currency, price: price, periodDays: 7, dueDays: 1, ceiling: 1)
            let most = plan.usageMax(charge: charge)
            func comesTo(_ usage: Int64) -> Amount? {
                try? plan.usageCharge(accesses: UInt64(usage), energy: kind == .perEnergy ? usage : 0)
            }
            #expect(comesTo(most).map { $0 <= charge } ?? (most == .max), "\(price) \(charge)")
            if most < .max { #expect(comesTo(most + 1).map { $0 > charge } ?? true, "\(price) \(charge)") }
        }
        #expect(Market.plan(.recurring, 1, periodDays: 7).usageMax(charge: 1_000) == 0)
    }

    /// Whoever may read data without an agreement reads at nobody's expense: what a partner logs of it is not billed.
    @Test func openDataIsNotBilled() throws {
        var shop = try Shop()
        let open = try shop.market.describe("open", Market.description(.open), by: shop.provider)
        let terms = shop.market.terms([open, shop.set], Market.plan(.perAccess, 10, periodDays: 7, ceiling: 1_000))
        let number = try shop.market.agree(terms, shop.provider, shop.user)
        let from = try shop.market.agreement(number).from
        try shop.market.pass(days: 1)
        for set in [open, shop.set] {
            let log = LogAccess(
                agreement: number, dataSet: set, root: .zero, accesses: 3, energy: 0, from: from,
                to: from.adding(milliseconds: 1))
            #expect(shop.market.plainCode(Agreements.logAccess, log, as: "metrics", on: Self.on) == nil)
            let agreement = try shop.market.agreement(number)
            #expect(agreement.accesses == (set == open ? 0 : 3) && agreement.logs == (set == open ? 1 : 2))
        }
        // An agreement over open data is the user's own, or none is named.
        let other = try shop.market.organisation("other", .dataUser)
        #expect(try shop.market.refusal(other, open, number) == .agreementForeign)
        #expect(try shop.market.refusal(other, open, 99) == .agreementMissing)
        #expect(try shop.market.refusal(shop.user, open, number) == nil)
    }

    /// Whole before it began, by the millisecond afterwards, nothing once all is over; the kept part is rounded down.
    @Test func aRevocationCreditsTheRest() throws {
        var shop = try Shop()
        func end(_ number: UInt64, _ method: Method<Signed<EndAgreement>, Nothing>, by party: Party) throws {
            try shop.market.act(method, EndAgreement(agreement: number, reason: 7), by: party, on: Self.on)
        }
        func credited(_ invoice: UInt64) throws -> Amount { try shop.market.invoice(invoice).credited }
        // Paid, and revoked before it began.
        let later = OfferTerms(
            dataSets: [shop.set], purposes: .research, from: shop.market.bench.time.adding(days: 30 as UInt32),
            durationDays: 10, expiry: shop.market.bench.time.adding(days: 1 as UInt32),
            plan: Market.plan(.oneTime, 1_001, paysFirst: true), text: .zero)
        let first = try shop.market.agree(later, shop.provider, shop.user)
        #expect(shop.confirm(0, 1_001, 1) == nil)
        try end(first, Agreements.revoke, by: shop.provider)
        #expect(try credited(0) == 1_001 && shop.market.invoice(0).state == .credited)
        #expect(try shop.sheet(shop.user.holder) == [1_001, 0, 0, 0, 0, 0, 0])
        let note = try shop.market.bench.ask(Billing.creditNoteQuery, of: WellKnown.billing, DocumentNumber(0))
        #expect(note.by == shop.provider.holder && note.reason == 7 && note.owed == 0)
        // A third of the time over: the provider keeps a third, rounded down.
        let second = try shop.agree(Market.plan(.oneTime, 1_000), days: 90)
        let from = try shop.market.agreement(second).from
        shop.market.bench.advance(
            milliseconds: 30 * Timestamp.dayMilliseconds - shop.market.bench.blockMilliseconds)
        try end(second, Agreements.revoke, by: shop.provider)
        #expect(try shop.market.agreement(second).until == from.adding(days: 30 as UInt32))
        #expect(try credited(1) == 1_000 - 333 && shop.market.invoice(1).outstanding == 333)
        // What the seller credited before counts.
        let third = try shop.agree(Market.plan(.oneTime, 1_000), days: 90)
        #expect(shop.code(Billing.credit, CreditInvoice(invoice: 2, amount: 999, reason: 1), by: shop.provider) == nil)
        shop.market.bench.advance(milliseconds: 45 * Timestamp.dayMilliseconds)
        try end(third, Agreements.revoke, by: shop.provider)
        #expect(try credited(2) == 999)
        // A provider that terminates gives back as one that revokes; a user that does so has bought what it bought.
        let fourth = try shop.agree(Market.plan(.oneTime, 1_000), days: 90)
        try end(fourth, Agreements.terminate, by: shop.user)
        #expect(try credited(3) == 0)
        let fifth = try shop.agree(Market.plan(.oneTime, 1_000), days: 1)
        shop.market.bench.advance(
            milliseconds: Timestamp.dayMilliseconds / 2 - shop.market.bench.blockMilliseconds)
        try end(fifth, Agreements.terminate, by: shop.provider)
        #expect(try credited(4) == 500)
    }

    /// Access that waited for its payment and never opened costs nothing, however the agreement ends.
    @Test func whatNeverOpenedIsNotOwed() throws {
        var shop = try Shop()
        let plan = Market.plan(.oneTime, 1_000, paysFirst: true)
        let first = try shop.agree(plan, days: 10)
        try shop.market.pass(days: 3)
        let end = EndAgreement(agreement: first, reason: 1)
        try shop.market.act(Agreements.terminate, end, by: shop.user, on: Self.on)
        #expect(try shop.market.invoice(0).state == .credited)
        _ = try shop.agree(plan, days: 10)
        try shop.market.pass(days: 11)
        #expect(try shop.market.agreement(1).state == .expired && shop.market.invoice(1).state == .credited)
        // Paid at last, it is kept.
        _ = try shop.agree(plan, days: 10)
        #expect(shop.confirm(2, 1_000, 1) == nil)
        try shop.market.pass(days: 11)
        #expect(try shop.market.invoice(2).credited == 0)
        #expect(try shop.sheet(shop.user.holder) == [0, 0, 0, 0, 0, 1_000, 0])
    }

    /// Recurring: the period that runs is cut, later ones are not billed. Usage: the last bill comes soon after the end.
    @Test func aRevocationEndsTheBills() throws {
        var shop = try Shop()
        let end = EndAgreement(agreement: 0, reason: 1)
        _ = try shop.agree(Market.plan(.recurring, 100, periodDays: 10))
        shop.market.bench.advance(milliseconds: 5 * Timestamp.dayMilliseconds - shop.market.bench.blockMilliseconds)
        try shop.market.act(Agreements.revoke, end, by: shop.provider, on: Self.on)
        #expect(try shop.market.invoice(0).credited == 50)
        #expect(try shop.market.bench.ask(Billing.billQuery, of: WellKnown.billing, DocumentNumber(0)).isClosed)
        let usage = try shop.agree(Market.plan(.perAccess, 10, periodDays: 366), days: 800)
        let from = try shop.market.agreement(usage).from
        try shop.market.pass(days: 1)
        let log = LogAccess(
            agreement: usage, dataSet: shop.set, root: .zero, accesses: 3, energy: 0, from: from,
            to: from.adding(milliseconds: 9))
        #expect(shop.market.plainCode(Agreements.logAccess, log, as: "metrics", on: Self.on) == nil)
        let over = EndAgreement(agreement: usage, reason: 1)
        try shop.market.act(Agreements.revoke, over, by: shop.provider, on: Self.on)
        try shop.market.pass(days: 2)
        #expect(try shop.market.invoiceCount == 2 && shop.market.invoice(1).amount == 30)
        #expect(try shop.market.bench.ask(Billing.billQuery, of: WellKnown.billing, DocumentNumber(usage)).isClosed)
        try shop.market.pass(days: 40)
        #expect(try shop.market.invoiceCount == 2)
    }

    /// Undecided for 60 days: to the seller where accesses were anchored, else to the buyer.
    @Test(arguments: [true, false])
    func anUndecidedDisputeFalls(isDelivered: Bool) throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 50)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        let from = try shop.market.agreement(number).from
        let log = LogAccess(
            agreement: number, dataSet: shop.set, root: .zero, accesses: 1, energy: 0, from: from,
            to: from.adding(milliseconds: 1))
        if isDelivered { try shop.market.bench.send(Agreements.logAccess, to: Self.on, log, as: "metrics") }
        let dispute = DisputeInvoice(invoice: 0, amount: 400, reason: 2, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        #expect(try shop.sheet(shop.provider.holder) == [600, 400, 0, 0, -1_000, 0, 0])
        try shop.market.pass(days: 59)
        #expect(try shop.market.invoice(0).isDisputed)
        try shop.market.pass(days: 1)
        let fallen = try shop.market.bench.ask(Billing.disputeQuery, of: WellKnown.billing, DocumentNumber(0))
        #expect(fallen.resolved != nil && fallen.credit == (isDelivered ? 0 : 400))
        let expected: [Amount] = isDelivered ? [1_000, 0, 0, 0, -1_000, 0, 0] : [600, 0, 0, 0, -600, 0, 0]
        #expect(try shop.sheet(shop.provider.holder) == expected)
        #expect(try shop.sheet(shop.user.holder)[0] == (isDelivered ? 0 : 400))
        #expect(
            shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 0), by: shop.judge) == Billing.noDispute.code)
    }

    /// Reminders go on for what is not disputed; paying that keeps access open.
    @Test func remindersGoOnForTheRest() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        let dispute = DisputeInvoice(invoice: 0, amount: 1, reason: 1, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        try shop.market.pass(days: 22)
        #expect(try shop.market.invoice(0).dunning == .overdue && shop.refusal(number) == .paymentOverdue)
        #expect(shop.confirm(0, 998, 1) == nil)
        #expect(try shop.refusal(number) == .paymentOverdue)
        #expect(shop.confirm(0, 1, 2) == nil)
        #expect(try shop.refusal(number) == nil)
        // It does not fall while the buyer may still read. Decided for the buyer nothing is left.
        try shop.market.pass(days: 60)
        #expect(try shop.market.invoice(0).isDisputed && shop.refusal(number) == nil)
        #expect(shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 1), by: shop.judge) == nil)
        #expect(try shop.market.invoice(0).state == .paid && shop.refusal(number) == nil)
        // A dispute that comes when access is closed does not open it by a payment.
        let second = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        try shop.market.pass(days: 22)
        let late = DisputeInvoice(invoice: 1, amount: 999, reason: 1, text: .zero)
        #expect(shop.code(Billing.dispute, late, by: shop.user) == nil)
        #expect(shop.confirm(1, 1, 3) == nil)
        #expect(try shop.refusal(second) == .paymentOverdue)
        #expect(shop.confirm(1, 999, 4) == nil)
        #expect(try shop.refusal(second) == nil)
    }

    /// Cash that is gone does not spare a refund: it is owed, collected, and nothing leaves before it.
    @Test func refundsAreOwed() throws {
        var shop = try Shop()
        let stranger = try shop.market.organisation("stranger", [.dataProvider, .dataUser])
        _ = try shop.agree(Market.plan(.oneTime, 1_000))
        #expect(shop.confirm(0, 1_000, 1) == nil)
        func payOut(_ amount: Amount, by party: Party) -> UInt16? {
            let out = PayOut(gateway: "payco", currency: Market.currency, amount: amount, destination: .zero)
            return shop.market.code(Billing.payOut, out, by: party, on: WellKnown.billing, via: "payco")
        }
        func refund(_ amount: Amount, by party: Party, debt: UInt64 = 0) -> UInt16? {
            shop.code(Billing.payRefund, PayRefund(debt: debt, amount: amount), by: party)
        }
        #expect(payOut(900, by: shop.provider) == nil)
        #expect(shop.code(Billing.credit, CreditInvoice(invoice: 0, amount: 700, reason: 1), by: shop.provider) == nil)
        #expect(try shop.sheet(shop.provider.holder) == [0, 0, 0, -600, -300, 0, 0])
        #expect(try shop.sheet(shop.user.holder) == [100, 0, 600, 0, 0, 300, 0])
        let note = try shop.market.bench.ask(Billing.creditNoteQuery, of: WellKnown.billing, DocumentNumber(0))
        #expect(note.refunded == 700 && note.owed == 600)
        #expect(refund(1, by: shop.user, debt: 7) == Billing.documentUnknown.code)
        // The oldest debt is paid by whoever asks, once the cash is there.
        #expect(refund(1, by: stranger) == Billing.fundsMissing.code)
        #expect(refund(0, by: shop.user) == Billing.amountWrong.code)
        #expect(refund(601, by: shop.user) == Billing.aboveOutstanding.code)
        #expect(refund(1, by: shop.user) == Billing.fundsMissing.code)
        // New money serves the debt first.
        try shop.market.deposit(650, to: shop.provider, reference: 5)
        #expect(payOut(51, by: shop.provider) == Billing.refundOwed.code)
        #expect(payOut(50, by: shop.provider) == nil)
        #expect(refund(500, by: shop.user) == nil)
        #expect(payOut(1, by: shop.provider) == Billing.refundOwed.code)
        #expect(refund(100, by: shop.provider) == nil)
        #expect(refund(1, by: shop.provider) == Billing.aboveOutstanding.code)
        let debt = try shop.market.bench.ask(Billing.debtQuery, of: WellKnown.billing, DocumentNumber(0))
        #expect(debt.outstanding == 0 && debt.amount == 600)
        #expect(try shop.sheet(shop.provider.holder) == [0, 0, 0, 0, -300, 0, 0])
        #expect(try shop.sheet(shop.user.holder) == [700, 0, 0, 0, 0, 300, 0])
    }

    /// A revoked account's cash goes out by a key of its DID alone, a suspended one's not at all.
    @Test func cashOfARevokedAccountIsPaidOut() throws {
        var shop = try Shop()
        let clerk = Party("clerk", for: shop.provider)
        try shop.market.act(
            Accounts.setActor, SetActor(key: clerk.key, standing: .administrator), by: shop.provider,
            on: WellKnown.accounts)
        try shop.market.deposit(100, to: shop.provider, reference: 1)
        func payOut(_ amount: Amount, by party: Party) -> UInt16? {
            let out = PayOut(gateway: "payco", currency: Market.currency, amount: amount, destination: .zero)
            return shop.market.code(Billing.payOut, out, by: party, on: WellKnown.billing, via: "payco")
        }
        let body = AccountJudgement(account: shop.provider.holder, reason: 1)
        try shop.market.act(Accounts.suspend, body, by: shop.judge, on: WellKnown.accounts)
        #expect(payOut(1, by: shop.provider) == Accounts.accountSuspended.code)
        try shop.market.act(Accounts.revoke, body, by: shop.judge, on: WellKnown.accounts)
        #expect(payOut(1, by: clerk) == Accounts.notHolder.code)
        #expect(payOut(100, by: shop.provider) == nil)
        #expect(try shop.sheet(shop.provider.holder)[0] == 0)
        // Nothing else is open to it.
        #expect(
            shop.code(Billing.credit, CreditInvoice(invoice: 0, amount: 1, reason: 1), by: shop.provider)
                == Accounts.accountRevoked.code)
    }

    /// Nor does it go to an accomplice, whose offer was countersigned before: by a member's key, or while it is frozen.
    @Test func cashOfARevokedAccountPaysNobody() throws {
        var shop = try Shop()
        let member = Party("member", for: shop.user)
        try shop.market.act(
            Accounts.setActor, SetActor(key: member.key, standing: .member, roles: .dataUser), by: shop.user,
            on: WellKnown.accounts)
        try shop.market.deposit(1_000, to: shop.user, reference: 1)
        _ = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        func pay(_ amount: Amount, by party: Party) -> UInt16? {
            shop.code(Billing.pay, PayInvoice(invoice: 0, amount: amount), by: party)
        }
        #expect(pay(1, by: member) == nil)
        let body = AccountJudgement(account: shop.user.holder, reason: 1)
        try shop.market.act(Accounts.suspend, body, by: shop.judge, on: WellKnown.accounts)
        for party in [member, shop.user] { #expect(pay(1, by: party) == Accounts.accountSuspended.code) }
        // What it owes comes in by a gateway.
        #expect(shop.confirm(0, 9, 1) == nil)
        try shop.market.act(Accounts.revoke, body, by: shop.judge, on: WellKnown.accounts)
        #expect(pay(1, by: member) == Accounts.notHolder.code)
        #expect(pay(990, by: shop.user) == nil)
        #expect(try shop.market.invoice(0).state == .paid && shop.sheet(shop.user.holder)[0] == 9)
    }

    /// Ending an agreement while its invoice is disputed: the rest goes back, the dispute goes on about what is left.
    @Test func aRevocationMeetsADispute() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 10)
        #expect(shop.confirm(0, 1_000, 1) == nil)
        let dispute = DisputeInvoice(invoice: 0, amount: 900, reason: 2, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        shop.market.bench.advance(milliseconds: 5 * Timestamp.dayMilliseconds - 2_000)
        let end = EndAgreement(agreement: number, reason: 1)
        // The fifth day ends with the next block but one: half of the time is over.
        try shop.market.act(Agreements.revoke, end, by: shop.provider, on: Self.on)
        let invoice = try shop.market.invoice(0)
        let kept = invoice.amount - invoice.credited
        #expect((499...500).contains(kept) && invoice.disputed == kept)
        let rest = try shop.market.bench.ask(Billing.disputeQuery, of: WellKnown.billing, DocumentNumber(0))
        #expect(rest.amount == kept && rest.held == kept && rest.resolved == nil)
        #expect(try shop.sheet(shop.provider.holder) == [0, kept, 0, 0, -kept, 0, 0])
        #expect(shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 0), by: shop.user) == nil)
        #expect(try shop.sheet(shop.provider.holder) == [kept, 0, 0, 0, -kept, 0, 0])
        // One that never began ends its dispute, too.
        let later = OfferTerms(
            dataSets: [shop.set], purposes: .research, from: shop.market.bench.time.adding(days: 30 as UInt32),
            durationDays: 10, expiry: shop.market.bench.time.adding(days: 1 as UInt32),
            plan: Market.plan(.oneTime, 1_000), text: .zero)
        let second = try shop.market.agree(later, shop.provider, shop.user)
        let all = DisputeInvoice(invoice: 1, amount: 1_000, reason: 2, text: .zero)
        #expect(shop.code(Billing.dispute, all, by: shop.user) == nil)
        try shop.market.act(
            Agreements.revoke, EndAgreement(agreement: second, reason: 1), by: shop.provider, on: Self.on)
        let over = try shop.market.bench.ask(Billing.disputeQuery, of: WellKnown.billing, DocumentNumber(1))
        #expect(over.resolved != nil && over.credit == 1_000)
        #expect(try !shop.market.invoice(1).isDisputed && shop.market.invoice(1).state == .credited)
    }
}
