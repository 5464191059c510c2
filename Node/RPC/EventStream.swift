internal import Chain
internal import NodeClient
internal import Primitives
internal import ServiceLifecycle

/// One reader's event stream (server-sent events, WHATWG HTML section 9.2). It pulls: nothing is queued for a reader,
/// so a slow one costs no memory; one that falls too far behind is told so and let go. It looks through the chain in turns,
/// and pays after each for the blocks of it.
struct EventStream: Sendable {
    let service: any NodeService
    let feed: EventFeed
    let filter: StreamFilter
    let configuration: APIConfiguration
    let limits: APILimits
    let client: String
    /// The last entry that the reader has; nil for "from now on".
    let start: StreamPosition?

    /// Bytes gathered before they are written.
    private static let chunkBytesMax = 64 * 1024
    private static let reconnectMilliseconds = 2_000

    typealias Write = @Sendable ([UInt8]) async throws -> Void

    /// Runs until the client goes, the node stops, or the reader is too slow.
    func run(_ write: @escaping Write) async throws {
        let tip = try await service.finalHeight(reaching: Height(0), waitingMilliseconds: 0)
        var position = start ?? StreamPosition(height: tip)
        try await write(Array("retry: \(EventStream.reconnectMilliseconds)\nid: \(position)\n\n".utf8))
        do {
            try await cancelWhenGracefulShutdown { [position] in
                _ = try await follow(from: position, write)
            }
        } catch let ended as Ended {
            if ended.end.reason == "slow" { limits.metrics.recordStreamEndedSlow() }
            position = StreamPosition(ended.end.resumeAfter) ?? position
            try await write(EventStream.entry("end", ended.end.resumeAfter, JSONCoder.streamEnd.encode(ended.end)))
        }
    }

    private struct Ended: Error {
        let end: StreamEnd
        init(_ reason: String, _ detail: String, after position: StreamPosition) {
            end = StreamEnd(reason: reason, detail: detail, resumeAfter: position.description)
        }
    }

    private func follow(from first: StreamPosition, _ write: Write) async throws {
        var position = first
        var hasCaughtUp = start == nil
        var spoke = ContinuousClock.now
        while true {
            // After "h-n" block h is still wanted, after "h" the next one.
            let wanted = position.entries == nil ? position.height.next : position.height
            let final: Height
            do {
                let patience = configuration.eventHeartbeatSeconds * 1_000
                final = try await service.finalHeight(reaching: wanted, waitingMilliseconds: patience)
            } catch {
                throw ended(error, position)
            }
            if Task.isCancelled {
                throw Ended(
                    "stopping", "The node is stopping. Reconnect here soon or to another node.", after: position)
            }
            guard final >= wanted else {
                try await say(position, &spoke, write)
                continue
            }
            let lag = final.distance(above: position.height)
            if hasCaughtUp, lag > configuration.eventLagBlocksMax {
                throw Ended(
                    "slow", "You are \(lag) blocks behind and fall back further. Reconnect to go on.", after: position)
            }
            let turn = try await deliver(upTo: final, from: position, isLive: hasCaughtUp, write)
            position = turn.position
            if position.height >= final { hasCaughtUp = true }
            if turn.hasWritten { spoke = .now }
            try await pay(turn.tokens, position, &spoke, write)
        }
    }

    /// Keeps the connection open, and tells a reader that comes back how far it need not look again.
    private func say(
        _ position: StreamPosition, _ spoke: inout ContinuousClock.Instant, _ write: Write
    ) async throws {
        try await write(Array(": nothing new\nid: \(position)\n\n".utf8))
        spoke = .now
    }

    /// What a stream leaves of its client's tokens to the client's requests.
    private static let partLeft = 0.25

    /// Takes the price of a turn from the client's tokens, and waits until they are there and some more.
    private func pay(
        _ tokens: Double, _ position: StreamPosition, _ spoke: inout ContinuousClock.Instant, _ write: Write
    ) async throws {
        let heartbeat = Double(configuration.eventHeartbeatSeconds)
        var seconds = limits.rate?.charge(tokens, from: client, leaving: Self.partLeft, now: .now) ?? 0
        while true {
            if ContinuousClock.now - spoke >= .seconds(heartbeat) { try await say(position, &spoke, write) }
            guard seconds > 0 else { return await Task.yield() }
            do { try await Task.sleep(for: .seconds(min(seconds, heartbeat))) } catch { throw ended(error, position) }
            seconds = limits.rate?.charge(0, from: client, leaving: Self.partLeft, now: .now) ?? 0
        }
    }

    private struct Turn {
        var position: StreamPosition
        var tokens = 0.0
        var blocks = 0
        var hasWritten = false

        var isOver: Bool { tokens >= StreamPrice.tokensPerTurn || blocks >= StreamPrice.blocksPerTurn }
    }

    /// Writes blocks up to `final`, or a part of them after which the caller looks at the lag again.
    private func deliver(
        upTo final: Height, from first: StreamPosition, isLive: Bool, _ write: Write
    ) async throws -> Turn {
        var turn = Turn(position: first)
        var chunk: [UInt8] = []
        while !turn.isOver, turn.position.height < final || turn.position.entries != nil {
            let position = turn.position
            let height = position.entries == nil ? position.height.next : position.height
            guard height <= final else { break }
            let found: (block: ExecutedBlock, wasRead: Bool)?
            do { found = try await feed.block(height) } catch { throw ended(error, position) }
            guard let (block, wasRead) = found else {
                throw Ended(
                    "pruned", "This node no longer has block \(height). Resume at another node, or from a later block.",
                    after: position)
            }
            turn.blocks += 1
            turn.tokens += StreamPrice.tokens(block, wasRead: wasRead)
            let seen = height == position.height ? position.entries ?? 0 : 0
            for (place, notice) in filter.entries(of: block, skipping: seen) {
                chunk += EventStream.entry(notice.kind.rawValue, place.description, notice.json)
                guard chunk.count >= EventStream.chunkBytesMax else { continue }
                try await write(chunk)
                chunk = []
                turn.hasWritten = true
            }
            turn.position = StreamPosition(height: height)
            if isLive, !chunk.isEmpty { break }
        }
        if !chunk.isEmpty {
            try await write(chunk)
            turn.hasWritten = true
        }
        return turn
    }

    private func ended(_ error: any Error, _ position: StreamPosition) -> Ended {
        switch error {
        case ServiceFailure.pruned(let why): Ended("pruned", why, after: position)
        case ServiceFailure.unavailable(let why, _): Ended("stopping", why, after: position)
        case is CancellationError: Ended("stopping", "The node is stopping. Reconnect soon.", after: position)
        default: Ended("failed", "The node could not read the chain. Use another node.", after: position)
        }
    }

    private static func entry(_ kind: String, _ id: String, _ data: JSONValue) -> [UInt8] {
        Array("event: \(kind)\nid: \(id)\ndata: ".utf8) + data.compact + [0x0a, 0x0a]
    }
}
