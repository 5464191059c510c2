package import ContractKit
package import Primitives

/// What a call changes of an agreement's billing that decides over access.
struct AccessChange: Hashable {
    /// Invoices that close access from now on, less those that no longer do.
    var overdue: Int64 = 0
    /// The same of `AgreementBill.paidLater`.
    var paidLater: Int64 = 0
    /// What `AgreementBill.awaits` and `isVoid` are from now on; nil: as before.
    var awaits: Bool?
    var isVoid: Bool?
}

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
    /// Whether access waits for its first payment.
    package var awaits: Bool
    /// Whether the first invoice bought nothing: access waits where none of the later ones is paid.
    package var isVoid: Bool
    /// Where the plan is paid first: how many of the later invoices are paid, and no decision spared.
    package var paidLater: UInt32
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
    /// The first and the newest invoice.
    package var first: UInt64?
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
        isVoid = false
        paidLater = 0
        overdue = 0
        accesses = 0
        energy = 0
        amount = 0
        isClosed = false
        creditsFrom = nil
        first = nil
        last = nil
        next = ScheduleID(time: from, sequence: 0)
    }

    /// What it lets the agreement do.
    package var standing: PaymentStanding { overdue > 0 ? .overdue : awaits ? .awaited : .clear }

    /// Whether access waits for this invoice: the first one, where the plan is paid first.
    package func isFirst(_ invoice: Invoice) -> Bool { plan.paysFirst && invoice.number == first }

    /// The same with a change. Throws where a count would leave its range.
    func applying(_ change: AccessChange) throws(ArithmeticOverflow) -> AgreementBill {
        func count(_ before: UInt32, _ difference: Int64) throws(ArithmeticOverflow) -> UInt32 {
            guard let after = UInt32(exactly: try Int64(before).adding(difference)) else { throw ArithmeticOverflow() }
            return after
        }
        var bill = self
        bill.overdue = try count(overdue, change.overdue)
        bill.paidLater = try count(paidLater, change.paidLater)
        bill.awaits = change.awaits ?? awaits
        bill.isVoid = change.isVoid ?? isVoid
        return bill
    }

    package static let shape = Shape.fields(
        "AgreementBill", ("agreement", .u64), ("seller", .digest), ("buyer", .digest), ("plan", PricePlan.shape),
        ("from", .u64), ("until", .u64), ("periods", .u32), ("invoices", .u32), ("awaits", .bool),
        ("isVoid", .bool), ("paidLater", .u32), ("overdue", .u32),
        ("accesses", .u64), ("energy", .i64), ("amount", .i64), ("isClosed", .bool), ("creditsFrom", .option(.u64)),
        ("first", .option(.u64)), ("last", .option(.u64)), ("next", ScheduleID.shape))
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
        encoder.bool(isVoid)
        encoder.u32(paidLater)
        encoder.u32(overdue)
        encoder.u64(accesses)
        encoder.i64(energy)
        encoder.i64(amount)
        encoder.bool(isClosed)
        encoder.option(creditsFrom)
        encoder.option(first.map { Height($0) })
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
        isVoid = try decoder.bool()
        paidLater = try decoder.u32()
        overdue = try decoder.u32()
        accesses = try decoder.u64()
        energy = try decoder.i64()
        amount = try decoder.i64()
        isClosed = try decoder.bool()
        creditsFrom = try decoder.option()
        first = try decoder.option(Height.self)?.value
        last = try decoder.option(Height.self)?.value
        next = try ScheduleID(from: &decoder)
    }
}
