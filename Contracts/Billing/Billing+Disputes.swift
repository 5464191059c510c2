internal import Chain
internal import ContractKit
internal import Primitives

extension Billing {
    static let disputeDays: UInt32 = 60

    static func credit(_ context: Context, _ request: Signed<CreditInvoice>) throws(Rejection) -> DocumentNumber {
        let seller = try context.authorise(request, as: credit.number, needing: .billing)
        let invoice = try invoice(request.body.invoice, context)
        try require(invoice.seller == seller, notSeller())
        try require(!invoice.isDisputed, disputed())
        try require(request.body.reason > 0, reasonMissing())
        return try credit(invoice, request.body.amount, request.body.reason, by: seller, context)
    }

    /// First what is outstanding falls away, then what was paid goes back into the buyer's cash.
    private static func credit(
        _ invoice: Invoice, _ amount: Amount, _ reason: UInt16, by holder: Digest, _ context: Context
    ) throws(Rejection) -> DocumentNumber {
        try require(amount > 0, amountWrong())
        try require(amount <= invoice.amount - invoice.credited, aboveInvoice())
        let unpaid = min(amount, invoice.outstanding)
        let refund = amount - unpaid
        let number = try next(\.creditNotes, context)
        let note = CreditNote(
            number: number, invoice: invoice, amount: amount, refunded: refund, reason: reason, by: holder,
            time: context.time)
        try creditNotes.set(number, note, in: context)
        try context.emit(credited, note)
        let lines = [
            JournalLine(invoice.seller, .income, amount), JournalLine(invoice.buyer, .expense, -amount),
            JournalLine(invoice.seller, .receivable, -unpaid), JournalLine(invoice.buyer, .payable, unpaid),
            JournalLine(invoice.seller, .cash, -refund), JournalLine(invoice.buyer, .cash, refund),
        ]
        try post(lines, invoice.currency, .credit, number, context)
        var changed = invoice
        changed.credited = try checked(invoice.credited.adding(amount))
        changed.refunded = try checked(invoice.refunded.adding(refund))
        try close(changed, context)
        return DocumentNumber(number)
    }

    static func dispute(_ context: Context, _ request: Signed<DisputeInvoice>) throws(Rejection) -> Nothing {
        let buyer = try context.authorise(request, as: dispute.number, needing: .billing, takesBack: true)
        let body = request.body
        var invoice = try invoice(body.invoice, context)
        try require(invoice.buyer == buyer, notBuyer())
        try require(!disputes.contains(invoice.number, in: context), disputeExists())
        try require(context.time <= max(invoice.issued, invoice.to).adding(days: disputeDays), disputeLate())
        try require(body.amount > 0, amountWrong())
        try require(body.amount <= invoice.amount - invoice.credited, aboveInvoice())
        try require(body.reason > 0, reasonMissing())
        // What a credit of the disputed amount would have to give back.
        let refund = max(0, body.amount - invoice.outstanding)
        let held = min(refund, try cash(of: invoice.seller, invoice.currency, context))
        let lines = [JournalLine(invoice.seller, .cash, -held), JournalLine(invoice.seller, .held, held)]
        try post(lines, invoice.currency, .hold, invoice.number, context)
        invoice.isDisputed = true
        try context.cancel(invoice.reminder)
        try store(invoice, context)
        try store(Dispute(body, held: held, opened: context.time), context)
        return Nothing()
    }

    static func resolve(_ context: Context, _ request: Signed<ResolveDispute>) throws(Rejection) -> Nothing {
        let body = request.body
        var invoice = try invoice(body.invoice, context)
        let judge = request.act.account
        let isParty = judge == invoice.buyer || judge == invoice.seller
        try context.authorise(
            request, as: resolve.number, needing: isParty ? .billing : .governMarketplace, takesBack: isParty)
        guard var dispute = try disputes.get(invoice.number, in: context), dispute.resolved == nil else {
            throw noDispute()
        }
        try require(body.credit >= 0, amountWrong())
        try require(judge != invoice.buyer || body.credit == 0, notJudge())
        try require(judge != invoice.seller || body.credit == dispute.amount, notJudge())
        try require(body.credit <= dispute.amount, aboveInvoice())
        let lines = [
            JournalLine(invoice.seller, .held, -dispute.held), JournalLine(invoice.seller, .cash, dispute.held),
        ]
        try post(lines, invoice.currency, .release, invoice.number, context)
        dispute.resolved = context.time
        dispute.credit = body.credit
        try store(dispute, context)
        invoice.isDisputed = false
        if invoice.outstanding > body.credit { try schedule(&invoice, afterDays: overdueDays, context) }
        if body.credit > 0 {
            _ = try credit(invoice, body.credit, dispute.reason, by: judge, context)
        } else {
            try store(invoice, context)
        }
        return Nothing()
    }

    private static func store(_ dispute: Dispute, _ context: Context) throws(Rejection) {
        try disputes.set(dispute.invoice, dispute, in: context)
        try context.emit(disputeChanged, dispute)
    }
}
