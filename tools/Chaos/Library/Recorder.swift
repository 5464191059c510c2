internal import ChaosHistory
internal import Foundation
internal import Primitives

/// What all clients see, as it happens. Thread-safe.
final class Recorder: @unchecked Sendable {
    private let lock = NSLock()
    private var writes: [WriteRecord] = []
    private var places: [Digest: Int] = [:]
    private var reads: [ReadRecord] = []
    private var acknowledgements: [(at: Double, took: Double)] = []
    private var failures: [String: Int] = [:]
    private var highest: UInt64 = 0

    /// Highest height that any client was told of.
    var known: UInt64 { lock.withLock { highest } }

    func invoked(_ record: WriteRecord) {
        lock.withLock {
            places[record.transaction] = writes.count
            writes.append(record)
        }
    }

    func acknowledged(_ transaction: Digest, height: UInt64, block: Digest, succeeded: Bool) {
        lock.withLock {
            highest = max(highest, height)
            let now = Watch.now()
            guard let place = places[transaction], writes[place].acknowledged == nil else { return }
            writes[place].acknowledged = .init(at: now, height: height, block: block, succeeded: succeeded)
            acknowledgements.append((now, now - writes[place].invoked))
        }
    }

    func answered(_ record: ReadRecord) {
        lock.withLock {
            highest = max(highest, record.height)
            reads.append(record)
        }
    }

    /// An attempt that gave nothing; counted by what failed.
    func failed(_ what: String) { lock.withLock { failures[what, default: 0] += 1 } }

    var failureCounts: [String: Int] { lock.withLock { failures } }

    var history: History { lock.withLock { History(writes: writes, reads: reads) } }

    /// Acknowledgements from `begin` to `end`.
    func acknowledgedCount(from begin: Double, to end: Double) -> Int {
        lock.withLock { acknowledgements.count { $0.at >= begin && $0.at < end } }
    }

    /// Seconds from invocation to acknowledgement, of what was acknowledged from `begin` to `end`.
    func latencies(from begin: Double, to end: Double) -> [Double] {
        lock.withLock { acknowledgements.filter { $0.at >= begin && $0.at < end }.map(\.took) }
    }

    /// Acknowledgements per second in steps of `width` seconds, whole ones only.
    func rates(from begin: Double, to end: Double, width: Double) -> [Double] {
        let count = max(0, Int((end - begin) / width))
        var bins = [Double](repeating: 0, count: count)
        lock.withLock {
            for entry in acknowledgements where entry.at >= begin {
                let bin = Int((entry.at - begin) / width)
                if bin < count { bins[bin] += 1 / width }
            }
        }
        return bins
    }
}
