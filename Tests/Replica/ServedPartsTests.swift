import Primitives
import TestSupport
import Testing

@testable import Replica

/// How a node shares out the parts of its state.
@Suite struct ServedPartsTests {
    private static let peers = (0..<40).map { Identity($0).peer }

    /// Parts that each peer gets in a minute, asking every so many milliseconds; the first is told from a quiet time.
    private func served(everyMilliseconds: [UInt64], seconds: UInt64 = 60) -> [Int] {
        var parts = ServedParts()
        var counts = everyMilliseconds.map { _ in 0 }
        for time in UInt64(0)..<(seconds * 1_000) {
            for (index, every) in everyMilliseconds.enumerated() where time % every == 0 {
                if parts.mayServe(Self.peers[index], at: 1_000_000 + time) { counts[index] += 1 }
            }
        }
        return counts
    }

    /// Greedy ones leave an honest one, which waits when it is told to, its share.
    @Test func everybodyHasAShare() {
        let alone = served(everyMilliseconds: [20])
        #expect(alone[0] >= 60 * 32 && alone[0] <= 60 * 32 + 65)
        let amongGreedy = served(everyMilliseconds: [1, 1, 1, 50])
        #expect(amongGreedy[3] >= 60 * 8 && amongGreedy.reduce(0, +) <= 60 * 32 + 65, "\(amongGreedy)")
        let slow = served(everyMilliseconds: [1, 500])
        #expect(slow[1] == 120, "one that asks less than its share gets all that it asks for: \(slow)")
        #expect(slow[0] >= 60 * 30 - 40, "what a slow one leaves is the other's: \(slow)")
    }

    /// One that has gone keeps nothing from those who stay; one that comes again and again gains nothing by it.
    @Test func whoHasGoneSharesNoMore() {
        var parts = ServedParts()
        var count = 0
        for time in UInt64(0)..<60_000 {
            if time < 100 { for peer in Self.peers.dropFirst() { _ = parts.mayServe(peer, at: time) } }
            if time >= 10_000, parts.mayServe(Self.peers[0], at: time) { count += 1 }
        }
        #expect(count >= 50 * 32 && count <= 50 * 32 + 65)
        var (steady, coming) = (0, 0)
        for time in UInt64(60_000)..<660_000 {
            if parts.mayServe(Self.peers[1], at: time) { steady += 1 }
            if time % 2_500 < 100, parts.mayServe(Self.peers[2], at: time) { coming += 1 }
        }
        #expect(coming < steady && steady + coming <= 600 * 32 + 65, "\(steady) \(coming)")
    }
}
