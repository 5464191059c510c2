internal import NIOConcurrencyHelpers

/// Upper bounds in microseconds and how many values fell under each (not cumulative); the last count is above all.
package struct LatencyHistogram: Hashable, Sendable {
    package static let boundsMicroseconds: [UInt64] = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
    ]
    package private(set) var counts = [UInt64](repeating: 0, count: boundsMicroseconds.count + 1)
    package private(set) var sumMicroseconds: UInt64 = 0

    mutating func add(_ microseconds: UInt64) {
        let index = LatencyHistogram.boundsMicroseconds.firstIndex { microseconds <= $0 }
        counts[index ?? LatencyHistogram.boundsMicroseconds.count] += 1
        sumMicroseconds &+= microseconds
    }
}

/// Totals since the start of the process.
package struct NodeCounters: Hashable, Sendable {
    package var steps: UInt64 = 0
    package var journalGroups: UInt64 = 0
    package var journalRecords: UInt64 = 0
    package var journalBytes: UInt64 = 0
    package var storeBatches: UInt64 = 0
    package var finalBlocks: UInt64 = 0
    package var finalTransactions: UInt64 = 0
    package var submitted: UInt64 = 0
    package var refused: UInt64 = 0
    package var dropped: UInt64 = 0
    package var gossiped: UInt64 = 0
    package var signaturesChecked: UInt64 = 0
    package var signaturesWrong: UInt64 = 0
    package var malformedMessages: UInt64 = 0
    package var evidence: UInt64 = 0
    package var subscribersDropped: UInt64 = 0
    package var viewsEntered: UInt64 = 0
    /// Requests of peers for a part of the state.
    package var snapshotPartsServed: UInt64 = 0
    /// Records of old states removed from the store.
    package var prunedRecords: UInt64 = 0
    /// The oldest state that is kept; 0 while nothing was pruned since the start.
    package var prunedBelow: UInt64 = 0
    /// Duration of one step of that.
    package var pruneStep = LatencyHistogram()
    /// Duration of a durable journal write.
    package var journalSync = LatencyHistogram()
    /// Duration of a step of the replica.
    package var step = LatencyHistogram()
    /// From `submit` to the final block, of this node's clients that wait for it.
    package var finality = LatencyHistogram()

    package init() {}
}

/// Counters that several threads add to.
final class CounterBox: Sendable {
    private let box = NIOLockedValueBox(NodeCounters())
    var value: NodeCounters { box.withLockedValue { $0 } }
    func add(_ body: (inout NodeCounters) -> Void) { box.withLockedValue { body(&$0) } }
}
