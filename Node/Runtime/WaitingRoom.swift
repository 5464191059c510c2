internal import Chain
internal import NIOConcurrencyHelpers
internal import Primitives
internal import Replica

/// Transactions between their arrival and their admission to the pool. A proposal may name them meanwhile: then they
/// need not be fetched, and their signatures are checked ahead of the others. Bounded by what bounds the arrivals: the links'
/// read credits and the count of unanswered submissions.
final class WaitingRoom: Sendable {
    private struct Entry {
        let transaction: Transaction
        var signed: SignedTransaction?
    }

    private let box = NIOLockedValueBox<[Digest: Entry]>([:])
    private let seen: SeenSignatures
    let keys: SenderKeys
    private let counters: CounterBox

    init(seen: SeenSignatures, keys: SenderKeys, counters: CounterBox) {
        self.seen = seen
        self.keys = keys
        self.counters = counters
    }

    /// Lets transactions of a peer in; gives those that are new here.
    func enter(_ transactions: [Transaction]) -> [Transaction] {
        let unknown = seen.unknown(transactions)
        guard !unknown.isEmpty else { return [] }
        return box.withLockedValue { entries in
            unknown.filter { transaction in
                guard entries[transaction.digest] == nil else { return false }
                entries[transaction.digest] = Entry(transaction: transaction)
                return true
            }
        }
    }

    /// Lets checked transactions of this node's clients in.
    func enter(signed: [SignedTransaction]) {
        seen.insert(signed.map(\.digest))
        box.withLockedValue { entries in
            for one in signed { entries[one.digest] = Entry(transaction: one.transaction, signed: one) }
        }
    }

    func leave(_ digests: [Digest]) {
        box.withLockedValue { entries in for digest in digests { entries[digest] = nil } }
    }

    func signed(named digests: [Digest]) -> [SignedTransaction] {
        box.withLockedValue { entries in entries.isEmpty ? [] : digests.compactMap { entries[$0]?.signed } }
    }

    /// The named transactions that are here and not checked.
    func unchecked(named digests: [Digest]) -> [Transaction] {
        box.withLockedValue { entries in
            guard !entries.isEmpty else { return [] }
            return digests.compactMap { digest in
                guard let entry = entries[digest], entry.signed == nil else { return nil }
                return entry.transaction
            }
        }
    }

    /// Checks signatures that were not checked before; gives the transactions that are signed rightly.
    func check(_ transactions: [Transaction]) -> [SignedTransaction] {
        let early = box.withLockedValue { entries in transactions.map { entries[$0.digest]?.signed } }
        var checked: [SignedTransaction] = []
        var right: [SignedTransaction] = []
        for (transaction, known) in zip(transactions, early) {
            if let known {
                right.append(known)
            } else if let signed = keys.verify(transaction) {
                right.append(signed)
                checked.append(signed)
            }
        }
        let count = early.count { $0 == nil }
        counters.add {
            $0.signaturesChecked += UInt64(count)
            $0.signaturesWrong += UInt64(count - checked.count)
        }
        seen.insert(checked.map(\.digest))
        box.withLockedValue { entries in
            for one in checked where entries[one.digest] != nil { entries[one.digest]?.signed = one }
        }
        return right
    }
}
