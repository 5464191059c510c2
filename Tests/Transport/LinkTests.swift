import NIOCore
import Primitives
import Testing
import Transport

@Suite struct LinkTests {
    @Test func messagesArriveWholeAndInOrder() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let (atA, atB) = (Recorder(), Recorder())
        let first = try await start(a, allowing: [b.peer], atA)
        let second = try await start(b, allowing: [a.peer], dialling: [first.address], atB)
        #expect(await eventually { atA.log == ["up"] && atB.log == ["up"] })
        let sizes = [0, 1, 1000, 262_144, 262_145, 16 * 1024 * 1024]
        second.send(
            sizes.map { OutgoingMessage(channel: 0, bytes: [UInt8](repeating: 7, count: $0), peers: [a.peer]) })
        first.send([OutgoingMessage(channel: 1, bytes: [1, 2, 3], peers: [b.peer, a.peer, .zero])])
        #expect(await eventually { atA.received.count == sizes.count && atB.received.count == 1 })
        #expect(atA.received.map(\.bytes.count) == sizes)
        #expect(atA.received.allSatisfy { $0.peer == b.peer && $0.channel == 0 && $0.bytes.allSatisfy { $0 == 7 } })
        #expect(atB.received.first?.bytes == [1, 2, 3] && atB.received.first?.channel == 1)
        // Too large, and a channel that does not exist: refused, nothing breaks.
        #expect(await !second.send([UInt8](repeating: 0, count: 16 * 1024 * 1024 + 1), channel: 0, to: a.peer))
        #expect(await !second.send([1], channel: 2, to: a.peer))
        #expect(await second.send([9], channel: 0, to: a.peer))
        #expect(await eventually { atA.received.last?.bytes == [9] })
        await first.stop()
        #expect(await eventually { atB.log.last == "down" })
        await second.stop()
    }

    @Test func aKeyThatIsNotAllowedGetsNoLink() async throws {
        let (a, b, c) = (
            try TransportIdentity.generate(), try TransportIdentity.generate(), try TransportIdentity.generate()
        )
        let (atA, atB) = (Recorder(), Recorder())
        let first = try await start(a, allowing: [c.peer], atA)
        let second = try await start(b, allowing: [a.peer], dialling: [first.address], atB)
        #expect(await eventually { await first.totals.keysRefused > 1 })
        #expect(atA.log.isEmpty && atB.log.isEmpty)
        // The dialler knows why.
        #expect(await eventually { await second.snapshot().refusedBy == [a.peer] })
        // Allowed from now on: the dialler comes through without a restart.
        first.setAllowed([b.peer: "b"])
        #expect(await eventually { atA.log == ["up"] && atB.log == ["up"] })
        #expect(await second.snapshot().refusedBy.isEmpty)
        first.setAllowed([:])
        #expect(await eventually { atA.log.last == "down" })
        await first.stop()
        await second.stop()
    }

    @Test func aShunnedPeerComesBackLater() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        var limits = quickLimits()
        limits.shunMilliseconds = 300
        let (atA, atB) = (Recorder(), Recorder())
        let first = try await start(a, allowing: [b.peer], limits: limits, atA)
        let second = try await start(b, allowing: [a.peer], dialling: [first.address], limits: limits, atB)
        #expect(await eventually { atA.log == ["up"] && atB.log == ["up"] })
        first.shun(b.peer, "it spoke nonsense")
        #expect(await eventually { await first.totals.keysRefused > 0 })
        #expect(await eventually { atA.log == ["up", "down", "up"] && atB.log == ["up", "down", "up"] })
        await first.stop()
        await second.stop()
    }

    /// A node with another one's key throws its link out and is thrown out; neither dials again without a pause.
    @Test func twoNodesWithOneKeyMakeNoStorm() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let first = try await start(a, allowing: [b.peer], Recorder())
        var twins: [PeerNetwork] = []
        for _ in 0..<2 {
            twins.append(try await start(b, allowing: [a.peer], dialling: [first.address], Recorder()))
        }
        try await Task.sleep(for: .seconds(3))
        let opened = await first.totals.linksOpened
        // At most one each per 200 ms, the longest wait of these limits.
        #expect((2...60).contains(opened), "\(opened) links in 3 s")
        for twin in twins { await twin.stop() }
        await first.stop()
    }

    @Test func theDialledPeerMustBeTheOneMeant() async throws {
        let (a, b, c) = (
            try TransportIdentity.generate(), try TransportIdentity.generate(), try TransportIdentity.generate()
        )
        let (atA, atB) = (Recorder(), Recorder())
        let first = try await start(a, allowing: [b.peer], atA)
        // c is allowed too, but at this address a answers.
        let wrong = PeerAddress(peer: c.peer, host: "127.0.0.1", port: first.port ?? 0)
        let second = try await start(b, allowing: [a.peer, c.peer], dialling: [wrong], atB)
        #expect(await eventually { await second.totals.keysRefused > 1 })
        #expect(atA.log.isEmpty && atB.log.isEmpty)
        await first.stop()
        await second.stop()
    }

    @Test func anotherNetworkGetsNoLink() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let (atA, atB) = (Recorder(), Recorder())
        let first = try await start(a, allowing: [b.peer], atA)
        let second = try await start(
            b, allowing: [a.peer], dialling: [first.address], network: Digest(words: (9, 9, 9, 9)), atB)
        #expect(await eventually { await first.totals.networksRefused > 0 })
        #expect(atA.log.isEmpty && atB.log.isEmpty)
        await first.stop()
        await second.stop()
    }

    @Test func bothDialAndOneLinkStays() async throws {
        for _ in 0..<5 {
            let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
            let (atA, atB) = (Recorder(), Recorder())
            let first = try await start(a, allowing: [b.peer], atA)
            let second = try await start(b, allowing: [a.peer], atB)
            first.setAddresses([second.address])
            second.setAddresses([first.address])
            #expect(await eventually { !atA.log.isEmpty && !atB.log.isEmpty })
            for number in 0..<50 {
                first.send([OutgoingMessage(channel: 0, bytes: [UInt8(number)], peers: [b.peer])])
                second.send([OutgoingMessage(channel: 0, bytes: [UInt8(number)], peers: [a.peer])])
            }
            #expect(await eventually { atA.received.count == 50 && atB.received.count == 50 })
            #expect(Set(atA.received.map(\.bytes)).count == 50)
            #expect(await first.linkCount == 1)
            #expect(await second.linkCount == 1)
            await first.stop()
            await second.stop()
        }
    }

    @Test func aRestartedPeerIsFoundAgain() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let atB = Recorder()
        var first = try await start(a, allowing: [b.peer], Recorder())
        let port = try #require(first.port)
        let second = try await start(b, allowing: [a.peer], dialling: [first.address], atB)
        for round in 1...3 {
            #expect(await eventually { atB.log.filter { $0 == "up" }.count == round })
            await first.stop()
            #expect(await eventually { atB.log.filter { $0 == "down" }.count == round })
            first = try await start(a, allowing: [b.peer], port: port, Recorder())
        }
        #expect(await eventually { atB.log.last == "up" })
        await first.stop()
        await second.stop()
    }
}

