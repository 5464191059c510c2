internal import Foundation
internal import LedgerCrypto
internal import Primitives

/// The ceiling of the transaction rate: signature checks alone. Every validator checks every transaction, so four of
/// them on this machine can do no more than (checks per second on all cores) / 4.
enum Ceiling {
    struct Result: Codable {
        /// Checks per second of wall time and core, with all cores busy at once, as they are under load.
        let perSecondAndCore: Double
        /// Processor time of one check: independent of what else the machine does.
        let processorMicroseconds: Double
    }

    static func measure(seconds: Double) -> Result {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let keys = (1...64).compactMap { Secp256k1.SecretKey([UInt8](repeating: 0, count: 31) + [UInt8($0)]) }
        let samples = keys.enumerated().map { index, key -> (Secp256k1.VerifyingKey?, Signature, Digest) in
            let digest = SHA256.hash([UInt8(truncatingIfNeeded: index)])
            return (Secp256k1.VerifyingKey(key.publicKey), key.sign(digest), digest)
        }
        let counts = Counts(cores)
        let used = ProcessUsage(of: getpid())?.cpuSeconds ?? 0
        let deadline = Stopwatch.now() + seconds
        DispatchQueue.concurrentPerform(iterations: cores) { core in
            var done = 0
            while Stopwatch.now() < deadline {
                for (key, signature, digest) in samples where key?.verify(signature, digest) == true { done += 1 }
            }
            counts.set(core, done)
        }
        let spent = (ProcessUsage(of: getpid())?.cpuSeconds ?? 0) - used
        return Result(
            perSecondAndCore: Double(counts.total) / seconds / Double(cores),
            processorMicroseconds: spent / Double(max(1, counts.total)) * 1e6)
    }

    /// One slot per core, each written by one thread.
    private final class Counts: @unchecked Sendable {
        private var values: [Int]
        private let lock = NSLock()
        init(_ count: Int) { values = [Int](repeating: 0, count: count) }
        func set(_ index: Int, _ value: Int) { lock.withLock { values[index] = value } }
        var total: Int { lock.withLock { values.reduce(0, +) } }
    }
}
