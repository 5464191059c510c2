internal import DataLake
internal import NodeClient
internal import Primitives
internal import Wiring

extension ChainSession {
    /// Asks the own node, the first of the client's, for something that only its operator may ask; signed anew for each try,
    /// for the process that answers there now.
    func admin(
        _ operation: AdminOperation, _ payload: [UInt8], accept: String = "application/json", waitSeconds: UInt32 = 0
    ) async throws -> [UInt8] {
        try await client.postToOwn(operation.path, accept: accept, waitSeconds: waitSeconds) {
            AdminRequest(
                signing: payload, operation: operation.rawValue, audience: try await client.adminAudience(of: network),
                key: key
            ).bcs
        }
    }
}

extension NodeClient {
    /// Whom a request to the own node is for. A node of another network is refused.
    func adminAudience(of network: Digest) async throws -> AdminAudience {
        let bytes = try await readFromOwn(AdminAudience.path, accept: "application/octet-stream")
        guard let audience = try? AdminAudience(bcs: bytes), audience.network == network else {
            throw ClientError.badAnswer(node: nodes[0], "it does not say that it is a node of the network \(network)")
        }
        return audience
    }
}
