package import Chain
package import Primitives

extension Event {
    /// Whether the event's record holds these 32 bytes: an account by its holder's digest, a data set, a part.
    package func names(_ digest: Digest) -> Bool { payload.holds(digest) }
}

extension [UInt8] {
    /// Whether the bytes of a digest stand anywhere in these.
    package func holds(_ digest: Digest) -> Bool {
        let wanted = digest.bytes
        guard count >= wanted.count else { return false }
        return (0...(count - wanted.count)).contains { start in
            self[start] == wanted[0] && self[start..<(start + wanted.count)].elementsEqual(wanted)
        }
    }
}
