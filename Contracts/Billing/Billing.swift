internal import Chain
package import ContractKit
package import Primitives

/// Who owes what for which agreement, in double entry: price plans, invoices, payments, receipts, credit notes, disputes
/// and reminders. README.md says how they live.
///
/// Invariants (checked by `BillingTests` and `BillingModelTests`; the first two by `post` itself, at every posting):
/// - The lines of a posting sum to zero, and so do all balances of a currency (`trials`). Nothing else writes balances.
/// - Cash and held money are never negative, and a gateway pays out only what it brought in.
/// - Of an invoice, `0 <= outstanding = amount - credited - (paid - refunded)`; it is open exactly while outstanding > 0.
///   It moves open -> paid | credited, paid -> credited when all goes back, paid -> open when a gateway takes a mistaken
///   payment back, and reminders only forward: none -> reminded -> overdue -> defaulted.
/// - One reminder and one bill at most wait for an invoice or agreement; a period that begins while access is closed by
///   payment is billed from the moment at which access opens in it, one that begins while it is open whole, whenever the
///   bill comes.
/// - An invoice has at most one dispute; while it is open reminders run only for what is not disputed, and what is held
///   belongs to it. It falls after 60 days: to the seller where accesses of the invoice's time were anchored, or where access
///   waits for the invoice; else to the buyer, a day after that time at the earliest.
/// - Access that waits for its first payment opens by payments and decisions alone, by nothing that its seller does or the
///   end of its agreement credits, and by no decision that credits more of what is not paid than it leaves, as judged when it
///   is made. What was paid of a first invoice that opened nothing goes back.
/// - A refund is given in full: what the seller's free cash does not reach is a debt. So much cash as a seller owes leaves
///   its account only to those it owes, the oldest debt first; no credit, hold or payment takes of it.
/// - An agreement that its provider ended comes to what is for the time before the end, at most: of an invoice that was
///   issued before, and of the period that is billed later.
/// - No payment and no invoice comes to whom it could not reach.
/// - A reference of a gateway is used once. A payment is taken back once, whole, within 14 days, by the gateway that booked
///   it, out of cash that the seller does not owe, or the buyer for what went back to it. Access that it opened is closed
///   again with it; an invoice that was not late has a week once.
/// - Usage is billed cumulatively: the invoices of an agreement sum exactly to price times usage, rounded down once.
package enum Billing: Contract {
    package static let name = "billing"
    package static let version: UInt32 = 1
    package static let summary = "Balances in double entry, invoices, payments, receipts, credit notes and disputes."

    // MARK: Storage. Documents go by number, from 0.

    package static let balances = StorageMap<LedgerAccount, Balance>(1, "balances")
    /// Totals by currency and kind.
    package static let trials = StorageMap<Currency, TrialBalance>(2, "trials")
    /// By agreement.
    package static let bills = StorageMap<UInt64, AgreementBill>(3, "bills")
    package static let invoices = StorageMap<UInt64, Invoice>(4, "invoices")
    package static let receipts = StorageMap<UInt64, PaymentReceipt>(5, "receipts")
    package static let creditNotes = StorageMap<UInt64, CreditNote>(6, "creditNotes")
    /// By invoice.
    package static let disputes = StorageMap<UInt64, Dispute>(7, "disputes")
    /// What a gateway's reference was used for, by gateway and reference.
    package static let references = StorageMap<Pair<String, Digest>, Height>(8, "references")
    package static let counts = StorageValue<BillingCounts>(9, "counts")
    package static let debts = StorageMap<UInt64, RefundDebt>(10, "debts")
    /// What a seller owes of refunds, by holder and currency.
    package static let owed = StorageMap<Pair<Digest, Currency>, Balance>(11, "owed")
    /// The open debts of a seller, by holder and currency.
    package static let debtQueues = StorageMap<Pair<Digest, Currency>, QueueEnds>(12, "debtQueues")
    /// Payments that were taken back, by receipt.
    package static let reversals = StorageMap<UInt64, PaymentReversal>(13, "reversals")
    /// Neighbours in the queues, by debt.
    package static let debtLinks = StorageMap<UInt64, DebtLinks>(14, "debtLinks")
    /// Invoices that had their week after a reversal, with the height of it.
    package static let reopened = StorageMap<UInt64, Height>(15, "reopened")
    /// The newest credit note by which something went back to the buyer, by invoice.
    package static let newestNotes = StorageMap<UInt64, DocumentNumber>(16, "newestNotes")
    /// The one before it, of the same invoice, by credit note.
    package static let olderNotes = StorageMap<UInt64, DocumentNumber>(17, "olderNotes")

    package static var storage: [StorageDeclaration] {
        [
            balances.declaration, trials.declaration, bills.declaration, invoices.declaration, receipts.declaration,
            creditNotes.declaration, disputes.declaration, references.declaration, counts.declaration,
            debts.declaration, owed.declaration, debtQueues.declaration, reversals.declaration,
            debtLinks.declaration, reopened.declaration, newestNotes.declaration, olderNotes.declaration,
        ]
    }

    // MARK: Events

    package static let posted = EventKind<JournalEntry>(1, "posted", "Balances changed by lines that sum to zero.")
    package static let invoiceChanged = EventKind<Invoice>(2, "invoiceChanged", "An invoice was issued or changed.")
    package static let receipted = EventKind<PaymentReceipt>(3, "receipted", "A payment was receipted.")
    package static let credited = EventKind<CreditNote>(
        4, "credited", "A credit note was issued, or a reversal took back of what it gave.")
    package static let disputeChanged = EventKind<Dispute>(5, "disputeChanged", "A dispute was opened or resolved.")
    package static let billChanged = EventKind<AgreementBill>(
        6, "billChanged", "The billing of an agreement began, went on or ended.")

    package static let debtChanged = EventKind<RefundDebt>(
        7, "debtChanged", "A seller owes a refund, or paid of it.")

    package static let reversed = EventKind<PaymentReversal>(
        8, "reversed", "A gateway took a payment back that it had booked by mistake.")

    package static var events: [EventDeclaration] {
        [
            posted.declaration, invoiceChanged.declaration, receipted.declaration, credited.declaration,
            disputeChanged.declaration, billChanged.declaration, debtChanged.declaration, reversed.declaration,
        ]
    }

    // MARK: Calls

    package static let begin = Method<BillingStart, PaymentStanding>(
        BillingMessages.begin.number, BillingMessages.begin.name, "Agreements has a new agreement billed.", begin)
    package static let pay = Method<Signed<PayInvoice>, DocumentNumber>(
        2, "pay", "The buyer pays an invoice, or a part of it, out of its cash on the ledger.", pay)
    package static let confirmPayment = Method<GatewayPayment, DocumentNumber>(
        3, "confirmPayment", "A payment gateway confirms that it received a payment of an invoice.", confirmPayment)
    package static let deposit = Method<GatewayDeposit, Nothing>(
        4, "deposit", "A payment gateway confirms money that an account's holder brought in.", deposit)
    package static let payOut = Method<Signed<PayOut>, Nothing>(
        5, "payOut", "A payment gateway pays cash of an account out, as its holder signed.", payOut)
    package static let credit = Method<Signed<CreditInvoice>, DocumentNumber>(
        6, "credit", "The seller credits an invoice, or a part of it; what was paid goes back.", credit)
    package static let dispute = Method<Signed<DisputeInvoice>, Nothing>(
        7, "dispute", "The buyer disputes an invoice: reminders rest, and what was paid of it is held.", dispute)
    package static let resolve = Method<Signed<ResolveDispute>, Nothing>(
        8, "resolve", "An operator decides a dispute, the seller gives in, or the buyer drops it.", resolve)
    package static let bill = Method<BillRun, Nothing>(
        9, "bill", "Scheduled, or by any partner once due: bills the period of an agreement that is over or begins.",
        bill)
    package static let remind = Method<Reminder, Nothing>(
        10, "remind", "Scheduled, or by any partner once due: reminds of an invoice that is not paid.", remind)

    package static let end = Method<BillingEnd, PaymentStanding>(
        BillingMessages.end.number, BillingMessages.end.name,
        "Agreements ends the billing of an agreement that a party ended.", end)
    package static let payRefund = Method<Signed<PayRefund>, Nothing>(
        12, "payRefund", "The seller gives, or the buyer takes, what is owed of a refund.", payRefund)
    package static let disputeDue = Method<DocumentNumber, Nothing>(
        13, "disputeDue", "Scheduled, or by any partner once due: a dispute that nobody decided falls.", disputeDue)

    package static let reverse = Method<ReversePayment, Nothing>(
        14, "reverse", "The gateway takes a payment back that it booked by mistake, within 14 days.", reverse)

    package static var calls: [CallDeclaration] {
        [
            begin.declaration, pay.declaration, confirmPayment.declaration, deposit.declaration, payOut.declaration,
            credit.declaration, dispute.declaration, resolve.declaration, bill.declaration, remind.declaration,
            end.declaration,
            payRefund.declaration, disputeDue.declaration, reverse.declaration,
        ]
    }

    // MARK: Queries

    package static let invoiceQuery = Query<DocumentNumber, Invoice>(1, "invoice", "An invoice by number.") {
        (context, id) throws(Rejection) in try invoice(id.number, context)
    }
    package static let receiptQuery = Query<DocumentNumber, PaymentReceipt>(2, "receipt", "A receipt by number.") {
        (context, id) throws(Rejection) in try found(receipts.get(id.number, in: context))
    }
    package static let creditNoteQuery = Query<DocumentNumber, CreditNote>(
        3, "creditNote", "A credit note by number."
    ) { (context, id) throws(Rejection) in try found(creditNotes.get(id.number, in: context)) }
    package static let disputeQuery = Query<DocumentNumber, Dispute>(4, "dispute", "A dispute by invoice.") {
        (context, id) throws(Rejection) in try found(disputes.get(id.number, in: context))
    }
    package static let balancesQuery = Query<LedgerOwner, BalanceSheet>(
        5, "balances", "All balances of a holder in a currency."
    ) { (context, owner) throws(Rejection) in
        var amounts: [Amount] = []
        for kind in LedgerKind.allCases {
            let account = LedgerAccount(holder: owner.holder, currency: owner.currency, kind: kind)
            amounts.append(Amount(clamping: try balances.get(account, in: context)?.amount ?? 0))
        }
        return BalanceSheet(amounts: amounts)
    }
    package static let billQuery = Query<DocumentNumber, AgreementBill>(6, "bill", "How an agreement is billed.") {
        (context, id) throws(Rejection) in try found(bills.get(id.number, in: context))
    }
    package static let countsQuery = Query<Nothing, BillingCounts>(7, "counts", "How many documents there are.") {
        (context, _) throws(Rejection) in try counts.get(in: context) ?? BillingCounts()
    }

    package static let debtQuery = Query<DocumentNumber, RefundDebt>(8, "debt", "What is owed of a refund.") {
        (context, id) throws(Rejection) in try found(debts.get(id.number, in: context))
    }

    package static let reversalQuery = Query<DocumentNumber, PaymentReversal>(
        9, "reversal", "How a payment was taken back, by receipt."
    ) { (context, id) throws(Rejection) in try found(reversals.get(id.number, in: context)) }

    package static var queries: [CallDeclaration] {
        [
            invoiceQuery.declaration, receiptQuery.declaration, creditNoteQuery.declaration, disputeQuery.declaration,
            balancesQuery.declaration, billQuery.declaration, countsQuery.declaration, debtQuery.declaration,
            reversalQuery.declaration,
        ]
    }

    private static func found<Value>(_ value: Value?) throws(Rejection) -> Value {
        guard let value else { throw documentUnknown() }
        return value
    }
}
