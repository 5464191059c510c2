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

    private struct Point: FinalState {
        let height: Height
        let time: Timestamp
        let state: StateSnapshot

        func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? { try state.value(key) }
    }

    func finalState() throws(ServiceFailure) -> any FinalState {
        try check()
        let (header, state) = try point(nil)
        return Point(height: header.height, time: header.time, state: state)
    }

    func epochs(from epoch: Epoch) throws(ServiceFailure) -> ProofBundle? {
        try check()
        guard epoch < self.epoch else { return nil }
        let last = min(Int(epoch.value) + ProofBundle.epochEndsMax, ends.count - 1)
        return ProofBundle(
            entries: [], header: ends[last].header, descendants: [], finalization: ends[last].finalization,
            epochEnds: Array(ends[Int(epoch.value)..<last]))
    }

    func proof(
        _ keys: [[UInt8]], at height: Height?, from epoch: Epoch
    ) throws(ServiceFailure) -> ProofBundle {
        try check()
        let (header, state) = try point(height)
        let between = epoch < header.epoch ? ends[Int(epoch.value)..<Int(header.epoch.value)] : []
        guard between.count <= ProofBundle.epochEndsMax else { throw .tooManyEpochs(from: epoch, to: header.epoch) }
        do throws(StorageFailure) {
            let entries = try keys.map { (key) throws(StorageFailure) in
                guard let proof = try state.prove(key) else { throw StorageFailure("the state is empty") }
                return ProofBundle.Entry(key: key, proof: proof)
            }
            return ProofBundle(
                entries: entries, header: header, descendants: [],
                finalization: certificate(header), epochEnds: Array(between))
        } catch {
            throw .storage(error)
        }
    }
}
