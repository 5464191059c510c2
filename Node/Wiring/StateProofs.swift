internal import Chain
internal import LedgerState
internal import LightClient
internal import Primitives
internal import Replica

/// Proof bundles out of a node's own chain.
enum StateProofs {
    /// Keys in one state, under its own header, for a reader that trusts `epoch`; nil before the first block. Fails when that
    /// is more than `ProofBundle.epochEndsMax` epochs away.
    static func bundle(
        _ keys: [[UInt8]], _ point: StatePoint, _ view: ChainView, _ parts: ProofParts, from epoch: Epoch = Epoch(0)
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
            epochEnds: try ends(from: epoch, to: point.header.epoch, view, parts))
    }

    /// No key, and the last header of an epoch: as many epochs after `epoch` as a bundle carries and have ended; nil when none
    /// has.
    static func epochs(
        from epoch: Epoch, _ view: ChainView, _ parts: ProofParts
    ) throws(StorageFailure) -> ProofBundle? {
        guard epoch < view.epoch, let newest = view.epoch.previous else { return nil }
        let (farthest, isBeyond) = epoch.value.addingReportingOverflow(UInt64(ProofBundle.epochEndsMax))
        let last = isBeyond ? newest : min(newest, Epoch(farthest))
        let end = try end(of: last, view)
        return ProofBundle(
            entries: [], header: end.header, descendants: [], finalization: end.finalization,
            epochEnds: try ends(from: epoch, to: last, view, parts))
    }

    /// Whether one bundle can lead from an epoch to a later one.
    static func isInReach(_ last: Epoch, from epoch: Epoch) -> Bool {
        last <= epoch || last.value - epoch.value <= UInt64(ProofBundle.epochEndsMax)
    }

    private static func ends(
        from epoch: Epoch, to last: Epoch, _ view: ChainView, _ parts: ProofParts
    ) throws(StorageFailure) -> [ProofBundle.EpochEnd] {
        guard isInReach(last, from: epoch) else {
            throw StorageFailure(
                "from epoch \(epoch) to \(last) the validators changed more often than one proof can show")
        }
        return try parts.epochEnds(from: epoch, to: last) { (number) throws(StorageFailure) in try end(of: number, view)
        }
    }

    private static func end(of epoch: Epoch, _ view: ChainView) throws(StorageFailure) -> ProofBundle.EpochEnd {
        guard let record = try view.epoch(epoch.next), let header = try view.header(at: record.root),
            let finalization = try view.finalization(at: record.root)
        else { throw StorageFailure("the end of epoch \(epoch) is missing in the store") }
        return ProofBundle.EpochEnd(header: header, finalization: finalization, nextValidators: record.validators)
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
