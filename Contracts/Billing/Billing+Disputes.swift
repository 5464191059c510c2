internal import Chain
internal import ContractKit
internal import Primitives

extension Billing {
    static let disputeDays: UInt32 = 60
    /// From the opening of a dispute until it falls without a decision.
    static let decisionDays: UInt32 = 60

    static func dispute(_ context: Context, _ request: Signed<DisputeInvoice>) throws(Rejection) -> Nothing {
        // An invoice is disputed once: of a revoked account a stolen key does not use that up.
        let buyer = try context.authorise(request, as: dispute.number, needing: .billing, scope: .givesBack)
        let body = request.body
        var invoice = try invoice(body.invoice, context)
        try require(invoice.buyer == buyer, notBuyer())
        try require(!disputes.contains(invoice.number, in: context), disputeExists())
        let latest = max(invoice.issued, try end(of: invoice, context)).adding(days: disputeDays)
        try require(context.time <= latest, disputeLate())
        try require(body.amount > 0, amountWrong())
        try require(body.amount <= invoice.amount - invoice.credited, aboveInvoice())
        try require(body.reason > 0, reasonMissing())
        let due = try context.schedule(
            disputeDue.message, DocumentNumber(invoice.number), at: context.time.adding(days: decisionDays))
        var dispute = Dispute(
            body, opened: context.time, wasInTime: !invoice.isClosing && !invoice.dunning.isLate,
            accesses: try accesses(for: invoice, context), due: due)
        try hold(&dispute, &invoice, context)
        // Reminders go on for what is not disputed.
        if invoice.outstanding <= invoice.disputed { try context.cancel(invoice.reminder) }
        try store(invoice, context)
        try store(dispute, context)
        return Nothing()
    }

    static func resolve(_ context: Context, _ request: Signed<ResolveDispute>) throws(Rejection) -> Nothing {
        let body = request.body
        let invoice = try invoice(body.invoice, context)
        let judge = request.act.account
        let isParty = judge == invoice.buyer || judge == invoice.seller
        // A party gives cash away, or its claim to some: as whoever takes cash out does.
        try context.authorise(
            request, as: resolve.number, needing: isParty ? .billing : .governMarketplace,
            scope: isParty ? .windsUp : .ordinary)
        let dispute = try openDispute(invoice, context)
        try require(body.credit >= 0, amountWrong())
        try require(judge != invoice.buyer || body.credit == 0, notJudge())
        try require(judge != invoice.seller || body.credit == dispute.amount, notJudge())
        try require(body.credit <= dispute.amount, aboveInvoice())
        if judge == invoice.seller, body.credit <= invoice.amount - invoice.credited - body.credit {
            try requirePayment(of: invoice, less: body.credit, context)
        }
        try context.cancel(dispute.due)
        try decide(dispute, invoice, credit: body.credit, by: judge, context)
        return Nothing()
    }

    /// Nobody decided in time: what was delivered is paid, what was not goes back. Delivered is what had accesses logged for
    /// the invoice's time, which is known a day after that time; until then the dispute waits, and looks again each time
    /// that a decision could have taken: who reads meanwhile does not keep the money until the end.
    static func disputeDue(_ context: Context, _ id: DocumentNumber) throws(Rejection) -> Nothing {
        let invoice = try invoice(id.number, context)
        guard var dispute = try disputes.get(invoice.number, in: context) else { throw noDispute() }
        // Resolved, or looked at, by what came before.
        guard dispute.resolved == nil else { return Nothing() }
        let isEarly = context.time < dispute.opened.adding(days: decisionDays)
        guard isEarly || dispute.due.time <= context.time else { return Nothing() }
        try context.requireSchedule(of: dispute.due)
        dispute.accesses = try accesses(for: invoice, context)
        // Access that waits for its first payment opens by no dispute; where it never opens, the end credits all.
        let bill = try bills.get(invoice.agreement, in: context)
        let isAwaited = bill.map { $0.awaits && $0.isFirst(invoice) } ?? false
        guard !isAwaited, dispute.accesses == 0 else {
            try decide(dispute, invoice, credit: 0, by: .zero, context)
            return Nothing()
        }
        let known = try end(of: invoice, context).adding(milliseconds: Agreement.usageDelayMilliseconds)
        guard known <= context.time else {
            let again = min(known, context.time.adding(days: decisionDays))
            dispute.due = try context.schedule(disputeDue.message, id, at: again)
            try store(dispute, context)
            return Nothing()
        }
        try decide(dispute, invoice, credit: dispute.amount, by: .zero, context)
        return Nothing()
    }

    private static func decide(
        _ dispute: Dispute, _ invoice: Invoice, credit: Amount, by judge: Digest, _ context: Context
    ) throws(Rejection) {
        var (changed, invoice) = (dispute, invoice)
        let isReminding = invoice.outstanding > invoice.disputed
        let released = dispute.held
        try release(&changed, &invoice, context)
        changed.resolved = context.time
        changed.credit = credit
        changed.spares = try spares(invoice, credit, context)
        try store(changed, context)
        if !isReminding, invoice.outstanding > credit { try schedule(&invoice, afterDays: overdueDays, context) }
        if credit > 0 {
            _ = try self.credit(invoice, credit, dispute.reason, by: judge, released: released, context)
        } else {
            try store(invoice, context)
        }
    }

