internal import NIOConcurrencyHelpers
internal import NIOCore
package import Primitives
internal import Transport

/// Requests between nodes beside the ledger, on channel 1: the data lake and the attester register what they answer.
///
/// A message is BCS: version `u8` = 1, tag (ULEB128), id `u64`, then for 0 request: service `u16` and payload, for
/// 1 answer: payload, for 2 refusal: text. Requests of a peer run concurrently, at most `servedPerPeerMax` at once.
package final class PeerServices: Sendable {
    package typealias Handler = @Sendable (_ peer: Digest, _ request: [UInt8]) async throws -> [UInt8]

    /// Payload bytes of a request or answer.
    package static let payloadBytesMax = TransportLimits.messageBytesMax - 64

    enum Message: BCSCodable {
        case request(id: UInt64, service: UInt16, payload: [UInt8])
        case answer(id: UInt64, payload: [UInt8])
        case refusal(id: UInt64, text: String)
    }

    private struct Service {
        let handler: Handler
        let isBrief: Bool
    }

    private struct State {
        var handlers: [UInt16: Service] = [:]
        var waiting: [UInt64: (peer: Digest, done: @Sendable (Result<[UInt8], NodeFailure>) -> Void)] = [:]
        var serving: [Digest: Int] = [:]
        var nextID: UInt64 = 0
        var network: PeerNetwork?
    }

    private let state = NIOLockedValueBox(State())
    private let limits: NodeLimits
    private let loop: any EventLoop
    private let background: BackgroundExecutor

    init(limits: NodeLimits, loop: any EventLoop, background: BackgroundExecutor) {
        self.limits = limits
        self.loop = loop
        self.background = background
    }

    func attach(_ network: PeerNetwork?) { state.withLockedValue { $0.network = network } }

    /// Answers requests for `service` (a number that all nodes agree on). What the handler throws reaches the asker as text. Unless it
    /// is brief it runs on threads for work that takes its time (`BackgroundExecutor`), where peers take turns.
    package func register(_ service: UInt16, isBrief: Bool = false, _ handler: @escaping Handler) {
        state.withLockedValue { $0.handlers[service] = Service(handler: handler, isBrief: isBrief) }
    }

    /// Asks a peer and waits for its answer.
    package func request(
        _ service: UInt16, _ payload: [UInt8], to peer: Digest, timeoutMilliseconds: Int64
    ) async throws(NodeFailure) -> [UInt8] {
        guard payload.count <= PeerServices.payloadBytesMax else {
            throw .peer("a request of \(payload.count) bytes is too large")
        }
        let result: Result<[UInt8], NodeFailure> = await withCheckedContinuation { continuation in
            ask(service, payload, peer, timeoutMilliseconds) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    private func ask(
        _ service: UInt16, _ payload: [UInt8], _ peer: Digest, _ timeoutMilliseconds: Int64,
        _ done: @escaping @Sendable (Result<[UInt8], NodeFailure>) -> Void
    ) {
        let (id, network) = state.withLockedValue { state -> (UInt64?, PeerNetwork?) in
            guard state.waiting.count < limits.requestsMax else { return (nil, state.network) }
            state.nextID += 1
            state.waiting[state.nextID] = (peer, done)
            return (state.nextID, state.network)
        }
        guard let id else { return done(.failure(.busy("\(limits.requestsMax) requests to peers are open already"))) }
        guard let network else { return finish(id, .failure(.stopped("the links are closed"))) }
        let timer = loop.scheduleTask(in: .milliseconds(timeoutMilliseconds)) { [self] in
            finish(id, .failure(.peer("the peer \(peer.short) did not answer within \(timeoutMilliseconds) ms")))
        }
        let bytes = Message.request(id: id, service: service, payload: payload).bcs
        Task {
            if await !network.send(bytes, channel: 1, to: peer) {
                timer.cancel()
                finish(id, .failure(.peer("there is no link to the peer \(peer.short), or too much waits for it")))
            }
        }
    }

    private func finish(_ id: UInt64, _ result: Result<[UInt8], NodeFailure>, from peer: Digest? = nil) {
        let done = state.withLockedValue { state -> (@Sendable (Result<[UInt8], NodeFailure>) -> Void)? in
            guard let waiting = state.waiting[id], peer == nil || waiting.peer == peer else { return nil }
            state.waiting[id] = nil
            return waiting.done
        }
        done?(result)
    }

    /// The link is gone: nothing that was asked there will be answered.
    func lost(_ peer: Digest) {
        let ids = state.withLockedValue { state in state.waiting.filter { $0.value.peer == peer }.map(\.key) }
        for id in ids { finish(id, .failure(.peer("the link to the peer \(peer.short) broke"))) }
    }

    func stop() {
        let ids = state.withLockedValue { state in
            state.network = nil
            return Array(state.waiting.keys)
        }
        for id in ids { finish(id, .failure(.stopped("the links are closed"))) }
    }

    /// Closes the link of a peer that sends what no honest node sends; it comes back after a while.
    func shun(_ peer: Digest, _ reason: String) { state.withLockedValue { $0.network }?.shun(peer, reason) }

    // MARK: answering

    func received(_ message: ReceivedMessage) {
        switch try? Message(bcs: message.bytes) {
        case .request(let id, let service, let payload): serve(id, service, payload, message)
        case .answer(let id, let payload): finish(id, .success(payload), from: message.peer)
        case .refusal(let id, let text): finish(id, .failure(.peer(text)), from: message.peer)
        case nil: shun(message.peer, "it sent bytes that are no request or answer")
        }
    }

    private func serve(_ id: UInt64, _ service: UInt16, _ payload: [UInt8], _ message: ReceivedMessage) {
        let peer = message.peer
        let (known, isBusy) = state.withLockedValue { state -> (Service?, Bool) in
            guard state.serving[peer, default: 0] < limits.servedPerPeerMax else { return (nil, true) }
            guard let handler = state.handlers[service] else { return (nil, false) }
            state.serving[peer, default: 0] += 1
            return (handler, false)
        }
        guard let known else {
            let text = isBusy ? "the node answers other requests: try again" : "the node has no service \(service)"
            return answer(.refusal(id: id, text: text), to: peer)
        }
        let credit = message.credit
        let executor = known.isBrief ? nil : background.serving(peer)
        Task(executorPreference: executor) { [self] in
            do {
                let result = try await known.handler(peer, payload)
                answer(.answer(id: id, payload: result), to: peer)
            } catch {
                answer(.refusal(id: id, text: "\(error)"), to: peer)
            }
            state.withLockedValue { state in
                let rest = state.serving[peer, default: 1] - 1
                state.serving[peer] = rest > 0 ? rest : nil
            }
            withExtendedLifetime(credit) {}
            withExtendedLifetime(executor) {}
        }
    }

    private func answer(_ message: Message, to peer: Digest) {
        guard let network = state.withLockedValue({ $0.network }) else { return }
        network.send([OutgoingMessage(channel: 1, bytes: message.bcs, peers: [peer])])
    }
}

extension PeerServices.Message {
    private static let version: UInt8 = 1
    private static let textBytesMax = 512

    func encode(to encoder: inout BCSEncoder) {
        encoder.u8(PeerServices.Message.version)
        switch self {
        case .request(let id, let service, let payload):
            encoder.uleb(0)
            encoder.u64(id)
            encoder.u16(service)
            encoder.blob(payload)
        case .answer(let id, let payload):
            encoder.uleb(1)
            encoder.u64(id)
            encoder.blob(payload)
        case .refusal(let id, let text):
            encoder.uleb(2)
            encoder.u64(id)
            var kept = text
            while kept.utf8.count > PeerServices.Message.textBytesMax { kept.removeLast() }
            encoder.string(kept)
        }
    }

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u8() == PeerServices.Message.version else {
            throw decoder.failure(.invalid("another version of the service format"))
        }
        switch try decoder.uleb() {
        case 0:
            self = .request(
                id: try decoder.u64(), service: try decoder.u16(),
                payload: try decoder.blob(max: PeerServices.payloadBytesMax))
        case 1: self = .answer(id: try decoder.u64(), payload: try decoder.blob(max: PeerServices.payloadBytesMax))
        case 2: self = .refusal(id: try decoder.u64(), text: try decoder.string(max: 512))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
