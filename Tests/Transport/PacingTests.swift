import Primitives
import Testing
import Transport

/// A peer with valid keys that sends without end is read at a bounded rate, loses nothing and stays linked.
@Suite struct PacingTests {
    @Test(.timeLimit(.minutes(1))) func aFloodIsReadAtTheRate() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        var limits = quickLimits()
        limits.messagesPerSecondMax = 1_000
        limits.messagesBurstMax = 100
        let (atA, atB) = (Recorder(), Recorder())
        let first = try await start(a, allowing: [b.peer], limits: limits, atA)
        let second = try await start(b, allowing: [a.peer], dialling: [first.address], atB)
        #expect(await eventually { atA.log == ["up"] && atB.log == ["up"] })
        let count = 1_500
        let began = ContinuousClock.now
        second.send(
            (0..<count).map {
                OutgoingMessage(channel: 0, bytes: [UInt8](repeating: UInt8($0 % 251), count: 8_192), peers: [a.peer])
            })
        #expect(await eventually { atA.received.count == count })
        // The last reads may be ahead of the rate by what one of them holds.
        #expect(ContinuousClock.now - began > .milliseconds(700))
        #expect(atA.received.enumerated().allSatisfy { $1.bytes.first == UInt8($0 % 251) })
        #expect(await first.totals.readsPaused > 0)
        #expect(atA.log == ["up"] && atB.log == ["up"])
        await first.stop()
        await second.stop()
    }
}
