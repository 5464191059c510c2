internal import Foundation
internal import LedgerCrypto
internal import Primitives

/// The ceiling of the transaction rate: signature checks alone. Every validator checks every transaction, so four of
/// them on this machine can do no more than (checks per second on all cores) / 4.
enum Ceiling {
    /// Checks per second and core, with all cores busy at once, as they are under load.
    static func verificationsPerSecondAndCore(seconds: Double) -> Double {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let keys = (1...64).compactMap { Secp256k1.SecretKey([UInt8](repeating: 0, count: 31) + [UInt8($0)]) }
        let samples = keys.enumerated().map { index, key -> (Secp256k1.VerifyingKey?, Signature, Digest) in
            let digest = SHA256.hash([UInt8(truncatingIfNeeded: index)])
            return (Secp256k1.VerifyingKey(key.publicKey), key.sign(digest), digest)
        }
        let counts = Counts(cores)
        let deadline = Stopwatch.now() + seconds
        DispatchQueue.concurrentPerform(iterations: cores) { core in
            var done = 0
            while Stopwatch.now() < deadline {
                for (key, signature, digest) in samples where key?.verify(signature, digest) == true { done += 1 }
            }
            counts.set(core, done)
        }
        return Double(counts.total) / seconds / Double(cores)
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
