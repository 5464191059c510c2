internal import Chain
internal import ContractKit
internal import Primitives

extension Billing {
    /// How long a gateway may take a payment back that it booked by mistake.
    static let reversalDays: UInt32 = 14

    /// The gateway takes a payment back that it booked by mistake: the whole of it, out of the seller's free cash, and out of
    /// the buyer's what went back to it since. The invoice is open again, and what its payment opened is closed.
    static func reverse(_ context: Context, _ request: ReversePayment) throws(Rejection) -> Nothing {
        let partner = try context.requirePartner(with: .paymentGateway)
        guard let receipt = try receipts.get(request.receipt, in: context) else { throw documentUnknown() }
        try require(receipt.method == .gateway && receipt.gateway == partner, reversalForeign())
        try require(context.time <= receipt.time.adding(days: reversalDays), reversalLate())
        try require(!reversals.contains(receipt.number, in: context), reversedBefore())
        try require(request.reason > 0, reasonMissing())
        let before = try invoice(receipt.invoice, context)
        var invoice = before
        let amount = receipt.amount
        // What went back to the buyer since it gives back: not while it waits for a part of that.
        let kept = min(amount, invoice.paid - invoice.refunded)
        let returned = amount - kept
        if returned > 0 {
            let owed = try owed.get(Pair(invoice.seller, invoice.currency), in: context)?.amount ?? 0
            try require(owed == 0, reversalSpent())
            try requireFree(returned, invoice.currency, of: invoice.buyer, context)
        }
        let isReminding =
            invoice.outstanding > invoice.disputed && (invoice.isClosing || !invoice.dunning.isLate)
        // What a dispute holds of this payment goes back with it; else the buyer would keep the payment by disputing it.
        // What it needs for the others stays held.
        var dispute = invoice.isDisputed ? try openDispute(invoice, context) : nil
        let held = dispute?.held ?? 0
        let bound = min(held, max(0, invoice.disputed - invoice.outstanding - kept))
        if var open = dispute {
            try release(&open, &invoice, context)
            dispute = open
        }
        let beyond = max(0, kept - (held - bound))
        try requireFree(beyond, invoice.currency, of: invoice.seller, released: held, context)
        let reversal = PaymentReversal(receipt, reason: request.reason, time: context.time)
        try reversals.set(receipt.number, reversal, in: context)
        try context.emit(reversed, reversal)
        let lines = [
            JournalLine(invoice.seller, .cash, -kept), JournalLine(invoice.seller, .receivable, kept),
            JournalLine(invoice.buyer, .payable, -kept), JournalLine(invoice.buyer, .cash, -returned),
            JournalLine(LedgerAccount.gateway(partner), .clearing, amount),
        ]
        try post(lines, invoice.currency, .reversal, receipt.number, context)
        invoice.paid = try checked(invoice.paid.subtracting(amount))
        invoice.refunded = try checked(invoice.refunded.subtracting(returned))
        if invoice.outstanding > 0 {
            invoice.state = .open
        } else if invoice.paid == invoice.refunded {
            invoice.state = .credited
        }
        if var open = dispute {
            try hold(&open, &invoice, released: bound, context)
            try store(open, context)
        }
        try correctNotes(of: invoice.number, by: returned, context)
        try reopen(invoice, before, wasReminding: isReminding, context)
        return Nothing()
    }

    /// Stores an invoice that a reversal opened, and closes what its payment had opened: access waits again where no other
    /// invoice was billed, or the first one bought nothing and no later one is paid; a late invoice closes access at once, as
    /// does a first one after which others were billed, whatever of them is disputed since they were late. Else reminders go
    /// on, after a week that an invoice has once: whoever books and takes back again and again gives no more access away.
    private static func reopen(
        _ invoice: Invoice, _ before: Invoice, wasReminding: Bool, _ context: Context
    ) throws(Rejection) {
        guard var bill = try bills.get(invoice.agreement, in: context) else { throw documentUnknown() }
        // Which invoices there are does not depend on who came first, the bill or the reversal.
        let known = bill
        try billLate(&bill, context)
        if bill != known { try store(bill, context) }
        var invoice = invoice
        var change = AccessChange(paidLater: try paidLater(bill, from: before, to: invoice, context))
        let runs = try !(context.agreement(invoice.agreement)?.state.isEnded ?? true)
        let isOpen = invoice.outstanding > 0
        var isFirst = bill.isFirst(invoice) && !bill.awaits
        // One of which a decision left nothing to pay is not paid either once its payment went back.
        let buys = try buys(invoice, context)
        if bill.isFirst(invoice), !isOpen, !buys { change.isVoid = true }
        let after = try checked(bill.applying(change))
        let rests = (before.state == .paid || !buys) && after.isVoid && after.paidLater == 0
        if runs, isFirst && isOpen ? bill.invoices == 1 : rests {
            change.awaits = true
            isFirst = false
        }
        let isInTime = invoice.isDisputed ? try openDispute(invoice, context).wasInTime : false
        let isLate = invoice.dunning.isLate && (invoice.outstanding > invoice.disputed || !isInTime)
        let closes = runs && isOpen && !invoice.isClosing && (isLate || isFirst)
        if closes || (!wasReminding && invoice.outstanding > invoice.disputed) {
            try context.cancel(invoice.reminder)
        }
        if closes {
            change.overdue = 1
            invoice.isClosing = true
            if invoice.dunning != .defaulted { invoice.dunning = .overdue }
            // What is disputed as far as it is open is reminded of when that is decided.
            if invoice.dunning != .defaulted, invoice.outstanding > invoice.disputed {
                try schedule(&invoice, afterDays: defaultDays, context)
            }
        } else if !wasReminding, invoice.outstanding > invoice.disputed {
            let isKnown = try reopened.contains(invoice.number, in: context)
            try reopened.set(invoice.number, context.height, in: context)
            let next =
                isKnown ? max(invoice.reminder.time, context.time.next) : context.time.adding(days: overdueDays)
            try schedule(&invoice, at: max(invoice.due, next), context)
        }
        try store(invoice, context)
        try self.change(invoice.agreement, by: change, isBilled: true, context)
    }
}
