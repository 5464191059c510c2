package import Primitives

/// The ends of a queue in storage, whose entries have numbers and know their neighbours: it grows at its end and loses
/// entries anywhere, each in constant work. There is none for an empty queue.
package struct QueueEnds: Hashable, Sendable, BCSCodable {
    package let first: UInt64
    package let last: UInt64

    private init(first: UInt64, last: UInt64) {
        self.first = first
        self.last = last
    }

    /// With `number` behind what is there.
    package init(_ queue: QueueEnds?, appending number: UInt64) {
        self.init(first: queue?.first ?? number, last: number)
    }

    /// Without an entry that had these neighbours: without an older one it was the first, without a newer one the last. Nil
    /// when it was the only one.
    package func without(entryBetween older: UInt64?, and newer: UInt64?) -> QueueEnds? {
        guard let first = older == nil ? newer : first, let last = newer == nil ? older : last else { return nil }
        return QueueEnds(first: first, last: last)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(first)
        encoder.u64(last)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        first = try decoder.u64()
        last = try decoder.u64()
    }
}
