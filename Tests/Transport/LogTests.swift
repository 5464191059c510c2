import NIOCore
import Primitives
import Testing

@testable import Transport

/// Nobody fills a node's log.
@Suite struct LogTests {
    @Test func aLineIsLetThroughOnceAMinuteAndTheRestCounted() {
        var limit = LineLimit<Int>(keysMax: 2, linesMax: 2)
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        #expect((0..<5).map { limit.admits(7, at: start + .seconds($0)) } == ["", "", nil, nil, nil])
        #expect(limit.admits(8, at: start) == "")
        // A third key of this minute.
        #expect(limit.admits(9, at: start) == nil)
        #expect(limit.admits(7, at: start + .seconds(61)) == " (3 more of these since)")
        #expect(limit.admits(9, at: start + .seconds(61)) == "")
        // Long after nobody knows how many there were.
        #expect(limit.admits(9, at: start + .seconds(62)) == "")
        #expect(limit.admits(9, at: start + .seconds(63)) == nil)
        #expect(limit.admits(9, at: start + .seconds(600)) == "")
    }

    /// It dials on and on, several times a second.
    @Test func aPeerOfAnotherNetworkIsNamedOnce() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let (atA, atB) = (Lines(), Lines())
        let first = try await start(a, allowing: [b.peer], Recorder(), log: atA)
        var limits = quickLimits()
        limits.redialMillisecondsMax = 20
        let second = try await start(
            b, allowing: [a.peer], dialling: [first.address], network: Digest(words: (9, 9, 9, 9)), limits: limits,
            Recorder(), log: atB)
        #expect(await eventually { await first.totals.networksRefused >= 12 })
        #expect(atA.all("no link. Compare the genesis files").count == 1)
        #expect(atA.count <= 4)
        #expect(await second.totals.handshakesFailed >= 12)
        #expect(atB.all("belongs to another network").count + atB.all("no link to").count <= 2)
        #expect(atB.count <= 4)
        await first.stop()
        await second.stop()
    }

    /// Links that come up and break again and again.
    @Test func aLinkThatFlapsMakesAFewLines() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        var limits = quickLimits()
        limits.redialMillisecondsMax = 20
        limits.shunMilliseconds = 1
        let (lines, atA) = (Lines(), Recorder())
        let first = try await start(a, allowing: [b.peer], limits: limits, atA, log: lines)
        let second = try await start(b, allowing: [a.peer], dialling: [first.address], limits: limits, Recorder())
        for round in 1...12 {
            #expect(await eventually { atA.log.filter { $0 == "up" }.count >= round })
            first.shun(b.peer, "it flaps")
        }
        #expect(await eventually { await first.totals.linksClosed >= 12 })
        #expect(lines.all("linked to").count == 4)
        #expect(lines.all("closes: it flaps").count == 4)
        await first.stop()
        await second.stop()
    }
}
