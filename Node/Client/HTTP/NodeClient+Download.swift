internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

extension NodeClient {
    /// Follows a link that the node which answered last gave, piece by piece as it arrives; what a link leads to is known to
    /// that node alone. `take` gets the bytes in order.
    package func download(_ path: String, _ take: ([UInt8]) async throws -> Void) async throws {
        let index = order[0]
        let response = try await send(NodeRequest(path, accept: "*/*"), to: index)
        guard response.status == .ok else { throw try await problem(response, of: index) }
        for try await buffer in response.body { try await take(Array(buffer.readableBytesView)) }
    }

    /// A JSON answer of a path that another module added to the nodes' API.
    package func json(_ path: String) async throws -> JSONValue {
        try await ask(NodeRequest(path)) { try $0.json() }
    }
}
