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

    private var tables: RecordTables {
        RecordTables(database: database, height: Int64(clamping: header.height.value))
    }

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
            try tables.account(try Accounts.accountChanged.payload(of: event))
        case (WellKnown.agreements, _): try market(event)
        case (WellKnown.anchors, Anchors.anchored.number): try part(try Anchors.anchored.payload(of: event))
        case (WellKnown.anchors, Anchors.deleted.number):
            let notice = try Anchors.deleted.payload(of: event)
            try tables.deletion(notice.batch, reason: notice.reason, time: header.time)
        case (WellKnown.billing, _): try billing(event)
        default: break
        }
    }

    private func market(_ event: Event) throws {
        switch event.kind {
        case Agreements.dataSetChanged.number: try dataSet(try Agreements.dataSetChanged.payload(of: event))
        case Agreements.offerChanged.number: try tables.offer(try Agreements.offerChanged.payload(of: event))
        case Agreements.agreementChanged.number:
            try tables.agreement(try Agreements.agreementChanged.payload(of: event))
        case Agreements.consentChanged.number:
            let notice = try Agreements.consentChanged.payload(of: event)
            try tables.consent(notice.consent, dataSet: notice.dataSet, owner: notice.owner)
        case Agreements.accessLogged.number:
            let notice = try Agreements.accessLogged.payload(of: event)
            try tables.accessLog(notice.log, number: notice.number)
            try count(notice)
        default: break
        }
    }

    private func dataSet(_ dataSet: SharedDataSet) throws {
        try tables.dataSet(dataSet)
        guard
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM dataSet WHERE id = ?", arguments: [RecordTables.blob(dataSet.id)])
        else { return }
        try Catalogue.index(row, documents, database)
    }

    /// The contract counts usage in the agreement's record without an event of its own.
    private func count(_ notice: AccessLogNotice) throws {
        let log = notice.log.log
        guard
            let record = try Data.fetchOne(
                database, sql: "SELECT record FROM agreement WHERE number = ?",
                arguments: [RecordTables.number(log.agreement)])
        else { return }
        var agreement = try Agreement(bcs: [UInt8](record))
        agreement.logs = notice.number + 1
        agreement.accesses = notice.accesses
        agreement.energy = notice.energy
        try tables.agreement(agreement)
    }

    private func part(_ anchor: BatchAnchor) throws {
        try tables.part(anchor)
        guard let corrected = anchor.supersedes else { return }
        try database.execute(
            sql: "UPDATE part SET correction = ? WHERE digest = ?",
            arguments: [RecordTables.blob(anchor.digest), RecordTables.blob(corrected)])
    }

    private func billing(_ event: Event) throws {
        switch event.kind {
        case Billing.invoiceChanged.number: try tables.invoice(try Billing.invoiceChanged.payload(of: event))
        case Billing.receipted.number:
            let receipt = try Billing.receipted.payload(of: event)
            try tables.document(.receipt, receipt.number, receipt.bcs)
        case Billing.credited.number:
            let note = try Billing.credited.payload(of: event)
            try tables.document(.creditNote, note.number, note.bcs)
        case Billing.disputeChanged.number:
            let dispute = try Billing.disputeChanged.payload(of: event)
            try tables.document(.dispute, dispute.invoice, dispute.bcs)
        case Billing.debtChanged.number:
            let debt = try Billing.debtChanged.payload(of: event)
            try tables.document(.debt, debt.number, debt.bcs)
        case Billing.reversed.number:
            let reversal = try Billing.reversed.payload(of: event)
            try tables.document(.reversal, reversal.receipt, reversal.bcs)
        default: break
        }
    }
}
