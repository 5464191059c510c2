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

    /// Checks signatures that were not checked before, up to the first wrong one.
    func check(_ transactions: [Transaction]) -> SignatureCheck {
        let early: [Digest: SignedTransaction] = box.withLockedValue { entries in
            entries.isEmpty ? [:] : signed(of: transactions, in: entries)
        }
        var checked: [SignedTransaction] = []
        let result = SignatureCheck(transactions) { transaction in
            if let known = early[transaction.digest] { return known }
            guard let signed = keys.verify(transaction) else { return nil }
            checked.append(signed)
            return signed
        }
        counters.add {
            $0.signaturesChecked += UInt64(checked.count + (result.wrong == nil ? 0 : 1))
            $0.signaturesWrong += result.wrong == nil ? 0 : 1
        }
        seen.insert(checked.map(\.digest))
        box.withLockedValue { entries in
            for one in checked where entries[one.digest] != nil { entries[one.digest]?.signed = one }
        }
        return result
    }

    /// The same without a stop: nobody is to blame for what lies here.
    func checkAll(_ transactions: [Transaction]) -> [SignedTransaction] {
        var signed: [SignedTransaction] = []
        var rest = transactions[...]
        while !rest.isEmpty {
            let part = check(Array(rest))
            signed += part.signed
            rest = rest.dropFirst(part.signed.count + (part.wrong == nil ? 0 : 1))
        }
        return signed
    }

    private func signed(of transactions: [Transaction], in entries: [Digest: Entry]) -> [Digest: SignedTransaction] {
        var signed: [Digest: SignedTransaction] = [:]
        for transaction in transactions {
            if let one = entries[transaction.digest]?.signed { signed[transaction.digest] = one }
        }
        return signed
    }
}
