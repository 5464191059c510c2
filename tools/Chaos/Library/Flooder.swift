internal import Chain
internal import Consensus
internal import Foundation
internal import Glibc
internal import LedgerCrypto
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NodeClient
internal import Primitives
internal import Replica
internal import Transport

/// The hostile process: sends for some seconds what its kind sends, and says how much.
package struct Flooder: Sendable {
    let kind: String
    let folder: String
    /// host:port of what is flooded.
    let targets: [String]
    let source: String
    let seconds: Double
    /// Connections of strangers that are worked on at the same time.
    let parallel: Int

    package init(kind: String, folder: String, targets: [String], source: String, seconds: Double, parallel: Int) {
        self.kind = kind
        self.folder = folder
        self.targets = targets
        self.source = source
        self.seconds = seconds
        self.parallel = max(1, parallel)
    }

    package func run() async throws -> String {
        switch kind {
        case "hostile-client": return try await sockets(Flooder.clientPayloads(), held: 200)
        case "hostile-peer": return try await sockets(Flooder.peerPayloads(), held: 64)
        case let kind where HostileValidator.kinds.contains(kind): return try await HostileValidator(self).run()
        default: throw ChaosError("there is no flood '\(kind)'")
        }
    }

    // MARK: sockets

    /// Requests as fast as they are taken: plain reads, batches with wrong signatures, bodies that are too long or garbage.
    private static func clientPayloads() throws -> [[UInt8]] {
        guard let key = Secp256k1.SecretKey([UInt8](repeating: 0, count: 31) + [7]) else { return [] }
        let body = TransactionBody(
            network: .zero, sender: key.publicKey, expiry: Timestamp(Watch.wallMilliseconds + 60_000), salt: 1,
            calls: [])
        let wrong = (try? Transaction(signing: body, with: key).bytes) ?? []
        var encoder = BCSEncoder(reserving: 64 * 1024)
        encoder.vector(Array(repeating: wrong, count: 64)) { $0.blob($1) }
        let post = "POST /v1/transactions/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
        return [
            Array("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
            Array((post + "Content-Length: \(encoder.bytes.count)\r\n\r\n").utf8) + encoder.bytes,
            Array((post + "Content-Length: 99999999\r\n\r\n").utf8) + [UInt8](repeating: 0xff, count: 1 << 16),
            Array((post + "Content-Length: 4096\r\n\r\n").utf8) + [UInt8](repeating: 0x5a, count: 4_096),
        ]
    }

    private static func peerPayloads() -> [[UInt8]] {
        var random = ChaosGenerator(seed: 5)
        func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) } }
        return [
            noise(16_384), [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03] + noise(40),
            [0x16, 0x03, 0x01, 0xff, 0xff] + noise(4_096),
        ]
    }

    /// What came of a flood, or of one of its threads.
    private struct Sent: Sendable {
        var (connections, refused, bytes) = (0, 0, 0)
    }

    /// Threads that open, send, read a little, close, again and again; beside that `held` connections that stop in the middle.
    /// Several, since one that waits for answers floods the less the slower a node answers.
    private func sockets(_ payloads: [[UInt8]], held: Int) async throws -> String {
        let deadline = Watch.now() + seconds
        let sent = await withTaskGroup(of: Sent.self) { group in
            for first in 0..<parallel {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        // Each blocks, so that each needs a thread, however few processors there are.
                        Thread.detachNewThread {
                            continuation.resume(
                                returning: flood(payloads, held: held / parallel, from: first, until: deadline))
                        }
                    }
                }
            }
            return await group.reduce(into: Sent()) { sum, one in
                sum.connections += one.connections
                sum.refused += one.refused
                sum.bytes += one.bytes
            }
        }
        return "\(sent.connections) connections (\(sent.refused) refused), \(sent.bytes / 1024) KiB"
    }

    private func flood(_ payloads: [[UInt8]], held: Int, from first: Int, until deadline: Double) -> Sent {
        var open: [Int32] = []
        var turn = first
        var sent = Sent()
        while Watch.now() < deadline {
            let target = targets[turn % targets.count]
            let payload = payloads[turn / targets.count % payloads.count]
            turn += 1
            guard let descriptor = FloodSocket.connect(target, from: source) else {
                sent.refused += 1
                continue
            }
            sent.connections += 1
            // Of several clients every fourth says nothing and resets: such connections show no address to most programs.
            if kind == "hostile-client", first % 4 == 3 {
                FloodSocket.reset(descriptor)
                continue
            }
            if turn % 4 == 0 {
                // Slow ones: the start of a request or handshake, then silence.
                sent.bytes += FloodSocket.send(descriptor, Array(payload.prefix(12)))
                open.append(descriptor)
                if open.count > held { close(open.removeFirst()) }
                continue
            }
            sent.bytes += FloodSocket.send(descriptor, payload)
            // A peer port says nothing to strangers; waiting for it would make this a trickle. Of several clients every second one
            // waits for its answers.
            if kind == "hostile-client", first % 2 == 0 { FloodSocket.drain(descriptor) }
            close(descriptor)
        }
        for descriptor in open { close(descriptor) }
        return sent
    }
}

