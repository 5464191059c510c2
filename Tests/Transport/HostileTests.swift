import NIOCore
import NIOPosix
import NIOSSL
import Primitives
import TestSupport
import Testing
import Transport

/// Says whatever it is told to the port, without or with TLS, and notices the end.
private func connect(port: Int, tls: NIOSSLContext? = nil) async throws -> any Channel {
    try await ClientBootstrap(group: loops)
        .channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                guard let tls else { return }
                try channel.pipeline.syncOperations.addHandler(
                    NIOSSLClientHandler(context: tls, serverHostname: nil) { _, promise in
                        promise.succeed(.certificateVerified)
                    })
            }
        }
        .connect(host: "127.0.0.1", port: port).get()
}

private func clientContext(_ identity: TransportIdentity) throws -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(identity.pem.utf8)).map {
        .certificate($0)
    }
    configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.pem.utf8), format: .pem))
    configuration.certificateVerification = .noHostnameVerification
    configuration.applicationProtocols = ["commonwatt/1"]
    return try NIOSSLContext(configuration: configuration)
}

private func hello() -> [UInt8] {
    var encoder = BCSEncoder()
    encoder.uleb(0)
    encoder.u16(1)
    encoder.fixed(network)
    encoder.u64(77)
    return [0, 0, 0, UInt8(encoder.bytes.count), 127] + encoder.bytes
}

@Suite struct HostileTests {
    @Test func garbageOnThePortHurtsNobody() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let atA = Recorder()
        var limits = quickLimits()
        limits.strangersMax = 8
        limits.handshakeMillisecondsMax = 300
        let first = try await start(a, allowing: [b.peer], limits: limits, atA)
        let port = try #require(first.port)
        var random = SeededGenerator(seed: 1)
        var open: [any Channel] = []
        for round in 0..<40 {
            guard let channel = try? await connect(port: port) else { continue }
            let bytes: [UInt8] =
                switch round % 4 {
                case 0: Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
                case 1:
                    (0..<Int.random(in: 1...5000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
                    }
                case 2: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01]  // A TLS record that never ends.
                default: []  // Says nothing at all.
                }
            if !bytes.isEmpty { try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
            if round % 8 == 7 { open.append(channel) } else { try? await channel.close() }
        }
        // The silent ones are put out by the handshake timeout, and the port serves its peer.
        for channel in open { try await channel.closeFuture.get() }
        let second = try await start(b, allowing: [a.peer], dialling: [first.address], Recorder())
        #expect(await eventually { atA.log == ["up"] })
        #expect(await first.totals.handshakesFailed >= 32)
        await first.stop()
        await second.stop()
    }

    /// Who takes all places and says nothing keeps nobody out.
    @Test func silentStrangersMakeRoom() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let atA = Recorder()
        var limits = quickLimits()
        limits.strangersMax = 4
        limits.handshakeMillisecondsMax = 60_000
        let first = try await start(a, allowing: [b.peer], limits: limits, atA)
        let port = try #require(first.port)
        var silent: [any Channel] = []
        for _ in 0..<6 { silent.append(try await connect(port: port)) }
        // The oldest two had to go; the others are still there.
        try await silent[0].closeFuture.get()
        try await silent[1].closeFuture.get()
        #expect(silent[5].isActive)
        let second = try await start(b, allowing: [a.peer], dialling: [first.address], Recorder())
        #expect(await eventually { atA.log == ["up"] })
        // Those who are known count no more: the rest keeps its places.
        #expect(silent[5].isActive && silent[4].isActive && silent[3].isActive)
        for channel in silent { try? await channel.close() }
        await first.stop()
        await second.stop()
    }

    enum Attack: CaseIterable {
        case oversizedFrame, unknownChannel, dataBeforeHello, secondHello, unknownControl, oversizedControl
        case endlessMessage, emptyParts, plainTLS

        var bytes: [UInt8] {
            switch self {
            case .oversizedFrame: hello() + [0x7f, 0xff, 0xff, 0xff, 0]
            case .unknownChannel: hello() + [0, 0, 0, 1, 9, 1]
            case .dataBeforeHello: [0, 0, 0, 1, 0, 1]
            case .secondHello: hello() + hello()
            case .unknownControl: hello() + [0, 0, 0, 1, 127, 9]
            case .oversizedControl: [0, 0, 2, 0, 127]
            case .endlessMessage:
                hello()
                    + (0..<65).flatMap { _ in [0, 4, 0, 0, 0x81] + [UInt8](repeating: 1, count: 262_144) }
            case .emptyParts: hello() + [0, 0, 0, 0, 0x80]
            case .plainTLS: Array("GET / HTTP/1.1\r\n\r\n".utf8)
            }
        }
    }

    /// A peer with a right key that breaks the format loses its link, and nothing else happens.
    @Test(arguments: Attack.allCases) func aPeerThatBreaksTheFormatIsClosed(attack: Attack) async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let atA = Recorder()
        let first = try await start(a, allowing: [b.peer], atA)
        let channel = try await connect(port: try #require(first.port), tls: try clientContext(b))
        try? await channel.writeAndFlush(ByteBuffer(bytes: attack.bytes))
        try await channel.closeFuture.get()
        #expect(await eventually { await first.linkCount == 0 })
        #expect(atA.received.isEmpty)
        #expect(atA.log.isEmpty || atA.log == ["up", "down"])
        await first.stop()
    }

    /// A stranger with a key of its own sees the port close.
    @Test func aStrangerWithTLSIsRefused() async throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let atA = Recorder()
        let first = try await start(a, allowing: [b.peer], atA)
        let stranger = try await connect(
            port: try #require(first.port), tls: try clientContext(try TransportIdentity.generate()))
        try? await stranger.writeAndFlush(ByteBuffer(bytes: hello()))
        try await stranger.closeFuture.get()
        #expect(atA.log.isEmpty)
        #expect(await first.totals.keysRefused == 1)
        await first.stop()
    }
}
