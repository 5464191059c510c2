/// Totals since the start, and two histograms, for metrics and reports.
package struct RuntimeCounters: Sendable {
    /// Upper bounds of the latency buckets, microseconds.
    package static let latencyBoundsMicroseconds: [UInt64] = [
        1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000,
    ]
    package static let syncBoundsMicroseconds: [UInt64] = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 1_000_000,
    ]

    package struct Histogram: Sendable {
        package let bounds: [UInt64]
        package var counts: [UInt64]
        package var sum: UInt64 = 0

        init(_ bounds: [UInt64]) {
            self.bounds = bounds
            counts = [UInt64](repeating: 0, count: bounds.count + 1)
        }

        mutating func add(_ value: UInt64) {
            let index = bounds.firstIndex { value <= $0 } ?? bounds.count
            counts[index] += 1
            sum &+= value
        }
    }

    package internal(set) var finalizedBlocks: UInt64 = 0
    package internal(set) var finalizedTransactions: UInt64 = 0
    package internal(set) var rejectedTransactions: UInt64 = 0
    package internal(set) var submitted: UInt64 = 0
    package internal(set) var refused: UInt64 = 0
    package internal(set) var malformedMessages: UInt64 = 0
    package internal(set) var badSignatures: UInt64 = 0
    package internal(set) var journalSyncs: UInt64 = 0
    package internal(set) var journalBytes: UInt64 = 0
    package internal(set) var storeBatches: UInt64 = 0
    package internal(set) var evidence: UInt64 = 0
    /// From a client's submission to finality here.
    package internal(set) var finalityLatency = Histogram(RuntimeCounters.latencyBoundsMicroseconds)
    package internal(set) var syncLatency = Histogram(RuntimeCounters.syncBoundsMicroseconds)

    mutating func countSync(bytes: Int, microseconds: UInt64) {
        journalSyncs += 1
        journalBytes += UInt64(bytes)
        syncLatency.add(microseconds)
    }
}
