import Foundation
import Glibc
import NodeClient
import Primitives
import TestSupport
import Testing

extension ProcessSuite {
    /// What strangers may send to the two ports. A node answers, closes, or waits; it goes on serving.
    static let garbage: [(name: String, bytes: [UInt8])] = {
        var random = SeededGenerator(seed: 20)
        func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) } }
        func text(_ text: String) -> [UInt8] { Array(text.utf8) }
        let post = "POST /v1/transactions/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
        return [
            ("random bytes", noise(65_536)),
            ("an oversized frame", [0, 0xff, 0xff, 0xff, 0xff] + noise(200)),
            ("an oversized TLS record", [0x16, 0x03, 0x01, 0xff, 0xff] + noise(4_096)),
            ("a TLS hello cut short", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03] + noise(40)),
            (
                "huge headers",
                text("GET /v1/status HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 1 << 20))\r\n\r\n")
            ),
            ("many headers", text("GET / HTTP/1.1\r\n" + (0..<20_000).map { "A\($0): b\r\n" }.joined() + "\r\n")),
            ("a huge body announced", text(post + "Content-Length: 99999999999\r\n\r\n")),
            ("a negative length", text(post + "Content-Length: -1\r\n\r\n")),
            (
                "a vector of 2^32 transactions",
                text(post + "Content-Length: 5\r\n\r\n") + [0xff, 0xff, 0xff, 0xff, 0x0f]
            ),
            ("random transactions", text(post + "Content-Length: 4096\r\n\r\n") + noise(4_096)),
            ("a broken chunk", text(post + "Transfer-Encoding: chunked\r\n\r\nZZZZ\r\n")),
            ("a broken path", text("GET /v1/state/%%%zz\u{0}?proof=9 HTTP/1.1\r\nHost: x\r\n\r\n")),
        ]
    }()

    @Test(.timeLimit(.minutes(5))) func garbageLeavesNodesServing() async throws {
        try await ValidatorNetwork.with { network in
            let victim = "coop"
            let ports = [network.peerPort(victim), network.peerPort(victim) + 1_000]
            for port in ports {
                for (name, bytes) in ProcessSuite.garbage {
                    try RawConnection(port: port).send(bytes)
                    #expect(network.isRunning(victim), "\(name) at port \(port) ended the node")
                }
            }
            // Half-open ones: some say nothing, some stop within a header.
            var open: [RawConnection] = []
            for number in 0..<64 {
                let connection = try RawConnection(port: ports[number % 2])
                if number % 4 < 2 { connection.send(Array("GET /v1/sta".utf8)) }
                open.append(connection)
            }
            try await network.write("beside-half-open-connections", through: victim)
            open.removeAll()
            let status = await network.status(victim)
            #expect(status?.ready == true)
            #expect(status?.peers.allSatisfy(\.connected) == true, "garbage broke the links to the other validators")
            try await network.follows(victim, "gridco")
            for name in ValidatorNetwork.partners { #expect(network.isRunning(name)) }
        }
    }
}

/// A bare TCP connection to this machine, closed when it is released.
final class RawConnection {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            close(descriptor)
            throw TestFailure("port \(port) takes no connection (errno \(errno))")
        }
    }

    deinit { close(descriptor) }

    /// Sends until all is gone or the other side has enough.
    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }
}
