internal import Chain
internal import LedgerCrypto
internal import Primitives

/// Transactions that wait for a block: bounded in count and bytes, in all and per sender; senders take turns.
///
/// Invariants: every entry is in `ids` by signed digest and in `names` by digest; counts and bytes are the sums over the
/// entries; an entry with `uses == 0` is in the queue of its sender, a sender with an entry in its queue is in `ring`.
struct Mempool: Sendable {
    struct Entry: Sendable {
        let transaction: SignedTransaction
        /// From a client of this node, who is told when it is dropped.
        let isLocal: Bool
        /// Executed, unfinalized blocks of this node that hold it.
        var uses = 0
        var isQueued = true
    }

    struct Queue: Sendable {
        var ids: [UInt64] = []
        /// Entries of `ids` before this one are gone.
        var head = 0
        var count = 0
        var bytes = 0
        var isInRing = false
    }

    let limits: MempoolLimits
    var entries: [UInt64: Entry] = [:]
    var ids: [Digest: UInt64] = [:]
    var names: [Digest: UInt64] = [:]
    var queues: [PublicKey: Queue] = [:]
    /// Senders with something queued, in the order of their turns; entries before `ringHead` are gone.
    var ring: [PublicKey] = []
    var ringHead = 0
    var bytes = 0
    private var nextID: UInt64 = 0
    /// Entries by the second in which they expire. Looked up by key, never iterated.
    private var expiries: [UInt64: [UInt64]] = [:]
    private var expiredBelow: UInt64 = 0
    /// Entries that no executed unfinalized block holds.
    private(set) var waiting = 0

    init(limits: MempoolLimits) { self.limits = limits }

    var count: Int { entries.count }

    func contains(signed digest: Digest) -> Bool { ids[digest] != nil }
    func transaction(named digest: Digest) -> SignedTransaction? {
        names[digest].flatMap { entries[$0]?.transaction }
    }

    /// Nil when it is pooled now.
    mutating func insert(_ signed: SignedTransaction, isLocal: Bool) -> TransactionRefusal? {
        let transaction = signed.transaction
        if ids[transaction.signedDigest] != nil { return .pending }
        let size = transaction.bytes.count
        guard entries.count < limits.transactionsMax, bytes + size <= limits.bytesMax else { return .poolFull }
        let sender = transaction.body.sender
        var queue = queues.removeValue(forKey: sender) ?? Queue()
        defer { if queue.count > 0 { queues[sender] = queue } }
        guard queue.count < limits.senderTransactionsMax, queue.bytes + size <= limits.senderBytesMax else {
            return .senderQuota(transactionsMax: limits.senderTransactionsMax, bytesMax: limits.senderBytesMax)
        }
        let id = nextID
        nextID += 1
        entries[id] = Entry(transaction: signed, isLocal: isLocal)
        ids[transaction.signedDigest] = id
        names[transaction.digest] = id
        let second = max(transaction.body.expiry.milliseconds / 1_000, expiredBelow)
        expiries[second, default: []].append(id)
        bytes += size
        waiting += 1
        queue.count += 1
        queue.bytes += size
        queue.ids.append(id)
        if !queue.isInRing {
            queue.isInRing = true
            ring.append(sender)
        }
        return nil
    }

    /// Removes the entry with this signed digest, if there is one.
    @discardableResult
    mutating func remove(signed digest: Digest) -> Entry? {
        guard let id = ids.removeValue(forKey: digest), let entry = entries.removeValue(forKey: id) else { return nil }
        let transaction = entry.transaction.transaction
        names[transaction.digest] = nil
        bytes -= transaction.bytes.count
        if entry.uses == 0 { waiting -= 1 }
        let sender = transaction.body.sender
        if let index = queues.index(forKey: sender) {
            queues.values[index].count -= 1
            queues.values[index].bytes -= transaction.bytes.count
            // The ring and the queue's own list drop it when they next come by; an empty sender goes at once.
            if queues.values[index].count == 0, !queues.values[index].isInRing { queues.remove(at: index) }
        }
        return entry
    }

    /// An executed, unfinalized block holds it now: it waits no longer.
    mutating func use(signed digest: Digest) {
        guard let id = ids[digest], let index = entries.index(forKey: id) else { return }
        if entries.values[index].uses == 0 { waiting -= 1 }
        entries.values[index].uses += 1
    }

    /// Such a block was abandoned: its transactions wait again.
    mutating func release(signed digest: Digest) {
        guard let id = ids[digest], let index = entries.index(forKey: id), entries.values[index].uses > 0 else {
            return
        }
        entries.values[index].uses -= 1
        guard entries.values[index].uses == 0 else { return }
        waiting += 1
        guard !entries.values[index].isQueued else { return }
        entries.values[index].isQueued = true
        let sender = entries.values[index].transaction.transaction.body.sender
        queues[sender, default: Queue()].ids.append(id)
        if queues[sender]?.isInRing == false {
            queues[sender]?.isInRing = true
            ring.append(sender)
        }
    }

    /// Removes and returns what expires at or before `now`. Cost: seconds passed plus entries removed.
    mutating func expire(at now: Timestamp) -> [Entry] {
        // An entry may run while block time < = expiry, so the second of `now` itself is kept.
        let second = now.milliseconds / 1_000
        guard second > expiredBelow else { return [] }
        var removed: [Entry] = []
        let passed = second - expiredBelow
        let seconds =
            passed > UInt64(expiries.count) * 4 + 4_096
            ? expiries.keys.filter { $0 < second }.sorted() : Array(expiredBelow..<second)
        for key in seconds {
            for id in expiries.removeValue(forKey: key) ?? [] {
                guard let entry = entries[id] else { continue }
                remove(signed: entry.transaction.transaction.signedDigest)
                removed.append(entry)
            }
        }
        expiredBelow = second
        return removed
    }
}
