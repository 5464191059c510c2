internal import Chain
internal import ContractKit
internal import Primitives

extension Billing {
    /// The one way to change balances: lines that sum to zero, of which empty ones fall away.
    static func post(
        _ lines: [JournalLine], _ currency: Currency, _ cause: JournalCause, _ document: UInt64, _ context: Context
    ) throws(Rejection) {
        let lines = lines.filter { $0.amount != 0 }
        guard !lines.isEmpty else { return }
        var sum: Int128 = 0
        for line in lines { sum += Int128(line.amount) }
        try require(sum == 0, unbalanced())
        var trial = try trials.get(currency, in: context) ?? TrialBalance()
        for line in lines {
            let account = LedgerAccount(holder: line.holder, currency: currency, kind: line.kind)
            let before = try balances.get(account, in: context)?.amount ?? 0
            let after = before + Int128(line.amount)
            try require(after >= 0 || (line.kind != .cash && line.kind != .held), fundsMissing())
            try require(after <= 0 || line.kind != .clearing, gatewayShort())
            try balances.set(account, Balance(after), in: context)
            trial.totals[Int(line.kind.rawValue)] += Int128(line.amount)
        }
        try require(trial.totals.reduce(0, +) == 0, unbalanced())
        try trials.set(currency, trial, in: context)
        let number = try next(\.postings, context)
        try context.emit(
            posted, JournalEntry(number: number, cause: cause, document: document, currency: currency, lines: lines))
    }

    static func cash(of holder: Digest, _ currency: Currency, _ context: Context) throws(Rejection) -> Int128 {
        let account = LedgerAccount(holder: holder, currency: currency, kind: .cash)
        return try balances.get(account, in: context)?.amount ?? 0
    }

    /// The next number of a kind of document, used up by this.
    static func next(
        _ count: WritableKeyPath<BillingCounts, UInt64>, _ context: Context
    ) throws(Rejection) -> UInt64 {
        var all = try counts.get(in: context) ?? BillingCounts()
        let number = all[keyPath: count]
        all[keyPath: count] = try checked(number.adding(1))
        try counts.set(all, in: context)
        return number
    }

    // MARK: Money in and out

    /// The calling gateway, with a reference that it has not used.
    private static func gateway(_ reference: Digest, _ context: Context) throws(Rejection) -> String {
        let partner = try context.requirePartner(with: .paymentGateway)
        let key = Pair(partner, reference)
        try require(!references.contains(key, in: context), referenceUsed(reference.short))
        try references.set(key, context.height, in: context)
        return partner
    }

    static func confirmPayment(_ context: Context, _ request: GatewayPayment) throws(Rejection) -> DocumentNumber {
        let partner = try gateway(request.reference, context)
        let invoice = try invoice(request.invoice, context)
        try require(invoice.currency == request.currency, currencyWrong(invoice.currency.text))
        let lines = [JournalLine(LedgerAccount.gateway(partner), .clearing, -max(request.amount, 0))]
        return try settle(
            invoice, request.amount, .gateway, from: lines, gateway: partner, reference: request.reference, context)
    }

    static func deposit(_ context: Context, _ request: GatewayDeposit) throws(Rejection) -> Nothing {
        let partner = try gateway(request.reference, context)
        try require(request.amount > 0, amountWrong())
        // What comes in must be able to go out.
        let account = try context.account(request.account)
        try require(
            account?.status == .active && account?.capabilities.contains(.billing) == true, accountUnknown())
        try require(context.isReachable(request.account), payeeEnded())
        let lines = [
            JournalLine(request.account, .cash, request.amount),
            JournalLine(LedgerAccount.gateway(partner), .clearing, -request.amount),
        ]
        try post(lines, request.currency, .deposit, 0, context)
        return Nothing()
    }

    static func payOut(_ context: Context, _ request: Signed<PayOut>) throws(Rejection) -> Nothing {
        let partner = try context.requirePartner(with: .paymentGateway)
        try require(request.body.gateway == partner, gatewayWrong(request.body.gateway))
        let holder = try context.authorise(
            request, as: payOut.number, needing: .billing, scope: .windsUp, byAdministrator: true)
        try require(request.body.amount > 0, amountWrong())
        try requireFree(request.body.amount, request.body.currency, of: holder, context)
        let lines = [
            JournalLine(holder, .cash, -request.body.amount),
            JournalLine(LedgerAccount.gateway(partner), .clearing, request.body.amount),
        ]
        try post(lines, request.body.currency, .payOut, 0, context)
        return Nothing()
    }

    /// Whose cash does not go out pays nobody with it: of a suspended account, or by another key than what takes out what a
    /// revoked one has. Its invoices are paid through a gateway.
    static func pay(_ context: Context, _ request: Signed<PayInvoice>) throws(Rejection) -> DocumentNumber {
        let buyer = try context.authorise(request, as: pay.number, needing: .billing, scope: .windsUp)
        let invoice = try invoice(request.body.invoice, context)
        try require(invoice.buyer == buyer, notBuyer())
        try requireFree(max(request.body.amount, 0), invoice.currency, of: buyer, context)
        let lines = [JournalLine(buyer, .cash, -max(request.body.amount, 0))]
        return try settle(
            invoice, request.body.amount, .settlement, from: lines, gateway: "", reference: .zero, context)
    }

    /// Books a payment and its receipt; `lines` say where the money comes from.
    private static func settle(
        _ invoice: Invoice, _ amount: Amount, _ method: PaymentMethod, from lines: [JournalLine], gateway: String,
        reference: Digest, _ context: Context
    ) throws(Rejection) -> DocumentNumber {
        try require(amount > 0, amountWrong())
        try require(invoice.state == .open, notOpen())
        try require(amount <= invoice.outstanding, aboveOutstanding("\(invoice.outstanding) micro-units"))
        try require(context.isReachable(invoice.seller), payeeEnded())
        let number = try next(\.receipts, context)
        let receipt = PaymentReceipt(
            number: number, invoice: invoice, amount: amount, method: method, gateway: gateway, reference: reference,
            time: context.time)
        try receipts.set(number, receipt, in: context)
        try context.emit(receipted, receipt)
        let settled = [
            JournalLine(invoice.buyer, .payable, amount), JournalLine(invoice.seller, .cash, amount),
            JournalLine(invoice.seller, .receivable, -amount),
        ]
        let cause: JournalCause = method == .gateway ? .gatewayPayment : .settlement
        try post(lines + settled, invoice.currency, cause, number, context)
        var changed = invoice
        changed.paid = try checked(invoice.paid.adding(amount))
        try close(changed, context)
        return DocumentNumber(number)
    }
}
