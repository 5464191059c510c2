internal import Chain
internal import ContractKit
internal import Primitives

extension Billing {
    /// How long a gateway may take a payment back that it booked by mistake.
    static let reversalDays: UInt32 = 14

    /// The gateway takes a payment back that it booked by mistake: the whole of it, out of the seller's free cash. The
    /// invoice is open again, and reminders go on.
    static func reverse(_ context: Context, _ request: ReversePayment) throws(Rejection) -> Nothing {
        let partner = try context.requirePartner(with: .paymentGateway)
        guard let receipt = try receipts.get(request.receipt, in: context) else { throw documentUnknown() }
        try require(receipt.method == .gateway && receipt.gateway == partner, reversalForeign())
        try require(context.time <= receipt.time.adding(days: reversalDays), reversalLate())
        try require(!reversals.contains(receipt.number, in: context), reversedBefore())
        try require(request.reason > 0, reasonMissing())
        var invoice = try invoice(receipt.invoice, context)
        try require(!invoice.isDisputed, disputed())
        let amount = receipt.amount
        try require(amount <= invoice.paid - invoice.refunded, reversalSpent())
        try requireFree(amount, invoice.currency, of: invoice.seller, context)
        let reversal = PaymentReversal(receipt, reason: request.reason, time: context.time)
        try reversals.set(receipt.number, reversal, in: context)
        try context.emit(reversed, reversal)
        let lines = [
            JournalLine(invoice.seller, .cash, -amount), JournalLine(invoice.seller, .receivable, amount),
            JournalLine(invoice.buyer, .payable, -amount),
            JournalLine(LedgerAccount.gateway(partner), .clearing, amount),
        ]
        try post(lines, invoice.currency, .reversal, receipt.number, context)
        let isReminding = invoice.state == .open && (invoice.isClosing || !invoice.dunning.isLate)
        invoice.paid = try checked(invoice.paid.subtracting(amount))
        invoice.state = .open
        if !isReminding {
            try context.cancel(invoice.reminder)
            try schedule(&invoice, at: max(invoice.due, context.time.adding(days: overdueDays)), context)
        }
        try store(invoice, context)
        return Nothing()
    }
}
