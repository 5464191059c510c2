package import ContractKit
internal import LedgerCrypto
package import Primitives

/// What a balance is. Debits are positive, credits negative.
package enum LedgerKind: UInt8, ContractCode {
    /// Money of the holder that a gateway keeps; never negative.
    case cash = 0
    /// Cash that a dispute holds; never negative.
    case held = 1
    /// What others owe the holder.
    case receivable = 2
    /// What the holder owes; zero or negative.
    case payable = 3
    /// Zero or negative.
    case income = 4
    case expense = 5
    /// A gateway's: minus the money that it keeps for others; zero or negative.
    case clearing = 6
}

package struct LedgerAccount: Hashable, Sendable, StorageKey, ContractValue {
    package let holder: Digest
    package let currency: Currency
    package let kind: LedgerKind

    package init(holder: Digest, currency: Currency, kind: LedgerKind) {
        self.holder = holder
        self.currency = currency
        self.kind = kind
    }

    /// Holder of a gateway's clearing account: `SHA-256("commonwatt/gateway/1" || partner)`.
    package static func gateway(_ partner: String) -> Digest {
        SigningDomain.digest(Array("commonwatt/gateway/1".utf8), Array(partner.utf8))
    }

    package func appendKey(to bytes: inout [UInt8]) {
        holder.appendKey(to: &bytes)
        currency.appendKey(to: &bytes)
        bytes.append(kind.rawValue)
    }
    package init?(takingKey bytes: inout ArraySlice<UInt8>) {
        guard let holder = Digest(takingKey: &bytes), let currency = Currency(takingKey: &bytes),
            let kind = bytes.popFirst().flatMap(LedgerKind.init(rawValue:))
        else { return nil }
        self.init(holder: holder, currency: currency, kind: kind)
    }

    package static let shape = Shape.fields(
        "LedgerAccount", ("holder", .digest), ("currency", Currency.shape), ("kind", LedgerKind.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(holder)
        encoder.value(currency)
        encoder.value(kind)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        holder = try decoder.digest()
        currency = try Currency(from: &decoder)
        kind = try LedgerKind(from: &decoder)
    }
}

/// 128 bits, so that no amounts of others bring an account to overflow: low word, then high word.
package struct Balance: Hashable, Sendable, BCSCodable {
    /// Micro-units.
    package let amount: Int128
    init(_ amount: Int128) { self.amount = amount }
    package func encode(to encoder: inout BCSEncoder) { encoder.wide(amount) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { amount = try decoder.wide() }
}

extension BCSEncoder {
    fileprivate mutating func wide(_ value: Int128) {
        u64(UInt64(truncatingIfNeeded: value))
        i64(Int64(truncatingIfNeeded: value >> 64))
    }
}

extension BCSDecoder {
    fileprivate mutating func wide() throws(BCSError) -> Int128 {
        let low = try u64()
        return Int128(try i64()) << 64 | Int128(low)
    }
}

/// Totals of all balances of a currency, by `LedgerKind`; they sum to zero. 128 bits, so that no pair of accounts can bring
/// them to overflow: low word, then high word.
package struct TrialBalance: Hashable, Sendable, BCSCodable {
    package var totals: [Int128]

    init() { totals = LedgerKind.allCases.map { _ in 0 } }
    package func total(_ kind: LedgerKind) -> Int128 { totals[Int(kind.rawValue)] }

    package func encode(to encoder: inout BCSEncoder) {
        for total in totals { encoder.wide(total) }
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        totals = []
        for _ in LedgerKind.allCases { totals.append(try decoder.wide()) }
    }
}

package struct JournalLine: Hashable, Sendable, ContractValue {
    package let holder: Digest
    package let kind: LedgerKind
    package let amount: Amount

    init(_ holder: Digest, _ kind: LedgerKind, _ amount: Amount) {
        self.holder = holder
        self.kind = kind
        self.amount = amount
    }

    package static let shape = Shape.fields(
        "JournalLine", ("holder", .digest), ("kind", LedgerKind.shape), ("amount", .i64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(holder)
        encoder.value(kind)
        encoder.i64(amount)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        holder = try decoder.digest()
        kind = try LedgerKind(from: &decoder)
        amount = try decoder.i64()
    }
}

/// Why balances changed.
package enum JournalCause: UInt8, ContractCode {
    case invoice = 0
    case settlement = 1
    case gatewayPayment = 2
    case deposit = 3
    case payOut = 4
    case credit = 5
    case hold = 6
    case release = 7
    /// Of a refund that was owed.
    case refund = 8
    /// Of a payment that a gateway booked by mistake.
    case reversal = 9
}

package struct JournalEntry: Hashable, Sendable, ContractValue {
    package static let linesMax = 16

    package let number: UInt64
    package let cause: JournalCause
    /// Number of the invoice, receipt, credit note or debt; 0 for deposits and payments out.
    package let document: UInt64
    package let currency: Currency
    package let lines: [JournalLine]

    init(number: UInt64, cause: JournalCause, document: UInt64, currency: Currency, lines: [JournalLine]) {
        self.number = number
        self.cause = cause
        self.document = document
        self.currency = currency
        self.lines = lines
    }

    package static let shape = Shape.fields(
        "JournalEntry", ("number", .u64), ("cause", JournalCause.shape), ("document", .u64),
        ("currency", Currency.shape), ("lines", .list(JournalLine.shape, max: linesMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.value(cause)
        encoder.u64(document)
        encoder.value(currency)
        encoder.vector(lines)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        cause = try JournalCause(from: &decoder)
        document = try decoder.u64()
        currency = try Currency(from: &decoder)
        lines = try decoder.vector(max: JournalEntry.linesMax)
    }
}

package struct LedgerOwner: Hashable, Sendable, ContractValue {
    package let holder: Digest
    package let currency: Currency

    package init(holder: Digest, currency: Currency) {
        self.holder = holder
        self.currency = currency
    }

    package static let shape = Shape.fields("LedgerOwner", ("holder", .digest), ("currency", Currency.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(holder)
        encoder.value(currency)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        holder = try decoder.digest()
        currency = try Currency(from: &decoder)
    }
}

/// Balances of a holder, by `LedgerKind`; one beyond 64 bits shows as the largest number.
package struct BalanceSheet: Hashable, Sendable, ContractValue {
    package let amounts: [Amount]

    init(amounts: [Amount]) { self.amounts = amounts }
    package func amount(_ kind: LedgerKind) -> Amount {
        let index = Int(kind.rawValue)
        return index < amounts.count ? amounts[index] : 0
    }

    package static let shape = Shape.fields("BalanceSheet", ("amounts", .list(.i64, max: 16)))
    package func encode(to encoder: inout BCSEncoder) { encoder.vector(amounts) { $0.i64($1) } }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        amounts = try decoder.vector(max: 16) { (decoder: inout BCSDecoder) throws(BCSError) -> Amount in
            try decoder.i64()
        }
    }
}

/// How many documents there are: the next numbers.
package struct BillingCounts: Hashable, Sendable, ContractValue {
    package var postings: UInt64 = 0
    package var invoices: UInt64 = 0
    package var receipts: UInt64 = 0
    package var creditNotes: UInt64 = 0
    package var debts: UInt64 = 0

    init() {}

    package static let shape = Shape.fields(
        "BillingCounts", ("postings", .u64), ("invoices", .u64), ("receipts", .u64), ("creditNotes", .u64),
        ("debts", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(postings)
        encoder.u64(invoices)
        encoder.u64(receipts)
        encoder.u64(creditNotes)
        encoder.u64(debts)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        postings = try decoder.u64()
        invoices = try decoder.u64()
        receipts = try decoder.u64()
        creditNotes = try decoder.u64()
        debts = try decoder.u64()
    }
}
