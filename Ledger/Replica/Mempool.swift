internal import Chain
internal import LedgerCrypto
internal import Primitives

/// Transactions that wait for a block: bounded in count and bytes, in all and per sender; senders take turns.
///
/// Entries and senders lie in `slots` and `queues` and are named by their places there, so that a transaction is looked up by
/// hash only where it comes in and where a block names it.
///
/// Invariants: every entry is in `ids` by signed digest and in `names` by digest; counts and bytes are the sums over the
/// entries; an entry with `uses == 0` is in the queue of its sender, a sender with an entry in its queue is in `ring`.
struct Mempool: Sendable {
    struct Entry: Sendable {
        let transaction: SignedTransaction
        /// From a client of this node, who is told when it is dropped.
        let isLocal: Bool
        /// How many came before it: tells it from another one in the same slot, earlier or later.
        let number: UInt64
        /// Index in `queues` of its sender.
        let queue: Int
        /// Executed, unfinalized blocks of this node that hold it.
        var uses = 0
        var isQueued = true
    }

    /// An entry that may be gone.
    struct EntryID: Sendable {
        let slot: Int
        let number: UInt64
    }

    struct Queue: Sendable {
        /// Nil when it is free for another sender.
        var sender: PublicKey?
        var ids: [EntryID] = []
        /// Entries of `ids` before this one are gone.
        var head = 0
        var count = 0
        var bytes = 0
        var isInRing = false
    }

    let limits: MempoolLimits
    var slots: [Entry?] = []
    private var freeSlots: [Int] = []
    /// Indices in `slots`.
    private var ids: [Digest: Int] = [:]
    private var names: [Digest: Int] = [:]
    var queues: [Queue] = []
    private var freeQueues: [Int] = []
    /// Indices in `queues`.
    private var senders: [PublicKey: Int] = [:]
    /// Senders with something queued, in the order of their turns, as indices in `queues`; entries before `ringHead` are gone.
    var ring: [Int] = []
    var ringHead = 0
    var bytes = 0
    private(set) var nextNumber: UInt64 = 0
    /// Entries by the second in which they expire. Looked up by key, never iterated.
    private var expiries: [UInt64: [EntryID]] = [:]
    private var expiredBelow: UInt64 = 0
    /// Entries that no executed unfinalized block holds.
    private(set) var waiting = 0

    init(limits: MempoolLimits) { self.limits = limits }

    var count: Int { ids.count }

    func transaction(named digest: Digest) -> SignedTransaction? {
        names[digest].flatMap { slots[$0]?.transaction }
    }

    /// The slot of the entry; nil when it is gone.
    func slot(_ id: EntryID) -> Int? { slots[id.slot]?.number == id.number ? id.slot : nil }

    /// Nil when it is pooled now.
    mutating func insert(_ signed: SignedTransaction, isLocal: Bool) -> TransactionRefusal? {
        let transaction = signed.transaction
        if let refusal = refusal(of: transaction) { return refusal }
        let size = transaction.bytes.count
        guard count < limits.transactionsMax, bytes + size <= limits.bytesMax else { return .poolFull }
        guard limits.senderTransactionsMax > 0, size <= limits.senderBytesMax else { return quotaRefusal }
        let queue = queue(of: transaction.body.sender)
        guard queues[queue].count < limits.senderTransactionsMax, queues[queue].bytes + size <= limits.senderBytesMax
        else { return quotaRefusal }
        let id = EntryID(slot: freeSlots.popLast() ?? slots.count, number: nextNumber)
        let entry = Entry(transaction: signed, isLocal: isLocal, number: id.number, queue: queue)
        nextNumber += 1
        if id.slot == slots.count { slots.append(entry) } else { slots[id.slot] = entry }
        ids[transaction.signedDigest] = id.slot
        names[transaction.digest] = id.slot
        let second = max(transaction.body.expiry.milliseconds / 1_000, expiredBelow)
        expiries[second, default: []].append(id)
        bytes += size
        waiting += 1
        queues[queue].count += 1
        queues[queue].bytes += size
        enqueue(id, in: queue)
        return nil
    }

