package import ContractKit

extension Billing {
    package static let unbalanced = RejectionKind(400, "unbalanced", "the lines of a posting do not sum to zero")
    package static let fundsMissing = RejectionKind(
        401, "funds-missing", "the account has not so much cash on the ledger")
    package static let amountWrong = RejectionKind(402, "amount-wrong", "an amount is above 0")
    package static let aboveOutstanding = RejectionKind(
        403, "above-outstanding", "the amount is above what the invoice leaves open")
    package static let documentUnknown = RejectionKind(404, "document-unknown", "there is no such document")
    package static let notBuyer = RejectionKind(405, "not-buyer", "the invoice is another account's to pay")
    package static let notSeller = RejectionKind(406, "not-seller", "the invoice is another account's to credit")
    package static let notOpen = RejectionKind(407, "not-open", "the invoice is settled")
    package static let currencyWrong = RejectionKind(408, "currency-wrong", "the invoice is in another currency")
    package static let referenceUsed = RejectionKind(
        409, "reference-used", "the gateway used this reference before: the payment is booked")
    package static let accountUnknown = RejectionKind(
        410, "account-unknown", "the holder has no active account that may be billed")
    package static let gatewayWrong = RejectionKind(
        411, "gateway-wrong", "the holder signed the payment for another gateway")
    package static let aboveInvoice = RejectionKind(
        412, "above-invoice", "the amount is above the invoice without what was credited")
    package static let disputeExists = RejectionKind(413, "dispute-exists", "the invoice was disputed before")
    package static let disputeLate = RejectionKind(
        414, "dispute-late", "an invoice is disputed within 60 days of its issue and of the end of what it is for")
    package static let noDispute = RejectionKind(415, "no-dispute", "the invoice has no open dispute")
    package static let notJudge = RejectionKind(
        416, "not-judge",
        "an operator decides as it sees fit, a seller gives in to all of it, a buyer drops the dispute")
    package static let disputed = RejectionKind(
        417, "disputed", "the invoice is disputed; resolve that first")
    package static let notAgreements = RejectionKind(418, "not-agreements", "only Agreements has agreements billed")
    package static let reasonMissing = RejectionKind(419, "reason-missing", "a reason is a number above 0")

    package static let gatewayShort = RejectionKind(
        420, "gateway-short", "the gateway keeps not so much for others: another one brought it in")

    package static let refundOwed = RejectionKind(
        421, "refund-owed", "the account owes refunds: so much of its cash stays for them")
    package static let debtForeign = RejectionKind(
        422, "debt-foreign", "the refund is owed by, and to, other accounts")

    package static let payeeEnded = RejectionKind(
        423, "payee-ended", "the receiver's DID is deactivated: it takes no more money; ask an operator")

    package static let reversalForeign = RejectionKind(
        424, "reversal-foreign", "the receipt is of another gateway's payment, or of none's")
    package static let reversalLate = RejectionKind(
        425, "reversal-late", "a gateway takes a payment back within 14 days; after that the seller credits it")
    package static let reversedBefore = RejectionKind(426, "reversed-before", "the payment was taken back before")
    package static let reversalSpent = RejectionKind(
        427, "reversal-spent",
        "of the payment something is to go back to the buyer, who waits for it: the seller owes refunds")
    package static let paymentAwaited = RejectionKind(
        428, "payment-awaited",
        "access waits for this invoice: leave the buyer something to pay of it, or end the agreement, which credits it")

    package static var rejections: [RejectionKind] {
        [
            unbalanced, fundsMissing, amountWrong, aboveOutstanding, documentUnknown, notBuyer, notSeller, notOpen,
            currencyWrong, referenceUsed, accountUnknown, gatewayWrong, aboveInvoice, disputeExists, disputeLate,
            noDispute, notJudge, disputed, notAgreements, reasonMissing, gatewayShort, refundOwed,
            debtForeign, payeeEnded, reversalForeign, reversalLate, reversedBefore, reversalSpent,
            paymentAwaited,
        ]
    }
}
