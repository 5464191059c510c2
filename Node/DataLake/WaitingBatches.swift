package import Primitives
internal import Synchronization

/// A batch in this lake that its meter's data provider has not anchored, as far as is known here.
struct WaitingBatch: Hashable, Sendable {
    let digest: Digest
    let provider: String
    /// Handed in last, or first seen without an anchor.
    let since: Timestamp
    /// 0 for one that was not handed in at this door.
    let byteCount: UInt64
}

/// How much of one data provider may wait in a lake for its anchors.
package struct WaitingRoom: Hashable, Sendable {
    /// One import of a community of 10,000 members and a month of days: 310,000 batches, some 1.7 GB of quarter hours in both
    /// directions. A few more are taken when several arrive at once.
    package static let standard = WaitingRoom(batchesMax: 400_000, bytesMax: 16 * 1_024 * 1_024 * 1_024)

    package let batchesMax: Int
    package let bytesMax: UInt64

    package init(batchesMax: Int, bytesMax: UInt64) {
        self.batchesMax = batchesMax
        self.bytesMax = bytesMax
    }

    func holds(_ total: WaitingTotal, and byteCount: Int) -> Bool {
        total.batches < batchesMax && total.bytes <= bytesMax && UInt64(byteCount) <= bytesMax - total.bytes
    }
}

/// What of a provider waits.
struct WaitingTotal: Hashable, Sendable {
    var batches = 0
    var bytes: UInt64 = 0
}

/// How long a batch is waited for that nobody anchored. Waits end by the chain's time, so that nothing goes that is anchored in
/// a block which this node has not seen; the machine's clock can only lengthen them.
package enum AnchorWait {
    /// So long after it was handed in, an anchor may be on its way: an import of many batches anchors the first ones late.
    package static let onTheWayMilliseconds: UInt64 = 86_400_000
    /// Then it goes by itself.
    package static let keptMilliseconds: UInt64 = 7 * 86_400_000
    /// A node whose newest final block is older knows too little to remove anything; heartbeats make one every 5 s.
    package static let chainAgeMillisecondsMax: UInt64 = 600_000

    package static func isBehind(_ chain: ChainView, now: Timestamp) -> Bool {
        now.distance(above: chain.time) > chainAgeMillisecondsMax
    }

    /// A wait of so long is over for what has waited since then.
    package static func limit(_ chain: ChainView, _ milliseconds: UInt64) -> Timestamp {
        Timestamp(chain.time.value - min(chain.time.value, milliseconds))
    }
}

/// Sums over the catalogue's table of what waits, so that an upload need not count it.
final class WaitingTotals: Sendable {
    private struct State {
        var totals: [String: WaitingTotal] = [:]
        /// Where looking for anchored ones goes on.
        var places: [String: Digest] = [:]
    }

    private let state = Mutex(State())

    subscript(_ provider: String) -> WaitingTotal { state.withLock { $0.totals[provider] ?? WaitingTotal() } }

    func set(_ total: WaitingTotal, of provider: String) { state.withLock { $0.totals[provider] = total } }

    func add(_ batch: WaitingBatch) {
        state.withLock { state in
            state.totals[batch.provider, default: WaitingTotal()].batches += 1
            state.totals[batch.provider, default: WaitingTotal()].bytes += batch.byteCount
        }
    }

    func remove(_ batch: WaitingBatch) {
        state.withLock { state in
            guard var total = state.totals[batch.provider] else { return }
            total.batches -= min(total.batches, 1)
            total.bytes -= min(total.bytes, batch.byteCount)
            state.totals[batch.provider] = total.batches == 0 ? nil : total
        }
    }

    func place(of provider: String) -> Digest? { state.withLock { $0.places[provider] } }

    func goOn(after digest: Digest?, of provider: String) { state.withLock { $0.places[provider] = digest } }
}
