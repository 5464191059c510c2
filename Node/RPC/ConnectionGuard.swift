internal import HTTPTypes
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NodeClient

/// Watches one connection where the server framework does not: answers what is no HTTP with a problem instead of
/// silence, keeps to the limits of connections, says "go on" to clients that wait for it before they send a body, notes when
/// the client has gone, cuts off clients that take nothing, and closes after an answer that says so.
///
/// Invariant: `inFlight` is the number of request heads passed on minus the number of answers ended.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// After an answer that ends the connection: how long the rest of the request may still arrive, so that the client
    /// reads the answer before it sees the connection closed.
    private static let lingerSeconds: Int64 = 2

    /// Bytes that wait in the connection's buffer: above the upper number no more are taken until it is below the lower one.
    private static let buffered = ChannelOptions.Types.WriteBufferWaterMark(low: 8 * 1_024, high: 16 * 1_024)
    /// Bytes that the kernel takes which are not sent yet; without a bound it takes megabytes for each connection.
    private static let unsentBytesMax = 128 * 1_024
    /// TCP_NOTSENT_LOWAT of Linux.
    private static let unsentOption = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 25))

    private let configuration: APIConfiguration
    private let limits: APILimits
    private let presence = ClientPresence()
    private var client: String?
    private var inFlight = 0
    private var isRequestOpen = false
    private var closesAfterAnswer = false
    private var isClosing = false
    /// An endless answer is being written, so a client that ends its side is gone.
    private var isStreaming = false
    private var isInputClosed = false
    private var isAnswering = false
    private var isEnding = false
    /// Writes that the kernel has taken.
    private var taken: UInt64 = 0
    private var stall: Scheduled<Void>?
    private var linger: Scheduled<Void>?
    private var end: Scheduled<Void>?

    init(configuration: APIConfiguration, limits: APILimits) {
        self.configuration = configuration
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        begin(context)
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard client == nil else { return }
        let options = context.channel.syncOptions
        try? options?.setOption(ChannelOptions.writeBufferWaterMark, value: ConnectionGuard.buffered)
        // What is no TCP has no such option, and needs none.
        try? options?.setOption(ConnectionGuard.unsentOption, value: ConnectionGuard.unsentBytesMax)
        limits.presences.add(presence, of: context.channel)
        let address = ClientAddress.bucket(context.remoteAddress?.ipAddress ?? "local")
        switch limits.connections.enter(address) {
        case nil:
            client = address
        case .perClient:
            let problem = Problem(.tooManyRequests, "This address has too many connections open. Close some.")
            refuse(context, problem.retrying(afterSeconds: 5))
        case .total:
            refuse(context, Problem(.busy, "The node has no connection left. Try another.").retrying(afterSeconds: 5))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let client { limits.connections.leave(client) }
        client = nil
        limits.presences.remove(context.channel)
        presence.close()
        for task in [stall, linger, end] { task?.cancel() }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .end = part { isRequestOpen = false }
        guard !isClosing else {
            if !isRequestOpen { context.close(promise: nil) }
            return
        }
        if case .head(let head) = part {
            inFlight += 1
            isRequestOpen = true
            if head.headerFields[.expect]?.lowercased() == "100-continue", isWelcome(head) {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        }
        context.fireChannelRead(data)
    }

    private func isWelcome(_ head: HTTPRequest) -> Bool {
        let declared = head.headerFields[.contentLength].flatMap { Int($0) }
        return declared.map { $0 <= configuration.batchBytesMax } ?? true
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // Requests that came in the same bytes are not answered any more.
        if isClosing {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        let part = unwrapOutboundIn(data)
        if case .head(let head) = part {
            if head.headerFields[.connection]?.lowercased() == "close" { closesAfterAnswer = true }
            isStreaming = head.headerFields[.contentType] == "text/event-stream"
            isAnswering = head.status != .continue
            hurry(context)
        }
        context.write(data, promise: noting(part, promise, context))
        if isStreaming, isInputClosed { return context.close(promise: nil) }
        guard case .end = part else { return }
        isStreaming = false
        isAnswering = false
        end?.cancel()
        end = nil
        inFlight -= 1
        if closesAfterAnswer { close(context) }
    }

    /// Notes when the kernel takes a part: how far a client is that reads slowly, and which answers have gone.
    private func noting(
        _ part: HTTPResponsePart, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext
    ) -> EventLoopPromise<Void>? {
        if case .head = part { return promise }
        let promise = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let isEnd = if case .end = part { true } else { false }
        promise.futureResult.whenComplete { _ in
            bound.value.taken += 1
            if isEnd { bound.value.presence.sent() }
        }
        return promise
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if event is ChannelShouldQuiesceEvent {
            isEnding = true
            hurry(context)
        }
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        isInputClosed = true
        presence.end()
        if isStreaming { context.close(promise: nil) }
    }

    /// The node's end waits for who reads slowly, but not for long.
    private func hurry(_ context: ChannelHandlerContext) {
        guard isEnding, isAnswering, end == nil else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        end = context.eventLoop.scheduleTask(in: .seconds(Int64(configuration.writeAtEndSecondsMax))) {
            bound.value.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // After the last answer of a connection nothing more is heard; a broken socket has nobody to answer.
        if isClosing { return }
        if error is IOError || error is ChannelError { return context.fireErrorCaught(error) }
        limits.metrics.recordMalformed()
        // An answer that has begun cannot be taken back; its handler sees the broken body.
        guard inFlight == 0 else { return context.fireErrorCaught(error) }
        refuse(context, problem(error))
    }

    private func problem(_ error: any Error) -> Problem {
        if let error = error as? HTTPParserError, error == .headerOverflow {
            let most = "\(configuration.headerBytesMax) bytes in \(configuration.headerFieldsMax) fields"
            return Problem(.headersTooLarge, "Request line and header fields may have at most \(most).")
        }
        return Problem(.malformedRequest, "These bytes are not an HTTP/1.1 request (\(error)).")
    }

    private func refuse(_ context: ChannelHandlerContext, _ problem: Problem) {
        isRequestOpen = false
        var fields = HTTPFields()
        let body = problem.json.compact
        fields[.contentType] = Problem.mediaType
        fields[.contentLength] = String(body.count)
        fields[.connection] = "close"
        for header in problem.headers {
            if let name = HTTPField.Name(header.name) { fields[name] = header.value }
        }
        let head = HTTPResponse(status: .init(code: problem.kind.status), headerFields: fields)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        close(context)
    }

    /// Sends what is written; then closes once the request has arrived wholly, or after the linger.
    private func close(_ context: ChannelHandlerContext) {
        isClosing = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.flush()
        let seconds = isRequestOpen ? ConnectionGuard.lingerSeconds : 0
        linger = context.eventLoop.scheduleTask(in: .seconds(seconds)) { bound.value.close(promise: nil) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.fireChannelWritabilityChanged()
        stall?.cancel()
        stall = nil
        if !context.channel.isWritable { watch(context) }
    }

    /// Cuts the client off when the kernel takes nothing for it any more; it may stay full for as long as it takes something.
    private func watch(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let before = taken
        stall = context.eventLoop.scheduleTask(in: .seconds(Int64(configuration.writeStallSecondsMax))) {
            let (connection, context) = bound.value
            guard connection.taken == before else { return connection.watch(context) }
            connection.limits.metrics.recordStalled()
            context.close(promise: nil)
        }
    }
}
