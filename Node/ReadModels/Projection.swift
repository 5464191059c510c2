internal import Accounts
internal import Agreements
internal import Anchors
internal import Billing
internal import Chain
internal import ContractKit
internal import Foundation
internal import GRDB
internal import NodeClient
internal import Primitives

/// Writes what one block's events say into the tables, in their order.
struct Projection {
    let database: Database
    let header: BlockHeader
    let documents: ReadModelStore.Documents

    private var height: Int64 { Int64(clamping: header.height.value) }

    func apply(_ block: ExecutedBlock) throws {
        for receipt in block.receipts where receipt.rejection == nil {
            for event in receipt.events {
                do {
                    try apply(event)
                } catch let error as BCSError {
                    throw ReadModelError.unreadable(
                        "event \(event.kind) of \(event.instance) in block \(header.height): \(error)")
                }
            }
        }
    }

    private func apply(_ event: Event) throws {
        switch (event.instance, event.kind) {
        case (WellKnown.accounts, Accounts.accountChanged.number):
            try account(try Accounts.accountChanged.payload(of: event))
        case (WellKnown.agreements, Agreements.dataSetChanged.number):
            try dataSet(try Agreements.dataSetChanged.payload(of: event))
        case (WellKnown.agreements, Agreements.offerChanged.number):
            try offer(try Agreements.offerChanged.payload(of: event))
        case (WellKnown.agreements, Agreements.agreementChanged.number):
            try agreement(try Agreements.agreementChanged.payload(of: event))
        case (WellKnown.agreements, Agreements.consentChanged.number):
            let notice = try Agreements.consentChanged.payload(of: event)
            try database.execute(
                sql: """
                    INSERT INTO consent VALUES (?, ?, ?, ?)
                    ON CONFLICT (dataSet, owner) DO UPDATE SET record = excluded.record, height = excluded.height
                    """,
                arguments: [blob(notice.dataSet), blob(notice.owner), Data(notice.consent.bcs), height])
        case (WellKnown.agreements, Agreements.accessLogged.number):
            let notice = try Agreements.accessLogged.payload(of: event)
            try database.execute(
                sql: "INSERT OR REPLACE INTO accessLog VALUES (?, ?, ?, ?, ?)",
                arguments: [
                    number(notice.log.log.agreement), number(notice.number), notice.log.partner, Data(notice.log.bcs),
                    height,
                ])
            try count(notice)
        case (WellKnown.anchors, Anchors.anchored.number): try part(try Anchors.anchored.payload(of: event))
        case (WellKnown.anchors, Anchors.deleted.number):
            let notice = try Anchors.deleted.payload(of: event)
            try database.execute(
                sql: "INSERT OR REPLACE INTO deletion VALUES (?, ?, ?, ?)",
                arguments: [
                    blob(notice.batch), Int64(notice.reason), Int64(clamping: header.time.value), height,
                ])
        case (WellKnown.billing, _): try billing(event)
        default: break
        }
    }

    func blob(_ digest: Digest) -> Data { Data(digest.bytes) }
    func number(_ value: UInt64) -> Int64 { Int64(clamping: value) }

    private func account(_ account: Account) throws {
        try database.execute(
            sql: """
                INSERT INTO account VALUES (?, ?, ?, ?, ?) ON CONFLICT (holder) DO UPDATE SET status = excluded.status,
                sponsor = excluded.sponsor, record = excluded.record, height = excluded.height
                """,
            arguments: [
                blob(account.holder), Int64(account.status.rawValue), account.sponsor, Data(account.bcs), height,
            ])
    }

    private func dataSet(_ dataSet: SharedDataSet) throws {
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
        guard
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM dataSet WHERE id = ?", arguments: [blob(dataSet.id)])
        else { return }
        try Catalogue.index(row, documents, database)
    }

    private func offer(_ offer: Offer) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO offer VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                number(offer.number), blob(offer.provider), Int64(offer.state.rawValue), blob(offer.terms.text),
                Data(offer.bcs), height,
            ])
    }

    private func agreement(_ agreement: Agreement) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO agreement VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                number(agreement.number), blob(agreement.provider), blob(agreement.user),
                Int64(agreement.state.rawValue), Data(agreement.bcs), height,
            ])
    }

    /// The contract counts usage in the agreement's record without an event of its own.
    private func count(_ notice: AccessLogNotice) throws {
        let log = notice.log.log
        guard
            let record = try Data.fetchOne(
                database, sql: "SELECT record FROM agreement WHERE number = ?", arguments: [number(log.agreement)])
        else { return }
        var agreement = try Agreement(bcs: [UInt8](record))
        agreement.logs = notice.number + 1
        agreement.accesses = notice.accesses
        agreement.energy = notice.energy
        try self.agreement(agreement)
    }

    private func part(_ anchor: BatchAnchor) throws {
        try database.execute(
            sql: """
                INSERT INTO part (digest, partner, anchor, first, last, supersedes, record, height)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                blob(anchor.digest), anchor.owner, anchor.dataSet, number(anchor.from.value), number(anchor.to.value),
                anchor.supersedes.map(blob), Data(anchor.bcs), height,
            ])
        guard let corrected = anchor.supersedes else { return }
        try database.execute(
            sql: "UPDATE part SET correction = ? WHERE digest = ?", arguments: [blob(anchor.digest), blob(corrected)])
    }
}

extension Projection {
    private func billing(_ event: Event) throws {
        switch event.kind {
        case Billing.invoiceChanged.number:
            let invoice = try Billing.invoiceChanged.payload(of: event)
            try database.execute(
                sql: "INSERT OR REPLACE INTO invoice VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    number(invoice.number), number(invoice.agreement), blob(invoice.buyer), blob(invoice.seller),
                    Int64(invoice.state.rawValue), Data(invoice.bcs), height,
                ])
        case Billing.receipted.number:
            let receipt = try Billing.receipted.payload(of: event)
            try document("receipt", receipt.number, receipt.bcs)
        case Billing.credited.number:
            let note = try Billing.credited.payload(of: event)
            try document("creditNote", note.number, note.bcs)
        case Billing.disputeChanged.number:
            let dispute = try Billing.disputeChanged.payload(of: event)
            try document("dispute", dispute.invoice, dispute.bcs)
        case Billing.debtChanged.number:
            let debt = try Billing.debtChanged.payload(of: event)
            try document("debt", debt.number, debt.bcs)
        case Billing.reversed.number:
            let reversal = try Billing.reversed.payload(of: event)
            try document("reversal", reversal.receipt, reversal.bcs)
        default: break
        }
    }

    private func document(_ kind: String, _ place: UInt64, _ record: [UInt8]) throws {
        try database.execute(
            sql: """
                INSERT INTO document VALUES (?, ?, ?, ?)
                ON CONFLICT (kind, number) DO UPDATE SET record = excluded.record, height = excluded.height
                """, arguments: [kind, number(place), Data(record), height])
    }
}
