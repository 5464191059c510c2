internal import Foundation
package import LightClient
package import Primitives

extension NodeClient {
    /// Opens a client for one piece of work and closes it again, also when the work fails.
    package static func with<Result>(
        _ nodes: [String], anchor: TrustAnchor? = nil, configuration: NodeClientConfiguration = .init(),
        _ body: (NodeClient) async throws -> Result
    ) async throws -> Result {
        let client = try NodeClient(nodes: nodes, anchor: anchor, configuration: configuration)
        do {
            let result = try await body(client)
            try? await client.shutdown()
            return result
        } catch {
            try? await client.shutdown()
            throw error
        }
    }
}

extension Timestamp {
    /// What this machine's clock shows; 0 before 1970.
    package static var wallClock: Timestamp { Timestamp(UInt64(max(0, Date().timeIntervalSince1970 * 1_000))) }
}
