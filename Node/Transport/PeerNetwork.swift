package import Logging
internal import NIOConcurrencyHelpers
package import NIOCore
internal import NIOPosix
internal import NIOSSL
package import Primitives

/// Where a peer listens.
package struct PeerAddress: Hashable, Sendable {
    /// SHA-256 of the DER SubjectPublicKeyInfo of its certificate.
    package let peer: Digest
    package let host: String
    package let port: Int

    package init(peer: Digest, host: String, port: Int) {
        self.peer = peer
        self.host = host
        self.port = port
    }
}

package struct PeerNetworkConfiguration: Sendable {
    package var network: Digest
    package var identity: TransportIdentity
    package var host = "0.0.0.0"
    /// 0 takes any free port; nil does not listen.
    package var port: Int? = 0
    /// Who may connect: transport keys with a name for logs and status.
    package var allowed: [Digest: String] = [:]
    /// Whom to dial.
    package var addresses: [PeerAddress] = []
    package var limits = TransportLimits()

    package init(network: Digest, identity: TransportIdentity) {
        self.network = network
        self.identity = identity
    }
}

/// A message that a peer sent. Its size counts against the peer until `credit` is released, so keep the value no
/// longer than it takes to handle it.
package struct ReceivedMessage: Sendable {
    package let peer: Digest
    package let channel: UInt8
    package let bytes: [UInt8]
    package let credit: ReadCredit
}

/// What hears of links and messages, on the transport's event loop: hand over and return at once.
package protocol PeerNetworkReceiver: AnyObject, Sendable {
    func linkUp(_ peer: Digest)
    func linkDown(_ peer: Digest)
    func received(_ message: ReceivedMessage)
}

