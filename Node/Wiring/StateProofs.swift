internal import Chain
internal import LedgerState
internal import LightClient
internal import Primitives
internal import Replica

/// Proof bundles out of a node's own chain.
enum StateProofs {
    /// Keys in one state, under its own header; nil before the first block.
    static func bundle(
        _ keys: [[UInt8]], _ point: StatePoint, _ view: ChainView, _ parts: ProofParts
    ) throws(StorageFailure) -> ProofBundle? {
        guard let finalization = point.finalization else { return nil }
        var entries: [ProofBundle.Entry] = []
        for key in keys {
            guard let proof = try point.state.prove(key, memory: parts) else {
                throw StorageFailure("the state has no proof for a key")
            }
            entries.append(ProofBundle.Entry(key: key, proof: proof))
        }
        return ProofBundle(
            entries: entries, header: point.header, descendants: [], finalization: finalization,
            epochEnds: try parts.epochEnds(to: point.header.epoch) { (epoch) throws(StorageFailure) in
                guard let record = try view.epoch(epoch), let header = try view.header(at: record.root),
                    let finalization = try view.finalization(at: record.root)
                else { throw StorageFailure("the end of epoch \(epoch.previous ?? epoch) is missing in the store") }
                return ProofBundle.EpochEnd(
                    header: header, finalization: finalization, nextValidators: record.validators)
            })
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
