internal import NIOCore

/// At the listening socket, before a connection has a pipeline: one of an address that goes on asking after it was told to wait
/// (`RateLimiter.connect`) gets no TLS and no HTTP, so that refusing it costs a part of what an answer would.
///
/// It is held for a second in which nothing of it is read, which slows a client that waits for answers, and then closed. When enough are
/// held, further ones are closed at once. A source that makes `refusedPerSecondMax` in a second is shut out by the kernel for the next
/// ones (`SourceFilter`): even to accept and close so many is work. Not so the node's own machine, where its operator's commands are.
final class ConnectionAdmission: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private static let refusedPerSecondMax = 50
    private static let shutSeconds: Int64 = 2

    private let limits: APILimits
    /// Refused in the second that began at `countedFrom`.
    private var refused: [PacketSource: Int] = [:]
    private var countedFrom = NIODeadline.uptimeNanoseconds(0)
    private var shut: [PacketSource] = []

    init(_ limits: APILimits) { self.limits = limits }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let connection = unwrapInboundIn(data)
        guard let address = connection.remoteAddress?.ipAddress else { return judgeReset(connection, context) }
        if limits.admits(address) { return context.fireChannelRead(data) }
        refuse(address, connection, context)
        guard limits.heldConnections.enter() == nil else { return connection.close(promise: nil) }
        let limits = limits
        context.eventLoop.scheduleTask(in: .seconds(1)) {
            limits.heldConnections.leave()
            connection.close(promise: nil)
        }
    }

    /// A connection that its client has reset already. The library has no address of it; the kernel still does. It costs its source
    /// what others cost.
    private func judgeReset(_ connection: any Channel, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        SourceFilter.source(of: connection).hop(to: context.eventLoop).whenComplete { result in
            let (admission, context) = bound.value
            if case .success(let address?) = result, !admission.limits.admits(address) {
                admission.refuse(address, connection, context)
            }
            connection.close(promise: nil)
        }
    }

    private func refuse(_ address: String, _ connection: any Channel, _ context: ChannelHandlerContext) {
        limits.metrics.recordRefusedConnection()
        let isOwn =
            ClientAddress.bucket(address) == ClientAddress.thisMachine
            || address == connection.localAddress?.ipAddress
        if limits.shutsThisMachine || !isOwn, let source = PacketSource(address) { count(source, context) }
    }

    private func count(_ source: PacketSource, _ context: ChannelHandlerContext) {
        if NIODeadline.now() - countedFrom > .seconds(1) {
            refused = [:]
            countedFrom = .now()
        }
        refused[source, default: 0] += 1
        guard refused[source] == ConnectionAdmission.refusedPerSecondMax, !shut.contains(source),
            shut.count < SourceFilter.sourcesMax
        else { return }
        shut.append(source)
        let metrics = limits.metrics
        filter(context.channel).whenSuccess { metrics.recordShutSource() }
        let bound = NIOLoopBound((self, context.channel), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(ConnectionAdmission.shutSeconds)) {
            let (admission, channel) = bound.value
            admission.shut.removeAll { $0 == source }
            _ = admission.filter(channel)
        }
    }

    /// A system that takes no filter only has more work.
    private func filter(_ channel: any Channel) -> EventLoopFuture<Void> {
        guard channel.isActive else { return channel.eventLoop.makeSucceededVoidFuture() }
        guard !shut.isEmpty else { return SourceFilter.detach(from: channel) }
        let attached = SourceFilter(dropping: shut).attach(to: channel)
        // Not the one before, which names sources whose time is over.
        attached.whenFailure { _ in _ = SourceFilter.detach(from: channel) }
        return attached
    }
}
