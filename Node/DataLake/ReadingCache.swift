internal import Primitives
internal import Synchronization
internal import Trading

/// Batches that were stored or read lately, decoded: a batch of a day is needed for each of its periods.
///
/// Each was checked against its digest when it was taken in. Bounded; the oldest go.
final class ReadingCache: Sendable {
    /// Some 100,000 homes' hourly readings of a day.
    static let byteCountMax = 256 * 1_024 * 1_024

    private struct State {
        var batches: [Digest: ReadingBatch] = [:]
        var order: [Digest] = []
        var head = 0
        var byteCount = 0
    }

    private let state = Mutex(State())

    /// In memory, roughly.
    private static func byteCount(_ batch: ReadingBatch) -> Int {
        192 + batch.readings.count * MemoryLayout<Reading>.stride
    }

    subscript(_ digest: Digest) -> ReadingBatch? { state.withLock { $0.batches[digest] } }

    /// The batches that are here, in the order of the digests.
    func batches(_ digests: [Digest]) -> [ReadingBatch?] {
        state.withLock { state in digests.map { state.batches[$0] } }
    }

    func keep(_ batch: ReadingBatch, as digest: Digest) {
        state.withLock { state in
            guard state.batches.updateValue(batch, forKey: digest) == nil else { return }
            state.order.append(digest)
            state.byteCount += ReadingCache.byteCount(batch)
            while state.byteCount > ReadingCache.byteCountMax, state.head < state.order.count {
                ReadingCache.remove(state.order[state.head], &state)
                state.head += 1
            }
            if state.head > 4_096, state.head * 2 > state.order.count {
                state.order.removeFirst(state.head)
                state.head = 0
            }
        }
    }

    func remove(_ digest: Digest) { state.withLock { ReadingCache.remove(digest, &$0) } }

    // Its place in `order` is passed over later.
    private static func remove(_ digest: Digest, _ state: inout State) {
        guard let gone = state.batches.removeValue(forKey: digest) else { return }
        state.byteCount -= byteCount(gone)
    }
}
