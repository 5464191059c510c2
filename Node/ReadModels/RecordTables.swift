internal import Accounts
internal import Agreements
internal import Billing
internal import ContractKit
internal import Foundation
internal import GRDB
internal import Primitives

/// Writes the records of the market's contracts into their tables, whether a block's event or a state says them.
struct RecordTables {
    /// Which contract's document a row of `document` is.
    enum DocumentKind: String {
        case receipt, creditNote, dispute, debt, reversal
    }

    let database: Database
    /// The block that wrote them last.
    let height: Int64

    static func blob(_ digest: Digest) -> Data { Data(digest.bytes) }
    static func number(_ value: UInt64) -> Int64 { Int64(clamping: value) }
    private func blob(_ digest: Digest) -> Data { RecordTables.blob(digest) }
    private func number(_ value: UInt64) -> Int64 { RecordTables.number(value) }

    func account(_ account: Account) throws {
        try database.execute(
            sql: """
                INSERT INTO account VALUES (?, ?, ?, ?, ?) ON CONFLICT (holder) DO UPDATE SET status = excluded.status,
                sponsor = excluded.sponsor, record = excluded.record, height = excluded.height
                """,
            arguments: [
                blob(account.holder), Int64(account.status.rawValue), account.sponsor, Data(account.bcs), height,
            ])
    }

    /// Not yet in the catalogue.
    func dataSet(_ dataSet: SharedDataSet) throws {
        try database.execute(
            sql: """
                INSERT INTO dataSet (id, provider, name, partner, anchor, isWithdrawn, text, record, height)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET partner = excluded.partner,
                anchor = excluded.anchor, isWithdrawn = excluded.isWithdrawn, text = excluded.text,
                record = excluded.record, height = excluded.height
                """,
            arguments: [
                blob(dataSet.id), blob(dataSet.provider), dataSet.name, dataSet.location.partner,
                dataSet.location.anchor, dataSet.isWithdrawn, blob(dataSet.description.text), Data(dataSet.bcs), height,
            ])
    }

    func offer(_ offer: Offer) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO offer VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                number(offer.number), blob(offer.provider), Int64(offer.state.rawValue), blob(offer.terms.text),
                Data(offer.bcs), height,
            ])
    }

    func agreement(_ agreement: Agreement) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO agreement VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                number(agreement.number), blob(agreement.provider), blob(agreement.user),
                Int64(agreement.state.rawValue), Data(agreement.bcs), height,
            ])
    }

    func consent(_ consent: Consent, dataSet: Digest, owner: Digest) throws {
        try database.execute(
            sql: """
                INSERT INTO consent VALUES (?, ?, ?, ?)
                ON CONFLICT (dataSet, owner) DO UPDATE SET record = excluded.record, height = excluded.height
                """,
            arguments: [blob(dataSet), blob(owner), Data(consent.bcs), height])
    }

    func accessLog(_ log: AccessLog, number place: UInt64) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO accessLog VALUES (?, ?, ?, ?, ?)",
            arguments: [number(log.log.agreement), number(place), log.partner, Data(log.bcs), height])
    }

    func invoice(_ invoice: Invoice) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO invoice VALUES (?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                number(invoice.number), number(invoice.agreement), blob(invoice.buyer), blob(invoice.seller),
                Int64(invoice.state.rawValue), Data(invoice.bcs), height,
            ])
    }

    func document(_ kind: DocumentKind, _ place: UInt64, _ record: [UInt8]) throws {
        try database.execute(
            sql: """
                INSERT INTO document VALUES (?, ?, ?, ?)
                ON CONFLICT (kind, number) DO UPDATE SET record = excluded.record, height = excluded.height
                """, arguments: [kind.rawValue, number(place), Data(record), height])
    }

    /// Without what it means for the part that it corrects.
    func part(_ anchor: BatchAnchor) throws {
        try database.execute(
            sql: """
                INSERT INTO part (digest, partner, anchor, first, last, supersedes, record, height)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                blob(anchor.digest), anchor.owner, anchor.dataSet, number(anchor.from.value), number(anchor.to.value),
                anchor.supersedes.map(blob), Data(anchor.bcs), height,
            ])
    }

    func deletion(_ batch: Digest, reason: UInt16, time: Timestamp) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO deletion VALUES (?, ?, ?, ?)",
            arguments: [blob(batch), Int64(reason), Int64(clamping: time.value), height])
    }
}
