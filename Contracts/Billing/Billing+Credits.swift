internal import Chain
internal import ContractKit
internal import Primitives

extension Billing {
    /// Open debts of a seller that are counted before a later one.
    static let olderDebtsMax = 64

    static func credit(_ context: Context, _ request: Signed<CreditInvoice>) throws(Rejection) -> DocumentNumber {
        let seller = try context.authorise(request, as: credit.number, needing: .billing)
        let invoice = try invoice(request.body.invoice, context)
        try require(invoice.seller == seller, notSeller())
        try require(!invoice.isDisputed, disputed())
        try require(request.body.reason > 0, reasonMissing())
        try requirePayment(of: invoice, less: request.body.amount, context)
        let note = try credit(invoice, request.body.amount, request.body.reason, by: seller, context)
        return DocumentNumber(note.number)
    }

    /// Access that waits for its payment opens by nothing that the seller does: what it credits, or gives in to, leaves the
    /// buyer the last of an invoice that would open it. A later one of which nothing was paid it credits whole, which opens
    /// nothing.
    static func requirePayment(
        of invoice: Invoice, less amount: Amount, _ context: Context
    ) throws(Rejection) {
        guard let bill = try bills.get(invoice.agreement, in: context), bill.awaits, invoice.outstanding > 0,
            amount >= invoice.outstanding, bill.isFirst(invoice) || invoice.paid > invoice.refunded,
            try !(context.agreement(invoice.agreement)?.state.isEnded ?? true)
        else { return }
        throw paymentAwaited()
    }

    /// First what is outstanding falls away, then what was paid goes back into the buyer's cash. What the seller's free
    /// cash, and `released`, do not reach, it owes. `released` is the part of its cash that a dispute of this invoice held.
    static func credit(
        _ invoice: Invoice, _ amount: Amount, _ reason: UInt16, by holder: Digest, released: Amount = 0,
        _ context: Context
    ) throws(Rejection) -> CreditNote {
        try require(amount > 0, amountWrong())
        try require(amount <= invoice.amount - invoice.credited, aboveInvoice())
        let unpaid = min(amount, invoice.outstanding)
        let refund = amount - unpaid
        let given = min(refund, try reach(of: invoice.seller, invoice.currency, released: released, context))
        let owed = refund - given
        let number = try next(\.creditNotes, context)
        let note = CreditNote(
            number: number, invoice: invoice, amount: amount, refunded: refund, owed: owed, reason: reason, by: holder,
            time: context.time)
        try creditNotes.set(number, note, in: context)
        if refund > 0 { try link(note, context) }
        try context.emit(credited, note)
        let lines = [
            JournalLine(invoice.seller, .income, amount), JournalLine(invoice.buyer, .expense, -amount),
            JournalLine(invoice.seller, .receivable, -unpaid), JournalLine(invoice.buyer, .payable, unpaid),
            JournalLine(invoice.seller, .cash, -given), JournalLine(invoice.buyer, .cash, given),
            JournalLine(invoice.seller, .payable, -owed), JournalLine(invoice.buyer, .receivable, owed),
        ]
        try post(lines, invoice.currency, .credit, number, context)
        if owed > 0 {
            let debt = RefundDebt(
                number: try next(\.debts, context), creditNote: number, invoice: invoice, amount: owed)
            try store(debt, adding: owed, context)
        }
        var changed = invoice
        changed.credited = try checked(invoice.credited.adding(amount))
        changed.refunded = try checked(invoice.refunded.adding(refund))
        try close(changed, context)
        return note
    }

    /// The seller gives, or the buyer takes, what is owed of a refund, out of the seller's cash.
    static func payRefund(_ context: Context, _ request: Signed<PayRefund>) throws(Rejection) -> Nothing {
        let party = try context.authorise(request, as: payRefund.number, needing: .billing, scope: .takesBack)
        let amount = request.body.amount
        guard var debt = try debts.get(request.body.debt, in: context) else { throw documentUnknown() }
        // Who waits behind the oldest debt has it paid, so that nobody is locked out by what others leave unpaid.
        let isOldest = try isOldest(debt, context)
        try require(party == debt.seller || party == debt.buyer || isOldest, debtForeign())
        try require(amount > 0, amountWrong())
        try require(amount <= debt.outstanding, aboveOutstanding("\(debt.outstanding) micro-units"))
        try requireOlder(than: debt, amount, context)
        let lines = [
            JournalLine(debt.seller, .cash, -amount), JournalLine(debt.seller, .payable, amount),
            JournalLine(debt.buyer, .cash, amount), JournalLine(debt.buyer, .receivable, -amount),
        ]
        try post(lines, debt.currency, .refund, debt.number, context)
        debt.paid = try checked(debt.paid.adding(amount))
        try store(debt, adding: -amount, context)
        return Nothing()
    }

    /// What a holder owes of refunds stays in its cash: it neither pays others with it nor takes it out. `released` is the
    /// part of its cash that was just released for something else.
    static func requireFree(
        _ amount: Amount, _ currency: Currency, of holder: Digest, released: Amount = 0, _ context: Context
    ) throws(Rejection) {
        let owed = try owed.get(Pair(holder, currency), in: context)?.amount ?? 0
        guard owed > 0, amount > 0 else { return }
        let free = try cash(of: holder, currency, context) - Int128(released)
        try require(free - Int128(amount) >= owed, refundOwed())
    }

    /// Cash of a holder that no debt waits for, and what was just released for the purpose.
    static func reach(
        of holder: Digest, _ currency: Currency, released: Amount = 0, _ context: Context
    ) throws(Rejection) -> Amount {
        let owed = try owed.get(Pair(holder, currency), in: context)?.amount ?? 0
        let free = try cash(of: holder, currency, context) - Int128(released) - owed
        return Amount(clamping: Int128(released) + max(0, free))
    }

    /// What the seller owes by older debts stays for them. Where more than `olderDebtsMax` of them are open, they come first.
    private static func requireOlder(
        than debt: RefundDebt, _ amount: Amount, _ context: Context
    ) throws(Rejection) {
        let older = try older(than: debt, limit: olderDebtsMax, context)
        guard older.isComplete else { throw refundOwed("older ones come first") }
        guard older.sum > 0 else { return }
        let cash = try cash(of: debt.seller, debt.currency, context)
        try require(cash - Int128(amount) >= older.sum, refundOwed("older ones come first"))
    }

    private static func store(
        _ debt: RefundDebt, adding amount: Amount, _ context: Context
    ) throws(Rejection) {
        let key = Pair(debt.seller, debt.currency)
        let sum = (try owed.get(key, in: context)?.amount ?? 0) + Int128(amount)
        try owed.set(key, Balance(sum), in: context)
        if debt.paid == 0 { try enqueue(debt, context) }
        if debt.outstanding == 0 { try dequeue(debt, context) }
        try debts.set(debt.number, debt, in: context)
        try context.emit(debtChanged, debt)
    }
}