@Suite struct PressureTests {
    /// A receiver that deals with nothing stops the sender; memory on both sides stays within the bounds.
    @Test func aSlowReaderIsBounded() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        var limits = quickLimits()
        limits.unhandledBytesMax = 1024 * 1024
        limits.dataQueueBytesMax = 2 * 1024 * 1024
        let slow = Recorder(holdingCredits: true)
        let atB = Recorder()
        let first = try await start(a, allowing: [b.peer], limits: limits, slow)
        let second = try await start(b, allowing: [a.peer], dialling: [first.address], limits: limits, atB)
        #expect(await eventually { atB.log == ["up"] })
        let message = [UInt8](repeating: 5, count: 100_000)
        var taken = 0
        #expect(
            await eventually {
                if await second.send(message, channel: 1, to: a.peer) {
                    taken += 1
                    return false
                }
                return await first.totals.readsPaused > 0
            })
        let links = await second.snapshot().links
        #expect(links.allSatisfy { $0.queuedBytes <= limits.dataQueueBytesMax })
        // What was read before the brake: the bound, and at most what one read of the socket brings more.
        #expect(slow.heldBytes < limits.unhandledBytesMax + 4 * 1024 * 1024)
        slow.release()
        #expect(await eventually { slow.received.count >= taken })
        #expect(await second.send(message, channel: 1, to: a.peer))
        #expect(atB.log == ["up"])
        await first.stop()
        await second.stop()
    }

    /// Linking again brings no new room: what earlier links sent still counts.
    @Test func aNewLinkIsNoNewCredit() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        var limits = quickLimits()
        limits.unhandledBytesMax = 1024 * 1024
        let slow = Recorder(holdingCredits: true)
        let first = try await start(a, allowing: [b.peer], limits: limits, slow)
        let message = [UInt8](repeating: 5, count: 100_000)
        for round in 1...20 {
            let atB = Recorder()
            // A process of its own each time.
            let second = try await start(b, allowing: [a.peer], dialling: [first.address], limits: limits, atB)
            #expect(await eventually { atB.log == ["up"] })
            for _ in 0..<40 { _ = await second.send(message, channel: 1, to: a.peer) }
            if round == 1 { #expect(await eventually { slow.heldBytes > limits.unhandledBytesMax }) }
            try await Task.sleep(for: .milliseconds(30))
            await second.stop()
        }
        #expect(slow.heldBytes < limits.unhandledBytesMax + 2 * message.count)
        // Once all is handled, a new link is read.
        slow.release()
        let last = try await start(b, allowing: [a.peer], dialling: [first.address], limits: limits, Recorder())
        #expect(await eventually { await last.send([9], channel: 1, to: a.peer) })
        #expect(await eventually { slow.received.contains { $0.bytes == [9] } })
        await first.stop()
        await last.stop()
    }

    @Test func aPeerThatDoesNotKeepUpOnChannelZeroIsClosed() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        var limits = quickLimits()
        limits.unhandledBytesMax = 1024 * 1024
        limits.consensusQueueBytesMax = 2 * 1024 * 1024
        let first = try await start(a, allowing: [b.peer], limits: limits, Recorder(holdingCredits: true))
        let atB = Recorder()
        let second = try await start(b, allowing: [a.peer], dialling: [first.address], limits: limits, atB)
        #expect(await eventually { atB.log == ["up"] })
        let message = [UInt8](repeating: 5, count: 500_000)
        #expect(
            await eventually {
                _ = await second.send(message, channel: 0, to: a.peer)
                return await second.totals.slowClosed > 0
            })
        #expect(await eventually { atB.log.contains("down") })
        await first.stop()
        await second.stop()
    }
}
