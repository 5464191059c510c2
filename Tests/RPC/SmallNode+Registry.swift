import Chain
import LedgerState
import LightClient
import NodeClient
import Primitives
import RPC

/// What the resolver needs of a node: several keys of one state, and what a contract bench wrote.
extension SmallNode {
    /// Takes over what another machine's block changed.
    func take(_ changes: [StateChange]) throws {
        given += changes
        try makeBlock()
    }

    func values(_ keys: [[UInt8]]) throws(ServiceFailure) -> StateValues {
        try check()
        let (header, state) = try point(nil)
        do throws(StorageFailure) {
            return StateValues(
                height: header.height, time: header.time,
                values: try keys.map { (key) throws(StorageFailure) in try state.value(key) })
        } catch {
            throw .storage(error)
        }
    }

    func proof(_ keys: [[UInt8]], at height: Height?) throws(ServiceFailure) -> ProofBundle {
        try check()
        let (header, state) = try point(height)
        do throws(StorageFailure) {
            let entries = try keys.map { (key) throws(StorageFailure) in
                guard let proof = try state.prove(key) else { throw StorageFailure("the state is empty") }
                return ProofBundle.Entry(key: key, proof: proof)
            }
            return ProofBundle(
                entries: entries, header: header, descendants: [],
                finalization: certificate(header), epochEnds: [])
        } catch {
            throw .storage(error)
        }
    }
}
