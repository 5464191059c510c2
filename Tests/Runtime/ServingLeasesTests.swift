import LedgerCrypto
import NodeRuntime
import Primitives
import Testing

/// What peers take over stays, but not for ever and not for everybody.
@Suite struct ServingLeasesTests {
    private func peer(_ number: UInt8) -> Digest { SHA256.hash([number]) }

    @Test func theOldestOfAllTransfersStays() {
        let leases = ServingLeases()
        #expect(leases.oldest(at: 0) == nil)
        leases.used(Height(64), by: peer(1), at: 10)
        leases.used(Height(32), by: peer(2), at: 11)
        #expect(leases.oldest(at: 12) == Height(32))
        // The second one begins anew with a newer state.
        leases.used(Height(96), by: peer(2), at: 13)
        #expect(leases.oldest(at: 14) == Height(64))
    }

    @Test func silenceEndsIt() {
        let leases = ServingLeases()
        leases.used(Height(64), by: peer(1), at: 0)
        #expect(leases.oldest(at: ServingLeases.idleMillisecondsMax) == Height(64))
        #expect(leases.oldest(at: ServingLeases.idleMillisecondsMax + 1) == nil)
    }

    @Test func noPeerHoldsForEver() {
        let leases = ServingLeases()
        var now: UInt64 = 0
        var lastHeld: UInt64 = 0
        while now < 3 * ServingLeases.heldMillisecondsMax {
            // Another version now and then does not lengthen it.
            leases.used(Height(1 + now / 600_000), by: peer(1), at: now)
            if leases.oldest(at: now) != nil { lastHeld = now }
            now += 10_000
        }
        #expect(lastHeld == ServingLeases.heldMillisecondsMax)
    }

    @Test func onlySoManyPeersHold() {
        let leases = ServingLeases()
        for number in 0..<ServingLeases.peersMax {
            leases.used(Height(100), by: peer(UInt8(number)), at: 0)
        }
        leases.used(Height(1), by: peer(200), at: 0)
        #expect(leases.oldest(at: 1) == Height(100))
        // Once the others are silent there is room.
        let later = ServingLeases.idleMillisecondsMax + 1
        leases.used(Height(1), by: peer(200), at: later)
        #expect(leases.oldest(at: later) == Height(1))
    }
}