enum FloodSocket {
    /// Nil when the other side takes no connection within half a second.
    static func connect(_ target: String, from source: String) -> Int32? {
        let parts = target.split(separator: ":").map(String.init)
        guard parts.count == 2, let port = UInt16(parts[1]) else { return nil }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var timeout = timeval(tv_sec: 0, tv_usec: 500_000)
        for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
        func address(_ host: String, _ port: UInt16) -> sockaddr_in {
            var made = sockaddr_in()
            made.sin_family = sa_family_t(AF_INET)
            made.sin_port = port.bigEndian
            inet_pton(AF_INET, host, &made.sin_addr)
            return made
        }
        var (own, other) = (address(source, 0), address(parts[0], port))
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        let connected = withUnsafePointer(to: &other) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
        }
        guard bound == 0, connected == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Bytes that were taken.
    static func send(_ descriptor: Int32, _ bytes: [UInt8]) -> Int {
        max(0, bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) })
    }

    static func reset(_ descriptor: Int32) {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    static func drain(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        _ = recv(descriptor, &buffer, buffer.count, 0)
    }
}

/// A validator with valid keys that sends what costs work: old votes and requests for everything; or, by its kind, what is false
/// and costs its receivers signature checks, or requests that cost them searches.
final class HostileValidator: PeerNetworkReceiver {
    static let kinds = [
        "hostile-validator", "wrong-signatures", "false-certificates", "false-justification", "unknown-transactions",
    ]
    private let flood: Flooder
    init(_ flood: Flooder) { self.flood = flood }

    func linkUp(_ peer: Digest) {}
    func linkDown(_ peer: Digest) {}
    func received(_ message: ReceivedMessage) {}

    func run() async throws -> String {
        let network = URL(filePath: flood.folder).deletingLastPathComponent().path
        let genesis = try Genesis(file: Data(contentsOf: URL(filePath: network + "/genesis.json")))
        let identity = try TransportIdentity(
            pem: String(contentsOfFile: flood.folder + "/keys/transport.pem", encoding: .utf8))
        guard let own = genesis.validators.validators.firstIndex(where: { $0.transportKey == identity.peer }) else {
            throw ChaosError("the keys are no validator's")
        }
        let others = genesis.validators.validators.enumerated().filter { $0.offset != own }
        var configuration = PeerNetworkConfiguration(network: genesis.network, identity: identity)
        configuration.port = nil
        for (_, validator) in others { configuration.allowed[validator.transportKey] = validator.partner }
        configuration.addresses = zip(others, flood.targets).compactMap { other, target in
            let parts = target.split(separator: ":").map(String.init)
            return parts.count == 2
                ? Int(parts[1]).map {
                    PeerAddress(peer: other.element.transportKey, host: parts[0], port: $0)
                } : nil
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // What it prints at its end is the report.
        var logger = Logger(label: "flood")
        logger.logLevel = .critical
        let links = try await PeerNetwork.start(
            configuration, on: group.next(), receiver: self, logger: logger)
        let messages = try messages(genesis, UInt16(own))
        let peers = others.map(\.element.transportKey)
        let deadline = Watch.now() + flood.seconds
        var (sent, unsent) = (0, 0)
        while Watch.now() < deadline {
            // One message per round waits for room, so that the queue does not fill up here.
            let before = sent
            for peer in peers {
                links.send(
                    (0..<64).map {
                        OutgoingMessage(channel: 0, bytes: messages[(sent + $0) % messages.count], peers: [peer])
                    })
                if await links.send(messages[0], channel: 0, to: peer) { sent += 65 } else { unsent += 1 }
            }
            // No link, or none any more.
            if sent == before { try await Task.sleep(for: .milliseconds(20)) }
            let waiting = await links.snapshot().links.map(\.queuedBytes).max() ?? 0
            if waiting > 8 * 1024 * 1024 { try await Task.sleep(for: .milliseconds(5)) }
        }
        let opened = await links.snapshot().counters.linksOpened
        await links.stop()
        try await group.shutdownGracefully()
        return "\(sent) messages to \(peers.count) validators over \(opened) links"
    }

    private func messages(_ genesis: Genesis, _ own: UInt16) throws -> [[UInt8]] {
        let text = try String(contentsOfFile: flood.folder + "/keys/consensus.key", encoding: .utf8)
        guard let line = text.split(separator: "\n").last, let bytes = Hex.decode(String(line)),
            let key = Secp256k1.SecretKey(bytes)
        else { throw ChaosError("no consensus key") }
        let lies = Lies(genesis: genesis, key: key)
        switch flood.kind {
        case "wrong-signatures": return try lies.wrongSignatures()
        case "false-certificates": return lies.falseCertificates()
        case "false-justification": return lies.falseJustifications()
        case "unknown-transactions": return lies.unknownTransactions()
        default: return junk(genesis, own, key)
        }
    }

    private func junk(_ genesis: Genesis, _ own: UInt16, _ key: Secp256k1.SecretKey) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        for number in 1...32 {
            let payload = VotePayload(
                network: genesis.network, epoch: Epoch(0), kind: .nullify, view: View(UInt64(number)), digest: .zero)
            let vote = Vote(signing: payload, signer: own, key: key)
            messages.append(PeerMessage.consensus(.vote(vote), transactions: []).bcs)
            messages.append(PeerMessage.request(.range(from: Height(1)), id: UInt64(number)).bcs)
            messages.append(PeerMessage.request(.snapshot(above: Height(0), epoch: Epoch(0)), id: UInt64(number)).bcs)
            messages.append(PeerMessage.request(.leaves(version: Height(64), after: nil), id: UInt64(number)).bcs)
        }
        return messages
    }
}
