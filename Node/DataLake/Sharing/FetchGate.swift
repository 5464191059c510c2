internal import Synchronization

/// Bounds the parts that are fetched at once, each with its content in memory: one from each partner, some in all.
final class FetchGate: Sendable {
    static let fetchesMax = 4

    private let running = Mutex<Set<String>>([])

    /// False when no more may be fetched from `partner` now; else `leave` must follow.
    func enter(_ partner: String) -> Bool {
        running.withLock { running in
            guard running.count < FetchGate.fetchesMax else { return false }
            return running.insert(partner).inserted
        }
    }

    func leave(_ partner: String) { running.withLock { _ = $0.remove(partner) } }
}
