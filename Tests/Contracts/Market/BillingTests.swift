import Accounts
import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// A market with a provider, a user, an operator and one data set.
struct Shop {
    var market: Market
    let provider: Party
    let user: Party
    let judge: Party
    let set: Digest

    init() throws {
        market = try Market()
        provider = try market.organisation("provider", .dataProvider)
        user = try market.organisation("user", .dataUser)
        judge = try market.organisation("judge", .marketOperator)
        set = try market.describe("load", Market.description(), by: provider)
    }

    mutating func agree(_ plan: PricePlan, days: UInt32 = 90) throws -> UInt64 {
        try market.agree(market.terms([set], plan, days: days), provider, user)
    }

    mutating func code<Body, Output>(_ method: Method<Signed<Body>, Output>, _ body: Body, by party: Party) -> UInt16? {
        market.code(method, body, by: party, on: WellKnown.billing)
    }

    /// Balances of provider and user: cash, held, receivable, payable, income, expense, clearing.
    func sheet(_ holder: Digest) throws -> [Amount] { try market.balances(holder).amounts }
    func refusal(_ agreement: UInt64) throws -> AccessRefusal? { try market.refusal(user, set, agreement) }
    mutating func confirm(_ invoice: UInt64, _ amount: Amount, _ reference: UInt8, as partner: String = "payco")
        -> UInt16?
    {
        let payment = GatewayPayment(
            invoice: invoice, currency: Market.currency, amount: amount, reference: SHA256.hash([reference]))
        return market.plainCode(Billing.confirmPayment, payment, as: partner, on: WellKnown.billing)
    }
}

@Suite struct BillingTests {
    typealias Seen = AccountTests.Seen

