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
        bill.first = bill.first ?? number
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
    /// disputed in time, may open access; what access waits for, or waited for, opens it by being settled alone, and then
    /// only by a payment: what Agreements ends, or a seller credits, opens none that waits.
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
        var change = AccessChange(overdue: opens ? -1 : 0)
        change.paidLater = try paidLater(bill, from: invoice, to: changed, context)
        if isSettled, bill.plan.paysFirst {
            let buys = try buys(changed, context)
            if buys, changed.state == .paid, !context.isEnding {
                if bill.awaits { change.awaits = false }
                if isFirst || bill.awaits { change.isVoid = !isFirst }
            } else if isFirst, !buys {
                change.isVoid = true
                if bill.paidLater == 0 { change.awaits = true }
            }
        }
        try self.change(invoice.agreement, by: change, context)
        // Access that waited opens by a later invoice: what was paid for the first one bought nothing.
        if change.awaits == false, !isFirst, let first = bill.first {
            try giveBack(first, BillingEnd.expired, context)
        }
    }

    /// The change of `AgreementBill.paidLater`.
    static func paidLater(
        _ bill: AgreementBill, from before: Invoice, to after: Invoice, _ context: Context
    ) throws(Rejection) -> Int64 {
        guard bill.plan.paysFirst, !bill.isFirst(after), before.state != after.state,
            try !(disputes.get(after.number, in: context)?.spares ?? false)
        else { return 0 }
        return (after.state == .paid ? 1 : 0) - (before.state == .paid ? 1 : 0)
    }

    /// Whether what became of an invoice opens access that waits, once it is settled: not where a decision about what was not
    /// paid credited more of it than it left, judged when it was made; nor where a decision, or an end, left nothing of what
    /// was paid. Whom a decision spares the price it gives nothing, whatever little was paid, before it or after.
    static func buys(_ invoice: Invoice, _ context: Context) throws(Rejection) -> Bool {
        guard let dispute = try disputes.get(invoice.number, in: context) else { return true }
        return !dispute.spares && (dispute.credit == 0 || invoice.paid > invoice.refunded)
    }

    /// Credits all that is left of an invoice where nobody read in its time: access never opened in it, or by a payment that
    /// was taken back. Answers whether nobody did.
    @discardableResult
    static func giveBack(_ number: UInt64, _ reason: UInt16, _ context: Context) throws(Rejection) -> Bool {
        let invoice = try invoice(number, context)
        guard try accesses(for: invoice, context) == 0 else { return false }
        try creditRest(of: invoice, after: invoice.from, reason, context)
        return true
    }

    /// Changes the billing of an agreement, and tells Agreements when that opens or closes access. Periods that began are
    /// billed before that, by what access was until now (`isBilled`: they were); what opens in a period that was not billed
    /// is billed. Nothing happens where nothing changes.
    static func change(
        _ agreement: UInt64, by change: AccessChange, isBilled: Bool = false, _ context: Context
    ) throws(Rejection) {
        guard var bill = try bills.get(agreement, in: context) else { throw documentUnknown() }
        // Agreements reads the answer of its own call, ends what it calls for, and has what is late billed before.
        let changed = try checked(bill.applying(change))
        guard changed != bill else { return }
        let isTold = !context.isEnding && changed.standing != bill.standing
        if isTold, !isBilled { try billLate(&bill, context) }
        bill = try checked(bill.applying(change))
        if isTold, bill.standing == .clear { try billRest(&bill, context) }
        try store(bill, context)
        guard isTold else { return }
        _ = try context.send(
            AgreementMessages.setPayment, to: WellKnown.agreements,
            PaymentChange(agreement: agreement, payment: bill.standing))
    }
}

extension Context {
    /// Whether this is a call of Agreements: it begins or ends an agreement.
    fileprivate var isEnding: Bool { caller.origin == .instance(WellKnown.agreements) }
}
