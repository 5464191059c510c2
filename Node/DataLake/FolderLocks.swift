internal import Foundation
internal import Primitives

/// A lock for each of the 256 folders that files named by digest lie in (by its first two digits). Whoever looks a digest up
/// and writes, removes or lists its files holds it, so that storing and erasing the same content take turns.
final class FolderLocks: Sendable {
    private let locks = (0..<256).map { _ in NSLock() }

    func with<Value>(_ digest: Digest, _ body: () throws(LakeError) -> Value) throws(LakeError) -> Value {
        try with(folder: digest.bytes[0], body)
    }

    func with<Value>(folder: UInt8, _ body: () throws(LakeError) -> Value) throws(LakeError) -> Value {
        let lock = locks[Int(folder)]
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }

    /// All folders at once.
    func withAll<Value>(_ body: () throws(LakeError) -> Value) throws(LakeError) -> Value {
        for lock in locks { lock.lock() }
        defer { for lock in locks.reversed() { lock.unlock() } }
        return try body()
    }
}
