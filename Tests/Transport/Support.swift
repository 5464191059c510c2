import Foundation
import Logging
import NIOCore
import NIOPosix
import Primitives
import Transport

let network = Digest(words: (1, 2, 3, 4))
let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)

/// Keeps what a network told it.
final class Recorder: PeerNetworkReceiver, @unchecked Sendable {
    private let lock = NSLock()
    private var events: [String] = []
    private var messages: [(peer: Digest, channel: UInt8, bytes: [UInt8])] = []
    private var credits: [ReadCredit] = []
    private var holds: Bool

    /// With `holdingCredits` messages count as not dealt with until `release`.
    init(holdingCredits: Bool = false) { holds = holdingCredits }

    func linkUp(_ peer: Digest) { lock.withLock { events.append("up") } }
    func linkDown(_ peer: Digest) { lock.withLock { events.append("down") } }
    func received(_ message: ReceivedMessage) {
        lock.withLock {
            messages.append((message.peer, message.channel, message.bytes))
            if holds { credits.append(message.credit) }
        }
    }

    func release() {
        let old = lock.withLock {
            holds = false
            defer { credits = [] }
            return credits
        }
        withExtendedLifetime(old) {}
    }

    var log: [String] { lock.withLock { events } }
    var received: [(peer: Digest, channel: UInt8, bytes: [UInt8])] { lock.withLock { messages } }
    var heldBytes: Int { lock.withLock { credits.isEmpty ? 0 : messages.reduce(0) { $0 + $1.bytes.count } } }
}

/// Keeps what is logged, all levels.
final class Lines: LogHandler, @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [(level: Logger.Level, text: String)] = []
    var logLevel = Logger.Level.debug
    var metadata: Logger.Metadata = [:]
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) { lock.withLock { lines.append((event.level, "\(event.message)")) } }

    func all(_ part: String) -> [String] { lock.withLock { lines.map(\.text).filter { $0.contains(part) } } }
    var count: Int { lock.withLock { lines.count } }
}

/// Waits until the condition holds; false after a time that only a broken program needs.
func eventually(_ condition: () async -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if await condition() { return true }
        try? await Task.sleep(nanoseconds: 5_000_000)
    }
    return false
}

func quickLimits() -> TransportLimits {
    var limits = TransportLimits()
    limits.redialMilliseconds = 20
    limits.redialMillisecondsMax = 200
    return limits
}

func start(
    _ identity: TransportIdentity, allowing peers: [Digest], dialling addresses: [PeerAddress] = [], port: Int = 0,
    network id: Digest = network, limits: TransportLimits = quickLimits(), _ recorder: Recorder,
    log: Lines? = nil
) async throws -> PeerNetwork {
    var configuration = PeerNetworkConfiguration(network: id, identity: identity)
    configuration.host = "127.0.0.1"
    configuration.port = port
    for peer in peers { configuration.allowed[peer] = "peer \(peer.short)" }
    configuration.addresses = addresses
    configuration.limits = limits
    var logger = Logger(label: "test")
    logger.logLevel = .error
    if let log { logger = Logger(label: "test", factory: { _ in log }) }
    return try await PeerNetwork.start(configuration, on: loops.next(), receiver: recorder, logger: logger)
}

extension PeerNetwork {
    var address: PeerAddress { PeerAddress(peer: peer, host: "127.0.0.1", port: port ?? 0) }
    var totals: TransportCounters { get async { await snapshot().counters } }
    var linkCount: Int { get async { await snapshot().links.count } }
}
