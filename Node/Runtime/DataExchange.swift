internal import NIOConcurrencyHelpers
internal import NIOCore
package import Primitives
package import Replica
internal import Transport

/// Answers a peer's request on channel 1 (data lake, attester); nil when there is nothing to say.
package typealias DataHandler = @Sendable (_ request: [UInt8], _ peer: PeerID) async -> [UInt8]?

/// Requests and answers on channel 1. A message is `u8 kind || u64 id || payload`: kind 0 asks, 1 answers, 2 says that
/// there is no answer (no handler, too many requests, or nothing to say).
final class DataExchange: Sendable {
    enum Kind: UInt8 { case request = 0, answer = 1, none = 2 }

    private struct State {
        var nextID: UInt64 = 0
        var waiting: [UInt64: (peer: PeerID, continuation: CheckedContinuation<[UInt8]?, Never>)] = [:]
        var working: [PeerID: Int] = [:]
        var handler: DataHandler?
    }

    private let state = NIOLockedValueBox(State())

    static func message(_ kind: Kind, _ id: UInt64, _ payload: [UInt8]) -> [UInt8] {
        var encoder = BCSEncoder(reserving: payload.count + 9)
        encoder.u8(kind.rawValue)
        encoder.u64(id)
        encoder.fixed(payload)
        return encoder.bytes
    }

    func setHandler(_ handler: @escaping DataHandler) { state.withLockedValue { $0.handler = handler } }

    /// The handler, when the peer has fewer than `max` requests in work.
    func begin(_ peer: PeerID, max: Int) -> DataHandler? {
        state.withLockedValue { state in
            guard let handler = state.handler, state.working[peer, default: 0] < max else { return nil }
            state.working[peer, default: 0] += 1
            return handler
        }
    }

    func end(_ peer: PeerID) {
        state.withLockedValue { state in
            let left = state.working[peer, default: 1] - 1
            state.working[peer] = left > 0 ? left : nil
        }
    }

    func register(_ peer: PeerID, _ continuation: CheckedContinuation<[UInt8]?, Never>) -> UInt64 {
        state.withLockedValue { state in
            state.nextID += 1
            state.waiting[state.nextID] = (peer, continuation)
            return state.nextID
        }
    }

    /// Ends a wait; an answer counts only from the peer that was asked.
    func resolve(_ id: UInt64, from peer: PeerID, _ answer: [UInt8]?) {
        let continuation = state.withLockedValue { state in
            state.waiting[id]?.peer == peer ? state.waiting.removeValue(forKey: id)?.continuation : nil
        }
        continuation?.resume(returning: answer)
    }

    /// The peer is gone: what was asked of it has no answer.
    func forget(_ peer: PeerID) { end { $0 == peer } }

    func abandon() { end { _ in true } }

    private func end(_ matches: (PeerID) -> Bool) {
        let continuations = state.withLockedValue { state in
            let ended = state.waiting.filter { matches($0.value.peer) }
            for id in ended.keys { state.waiting[id] = nil }
            return ended.values.map(\.continuation)
        }
        for continuation in continuations { continuation.resume(returning: nil) }
    }
}

extension NodeRuntime {
    /// Who answers peers' requests on channel 1.
    package func setDataHandler(_ handler: @escaping DataHandler) { data.setHandler(handler) }

    /// Asks a peer; nil when it is not linked, has no answer, or `milliseconds` are over.
    package func request(_ payload: [UInt8], of peer: PeerID, milliseconds: UInt32) async -> [UInt8]? {
        guard let network else { return nil }
        return await withCheckedContinuation { continuation in
            let id = data.register(peer, continuation)
            loop.scheduleTask(in: .milliseconds(Int64(milliseconds))) { [data] in data.resolve(id, from: peer, nil) }
            Task { [data] in
                let message = DataExchange.message(.request, id, payload)
                if await !network.send(message, channel: PeerChannel.data, to: peer) {
                    data.resolve(id, from: peer, nil)
                }
            }
        }
    }

    /// On the transport's event loop.
    func receiveData(_ message: ReceivedMessage) {
        var decoder = BCSDecoder(message.bytes)
        guard let tag = try? decoder.u8(), let kind = DataExchange.Kind(rawValue: tag), let id = try? decoder.u64()
        else {
            counters.withLockedValue { $0.malformedMessages += 1 }
            return
        }
        let payload = Array(message.bytes[decoder.offset...])
        switch kind {
        case .answer: data.resolve(id, from: message.peer, payload)
        case .none: data.resolve(id, from: message.peer, nil)
        case .request: serveData(id, payload, message)
        }
    }

    private func serveData(_ id: UInt64, _ payload: [UInt8], _ message: ReceivedMessage) {
        let peer = message.peer
        guard let handler = data.begin(peer, max: configuration.limits.dataRequestsPerPeerMax) else {
            network?.send([
                OutgoingMessage(channel: PeerChannel.data, bytes: DataExchange.message(.none, id, []), peers: [peer])
            ])
            return
        }
        Task { [self, message] in
            let answer = await handler(payload, peer)
            data.end(peer)
            let bytes = DataExchange.message(answer == nil ? .none : .answer, id, answer ?? [])
            network?.send([OutgoingMessage(channel: PeerChannel.data, bytes: bytes, peers: [peer])])
            // Until here the request counted against what the link may send.
            withExtendedLifetime(message.credit) {}
        }
    }
}
