internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// Posts to addresses that a node's operator named: no redirects, bounded in time and size.
package final class WebPost: Sendable {
    private let http: HTTPClient

    package init() {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(10)))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 4
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    deinit { _ = http.shutdown() }

    /// The status of the answer, whose body is not read beyond 64 KiB. Throws when there is none within 15 seconds.
    package func post(_ url: String, headers: [(String, String)], body: [UInt8]) async throws -> Int {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        let response = try await http.execute(request, timeout: .seconds(15))
        _ = try? await response.body.collect(upTo: 64 * 1_024)
        return Int(response.status.code)
    }
}
