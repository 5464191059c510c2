internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NodeClient

/// In front of TLS and HTTP: a connection of an address that goes on asking after it was told to wait (`RateLimiter.connect`) gets
/// neither, so that refusing it costs a part of what an answer would.
///
/// It is held for a second in which nothing of it is read, which slows a client that waits for answers; then it is told to come back
/// later, unless it speaks TLS, and closed. Beyond `heldMax` such connections are closed at once.
struct AdmissionChannel<Base: ServerChildChannel>: ServerChildChannel {
    enum Connection: ServerChildChannelValue {
        case admitted(Base.Value)
        case refused(any Channel)

        var channel: any Channel {
            switch self {
            case .admitted(let value): value.channel
            case .refused(let channel): channel
            }
        }
    }

    let base: Base
    let limits: APILimits
    let speaksTLS: Bool

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        if let wait = limits.refuseConnection(from: channel.remoteAddress?.ipAddress) {
            hold(channel, wait)
            return channel.eventLoop.makeSucceededFuture(.refused(channel))
        }
        return base.setup(channel: channel, logger: logger).map { .admitted($0) }
    }

    func handle(value: Connection, logger: Logger) async {
        if case .admitted(let value) = value { await base.handle(value: value, logger: logger) }
    }

    private func hold(_ channel: any Channel, _ wait: UInt32) {
        limits.metrics.recordRefusedConnection()
        try? channel.syncOptions?.setOption(ChannelOptions.autoRead, value: false)
        let isHeld = limits.heldConnections.enter() == nil
        // What is accepted is not open yet, and cannot be closed.
        channel.eventLoop.scheduleTask(in: isHeld ? .seconds(1) : .milliseconds(1)) {
            if isHeld {
                limits.heldConnections.leave()
                if !speaksTLS { channel.writeAndFlush(ByteBuffer(string: Self.answer(wait)), promise: nil) }
            }
            channel.close(promise: nil)
        }
    }

    /// The whole answer: no HTTP pipeline writes it.
    private static func answer(_ wait: UInt32) -> String {
        let problem = Problem.tooFast(wait)
        let body = String(decoding: problem.json.compact, as: UTF8.self)
        let fields = problem.headers.map { "\($0.name): \($0.value)\r\n" }.joined()
        return "HTTP/1.1 429 Too Many Requests\r\nContent-Type: \(Problem.mediaType)\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\(fields)Connection: close\r\n\r\n\(body)"
    }
}

extension Problem {
    /// The answer to an address without tokens.
    static func tooFast(_ seconds: UInt32) -> Problem {
        Problem(
            .tooManyRequests, "This address asks more than the node allows. Wait \(seconds) s, then go on slower."
        ).retrying(afterSeconds: seconds)
    }
}
