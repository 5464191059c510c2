internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOSSL
internal import Primitives

/// One connection above TLS: hello, frames, keep-alive, the outgoing queue and the reading brake. Lives on the event loop.
final class Link: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let network: PeerNetwork
    /// The peer that this node dialled, nil for an accepted connection.
    let dialled: Digest?
    /// Key that the peer proved to hold; zero until TLS asked for our verdict on it.
    private(set) var peer = Digest.zero
    /// The peer's process, from its hello.
    private(set) var incarnation: UInt64 = 0
    private var hasGreeted = false
    /// The hello was right and the link belongs to the pair.
    private(set) var isUp = false
    /// It once was up, even if another link has won since.
    private(set) var wasAdmitted = false
    /// Its hello named another network.
    var isForeign = false
    private var upSince: NIODeadline?
    private var isClosing = false

    private var context: ChannelHandlerContext?
    private var queue: OutgoingQueue
    private var decoder = FrameDecoder()
    /// The peer's, from the hello on.
    private var brake: ReadBrake?
    private var isReadWanted = false
    /// Messages that may still be taken now; below zero the link is not read until they have come back.
    private var allowance: Double
    private var allowanceAt = NIODeadline.now()
    private var isPaced = false
    private var lastReceived = NIODeadline.now()
    private var pingSent: NIODeadline?
    private var pingNumber: UInt64 = 0
    private var roundTrip: Int64?
    private var timers: [RepeatedTask] = []
    private var helloTimer: Scheduled<Void>?

    /// Bytes given to TLS between two flushes.
    private static let flushBytes = 128 * 1024

    init(_ network: PeerNetwork, dialled: Digest?) {
        self.network = network
        self.dialled = dialled
        queue = OutgoingQueue(network.configuration.limits)
        allowance = Double(network.configuration.limits.messagesBurstMax)
    }

    var isDialled: Bool { dialled != nil }
    private var limits: TransportLimits { network.configuration.limits }

    var snapshot: LinkSnapshot {
        LinkSnapshot(
            peer: peer, address: context?.remoteAddress.map(Link.words) ?? "closed", isDialled: isDialled,
            queuedBytes: queue.bytes, unhandledBytes: brake?.bytes ?? 0,
            roundTripMicroseconds: roundTrip)
    }

    /// Where the peer is, without the port, which is another one each time.
    var host: String { context?.remoteAddress?.ipAddress ?? "closed" }

    /// host:port, without the library's own decoration.
    private static func words(_ address: SocketAddress) -> String {
        guard let host = address.ipAddress, let port = address.port else { return "\(address)" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// TLS asks whether the peer may be who its certificate says. Runs for every full handshake; a resumed one never
    /// sets `peer`, and so never passes the hello.
    func verify(_ certificates: [NIOSSLCertificate]) -> NIOSSLVerificationResult {
        guard let der = try? certificates.first?.toDERBytes(), let key = TransportIdentity.peer(ofCertificate: der),
            network.isAllowed(key), dialled == nil || dialled == key
        else {
            network.counters.keysRefused += 1
            if let der = try? certificates.first?.toDERBytes(),
                let key = TransportIdentity.peer(ofCertificate: der)
            {
                network.noteRefused(key, of: self)
            }
            return .failed
        }
        peer = key
        return .certificateVerified
    }

    // MARK: life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard helloTimer == nil else { return }
        helloTimer = context.eventLoop.scheduleTask(in: .milliseconds(limits.handshakeMillisecondsMax)) { [self] in
            if !isUp { close("no valid hello in time") }
        }
        // TLS holds it back until the handshake is over.
        sendControl(
            .hello(.init(network: network.configuration.network, incarnation: network.incarnation)))
    }

    func channelInactive(context: ChannelHandlerContext) {
        helloTimer?.cancel()
        for timer in timers { timer.cancel() }
        timers = []
        let wasUp = isUp
        isUp = false
        isClosing = true
        self.context = nil
        brake?.detach(self)
        network.linkClosed(self, wasUp: wasUp)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        network.noteIfRefused(self, by: error)
        close("\(error)")
    }

    func close(_ reason: String) {
        guard !isClosing else { return }
        isClosing = true
        network.logClosing(self, reason)
        context?.close(promise: nil)
    }

    /// The link lost against another one of the same pair: what is on its way is still read, then it ends.
    func retire() -> [(channel: Int, frames: ByteBuffer)] {
        isUp = false
        context?.eventLoop.scheduleTask(in: .milliseconds(limits.retireMilliseconds)) { [self] in
            close("another link of this pair is kept")
        }
        return queue.drain()
    }

    // MARK: receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        lastReceived = .now()
        network.counters.bytesReceived += UInt64(bytes.readableBytes)
        decoder.feed(&bytes)
        handleMessages(context)
    }

    /// What was read, as far as the brake lets.
    private func handleMessages(_ context: ChannelHandlerContext) {
        do {
            while !isClosing, !isBraked, let message = try decoder.next() {
                allowance -= 1
                handle(message.channel, message.bytes)
            }
            pace(context)
        } catch {
            network.counters.malformed += 1
            close("the peer broke the frame format: \(error)")
        }
    }

    /// A peer that sends more messages than any honest one has need of is read later: the work that it causes is bounded.
    private func pace(_ context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        let rate = Double(limits.messagesPerSecondMax)
        let passed = Double((now - allowanceAt).nanoseconds) / 1e9
        allowance = min(Double(limits.messagesBurstMax), allowance + passed * rate)
        allowanceAt = now
        guard allowance < 0, !isPaced, !isClosing else { return }
        isPaced = true
        network.counters.readsPaused += 1
        context.eventLoop.scheduleTask(in: .nanoseconds(Int64(-allowance / rate * 1e9) + 1_000_000)) { [self] in
            isPaced = false
            resume()
        }
    }

    private var isBraked: Bool { brake?.isPaused ?? false }

    /// A reason not to read has gone.
    func resume() {
        lastReceived = .now()
        guard let context, !isPaced, !isBraked else { return }
        handleMessages(context)
        guard isReadWanted, !isPaced, !isBraked, !isClosing else { return }
        isReadWanted = false
        context.read()
    }

    private func handle(_ channel: UInt8, _ bytes: [UInt8]) {
        if channel == Frame.control { return handleControl(bytes) }
        // The decoder gives nothing for users before the hello.
        guard let brake else { return close("bytes before the hello") }
        network.counters.messagesReceived += 1
        let size = bytes.count + 64
        if brake.take(size) { network.counters.readsPaused += 1 }
        network.receiver?.received(
            ReceivedMessage(peer: peer, channel: channel, bytes: bytes, credit: ReadCredit(brake, size)))
    }

    private func handleControl(_ bytes: [UInt8]) {
        guard let message = try? ControlMessage(bcs: bytes) else {
            network.counters.malformed += 1
            return close("the peer sent an unknown control message, perhaps of another version")
        }
        switch message {
        case .hello(let hello):
            guard !hasGreeted else { return close("a second hello") }
            hasGreeted = true
            incarnation = hello.incarnation
            guard network.admit(self, hello) else { return }
            decoder.isOpen = true
            helloTimer?.cancel()
            startKeepAlive()
        case .ping(let number):
            guard hasGreeted else { return close("a ping before the hello") }
            sendControl(.pong(number))
        case .pong(let number):
            guard number == pingNumber, let sent = pingSent else { return }
            roundTrip = (NIODeadline.now() - sent).nanoseconds / 1000
            pingSent = nil
        }
    }

    /// Called by `PeerNetwork.admit`.
    func setUp(_ brake: ReadBrake) {
        isUp = true
        wasAdmitted = true
        self.brake = brake
        brake.attach(self)
        upSince = .now()
    }

    /// Since the hello; 0 before it.
    var upMilliseconds: Int64 { upSince.map { (NIODeadline.now() - $0).nanoseconds / 1_000_000 } ?? 0 }

    func read(context: ChannelHandlerContext) {
        if isPaced || isBraked { isReadWanted = true } else { context.read() }
    }

    // MARK: sending

    /// False when the message was not taken. A full channel 0 closes the link.
    @discardableResult
    func enqueue(_ frames: ByteBuffer, channel: UInt8) -> Bool {
        guard isUp, !isClosing else { return false }
        if queue.append(frames, channel: Int(channel)) {
            network.counters.messagesSent += 1
            return true
        }
        if channel == 0 {
            network.counters.slowClosed += 1
            close("the peer does not keep up: \(queue.bytes) bytes wait for it")
        } else {
            network.counters.dataDropped += 1
        }
        return false
    }

    func pump() {
        guard let context, !isClosing else { return }
        var unflushed = 0
        while context.channel.isWritable, let frame = queue.pop() {
            unflushed += frame.readableBytes
            network.counters.bytesSent += UInt64(frame.readableBytes)
            context.write(wrapOutboundOut(frame), promise: nil)
            // Only flushed bytes count against the socket's watermark.
            if unflushed >= Link.flushBytes {
                context.flush()
                unflushed = 0
            }
        }
        if unflushed > 0 { context.flush() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        pump()
        context.fireChannelWritabilityChanged()
    }

    private func sendControl(_ message: ControlMessage) {
        guard let frame = Frame.encode(message.bcs, channel: Frame.control) else { return }
        guard queue.appendControl(frame) else { return close("the peer does not read") }
        pump()
    }

    private func startKeepAlive() {
        let period = TimeAmount.milliseconds(limits.pingMilliseconds)
        let task = network.loop.scheduleRepeatedTask(initialDelay: period, delay: period) { [self] _ in
            let silence = (NIODeadline.now() - lastReceived).nanoseconds / 1_000_000
            if silence > limits.idleMillisecondsMax && !isBraked {
                network.counters.idleClosed += 1
                return close("no sign of life for \(silence) ms")
            }
            guard pingSent == nil else { return }
            pingNumber += 1
            pingSent = .now()
            sendControl(.ping(pingNumber))
        }
        timers.append(task)
    }
}
