import Foundation
import NodeClient
import RPC

/// A client that takes from its connection only what it is told to take, with a small window, so that what it leaves stays
/// with the server.
struct SlowReader {
    private static let windowBytes: Int32 = 65_536
    private static let takenBytes = 32_768

    /// Runs `body` with a connection on which `request` was sent. `next` takes what there is; nil at the end.
    static func with<Result>(
        _ port: Int, _ request: String, _ body: (_ next: () async throws -> [UInt8]?) async throws -> Result
    ) async throws -> Result {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var window = windowBytes
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &window, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isOpen = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isOpen, send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL)) > 0 else {
            throw TestFailure("no connection to \(port)")
        }
        return try await body {
            await withCheckedContinuation { continuation in
                // A read waits: not on Swift's threads.
                DispatchQueue.global().async {
                    var bytes = [UInt8](repeating: 0, count: takenBytes)
                    let count = recv(descriptor, &bytes, takenBytes, 0)
                    continuation.resume(returning: count > 0 ? Array(bytes.prefix(count)) : nil)
                }
            }
        }
    }
}

extension TestServer {
    /// A gauge or counter of `/metrics`, asked by a client of its own. Needs `trustsForwardedFor`.
    func metric(_ name: String) async throws -> Int {
        let text = try await RawHTTP.send("GET", "/metrics", to: port, headers: [("X-Forwarded-For", "203.0.113.9")])
            .text
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        guard let value = line?.split(separator: " ").last.flatMap({ Double($0) }) else {
            throw TestFailure("there is no metric \(name): \(text.prefix(300))")
        }
        return Int(value)
    }

    /// Waits until a metric is as it should be.
    func wait(_ name: String, _ isRight: (Int) -> Bool) async throws {
        var last = 0
        for _ in 0..<2_000 {
            last = try await metric(name)
            if isRight(last) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw TestFailure("\(name) stays at \(last)")
    }
}
