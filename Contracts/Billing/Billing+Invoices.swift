internal import Chain
internal import ContractKit
internal import Primitives

extension Billing {
    /// From the first reminder to the closing of access, and from there to default.
    static let overdueDays: UInt32 = 7
    static let defaultDays: UInt32 = 14

    static func begin(_ context: Context, _ start: BillingStart) throws(Rejection) -> PaymentStanding {
        try require(context.caller.origin == .instance(WellKnown.agreements), notAgreements())
        var bill = AgreementBill(start)
        switch start.plan.kind {
        case .free: bill.isClosed = true
        case .oneTime:
            try issue(&bill, .oneTime, start.plan.price, from: start.from, to: start.until, context)
            bill.isClosed = true
        case .recurring:
            if start.plan.paysFirst || start.from <= context.time {
                try billPeriod(&bill, until: start.until, context)
            } else {
                try schedule(&bill, at: start.from, context)
            }
        case .perAccess, .perEnergy: try scheduleUsage(&bill, until: start.until, context)
        }
        try store(bill, context)
        return bill.standing
    }

    /// The start of a period, the first being 0.
    private static func start(of period: UInt32, _ bill: AgreementBill) throws(Rejection) -> Timestamp {
        bill.from.adding(days: try checked(period.multiplied(by: UInt32(bill.plan.periodDays))))
    }

    static func bill(_ context: Context, _ run: BillRun) throws(Rejection) -> Nothing {
        try context.requireSchedule()
        guard var bill = try bills.get(run.agreement, in: context), let agreement = try context.agreement(run.agreement)
        else { throw documentUnknown() }
        guard !bill.isClosed else { return Nothing() }
        if bill.plan.kind == .recurring {
            try billPeriod(&bill, until: agreement.until, context)
        } else {
            try billUsage(&bill, agreement, context)
        }
        try store(bill, context)
        return Nothing()
    }

    /// Bills the period that begins, a started one whole, and schedules the next one. Nothing is billed for a period that
    /// begins while access is closed by payment.
    private static func billPeriod(
        _ bill: inout AgreementBill, until: Timestamp, _ context: Context
    ) throws(Rejection) {
        let from = try start(of: bill.periods, bill)
        guard from < until else {
            bill.isClosed = true
            return
        }
        bill.periods = try checked(bill.periods.adding(1))
        let next = try start(of: bill.periods, bill)
        if bill.standing == .clear || bill.invoices == 0 {
            try issue(&bill, .recurring, bill.plan.price, from: from, to: min(next, until), context)
        }
        guard next < until else {
            bill.isClosed = true
            return
        }
        try schedule(&bill, at: max(next, context.time.next), context)
    }

    private static func billUsage(
        _ bill: inout AgreementBill, _ agreement: Agreement, _ context: Context
    ) throws(Rejection) {
        let from = try start(of: bill.periods, bill)
        bill.periods = try checked(bill.periods.adding(1))
        let to = min(try start(of: bill.periods, bill), agreement.until)
        let charge = try checked(
            bill.plan.usageCharge(accesses: agreement.accesses, energy: agreement.energy))
        let amount = try checked(charge.subtracting(bill.amount))
        if amount > 0 {
            let accesses = try checked(agreement.accesses.subtracting(bill.accesses))
            let energy = try checked(agreement.energy.subtracting(bill.energy))
            try issue(
                &bill, .usage, amount, from: min(from, to), to: to, accesses: accesses, energy: energy, context)
            bill.amount = charge
            bill.accesses = agreement.accesses
            bill.energy = agreement.energy
        }
        if agreement.until.adding(milliseconds: Agreement.usageDelayMilliseconds) <= context.time {
            bill.isClosed = true
        } else {
            try scheduleUsage(&bill, until: agreement.until, context)
        }
    }

    private static func scheduleUsage(
        _ bill: inout AgreementBill, until: Timestamp, _ context: Context
    ) throws(Rejection) {
        let end = min(try start(of: checked(bill.periods.adding(1)), bill), until)
        try schedule(
            &bill, at: max(end.adding(milliseconds: Agreement.usageDelayMilliseconds), context.time.next), context)
    }