    /// Whether a decision credits more than it leaves of the price of an invoice that is not paid, or for which access waits.
    /// What becomes of the payment later, by a gateway's correction or a credit of the seller, does not change that.
    private static func spares(
        _ invoice: Invoice, _ credit: Amount, _ context: Context
    ) throws(Rejection) -> Bool {
        guard credit > invoice.amount - invoice.credited - credit else { return false }
        guard invoice.outstanding == 0 else { return true }
        return try bills.get(invoice.agreement, in: context).map { $0.awaits && $0.isFirst(invoice) } ?? false
    }

    /// Credits what an invoice bills for the time after `end`, by milliseconds and whole micro-units, the rest of the
    /// division to the buyer. A dispute goes on about what is left.
    static func creditRest(
        of invoice: Invoice, after end: Timestamp, _ reason: UInt16, _ context: Context
    ) throws(Rejection) {
        guard invoice.kind != .usage, end < invoice.to else { return }
        let kept = try kept(invoice.amount, from: invoice.from, to: invoice.to, until: end)
        let amount = invoice.amount - kept - invoice.credited
        guard amount > 0 else { return }
        guard invoice.isDisputed else {
            _ = try credit(invoice, amount, reason, by: invoice.seller, context)
            return
        }
        var (invoice, dispute) = (invoice, try openDispute(invoice, context))
        let released = dispute.held
        try release(&dispute, &invoice, context)
        let note = try credit(invoice, amount, reason, by: invoice.seller, released: released, context)
        invoice = try self.invoice(invoice.number, context)
        dispute.amount = min(dispute.amount, invoice.amount - invoice.credited)
        if dispute.amount > 0 {
            // What was held and not given stays bound to this dispute.
            let given = note.refunded - note.owed
            try hold(&dispute, &invoice, released: max(0, released - given), context)
            try close(invoice, context)
        } else {
            try context.cancel(dispute.due)
            dispute.resolved = context.time
            dispute.credit = amount
        }
        try store(dispute, context)
    }

    /// An agreement that ends sooner has its open dispute fall sooner: when all accesses are known, but not before the time
    /// for deciding it is over.
    static func bringForward(_ number: UInt64, until end: Timestamp, _ context: Context) throws(Rejection) {
        let invoice = try invoice(number, context)
        guard invoice.isDisputed else { return }
        var dispute = try openDispute(invoice, context)
        let known = min(invoice.to, end).adding(milliseconds: Agreement.usageDelayMilliseconds)
        let time = max(known, dispute.opened.adding(days: decisionDays), context.time.next)
        guard time < dispute.due.time else { return }
        try context.cancel(dispute.due)
        dispute.due = try context.schedule(disputeDue.message, DocumentNumber(number), at: time)
        try store(dispute, context)
    }

    // MARK: Parts

    /// The end of what an invoice bills: an agreement that ended sooner ended that, too.
    private static func end(of invoice: Invoice, _ context: Context) throws(Rejection) -> Timestamp {
        min(invoice.to, try context.agreement(invoice.agreement)?.until ?? invoice.to)
    }

    static func openDispute(_ invoice: Invoice, _ context: Context) throws(Rejection) -> Dispute {
        guard let dispute = try disputes.get(invoice.number, in: context), dispute.resolved == nil else {
            throw noDispute()
        }
        return dispute
    }

    /// Accesses that were logged so far for what an invoice bills.
    static func accesses(for invoice: Invoice, _ context: Context) throws(Rejection) -> UInt64 {
        guard invoice.kind != .usage else { return invoice.accesses }
        guard let agreement = try context.agreement(invoice.agreement) else { return 0 }
        guard invoice.kind == .recurring else { return agreement.accesses }
        return try context.accesses(of: agreement, inPeriodAt: invoice.from)
    }

    /// Holds what a credit of the disputed amount would have to give back, as far as the seller has free cash. `released`
    /// is what the dispute held before.
    static func hold(
        _ dispute: inout Dispute, _ invoice: inout Invoice, released: Amount = 0, _ context: Context
    ) throws(Rejection) {
        let refund = max(0, dispute.amount - invoice.outstanding)
        dispute.held = min(refund, try reach(of: invoice.seller, invoice.currency, released: released, context))
        invoice.disputed = dispute.amount
        let lines = [
            JournalLine(invoice.seller, .cash, -dispute.held), JournalLine(invoice.seller, .held, dispute.held),
        ]
        try post(lines, invoice.currency, .hold, invoice.number, context)
    }

    static func release(
        _ dispute: inout Dispute, _ invoice: inout Invoice, _ context: Context
    ) throws(Rejection) {
        let lines = [
            JournalLine(invoice.seller, .held, -dispute.held), JournalLine(invoice.seller, .cash, dispute.held),
        ]
        try post(lines, invoice.currency, .release, invoice.number, context)
        dispute.held = 0
        invoice.disputed = 0
    }

    static func store(_ dispute: Dispute, _ context: Context) throws(Rejection) {
        try disputes.set(dispute.invoice, dispute, in: context)
        try context.emit(disputeChanged, dispute)
    }
}
