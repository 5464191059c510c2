import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// What is owed for periods that begin while access is closed by payment.
@Suite struct LatePaymentTests {
    static let on = WellKnown.agreements
    static let day = Timestamp.dayMilliseconds

    /// Access that opens inside a period that was not billed is billed from then on, once.
    @Test func theRestOfAnUnbilledPeriod() throws {
        var shop = try Shop()
        // A micro-unit for each millisecond.
        let price = Amount(30 * Self.day)
        let number = try shop.agree(Market.plan(.recurring, price, periodDays: 30), days: 75)
        let from = try shop.market.agreement(number).from
        try shop.market.pass(days: 31)
        #expect(try shop.refusal(number) == .paymentOverdue && shop.market.invoiceCount == 1)
        #expect(shop.confirm(0, price - 1, 1) == nil)
        #expect(try shop.market.invoiceCount == 1)
        #expect(shop.confirm(0, 1, 2) == nil)
        #expect(try shop.refusal(number) == nil)
        let rest = try shop.market.invoice(1)
        #expect(rest.from == shop.market.bench.time && rest.to == from.adding(days: 60 as UInt32))
        #expect(rest.amount == Amount(rest.to.value - rest.from.value) && rest.kind == .recurring)
        // Closed and opened again in the same period: that is billed.
        try shop.market.pass(days: 22)
        #expect(try shop.refusal(number) == .paymentOverdue)
        #expect(shop.confirm(1, rest.amount, 3) == nil)
        #expect(try shop.refusal(number) == nil && shop.market.invoiceCount == 2)
        try shop.market.pass(days: 8)
        let last = try shop.market.invoice(2)
        #expect(last.amount == price && last.to == from.adding(days: 75 as UInt32))
    }

    /// The last period, cut by the agreement's end: the price is for what it has. None for an agreement that has ended.
    @Test(arguments: [true, false])
    func theRestOfTheLastPeriod(isEnded: Bool) throws {
        var shop = try Shop()
        let price = Amount(15 * Self.day)
        let number = try shop.agree(Market.plan(.recurring, price, periodDays: 30), days: 45)
        try shop.market.pass(days: 31)
        if isEnded {
            let end = EndAgreement(agreement: number, reason: 1)
            try shop.market.act(Agreements.terminate, end, by: shop.user, on: Self.on)
        }
        #expect(shop.confirm(0, price, 1) == nil)
        #expect(try shop.market.invoiceCount == (isEnded ? 1 : 2))
        guard !isEnded else { return }
        let rest = try shop.market.invoice(1)
        #expect(try rest.to == shop.market.agreement(number).until)
        #expect(rest.amount == Amount(rest.to.value - rest.from.value))
    }

    /// Whoever pays when it likes: every moment at which access is open lies in exactly one invoice, which costs by time;
    /// also where bills and reminders wait for weeks, and a first payment comes in between.
    @Test(arguments: 1...8 as ClosedRange<UInt64>, [false, true])
    func openAccessIsBilledOnce(seed: UInt64, isLate: Bool) throws {
        var generator = SeededGenerator(seed: seed)
        func pick(_ count: UInt64) -> UInt64 { generator.next() % count }
        var shop = try Shop()
        let price = Amount(1 + pick(1_000_000))
        let plan = PricePlan(
            .recurring, currency: Market.currency, price: price, periodDays: UInt16(7 + pick(24)),
            dueDays: UInt16(1 + pick(30)), paysFirst: seed % 2 == 0)
        let number = try shop.agree(plan, days: 250)
        let agreement = try shop.market.agreement(number)
        var seen = (open: 0, closed: 0)
        var reference: UInt8 = 0
        var opened: [Timestamp] = []
        var held = agreement.from
        while true {
            shop.market.bench.advance(milliseconds: pick(2 * Self.day))
            let now = shop.market.bench.nextBlock.time
            if isLate, pick(12) == 0 { held = now.adding(milliseconds: pick(25 * Self.day)) }
            shop.market.bench.parameters.scheduledCallsMax = now < held ? 0 : ChainParameters().scheduledCallsMax
            try shop.market.bench.runBlock()
            for index in 0..<(try shop.market.invoiceCount) where pick(20) == 0 {
                let outstanding = try shop.market.invoice(index).outstanding
                guard outstanding > 0 else { continue }
                reference += 1
                #expect(shop.confirm(index, outstanding, reference) == nil)
            }
            guard shop.market.bench.time < agreement.until else { break }
            guard try shop.refusal(number) == nil else {
                seen.closed += 1
                continue
            }
            seen.open += 1
            opened.append(shop.market.bench.time)
            if !isLate { try expectBilledOnce([shop.market.bench.time], shop, "seed \(seed)") }
        }
        shop.market.bench.parameters.scheduledCallsMax = ChainParameters().scheduledCallsMax
        for _ in 0..<20 { try shop.market.bench.runBlock() }
        try expectBilledOnce(opened, shop, "seed \(seed)")
        #expect(seen.open > 0 && seen.closed > 0, "seed \(seed): \(seen)")
        let period = UInt64(plan.periodDays) * Self.day
        var end = agreement.from
        for index in 0..<(try shop.market.invoiceCount) {
            let invoice = try shop.market.invoice(index)
            let start = agreement.from.value + (invoice.from.value - agreement.from.value) / period * period
            let whole = min(start + period, agreement.until.value) - start
            let expected = price * Amount(invoice.to.value - invoice.from.value) / Amount(whole)
            #expect(invoice.amount == expected && invoice.from >= end, "seed \(seed), invoice \(index)")
            end = invoice.to
        }
    }

    func expectBilledOnce(_ opened: [Timestamp], _ shop: Shop, _ place: Comment) throws {
        let invoices = try (0..<(try shop.market.invoiceCount)).map { try shop.market.invoice($0) }
        for moment in opened {
            #expect(invoices.count { $0.from <= moment && moment < $0.to } == 1, place)
        }
    }

    /// What was read before the payment went back is what the next payment is for.
    @Test func aFirstPaymentForWhatWasRead() throws {
        var shop = try Shop()
        let plan = Market.plan(.recurring, 1_000, periodDays: 30, paysFirst: true)
        let number = try shop.agree(plan, days: 120)
        let from = try shop.market.agreement(number).from
        #expect(shop.confirm(0, 1_000, 1) == nil)
        let log = LogAccess(
            agreement: number, dataSet: shop.set, root: .zero, accesses: 1, energy: 0, from: from,
            to: from.adding(milliseconds: 1))
        try shop.market.bench.send(Agreements.logAccess, to: Self.on, log, as: "metrics")
        let reversal = ReversePayment(receipt: 0, reason: 1)
        try shop.market.bench.send(Billing.reverse, to: WellKnown.billing, reversal, as: "payco")
        try shop.market.pass(days: 45)
        #expect(shop.confirm(0, 1_000, 2) == nil)
        let first = try shop.market.invoice(0)
        #expect(first.from == from && first.credited == 0)
        let rest = try shop.market.invoice(1)
        #expect(rest.from == shop.market.bench.time && rest.to == from.adding(days: 60 as UInt32))
        #expect(try shop.refusal(number) == nil)
    }
}