    /// Why a transaction is not taken whose body waits already; nil when it does not.
    func refusal(of transaction: Transaction) -> TransactionRefusal? {
        guard let slot = ids[transaction.signedDigest], let known = slots[slot]?.transaction.transaction.digest else {
            return nil
        }
        return known == transaction.digest ? .pending : .signedOtherwise(known)
    }

    private var quotaRefusal: TransactionRefusal {
        .senderQuota(transactionsMax: limits.senderTransactionsMax, bytesMax: limits.senderBytesMax)
    }

    /// The index of the sender's queue. A new one is empty: something must be added to it.
    private mutating func queue(of sender: PublicKey) -> Int {
        if let known = senders[sender] { return known }
        let index = freeQueues.popLast() ?? queues.count
        if index == queues.count { queues.append(Queue(sender: sender)) } else { queues[index] = Queue(sender: sender) }
        senders[sender] = index
        return index
    }

    /// Lets go of the queue of a sender without transactions.
    mutating func removeQueue(_ index: Int) {
        guard let sender = queues[index].sender else { return }
        senders[sender] = nil
        queues[index] = Queue()
        freeQueues.append(index)
    }

    private mutating func enqueue(_ id: EntryID, in queue: Int) {
        queues[queue].ids.append(id)
        guard !queues[queue].isInRing else { return }
        queues[queue].isInRing = true
        ring.append(queue)
    }

    /// Removes the entry with this signed digest, if there is one.
    @discardableResult
    mutating func remove(signed digest: Digest) -> Entry? {
        guard let slot = ids.removeValue(forKey: digest), let entry = slots[slot] else { return nil }
        slots[slot] = nil
        freeSlots.append(slot)
        let transaction = entry.transaction.transaction
        names[transaction.digest] = nil
        bytes -= transaction.bytes.count
        if entry.uses == 0 { waiting -= 1 }
        queues[entry.queue].count -= 1
        queues[entry.queue].bytes -= transaction.bytes.count
        // The ring and the queue's own list drop it when they next come by; an empty sender goes at once.
        if queues[entry.queue].count == 0, !queues[entry.queue].isInRing { removeQueue(entry.queue) }
        return entry
    }

    /// An executed, unfinalized block holds it now: it waits no longer.
    mutating func use(signed digest: Digest) {
        guard let slot = ids[digest], let uses = slots[slot]?.uses else { return }
        if uses == 0 { waiting -= 1 }
        slots[slot]?.uses = uses + 1
    }

    /// Such a block was abandoned: its transactions wait again.
    mutating func release(signed digest: Digest) {
        guard let slot = ids[digest], let entry = slots[slot], entry.uses > 0 else { return }
        slots[slot]?.uses -= 1
        guard entry.uses == 1 else { return }
        waiting += 1
        guard !entry.isQueued else { return }
        slots[slot]?.isQueued = true
        enqueue(EntryID(slot: slot, number: entry.number), in: entry.queue)
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
                guard let slot = slot(id), let entry = slots[slot] else { continue }
                remove(signed: entry.transaction.transaction.signedDigest)
                removed.append(entry)
            }
        }
        expiredBelow = second
        return removed
    }

    /// Waiting transactions of this node's clients with these numbers, oldest first, as far as one part may go, and the numbers of
    /// those that are left.
    func ownTransactions(
        _ numbers: Range<UInt64>, countMax: Int, bytesMax: Int
    ) -> (transactions: [SignedTransaction], rest: Range<UInt64>?) {
        var own: [(number: UInt64, transaction: SignedTransaction)] = []
        for case let entry? in slots where entry.isLocal && entry.uses == 0 && numbers.contains(entry.number) {
            own.append((entry.number, entry.transaction))
        }
        own.sort { $0.number < $1.number }
        var bytes = 0
        var part: [SignedTransaction] = []
        for (number, transaction) in own {
            guard part.count < countMax, bytes < bytesMax else { return (part, number..<numbers.upperBound) }
            part.append(transaction)
            bytes += transaction.transaction.bytes.count
        }
        return (part, nil)
    }
}
