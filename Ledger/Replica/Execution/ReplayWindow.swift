internal import Chain
internal import Primitives

/// Signed digests that must not run again. An entry can be forgotten once its expiry has passed in block time, because
/// from then on the transaction is refused for its expiry. O(1) per entry; memory is bounded by what the chain takes in
/// `Transaction.lifetimeMillisecondsMax`.
struct ReplayWindow: Sendable {
    private var members: Set<Digest> = []
    /// Members by the second in which they expire. Looked up by key, never iterated.
    private var buckets: [UInt64: [Digest]] = [:]
    /// Seconds below this one are forgotten.
    private var floor: UInt64 = 0

    var count: Int { members.count }

    func contains(_ signedDigest: Digest) -> Bool { members.contains(signedDigest) }

    /// Neighbours that expire in the same second are taken together, as those of a block mostly are.
    mutating func insert(_ entries: [SignedEntries.Entry]) {
        var rest = entries[...]
        while let first = rest.first {
            let second = first.expiry.milliseconds / 1_000
            let end = rest.firstIndex { $0.expiry.milliseconds / 1_000 != second } ?? rest.endIndex
            if second >= floor {
                var bucket = buckets.removeValue(forKey: second) ?? []
                for entry in rest[..<end] where members.insert(entry.digest).inserted { bucket.append(entry.digest) }
                if !bucket.isEmpty { buckets[second] = bucket }
            }
            rest = rest[end...]
        }
    }

    /// Forgets what expired at or before block time `now`. Cost: seconds passed plus entries forgotten.
    mutating func advance(to now: Timestamp) {
        let second = now.milliseconds / 1_000
        guard second > floor else { return }
        if buckets.isEmpty {
            floor = second
            return
        }
        // A long gap (a network that slept for years) is no reason to walk every second of it.
        if second - floor > UInt64(buckets.count) * 4 + 4_096 {
            for key in buckets.keys.sorted() where key < second { drop(key) }
        } else {
            for key in floor..<second { drop(key) }
        }
        floor = second
    }

    private mutating func drop(_ second: UInt64) {
        guard let digests = buckets.removeValue(forKey: second) else { return }
        for digest in digests { members.remove(digest) }
    }
}
