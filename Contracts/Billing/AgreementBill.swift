package import ContractKit
package import Primitives

/// How an agreement is billed.
package struct AgreementBill: Hashable, Sendable, ContractValue {
    package let agreement: UInt64
    package let seller: Digest
    package let buyer: Digest
    package let plan: PricePlan
    package let from: Timestamp
    /// As agreed; the agreement may end sooner.
    package let until: Timestamp
    /// Periods billed so far.
    package var periods: UInt32
    package var invoices: UInt32
    /// The first invoice, while access waits for it.
    package var awaits: Bool
    /// Invoices that are overdue or defaulted.
    package var overdue: UInt32
    /// Usage and money of usage billed so far.
    package var accesses: UInt64
    package var energy: Energy
    package var amount: Amount
    package var isClosed: Bool
    /// From when on nothing is owed for the agreement: its provider ended it, or could not deliver. Also for the period
    /// that is billed later.
    package var creditsFrom: Timestamp?
    /// The newest invoice.
    package var last: UInt64?
    /// The scheduled bill; a past one when none waits.
    package var next: ScheduleID

    init(_ start: BillingStart) {
        agreement = start.agreement
        seller = start.provider
        buyer = start.user
        plan = start.plan
        from = start.from
        until = start.until
        periods = 0
        invoices = 0
        awaits = start.plan.paysFirst
        overdue = 0
        accesses = 0
        energy = 0
        amount = 0
        isClosed = false
        creditsFrom = nil
        last = nil
        next = ScheduleID(time: from, sequence: 0)
    }

    /// What it lets the agreement do.
    package var standing: PaymentStanding { overdue > 0 ? .overdue : awaits ? .awaited : .clear }

    /// Whether access waits for this invoice: the first one, where the plan is paid first.
    package func isFirst(_ invoice: Invoice) -> Bool { plan.paysFirst && invoice.from == from }

    package static let shape = Shape.fields(
        "AgreementBill", ("agreement", .u64), ("seller", .digest), ("buyer", .digest), ("plan", PricePlan.shape),
        ("from", .u64), ("until", .u64), ("periods", .u32), ("invoices", .u32), ("awaits", .bool), ("overdue", .u32),
        ("accesses", .u64), ("energy", .i64), ("amount", .i64), ("isClosed", .bool), ("creditsFrom", .option(.u64)),
        ("last", .option(.u64)), ("next", ScheduleID.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(agreement)
        encoder.fixed(seller)
        encoder.fixed(buyer)
        encoder.value(plan)
        encoder.value(from)
        encoder.value(until)
        encoder.u32(periods)
        encoder.u32(invoices)
        encoder.bool(awaits)
        encoder.u32(overdue)
        encoder.u64(accesses)
        encoder.i64(energy)
        encoder.i64(amount)
        encoder.bool(isClosed)
        encoder.option(creditsFrom)
        encoder.option(last.map { Height($0) })
        encoder.value(next)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        agreement = try decoder.u64()
        seller = try decoder.digest()
        buyer = try decoder.digest()
        plan = try PricePlan(from: &decoder)
        from = try Timestamp(from: &decoder)
        until = try Timestamp(from: &decoder)
        periods = try decoder.u32()
        invoices = try decoder.u32()
        awaits = try decoder.bool()
        overdue = try decoder.u32()
        accesses = try decoder.u64()
        energy = try decoder.i64()
        amount = try decoder.i64()
        isClosed = try decoder.bool()
        creditsFrom = try decoder.option()
        last = try decoder.option(Height.self)?.value
        next = try ScheduleID(from: &decoder)
    }
}
