internal import Chain
internal import ContractKit
internal import Primitives

extension Billing {
    /// Nothing is billed for a seller whom no payment reaches.
    static func issue(
        _ bill: inout AgreementBill, _ kind: InvoiceKind, _ amount: Amount, from: Timestamp, to: Timestamp,
        accesses: UInt64 = 0, energy: Energy = 0, _ context: Context
    ) throws(Rejection) {
        guard try context.isReachable(bill.seller) else { return }
        let number = try next(\.invoices, context)
        var invoice = Invoice(
            number: number, bill: bill, kind: kind, amount: amount, from: from, to: to, accesses: accesses,
            energy: energy, issued: context.time, due: context.time.adding(days: bill.plan.dueDays))
        bill.invoices = try checked(bill.invoices.adding(1))
        bill.last = number
        let lines = [
            JournalLine(bill.seller, .receivable, amount), JournalLine(bill.seller, .income, -amount),
            JournalLine(bill.buyer, .expense, amount), JournalLine(bill.buyer, .payable, -amount),
        ]
        try post(lines, bill.plan.currency, .invoice, number, context)
        invoice.reminder = try context.schedule(
            remind.message, Reminder(invoice: number, time: invoice.due), at: invoice.due)
        try store(invoice, context)
    }

    // MARK: Parts

    static func invoice(_ number: UInt64, _ context: Context) throws(Rejection) -> Invoice {
        guard let invoice = try invoices.get(number, in: context) else { throw documentUnknown("invoice \(number)") }
        return invoice
    }

    static func store(_ invoice: Invoice, _ context: Context) throws(Rejection) {
        try invoices.set(invoice.number, invoice, in: context)
        try context.emit(invoiceChanged, invoice)
    }

    static func store(_ bill: AgreementBill, _ context: Context) throws(Rejection) {
        try bills.set(bill.agreement, bill, in: context)
        try context.emit(billChanged, bill)
    }

    /// Stores an invoice whose parts changed; one with nothing outstanding is settled. Settling, or paying all but what was
    /// disputed in time, may open access. `begins`: whether an invoice that is credited whole opens access that waits for it.
    static func close(_ invoice: Invoice, begins: Bool = true, _ context: Context) throws(Rejection) {
        var changed = invoice
        let isSettled = invoice.state == .open && invoice.outstanding == 0
        if invoice.outstanding == 0 { changed.state = invoice.paid > invoice.refunded ? .paid : .credited }
        var opens = invoice.isClosing && invoice.outstanding <= invoice.disputed
        if opens, !isSettled { opens = try disputes.get(invoice.number, in: context)?.wasInTime ?? false }
        if opens { changed.isClosing = false }
        try store(changed, context)
        if isSettled { try context.cancel(invoice.reminder) }
        guard isSettled || opens else { return }
        try change(invoice.agreement, context) { (bill) throws(Rejection) in
            if opens { bill.overdue = try checked(bill.overdue.subtracting(1)) }
            let isFirst = isSettled && bill.awaits && invoice.from == bill.from
            if isFirst, begins || changed.state == .paid { bill.awaits = false }
        }
    }

    /// Changes the billing of an agreement, and tells Agreements when that opens or closes access. What opens in a period
    /// that was not billed is billed.
    static func change(
        _ agreement: UInt64, _ context: Context, _ body: (inout AgreementBill) throws(Rejection) -> Void
    ) throws(Rejection) {
        guard var bill = try bills.get(agreement, in: context) else { throw documentUnknown() }
        let before = bill.standing
        try body(&bill)
        // Agreements reads the answer of its own call, and ends what it calls for.
        let isTold = bill.standing != before && context.caller.origin != .instance(WellKnown.agreements)
        if isTold, bill.standing == .clear { try billRest(&bill, context) }
        try store(bill, context)
        guard isTold else { return }
        _ = try context.send(
            AgreementMessages.setPayment, to: WellKnown.agreements,
            PaymentChange(agreement: agreement, payment: bill.standing))
    }
}