    private static func schedule(
        _ bill: inout AgreementBill, at time: Timestamp, _ context: Context
    ) throws(Rejection) {
        bill.next = try context.schedule(Billing.bill.message, BillRun(agreement: bill.agreement), at: time)
    }

    /// The agreement ended: no bill for later periods, the last one for usage sooner, and what was billed for the
    /// time after the end goes back when the provider ended it.
    static func end(_ context: Context, _ request: BillingEnd) throws(Rejection) -> PaymentStanding {
        try require(context.caller.origin == .instance(WellKnown.agreements), notAgreements())
        guard var bill = try bills.get(request.agreement, in: context) else { throw documentUnknown() }
        if !bill.isClosed {
            if bill.plan.countsUsage {
                try context.cancel(bill.next)
                try scheduleUsage(&bill, until: request.until, context)
            } else if try start(of: bill.periods, bill) >= request.until {
                try context.cancel(bill.next)
                bill.isClosed = true
            }
            try store(bill, context)
        }
        if let number = bill.last, request.isCredited || bill.awaits {
            let invoice = try invoice(number, context)
            // Access that waited for its payment never opened, so nothing is owed for it.
            let end = bill.awaits ? invoice.from : request.until
            try creditRest(of: invoice, after: end, request.reason, context)
        }
        guard let after = try bills.get(request.agreement, in: context) else { throw documentUnknown() }
        return after.standing
    }

    private static func issue(
        _ bill: inout AgreementBill, _ kind: InvoiceKind, _ amount: Amount, from: Timestamp, to: Timestamp,
        accesses: UInt64 = 0, energy: Energy = 0, _ context: Context
    ) throws(Rejection) {
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

    // MARK: Reminders

    static func remind(_ context: Context, _ request: Reminder) throws(Rejection) -> Nothing {
        try context.requireSchedule()
        var invoice = try invoice(request.invoice, context)
        // Paid, disputed as far as it is open, or reminded anew in the meantime: nothing to do.
        guard invoice.outstanding > invoice.disputed, invoice.reminder.time == request.time,
            let next = invoice.dunning.next
        else { return Nothing() }
        invoice.dunning = next
        if next == .reminded { try schedule(&invoice, afterDays: overdueDays, context) }
        if next == .overdue { try schedule(&invoice, afterDays: defaultDays, context) }
        if next.isLate, !invoice.isClosing {
            invoice.isClosing = true
            try change(invoice.agreement, context) { (bill) throws(Rejection) in
                bill.overdue = try checked(bill.overdue.adding(1))
            }
        }
        try store(invoice, context)
        return Nothing()
    }

    static func schedule(_ invoice: inout Invoice, afterDays days: UInt32, _ context: Context) throws(Rejection) {
        let time = context.time.adding(days: days)
        invoice.reminder = try context.schedule(
            remind.message, Reminder(invoice: invoice.number, time: time), at: time)
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

    private static func store(_ bill: AgreementBill, _ context: Context) throws(Rejection) {
        try bills.set(bill.agreement, bill, in: context)
        try context.emit(billChanged, bill)
    }

    /// Stores an invoice whose parts changed; one with nothing outstanding is settled. Settling, or paying all but what was
    /// disputed in time, may open access.
    static func close(_ invoice: Invoice, _ context: Context) throws(Rejection) {
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
            if isSettled, bill.awaits, invoice.from == bill.from { bill.awaits = false }
        }
    }

    /// Changes the billing of an agreement, and tells Agreements when that opens or closes access.
    private static func change(
        _ agreement: UInt64, _ context: Context, _ body: (inout AgreementBill) throws(Rejection) -> Void
    ) throws(Rejection) {
        guard var bill = try bills.get(agreement, in: context) else { throw documentUnknown() }
        let before = bill.standing
        try body(&bill)
        try store(bill, context)
        // Agreements reads the answer of its own call.
        guard bill.standing != before, context.caller.origin != .instance(WellKnown.agreements) else { return }
        _ = try context.send(
            AgreementMessages.setPayment, to: WellKnown.agreements,
            PaymentChange(agreement: agreement, payment: bill.standing))
    }
}
