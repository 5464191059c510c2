internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Primitives

extension PeerNetwork {
    /// Watermarks of a socket's own buffer; the rest waits in the link's queue, where channel 0 goes first.
    private static let watermark = ChannelOptions.Types.WriteBufferWaterMark(low: 256 * 1024, high: 1024 * 1024)

    func isAllowed(_ peer: Digest) -> Bool {
        if let until = shunned[peer] {
            guard until < .now() else { return false }
            shunned[peer] = nil
        }
        return peer != self.peer && allowed.withLockedValue { $0[peer] != nil }
    }

    func name(_ peer: Digest) -> String { allowed.withLockedValue { $0[peer] } ?? peer.short }

    // MARK: connections

    func bind(host: String, port: Int) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: PeerNetwork.watermark)
            .childChannelInitializer { [self] channel in
                guard !isStopped else { return channel.close() }
                makeRoom(for: channel)
                return prepare(channel, dialled: nil)
            }
            .bind(host: host, port: port)
    }

    /// Strangers never fill the places of those who have something to say: when all are taken, the address that has most of
    /// them loses its oldest. An honest peer says who it is within some milliseconds.
    private func makeRoom(for channel: any Channel) {
        let address = channel.remoteAddress?.ipAddress ?? ""
        if strangers.count >= configuration.limits.strangersMax {
            var counts: [String: Int] = [address: 1]
            for stranger in strangers { counts[stranger.address, default: 0] += 1 }
            let most = counts.values.max() ?? 0
            if let index = strangers.firstIndex(where: { counts[$0.address] == most }) {
                strangers.remove(at: index).channel.close(promise: nil)
            }
        }
        strangers.append((channel, address))
        channel.closeFuture.whenComplete { [self] _ in forget(stranger: channel) }
    }

    private func forget(stranger channel: any Channel) { strangers.removeAll { $0.channel === channel } }

    func connect(_ address: PeerAddress) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(configuration.limits.connectMillisecondsMax))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: PeerNetwork.watermark)
            .channelInitializer { [self] channel in prepare(channel, dialled: address.peer) }
            .connect(host: address.host, port: address.port)
    }

    private func prepare(_ channel: any Channel, dialled: Digest?) -> EventLoopFuture<Void> {
        let link = Link(self, dialled: dialled)
        let id = ObjectIdentifier(link)
        openChannels[id] = channel
        channel.closeFuture.whenComplete { [self] _ in openChannels[id] = nil }
        return channel.eventLoop.makeCompletedFuture {
            let verify: NIOSSLCustomVerificationCallback = { [weak link] certificates, promise in
                promise.succeed(link?.verify(certificates) ?? .failed)
            }
            let tls: NIOSSLHandler =
                if dialled == nil {
                    NIOSSLServerHandler(context: serverContext, customVerificationCallback: verify)
                } else {
                    try NIOSSLClientHandler(
                        context: clientContext, serverHostname: nil, customVerificationCallback: verify)
                }
            try channel.pipeline.syncOperations.addHandlers([tls, link])
        }
    }

    // MARK: one link per pair

    /// Decides over a link whose hello came. Of two links between a pair the one dialled by the smaller key stays; a
    /// new one from the same dialler, or from a restarted peer, replaces the old one.
    func admit(_ link: Link, _ hello: ControlMessage.Hello) -> Bool {
        guard hello.network == configuration.network else {
            counters.networksRefused += 1
            link.isForeign = true
            noteForeign(link, hello.network)
            link.close("the peer belongs to another network (\(hello.network.short)): compare the genesis files")
            return false
        }
        guard link.peer != .zero, isAllowed(link.peer), !isStopped else {
            counters.keysRefused += 1
            link.close("the peer's key is not allowed")
            return false
        }
        if let channel = openChannels[ObjectIdentifier(link)] { forget(stranger: channel) }
        link.setUp(brake(of: link.peer))
        counters.linksOpened += 1
        guard let old = links[link.peer] else {
            adopt(link)
            receiver?.linkUp(link.peer)
            return true
        }
        if old.isDialled == link.isDialled || old.incarnation != link.incarnation {
            adopt(link)
            old.close("a newer link of the same peer replaces it")
            receiver?.linkDown(link.peer)
            receiver?.linkUp(link.peer)
        } else if link.isDialled == (peer < link.peer) {
            adopt(link)
            for rest in old.retire() { link.enqueue(rest.frames, channel: UInt8(rest.channel)) }
            link.pump()
        } else {
            _ = link.retire()
        }
        return true
    }

    /// Peers without anything unhandled need none; the number of others is bounded by that of keys that were ever allowed.
    private func brake(of peer: Digest) -> ReadBrake {
        if let held = brakes[peer] { return held }
        let made = ReadBrake(bytesMax: configuration.limits.unhandledBytesMax, loop: loop)
        brakes[peer] = made
        return made
    }

    private func adopt(_ link: Link) {
        links[link.peer] = link
        dials[link.peer]?.isRefused = false
        guard let more = lines.admits(.opened(link.peer)) else { return }
        logger.info(
            "linked to \(name(link.peer)) at \(link.snapshot.address), \(link.isDialled ? "dialled" : "accepted")\(more)"
        )
    }

    func linkClosed(_ link: Link, wasUp: Bool) {
        if !link.wasAdmitted {
            counters.handshakesFailed += 1
        } else {
            counters.linksClosed += 1
        }
        if links[link.peer] === link {
            links[link.peer] = nil
            receiver?.linkDown(link.peer)
        }
        // A link that breaks at once again and again, as when two nodes use one key, is dialled ever more slowly.
        let wasSteady = wasUp && link.upMilliseconds >= configuration.limits.steadyMilliseconds
        for peer in [link.dialled, link.peer].compactMap({ $0 }) {
            if wasSteady { dials[peer]?.failures = 0 }
            dialLater(peer, isFailure: !wasSteady)
        }
    }
}