    @Test func aSaleInDoubleEntry() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000_000, paysFirst: true))
        #expect(try shop.refusal(number) == .paymentAwaited)
        #expect(try shop.sheet(shop.provider.holder) == [0, 0, 1_000_000, 0, -1_000_000, 0, 0])
        #expect(try shop.sheet(shop.user.holder) == [0, 0, 0, -1_000_000, 0, 1_000_000, 0])
        // A part by settlement, the rest through a gateway: access opens with the last.
        try shop.market.deposit(300_000, to: shop.user, reference: 1)
        #expect(shop.code(Billing.pay, PayInvoice(invoice: 0, amount: 300_000), by: shop.user) == nil)
        #expect(try shop.refusal(number) == .paymentAwaited && shop.market.invoice(0).outstanding == 700_000)
        #expect(shop.confirm(0, 700_000, 1) == nil)
        #expect(try shop.refusal(number) == nil && shop.market.invoice(0).state == .paid)
        #expect(try shop.sheet(shop.provider.holder) == [1_000_000, 0, 0, 0, -1_000_000, 0, 0])
        #expect(try shop.sheet(shop.user.holder) == [0, 0, 0, 0, 0, 1_000_000, 0])
        #expect(try shop.sheet(LedgerAccount.gateway("payco")) == [0, 0, 0, 0, 0, 0, -1_000_000])
        let receipt = try shop.market.bench.ask(Billing.receiptQuery, of: WellKnown.billing, DocumentNumber(1))
        #expect(receipt.method == .gateway && receipt.gateway == "payco" && receipt.amount == 700_000)
        #expect(receipt.payer == shop.user.holder && receipt.payee == shop.provider.holder)
        // A dispute holds what was paid; the operator gives back a part; the provider has the rest paid out.
        let dispute = DisputeInvoice(invoice: 0, amount: 400_000, reason: 2, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        #expect(try shop.sheet(shop.provider.holder) == [600_000, 400_000, 0, 0, -1_000_000, 0, 0])
        #expect(shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 250_000), by: shop.judge) == nil)
        #expect(try shop.sheet(shop.provider.holder) == [750_000, 0, 0, 0, -750_000, 0, 0])
        #expect(try shop.sheet(shop.user.holder) == [250_000, 0, 0, 0, 0, 750_000, 0])
        let note = try shop.market.bench.ask(Billing.creditNoteQuery, of: WellKnown.billing, DocumentNumber(0))
        #expect(note.amount == 250_000 && note.refunded == 250_000 && note.by == shop.judge.holder && note.reason == 2)
        let out = PayOut(
            gateway: "payco", currency: Market.currency, amount: 750_000, destination: .zero)
        #expect(
            shop.market.code(Billing.payOut, out, by: shop.provider, on: WellKnown.billing, via: "payco") == nil)
        #expect(try shop.sheet(shop.provider.holder) == [0, 0, 0, 0, -750_000, 0, 0])
        #expect(try shop.sheet(LedgerAccount.gateway("payco")) == [0, 0, 0, 0, 0, 0, -250_000])
        #expect(try shop.market.invoice(0).state == .paid)
    }

    @Test func everyRejectionIsProvoked() throws {
        var shop = try Shop()
        var seen = Seen()
        let instance = WellKnown.billing
        _ = try shop.agree(Market.plan(.oneTime, 1_000))
        try shop.market.deposit(400, to: shop.user, reference: 1)
        let stranger = try shop.market.organisation("stranger", [.dataProvider, .dataUser])
        func pay(_ amount: Amount, invoice: UInt64 = 0, by party: Party? = nil) -> UInt16? {
            shop.code(Billing.pay, PayInvoice(invoice: invoice, amount: amount), by: party ?? shop.user)
        }
        seen.expect(Billing.documentUnknown, pay(1, invoice: 9))
        seen.expect(Billing.notBuyer, pay(1, by: stranger))
        seen.expect(Billing.amountWrong, pay(0))
        seen.expect(Billing.amountWrong, pay(.min))
        seen.expect(Billing.aboveOutstanding, pay(1_001))
        seen.expect(Billing.fundsMissing, pay(401))
        let again = GatewayDeposit(
            account: shop.user.holder, currency: Market.currency, amount: 1, reference: SHA256.hash(UInt64(1).keyBytes))
        seen.expect(Billing.referenceUsed, shop.market.plainCode(Billing.deposit, again, as: "payco", on: instance))
        #expect(shop.market.plainCode(Billing.deposit, again, as: "zaps", on: instance) == nil)
        #expect(
            shop.market.plainCode(Billing.deposit, again, as: "aurora", on: instance)
                == HostRejection.notAuthorised.code)
        let nobody = GatewayDeposit(account: .zero, currency: Market.currency, amount: 1, reference: .zero)
        seen.expect(Billing.accountUnknown, shop.market.plainCode(Billing.deposit, nobody, as: "payco", on: instance))
        let dollars = GatewayPayment(invoice: 0, currency: Currency("USD")!, amount: 1, reference: .zero)
        seen.expect(
            Billing.currencyWrong, shop.market.plainCode(Billing.confirmPayment, dollars, as: "payco", on: instance))
        let out = PayOut(gateway: "zaps", currency: Market.currency, amount: 1, destination: .zero)
        seen.expect(
            Billing.gatewayWrong, shop.market.code(Billing.payOut, out, by: shop.user, on: instance, via: "payco"))

        func credit(_ amount: Amount, _ reason: UInt16 = 1, by party: Party? = nil) -> UInt16? {
            let body = CreditInvoice(invoice: 0, amount: amount, reason: reason)
            return shop.code(Billing.credit, body, by: party ?? shop.provider)
        }
        seen.expect(Billing.notSeller, credit(1, by: shop.user))
        seen.expect(Billing.aboveInvoice, credit(1_001))
        seen.expect(Billing.reasonMissing, credit(1, 0))
        func dispute(_ amount: Amount, _ reason: UInt16 = 1, by party: Party? = nil) -> UInt16? {
            let body = DisputeInvoice(invoice: 0, amount: amount, reason: reason, text: .zero)
            return shop.code(Billing.dispute, body, by: party ?? shop.user)
        }
        func resolve(_ credit: Amount, by party: Party) -> UInt16? {
            shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: credit), by: party)
        }
        seen.expect(Billing.noDispute, resolve(1, by: shop.judge))
        seen.expect(Billing.notBuyer, dispute(1, by: stranger))
        seen.expect(Billing.amountWrong, dispute(0))
        seen.expect(Billing.aboveInvoice, dispute(1_001))
        seen.expect(Billing.reasonMissing, dispute(1, 0))
        #expect(dispute(600) == nil)
        seen.expect(Billing.disputeExists, dispute(600))
        seen.expect(Billing.disputed, credit(1))
        #expect(resolve(1, by: stranger) == Accounts.capabilityMissing.code)
        seen.expect(Billing.notJudge, resolve(1, by: shop.user))
        seen.expect(Billing.notJudge, resolve(0, by: shop.provider))
        seen.expect(Billing.aboveInvoice, resolve(601, by: shop.judge))
        seen.expect(Billing.amountWrong, resolve(-1, by: shop.judge))
        seen.expect(Billing.notJudge, resolve(599, by: shop.provider))
        #expect(resolve(600, by: shop.provider) == nil)
        let others = PayOut(gateway: "zaps", currency: Market.currency, amount: 2, destination: .zero)
        seen.expect(
            Billing.gatewayShort, shop.market.code(Billing.payOut, others, by: shop.user, on: instance, via: "zaps"))
        #expect(pay(400) == nil)
        seen.expect(Billing.notOpen, pay(1))
        let start = BillingStart(AccessRuleTests.agreement)
        seen.expect(Billing.notAgreements, shop.market.plainCode(Billing.begin, start, as: "aurora", on: instance))
        _ = try shop.agree(Market.plan(.oneTime, 1_000))
        try shop.market.pass(days: 152)
        let late = DisputeInvoice(invoice: 1, amount: 1, reason: 1, text: .zero)
        seen.expect(Billing.disputeLate, shop.code(Billing.dispute, late, by: shop.user))
        // No call can provoke it: it guards the code itself.
        seen.codes.insert(Billing.unbalanced.code)
        // `BillingEndTests.refundsAreOwed`, `WindUpTests` and `ReversalTests` provoke these.
        seen.codes.formUnion([Billing.refundOwed.code, Billing.debtForeign.code, Billing.payeeEnded.code])
        seen.codes.formUnion([424, 425, 426, 427])
        // `MoneyAttackTests.aDecisionOpensNothing`.
        seen.codes.insert(Billing.paymentAwaited.code)
        #expect(seen.codes == Set(Billing.rejections.map(\.code)))
        let ended = BillingEnd(agreement: 0, until: Timestamp(0), creditsFrom: Timestamp(0), reason: 1)
        seen.expect(Billing.notAgreements, shop.market.plainCode(Billing.end, ended, as: "aurora", on: instance))
        // Where nothing is due by itself nothing comes of asking for it (`DueCallTests`).
        let before = try shop.market.invoice(1)
        #expect(shop.market.plainCode(Billing.bill, BillRun(agreement: 1), as: "aurora", on: instance) == nil)
        let reminder = Reminder(invoice: 1, time: before.reminder.time)
        #expect(shop.market.plainCode(Billing.remind, reminder, as: "aurora", on: instance) == nil)
        #expect(
            shop.market.plainCode(Billing.disputeDue, DocumentNumber(1), as: "aurora", on: instance)
                == Billing.noDispute.code)
        #expect(try shop.market.invoice(1) == before && shop.market.invoiceCount == 2 && before.dunning == .defaulted)
    }

    /// Recurring bills come by block time, for each period that begins while the agreement runs, and no more.
    @Test func recurringBills() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.recurring, 100, periodDays: 30), days: 75)
        let from = try shop.market.agreement(number).from
        for day in 1...80 {
            try shop.market.pass(days: 1)
            let count = try shop.market.invoiceCount
            #expect(count == (day < 30 ? 1 : day < 60 ? 2 : 3))
            if day % 30 == 1 { #expect(shop.confirm(count - 1, 100, UInt8(count)) == nil) }
        }
        let last = try shop.market.invoice(2)
        #expect(last.from == from.adding(days: UInt32(60)) && last.to == from.adding(days: UInt32(75)))
        #expect(try shop.market.bench.ask(Billing.billQuery, of: WellKnown.billing, DocumentNumber(number)).isClosed)
        // A revoked agreement gets no further bill.
        let other = try shop.agree(Market.plan(.recurring, 100, periodDays: 10))
        try shop.market.act(
            Agreements.revoke, EndAgreement(agreement: other, reason: 1), by: shop.provider, on: WellKnown.agreements)
        try shop.market.pass(days: 40)
        #expect(try shop.market.invoiceCount == 4)
        // Nothing is billed for a period that begins while access is closed; from the payment on what is left of it.
        let unpaid = try shop.agree(Market.plan(.recurring, 100, periodDays: 10))
        try shop.market.pass(days: 55)
        #expect(try shop.refusal(unpaid) == .paymentOverdue && shop.market.invoiceCount == 7)
        for invoice in UInt64(4)..<7 { #expect(shop.confirm(invoice, 100, UInt8(invoice)) == nil) }
        #expect(try shop.market.invoiceCount == 8 && (40...50).contains(shop.market.invoice(7).amount))
        try shop.market.pass(days: 5)
        #expect(try shop.refusal(unpaid) == nil && shop.market.invoiceCount == 9)
    }

    /// Usage is billed after each period, cumulatively: parts sum exactly to the whole, rounded down once.
    @Test(arguments: [PricePlan.Kind.perAccess, .perEnergy])
    func usageIsBilledExactly(kind: PricePlan.Kind) throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(kind, 333, periodDays: 10), days: 35)
        let from = try shop.market.agreement(number).from
        var (accesses, paid) = (UInt64(0), UInt64(0))
        var energy: Energy = 0
        for day in 1...40 {
            try shop.market.pass(days: 1)
            // Paid as it comes, so that access stays open.
            while try paid < shop.market.invoiceCount {
                let amount = try shop.market.invoice(paid).amount
                #expect(shop.confirm(paid, amount, UInt8(paid)) == nil)
                paid += 1
            }
            let end = from.adding(days: UInt32(day))
            let log = LogAccess(
                agreement: number, dataSet: shop.set, root: .zero, accesses: UInt32(day % 3 + 1),
                energy: kind == .perEnergy ? Energy(day * 7) : 0, from: from.adding(days: UInt32(day - 1)), to: end)
            let isInside = day <= 35
            let code = shop.market.plainCode(Agreements.logAccess, log, as: "metrics", on: WellKnown.agreements)
            #expect((code == nil) == isInside, "day \(day)")
            if isInside {
                accesses += UInt64(day % 3 + 1)
                energy += kind == .perEnergy ? Energy(day * 7) : 0
            }
        }
        let count = try shop.market.invoiceCount
        #expect(count == 4)
        var sum: Amount = 0
        var counted: UInt64 = 0
        var delivered: Energy = 0
        for index in 0..<count {
            let invoice = try shop.market.invoice(index)
            #expect(invoice.kind == .usage)
            sum += invoice.amount
            counted += invoice.accesses
            delivered += invoice.energy
        }
        #expect(counted == accesses && delivered == energy)
        #expect(sum == (kind == .perAccess ? 333 * Amount(accesses) : 333 * energy / 1_000))
    }

    /// Reminders close access, a dispute stops them, and payment opens access again.
    @Test func remindersAndAccess() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 1_000), days: 365)
        let steps: [(days: Int, dunning: DunningState, refusal: AccessRefusal?)] = [
            (13, .none, nil), (1, .reminded, nil), (6, .reminded, nil), (1, .overdue, .paymentOverdue),
            (13, .overdue, .paymentOverdue), (1, .defaulted, .paymentOverdue), (30, .defaulted, .paymentOverdue),
        ]
        for step in steps {
            try shop.market.pass(days: step.days)
            #expect(try shop.market.invoice(0).dunning == step.dunning)
            #expect(try shop.refusal(number) == step.refusal)
        }
        #expect(shop.confirm(0, 1_000, 1) == nil)
        #expect(try shop.refusal(number) == nil && shop.market.agreement(number).payment == .clear)

        let second = try shop.agree(Market.plan(.oneTime, 500), days: 365)
        try shop.market.pass(days: 15)
        #expect(try shop.market.invoice(1).dunning == .reminded)
        let dispute = DisputeInvoice(invoice: 1, amount: 500, reason: 1, text: .zero)
        #expect(shop.code(Billing.dispute, dispute, by: shop.user) == nil)
        try shop.market.pass(days: 40)
        #expect(try shop.market.invoice(1).dunning == .reminded && shop.refusal(second) == nil)
        #expect(shop.code(Billing.resolve, ResolveDispute(invoice: 1, credit: 0), by: shop.user) == nil)
        try shop.market.pass(days: 6)
        #expect(try shop.market.invoice(1).dunning == .reminded)
        try shop.market.pass(days: 1)
        #expect(try shop.refusal(second) == .paymentOverdue)
        // A credit of the whole opens it as a payment does.
        #expect(shop.code(Billing.credit, CreditInvoice(invoice: 1, amount: 500, reason: 1), by: shop.provider) == nil)
        #expect(try shop.refusal(second) == nil && shop.market.invoice(1).state == .credited)
    }

    @Test func plansThatNobodyCouldBill() {
        func problem(
            _ kind: PricePlan.Kind, _ price: Amount = 1, period: UInt16 = 0, due: UInt16 = 14, paysFirst: Bool = false,
            ceiling: Amount = 0
        ) -> String? {
            PricePlan(
                kind, currency: Market.currency, price: price, periodDays: period, dueDays: due, paysFirst: paysFirst,
                ceiling: ceiling
            ).problem
        }
        #expect(problem(.free, 0, due: 0) == nil && problem(.oneTime) == nil && problem(.recurring, period: 7) == nil)
        #expect(problem(.perAccess, period: 366, ceiling: 1) == nil)
        #expect(problem(.perEnergy, period: 30, ceiling: PricePlan.priceMax) == nil)
        let wrong = [
            problem(.free), problem(.free, 0), problem(.oneTime, 0), problem(.oneTime, -1),
            problem(.oneTime, PricePlan.priceMax + 1), problem(.oneTime, period: 1), problem(.recurring),
            problem(.recurring, period: 367), problem(.recurring, period: 6), problem(.oneTime, due: 0),
            problem(.oneTime, due: 91),
            problem(.perAccess, period: 7, paysFirst: true, ceiling: 1),
            problem(.perEnergy, .max, period: 7, ceiling: 1),
            problem(.perAccess, period: 7), problem(.perEnergy, period: 7, ceiling: -1), problem(.free, 0, ceiling: 1),
            problem(.perAccess, period: 7, ceiling: PricePlan.priceMax + 1), problem(.recurring, period: 7, ceiling: 1),
            problem(.perAccess, period: 6, ceiling: 1),
        ]
        for text in wrong { #expect(text != nil) }
    }
}
