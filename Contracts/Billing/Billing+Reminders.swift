internal import Chain
internal import ContractKit
internal import Primitives

extension Billing {
    /// From the first reminder to the closing of access, and from there to default.
    static let overdueDays: UInt32 = 7
    static let defaultDays: UInt32 = 14

    static func remind(_ context: Context, _ request: Reminder) throws(Rejection) -> Nothing {
        var invoice = try invoice(request.invoice, context)
        // Reminded anew in the meantime: nothing to do.
        guard invoice.reminder.time == request.time else { return Nothing() }
        try context.requireSchedule(of: invoice.reminder)
        // Nor where it is paid, or disputed as far as it is open; nor is anybody reminded of what no payment reaches.
        guard invoice.outstanding > invoice.disputed,
            try context.isReachable(invoice.seller)
        else { return Nothing() }
        // An invoice that was defaulted and no longer closes access, for its dispute, closes it again.
        guard let next = invoice.dunning.next ?? (invoice.isClosing ? nil : .defaulted) else { return Nothing() }
        invoice.dunning = next
        if next == .reminded { try schedule(&invoice, afterDays: overdueDays, context) }
        if next == .overdue { try schedule(&invoice, afterDays: defaultDays, context) }
        if next.isLate, !invoice.isClosing {
            invoice.isClosing = true
            try change(invoice.agreement, by: AccessChange(overdue: 1), context)
        }
        try store(invoice, context)
        return Nothing()
    }

    static func schedule(_ invoice: inout Invoice, afterDays days: UInt32, _ context: Context) throws(Rejection) {
        try schedule(&invoice, at: context.time.adding(days: days), context)
    }

    static func schedule(_ invoice: inout Invoice, at time: Timestamp, _ context: Context) throws(Rejection) {
        invoice.reminder = try context.schedule(
            remind.message, Reminder(invoice: invoice.number, time: time), at: time)
    }
}
