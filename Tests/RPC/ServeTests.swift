import Foundation
import RPC
import Testing

/// Serves the API of a small node for tools outside, e.g. `COMMONWATT_API_SERVE=8099 swift test --filter serveForTools`.
@Test(.enabled(if: ProcessInfo.processInfo.environment["COMMONWATT_API_SERVE"] != nil))
func serveForTools() async throws {
    let port = ProcessInfo.processInfo.environment["COMMONWATT_API_SERVE"].flatMap { Int($0) } ?? 8_099
    let seconds = ProcessInfo.processInfo.environment["COMMONWATT_API_SECONDS"].flatMap { Int($0) } ?? 600
    try await TestServer.with(port: port, idleMilliseconds: 2_000) { server in
        for number in 0..<3 {
            _ = try await server.node.submit([server.transaction("example \(number)", salt: UInt64(number))])
            try await server.node.makeBlock()
        }
        print("serving \(server.base)")
        try await Task.sleep(for: .seconds(seconds))
    }
}
