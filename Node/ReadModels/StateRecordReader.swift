internal import Accounts
internal import Agreements
internal import Anchors
internal import Billing
package import Chain
internal import ContractKit
package import LedgerState
package import Primitives

/// A final state, for a node that does not have all blocks below it.
package struct ReadModelState: Sendable {
    /// The block whose state it is.
    package let header: BlockHeader
    /// Up to so many entries in the order of SHA-256(key), those above the given one; fewer are the last.
    package let leaves: @Sendable (Digest?, Int) throws -> [StateLeaf]

    package init(header: BlockHeader, leaves: @escaping @Sendable (Digest?, Int) throws -> [StateLeaf]) {
        self.header = header
        self.leaves = leaves
    }
}

/// Which entries of a state are records that the read models have: the newest of what the contracts' events say.
enum StateRecordReader {
    private typealias Read = @Sendable (RecordTables, ArraySlice<UInt8>, [UInt8]) throws -> Void

    /// By the first bytes of an entry's key: instance and number of the collection. Looked up, never iterated.
    private static let reads: [ArraySlice<UInt8>: Read] = Dictionary(
        [
            read(Directory.accounts, WellKnown.accounts) { tables, _, account in try tables.account(account) },
            // By its time instead of a height until all are there and can be put in order.
            read(Agreements.dataSets, WellKnown.agreements) { tables, _, dataSet in
                try tables.at(dataSet.changed.value).dataSet(dataSet)
            },
            read(Agreements.offers, WellKnown.agreements) { tables, _, offer in try tables.offer(offer) },
            read(Directory.agreements, WellKnown.agreements) { tables, _, agreement in
                try tables.agreement(agreement)
            },
            read(Agreements.consents, WellKnown.agreements) { tables, key, consent in
                try tables.consent(consent, dataSet: key.first, owner: key.second)
            },
            read(Agreements.accessLogs, WellKnown.agreements) { tables, key, log in
                try tables.at(log.height.value).accessLog(log, number: key.second)
            },
            read(Directory.batches, WellKnown.anchors) { tables, _, anchor in
                try tables.at(anchor.height.value).part(anchor)
            },
            read(Directory.tombstones, WellKnown.anchors) { tables, batch, tombstone in
                try tables.deletion(batch, reason: tombstone.reason, time: tombstone.time)
            },
            read(Billing.invoices, WellKnown.billing) { tables, _, invoice in try tables.invoice(invoice) },
            read(Billing.receipts, WellKnown.billing) { try $0.document(.receipt, $1, $2.bcs) },
            read(Billing.creditNotes, WellKnown.billing) { try $0.document(.creditNote, $1, $2.bcs) },
            read(Billing.disputes, WellKnown.billing) { try $0.document(.dispute, $1, $2.bcs) },
            read(Billing.debts, WellKnown.billing) { try $0.document(.debt, $1, $2.bcs) },
            read(Billing.reversals, WellKnown.billing) { try $0.document(.reversal, $1, $2.bcs) },
        ], uniquingKeysWith: { first, _ in first })

    /// Writes the entry when it is such a record.
    static func take(_ leaf: StateLeaf, into tables: RecordTables) throws {
        let prefixCount = Address.byteCount + 1
        guard leaf.key.count > prefixCount, let read = reads[leaf.key[..<prefixCount]] else { return }
        do {
            try read(tables, leaf.key[prefixCount...], leaf.value)
        } catch let error as BCSError {
            throw ReadModelError.unreadable("the record under key \(Hex.encode(leaf.key)) of the state: \(error)")
        }
    }

    private static func read<Key, Value>(
        _ map: StorageMap<Key, Value>, _ instance: Address,
        _ write: @escaping @Sendable (RecordTables, Key, Value) throws -> Void
    ) -> (ArraySlice<UInt8>, Read) {
        let read: Read = { tables, bytes, value in
            var rest = bytes
            guard let key = Key(takingKey: &rest), rest.isEmpty else {
                throw ReadModelError.unreadable("the key of a record of collection \(map.name) of \(instance)")
            }
            try write(tables, key, try map.decode(value))
        }
        return (StateKeys.prefix(instance, map.number)[...], read)
    }
}

extension RecordTables {
    /// The same for records that say themselves which block wrote them.
    fileprivate func at(_ height: UInt64) -> RecordTables {
        RecordTables(database: database, height: RecordTables.number(height))
    }
}
