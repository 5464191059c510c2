internal import Synchronization

/// Remembers roughly what was asked for: one number per place of a table of fixed size. It may forget, and very rarely
/// takes one request for another, which costs a place in a cache and nothing else.
final class AskedBefore: Sendable {
    private static let placesMax = 1 << 16

    private let seen = Mutex([UInt32](repeating: 0, count: AskedBefore.placesMax))

    /// Whether it was asked for before, not long ago.
    func note(_ request: ResolverRequest) -> Bool {
        let hash = UInt(bitPattern: request.hashValue)
        let place = Int(hash % UInt(AskedBefore.placesMax))
        let mark = UInt32(truncatingIfNeeded: hash >> 16)
        return seen.withLock { seen in
            if seen[place] == mark { return true }
            seen[place] = mark
            return false
        }
    }
}
