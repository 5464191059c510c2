package import ContractKit
package import Primitives

package enum InvoiceKind: UInt8, ContractCode {
    case oneTime = 0
    case recurring = 1
    case usage = 2
}

package enum InvoiceState: UInt8, ContractCode {
    /// Something is outstanding.
    case open = 0
    /// Nothing is outstanding, and something was paid and kept.
    case paid = 1
    /// Nothing is outstanding, by credit alone.
    case credited = 2
}

/// How far reminders went.
package enum DunningState: UInt8, ContractCode {
    case none = 0
    case reminded = 1
    /// Access is closed.
    case overdue = 2
    case defaulted = 3

    /// Access is closed.
    package var isLate: Bool { rawValue >= DunningState.overdue.rawValue }
    package var next: DunningState? { DunningState(rawValue: rawValue + 1) }
}

/// An invoice, as the ledger has it. With its proof it is a document that anyone checks with the genesis.
package struct Invoice: Hashable, Sendable, ContractValue {
    package let number: UInt64
    package let agreement: UInt64
    package let seller: Digest
    package let buyer: Digest
    package let kind: InvoiceKind
    package let currency: Currency
    /// Micro-units.
    package let amount: Amount
    /// The time that it is for.
    package let from: Timestamp
    package let to: Timestamp
    /// Usage that it is for; 0 for other kinds.
    package let accesses: UInt64
    package let energy: Energy
    package let issued: Timestamp
    package let due: Timestamp
    package var state: InvoiceState
    package var dunning: DunningState
    /// What an open dispute is about; 0 when there is none. Reminders go on for what is outstanding above it.
    package var disputed: Amount
    /// Whether it closes the access of its agreement.
    package var isClosing: Bool
    package var paid: Amount
    package var credited: Amount
    package var refunded: Amount
    /// The scheduled reminder; a past one when none waits.
    package var reminder: ScheduleID

    init(
        number: UInt64, bill: AgreementBill, kind: InvoiceKind, amount: Amount, from: Timestamp, to: Timestamp,
        accesses: UInt64, energy: Energy, issued: Timestamp, due: Timestamp
    ) {
        self.number = number
        agreement = bill.agreement
        seller = bill.seller
        buyer = bill.buyer
        self.kind = kind
        currency = bill.plan.currency
        self.amount = amount
        self.from = from
        self.to = to
        self.accesses = accesses
        self.energy = energy
        self.issued = issued
        self.due = due
        state = .open
        dunning = .none
        disputed = 0
        isClosing = false
        paid = 0
        credited = 0
        refunded = 0
        reminder = ScheduleID(time: due, sequence: 0)
    }

    /// What is still to be paid. The parts are bounded by the amount, so nothing overflows.
    package var isDisputed: Bool { disputed > 0 }
    package var outstanding: Amount { amount - credited - (paid - refunded) }

    package static let shape = Shape.fields(
        "Invoice", ("number", .u64), ("agreement", .u64), ("seller", .digest), ("buyer", .digest),
        ("kind", InvoiceKind.shape), ("currency", Currency.shape), ("amount", .i64), ("from", .u64), ("to", .u64),
        ("accesses", .u64), ("energy", .i64), ("issued", .u64), ("due", .u64), ("state", InvoiceState.shape),
        ("dunning", DunningState.shape), ("disputed", .i64), ("isClosing", .bool),
        ("paid", .i64), ("credited", .i64), ("refunded", .i64),
        ("reminder", ScheduleID.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.u64(agreement)
        encoder.fixed(seller)
        encoder.fixed(buyer)
        encoder.value(kind)
        encoder.value(currency)
        encoder.i64(amount)
        encoder.value(from)
        encoder.value(to)
        encoder.u64(accesses)
        encoder.i64(energy)
        encoder.value(issued)
        encoder.value(due)
        encoder.value(state)
        encoder.value(dunning)
        encoder.i64(disputed)
        encoder.bool(isClosing)
        encoder.i64(paid)
        encoder.i64(credited)
        encoder.i64(refunded)
        encoder.value(reminder)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        agreement = try decoder.u64()
        seller = try decoder.digest()
        buyer = try decoder.digest()
        kind = try InvoiceKind(from: &decoder)
        currency = try Currency(from: &decoder)
        amount = try decoder.i64()
        from = try Timestamp(from: &decoder)
        to = try Timestamp(from: &decoder)
        accesses = try decoder.u64()
        energy = try decoder.i64()
        issued = try Timestamp(from: &decoder)
        due = try Timestamp(from: &decoder)
        state = try InvoiceState(from: &decoder)
        dunning = try DunningState(from: &decoder)
        disputed = try decoder.i64()
        isClosing = try decoder.bool()
        paid = try decoder.i64()
        credited = try decoder.i64()
        refunded = try decoder.i64()
        reminder = try ScheduleID(from: &decoder)
        let isWhole =
            amount > 0 && (0...amount).contains(disputed) && (0...amount).contains(credited) && paid >= 0
            && (0...paid).contains(refunded)
            && paid - refunded <= amount - credited
        guard isWhole else { throw decoder.failure(.invalid("the parts of an invoice do not fit its amount")) }
    }
}
