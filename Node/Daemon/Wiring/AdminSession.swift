internal import DataLake
internal import LedgerCrypto
internal import NodeClient
internal import Primitives
internal import Synchronization

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

/// Admin requests that were taken, so that a copy of one is not taken again. One is remembered for as long as its time would
/// still pass; only requests with the operator's signature come here, so they are few.
final class TakenRequests: Sendable {
    private let taken = Mutex<[Digest: Timestamp]>([:])

    /// False when the same request was taken before. The signature of a request names it: another one is another request.
    func take(_ request: AdminRequest, now: Timestamp) -> Bool {
        let name = SHA256.hash(request.signature.bytes)
        return taken.withLock { taken in
            let oldest = now.milliseconds - min(now.milliseconds, 2 * AdminRequest.ageMillisecondsMax)
            taken = taken.filter { $0.value.milliseconds >= oldest }
            guard taken[name] == nil else { return false }
            taken[name] = now
            return true
        }
    }
}
