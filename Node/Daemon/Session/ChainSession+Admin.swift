internal import DataLake
internal import NodeClient
internal import Primitives
internal import Wiring

extension ChainSession {
    /// Asks the own node, the first of the client's, for something that only its operator may ask; signed anew for each try.
    func admin(
        _ operation: AdminOperation, _ payload: [UInt8], accept: String = "application/json", waitSeconds: UInt32 = 0
    ) async throws -> [UInt8] {
        try await client.postToOwn(operation.path, accept: accept, waitSeconds: waitSeconds) {
            AdminRequest(signing: payload, operation: operation.rawValue, network: network, key: key).bcs
        }
    }
}
