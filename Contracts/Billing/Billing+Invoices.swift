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
    /// disputed in time, may open access; what access waits for, or waited for, opens it by being settled alone.
    static func close(_ invoice: Invoice, _ context: Context) throws(Rejection) {
        guard let bill = try bills.get(invoice.agreement, in: context) else { throw documentUnknown() }
        var changed = invoice
        let isSettled = invoice.state == .open && invoice.outstanding == 0
        if invoice.outstanding == 0 { changed.state = invoice.paid > invoice.refunded ? .paid : .credited }
        let isFirst = bill.isFirst(invoice)
        var opens = invoice.isClosing && invoice.outstanding <= invoice.disputed
        if opens, !isSettled {
            let isInTime = try disputes.get(invoice.number, in: context)?.wasInTime ?? false
            opens = isInTime && !isFirst
        }
        if opens { changed.isClosing = false }
        try store(changed, context)
        if isSettled { try context.cancel(invoice.reminder) }
        guard isSettled || opens else { return }
        let buys = try buys(changed, context)
        let isPaid = try isPaid(after: changed, bill, context)
        let waits = isFirst && !buys && (bill.awaits || !isPaid)
        try change(invoice.agreement, context) { (bill) throws(Rejection) in
            if opens { bill.overdue = try checked(bill.overdue.subtracting(1)) }
            guard isSettled else { return }
            if buys { bill.awaits = false } else if waits { bill.awaits = true }
        }
    }

    /// Whether what became of an invoice opens access that waits: not where a decision credited more of it than was paid
    /// and stayed. Whom a decision spares the price it gives nothing, whatever little was paid, before it or after.
    static func buys(_ invoice: Invoice, _ context: Context) throws(Rejection) -> Bool {
        let decided = try disputes.get(invoice.number, in: context)?.credit ?? 0
        return decided <= invoice.paid - invoice.refunded
    }

    /// Whether the newest invoice is a later one than the first, and paid: then access waits for the first one no longer.
    static func isPaid(
        after first: Invoice, _ bill: AgreementBill, _ context: Context
    ) throws(Rejection) -> Bool {
        guard let last = bill.last, last != first.number else { return false }
        let newest = try invoice(last, context)
        let buys = try buys(newest, context)
        return buys && newest.state == .paid
    }

    /// Changes the billing of an agreement, and tells Agreements when that opens or closes access. Periods that began are
    /// billed before that, by what access was until now; what opens in a period that was not billed is billed.
    static func change(
        _ agreement: UInt64, _ context: Context, _ body: (inout AgreementBill) throws(Rejection) -> Void
    ) throws(Rejection) {
        guard var bill = try bills.get(agreement, in: context) else { throw documentUnknown() }
        // Agreements reads the answer of its own call, ends what it calls for, and has what is late billed before.
        let isOwn = context.caller.origin != .instance(WellKnown.agreements)
        var changed = bill
        try body(&changed)
        let isTold = isOwn && changed.standing != bill.standing
        if isTold {
            try billLate(&bill, context)
            try body(&bill)
            if bill.standing == .clear { try billRest(&bill, context) }
        } else {
            bill = changed
        }
        try store(bill, context)
        guard isTold else { return }
        _ = try context.send(
            AgreementMessages.setPayment, to: WellKnown.agreements,
            PaymentChange(agreement: agreement, payment: bill.standing))
    }
}