/// Authenticated links to all peers: mutual TLS 1.3 with pinned keys, one link per pair, dialled again when broken.
///
/// Runs on one event loop; all its state belongs to that loop. Delivery is in order per channel while a link lasts; what was queued
/// when a link broke is lost, and `linkDown` says so. Format: docs/formats/transport.md.
package final class PeerNetwork: @unchecked Sendable {
    let configuration: PeerNetworkConfiguration
    let loop: any EventLoop
    let logger: Logger
    let serverContext: NIOSSLContext
    let clientContext: NIOSSLContext
    /// Tells runs of a process apart, so that a peer notices a restart.
    let incarnation = UInt64.random(in: 1...UInt64.max)
    let allowed: NIOLockedValueBox<[Digest: String]>

    private(set) weak var receiver: (any PeerNetworkReceiver)?

    // Below: the event loop's own.
    var links: [Digest: Link] = [:]
    var openChannels: [ObjectIdentifier: any Channel] = [:]
    /// Accepted connections that have not said who they are, the oldest first.
    var strangers: [(channel: any Channel, address: String)] = []
    var dials: [Digest: Dial] = [:]
    /// Of each peer that was ever linked.
    var brakes: [Digest: ReadBrake] = [:]
    /// Peers that broke a format above the links, and until when they get no link.
    var shunned: [Digest: NIODeadline] = [:]
    var refusals = LineLimit<Digest>(keysMax: 8)
    var failures = LineLimit<RepeatedLine>(keysMax: 4_096)
    var lines = LineLimit<RepeatedLine>(keysMax: 4_096, linesMax: 4)
    var strangerLines = LineLimit<String>(keysMax: 64)
    var counters = TransportCounters()
    var listener: (any Channel)?
    var isStopped = false

    private init(
        _ configuration: PeerNetworkConfiguration, loop: any EventLoop, receiver: any PeerNetworkReceiver,
        logger: Logger
    ) throws {
        self.configuration = configuration
        self.loop = loop
        self.receiver = receiver
        self.logger = logger
        allowed = NIOLockedValueBox(configuration.allowed)
        serverContext = try NIOSSLContext(configuration: configuration.identity.serverConfiguration())
        clientContext = try NIOSSLContext(configuration: configuration.identity.clientConfiguration())
    }

    /// Listens and begins to dial. Throws when the port is taken or the identity does not fit together.
    package static func start(
        _ configuration: PeerNetworkConfiguration, on loop: any EventLoop, receiver: any PeerNetworkReceiver,
        logger: Logger
    ) async throws -> PeerNetwork {
        // Whoever links hears its receiver from the first link on.
        let network = try PeerNetwork(configuration, loop: loop, receiver: receiver, logger: logger)
        if let port = configuration.port {
            try await network.bind(host: configuration.host, port: port).map { network.listener = $0 }.get()
        }
        network.setAddresses(configuration.addresses)
        return network
    }

    /// The port that it listens on, nil when it does not.
    package var port: Int? { listener?.localAddress?.port }

    package var peer: Digest { configuration.identity.peer }

    /// Sends messages in this order, each to all of its peers; those without a link are left out. Never blocks.
    package func send(_ messages: [OutgoingMessage]) {
        if messages.isEmpty { return }
        loop.execute { [self] in
            var touched: [Link] = []
            for message in messages {
                guard let frames = Frame.encode(message) else {
                    counters.oversizedRefused += 1
                    continue
                }
                for peer in message.peers {
                    guard let link = links[peer] else { continue }
                    link.enqueue(frames, channel: message.channel)
                    touched.append(link)
                }
            }
            for link in touched { link.pump() }
        }
    }

    /// Sends one message and says whether it was queued: false without a link or with a full queue.
    package func send(_ bytes: [UInt8], channel: UInt8, to peer: Digest) async -> Bool {
        let message = OutgoingMessage(channel: channel, bytes: bytes, peers: [peer])
        let answer = loop.submit { [self] () -> Bool in
            guard let link = links[peer], let frames = Frame.encode(message) else { return false }
            let queued = link.enqueue(frames, channel: channel)
            link.pump()
            return queued
        }
        return (try? await answer.get()) ?? false
    }

    /// Replaces the set of peers that may be linked; links of others are closed.
    package func setAllowed(_ peers: [Digest: String]) {
        allowed.withLockedValue { $0 = peers }
        loop.execute { [self] in
            for link in Array(links.values) where peers[link.peer] == nil {
                link.close("the peer is no longer allowed")
            }
            setAddresses(dials.values.map(\.address))
        }
    }

    /// Replaces the addresses to dial.
    package func setAddresses(_ addresses: [PeerAddress]) {
        loop.execute { [self] in redial(addresses) }
    }

    /// Closes the link of a peer that broke the rules of a layer above, and lets it come back only after a while.
    package func shun(_ peer: Digest, _ reason: String) {
        loop.execute { [self] in
            shunned[peer] = .now() + .milliseconds(configuration.limits.shunMilliseconds)
            links[peer]?.close(reason)
        }
    }

    /// Counters and the links that are up.
    package func snapshot() async -> TransportSnapshot {
        let answer = loop.submit { [self] in
            TransportSnapshot(
                counters: counters,
                links: links.values.map(\.snapshot).sorted { $0.peer < $1.peer },
                refusedBy: dials.values.filter(\.isRefused).map(\.address.peer).sorted())
        }
        return (try? await answer.get())
            ?? TransportSnapshot(counters: TransportCounters(), links: [], refusedBy: [])
    }

    /// Closes everything. The event loop stays.
    package func stop() async {
        let closing = loop.submit { [self] () -> [EventLoopFuture<Void>] in
            isStopped = true
            for dial in dials.values { dial.timer?.cancel() }
            dials = [:]
            for link in Array(links.values) { link.close("this node stops") }
            var all = openChannels.values.map { $0.closeFuture }
            for channel in openChannels.values { channel.close(promise: nil) }
            if let listener {
                all.append(listener.closeFuture)
                listener.close(promise: nil)
            }
            return all
        }
        for future in (try? await closing.get()) ?? [] { try? await future.get() }
    }
}

/// One message for some peers.
package struct OutgoingMessage: Sendable {
    package let channel: UInt8
    package let bytes: [UInt8]
    package let peers: [Digest]

    package init(channel: UInt8, bytes: [UInt8], peers: [Digest]) {
        self.channel = channel
        self.bytes = bytes
        self.peers = peers
    }
}
