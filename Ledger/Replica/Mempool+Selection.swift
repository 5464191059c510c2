internal import Chain
internal import LedgerCrypto
internal import Primitives

extension Mempool {
    /// What a selection did with one candidate.
    enum Choice {
        case take
        /// Not in this block, but it may be in a later one.
        case leave
        /// Never again: it leaves the pool.
        case drop(TransactionRefusal)
    }

    /// Offers waiting transactions to `choose`, one per sender and round, until `countMax` or `bytesMax` is reached or
    /// none is left. The sender after the last one served is first the next time. Returns what was dropped.
    mutating func select(
        countMax: Int, bytesMax: Int, _ choose: (SignedTransaction) throws(StorageFailure) -> Choice
    ) throws(StorageFailure) -> (taken: [SignedTransaction], dropped: [(Entry, TransactionRefusal)]) {
        var taken: [SignedTransaction] = []
        var dropped: [(Entry, TransactionRefusal)] = []
        var room = bytesMax
        tidyRing()
        var turns = Array(ring[ringHead...])
        var cursors = [Int](repeating: 0, count: turns.count)
        for index in turns.indices { cursors[index] = queues[turns[index]].head }
        var served = 0
        var isFull = countMax <= 0
        while !turns.isEmpty, !isFull {
            var remaining = 0
            for index in turns.indices where !isFull {
                served = index
                var cursor = cursors[index]
                var isMore = false
                while let id = queues[turns[index]].element(at: cursor) {
                    cursor += 1
                    guard let slot = slot(id), let entry = slots[slot], entry.uses == 0 else { continue }
                    let size = entry.transaction.transaction.bytes.count
                    // What does not fit is left for the next block; smaller ones behind it may still fit.
                    guard size <= room else {
                        isFull = room < Mempool.roomBytesMin
                        if isFull { break }
                        continue
                    }
                    switch try choose(entry.transaction) {
                    case .leave: continue
                    case .drop(let reason):
                        remove(signed: entry.transaction.transaction.signedDigest)
                        dropped.append((entry, reason))
                        continue
                    case .take: break
                    }
                    taken.append(entry.transaction)
                    room -= size
                    isFull = taken.count >= countMax
                    isMore = true
                    break
                }
                if isMore {
                    turns[remaining] = turns[index]
                    cursors[remaining] = cursor
                    remaining += 1
                }
            }
            if isFull { break }
            turns.removeSubrange(remaining...)
            cursors.removeSubrange(remaining...)
        }
        if isFull, turns.indices.contains(served) { rotate(behind: turns[served]) }
        return (taken, dropped)
    }

    /// Room below which a block counts as full.
    static let roomBytesMin = 256

    /// Makes the sender after `sender` the next one to be served.
    private mutating func rotate(behind sender: Int) {
        guard let position = ring[ringHead...].firstIndex(of: sender) else { return }
        let front = ring[ringHead...position]
        ring.append(contentsOf: front)
        ringHead = position + 1
        if ringHead > 1_024, ringHead * 2 > ring.count {
            ring.removeSubrange(..<ringHead)
            ringHead = 0
        }
    }

    /// Drops entries that are gone or used by a block from the fronts of the queues, and senders without any.
    private mutating func tidyRing() {
        var kept: [Int] = []
        kept.reserveCapacity(ring.count - ringHead)
        for index in ring[ringHead...] {
            while let id = queues[index].first {
                if let slot = slot(id) {
                    if slots[slot]?.uses == 0 { break }
                    slots[slot]?.isQueued = false
                }
                queues[index].head += 1
            }
            queues[index].compact()
            if queues[index].ids.isEmpty {
                queues[index].isInRing = false
                if queues[index].count == 0 { removeQueue(index) }
            } else {
                kept.append(index)
            }
        }
        ring = kept
        ringHead = 0
    }
}

extension Mempool.Queue {
    var first: Mempool.EntryID? { element(at: head) }

    func element(at index: Int) -> Mempool.EntryID? { index < ids.count ? ids[index] : nil }

    mutating func compact() {
        if head == ids.count {
            ids.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 256, head * 2 > ids.count {
            ids.removeSubrange(..<head)
            head = 0
        }
    }
}
