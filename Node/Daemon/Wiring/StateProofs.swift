internal import Chain
internal import LedgerState
internal import LightClient
internal import Primitives
internal import Replica

/// Proof bundles out of a node's own chain.
enum StateProofs {
    /// Keys in one state, under its own header; nil before the first block.
    static func bundle(_ keys: [[UInt8]], _ point: StatePoint, _ view: ChainView) throws(StorageFailure) -> ProofBundle?
    {
        guard let finalization = point.finalization else { return nil }
        var entries: [ProofBundle.Entry] = []
        for key in keys {
            guard let proof = try point.state.prove(key) else {
                throw StorageFailure("the state has no proof for a key")
            }
            entries.append(ProofBundle.Entry(key: key, proof: proof))
        }
        return ProofBundle(
            entries: entries, header: point.header, descendants: [], finalization: finalization,
            epochEnds: try epochEnds(to: point.header.epoch, view))
    }

    private static func epochEnds(to epoch: Epoch, _ view: ChainView) throws(StorageFailure) -> [ProofBundle.EpochEnd] {
        var ends: [ProofBundle.EpochEnd] = []
        var next = Epoch(1)
        while next <= epoch {
            guard let record = try view.epoch(next), let header = try view.header(at: record.root),
                let finalization = try view.finalization(at: record.root)
            else { throw StorageFailure("the end of epoch \(next.previous ?? next) is missing in the store") }
            ends.append(
                ProofBundle.EpochEnd(header: header, finalization: finalization, nextValidators: record.validators))
            next = next.next
        }
        return ends
    }
}

extension RuntimeService {
    /// What a query may know of the block that the newest final state belongs to.
    static func context(_ view: ChainView, _ genesis: Genesis) -> BlockContext {
        BlockContext(
            network: genesis.network, height: view.tip.height, epoch: view.epoch, time: view.tip.time,
            parent: view.tip.parent, proposer: view.tip.proposer, validators: view.validators,
            parameters: genesis.parameters)
    }
}
