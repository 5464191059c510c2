internal import Chain
internal import LedgerState
internal import LightClient
internal import Primitives

// What peers get that take over this node's state.

extension Replica {
    /// The newest block above `height` whose state this node can send whole, with what makes it final from `epoch` on.
    /// Multiples of `snapshotBlocks` come first: other peers probably have them too.
    func offer(
        above height: Height, epoch: Epoch, _ work: inout ServingWork
    ) throws(StorageFailure) -> FetchResponse {
        guard !snapshot.isBusy else { return .unavailable }
        work.reads += Snapshot.offersMax
        for version in try versions(above: height) {
            if let bundle = try bundle(at: version, from: epoch, &work) { return .snapshot(bundle) }
        }
        return .unavailable
    }

    private func versions(above height: Height) throws(StorageFailure) -> [Height] {
        guard let newest = try StateSnapshot.newestStored(view.reader, atMost: view.tip.height) else { return [] }
        var found: [Height] = []
        let span = max(1, configuration.snapshotBlocks)
        var multiple = newest.value - newest.value % span
        while multiple > height.value, found.count < Snapshot.offersMax / 2 {
            found.append(Height(multiple))
            multiple -= min(span, multiple)
        }
        var next: Height? = newest
        while let version = next, version > height, found.count < Snapshot.offersMax {
            found.append(version)
            next = try version.previous.flatMap { (below) throws(StorageFailure) in
                try StateSnapshot.newestStored(view.reader, atMost: below)
            }
        }
        return found
    }

    /// Nil when the state of this height, a proof of it, or a block of its replay window is not here.
    private func bundle(
        at height: Height, from epoch: Epoch, _ work: inout ServingWork
    ) throws(StorageFailure) -> ProofBundle? {
        work.reads += 5
        guard try StateSnapshot.historic(view.reader, at: height) != nil,
            let header = try view.header(at: height), !header.closesEpoch, header.epoch >= epoch,
            let finalization = try view.finalization(at: height), try hasReplayWindow(below: header)
        else { return nil }
        var ends: [ProofBundle.EpochEnd] = []
        var next = epoch.next
        while next <= header.epoch {
            work.reads += 3
            guard ends.count < ProofBundle.epochEndsMax, let record = try view.epoch(next),
                let end = try view.header(at: record.root),
                let certificate = try view.finalization(at: record.root)
            else { return nil }
            ends.append(
                ProofBundle.EpochEnd(header: end, finalization: certificate, nextValidators: record.validators))
            next = next.next
        }
        return ProofBundle(
            entries: [], header: header, descendants: [], finalization: finalization, epochEnds: ends)
    }

    private func hasReplayWindow(below header: BlockHeader) throws(StorageFailure) -> Bool {
        let base = try view.base()
        if base.value == 0 { return true }
        guard header.height > base, let first = try view.header(at: base.next) else { return false }
        return first.time.adding(milliseconds: Transaction.lifetimeMillisecondsMax) < header.time
    }

    /// The final block with this digest and those below it, as far as one answer may go.
    func ancestors(of digest: Digest, _ work: inout ServingWork) throws(StorageFailure) -> FetchResponse {
        work.reads += 1
        guard var height = try view.height(of: digest) else { return .unavailable }
        var blocks: [[UInt8]] = []
        var bytes = 0
        while blocks.count < FetchResponse.ancestorsMax, bytes < BlockRange.blockBytesMax {
            work.reads += 1
            guard let block = try view.blockBytes(at: height) else { break }
            blocks.append(block)
            bytes += block.count
            guard let below = height.previous else { break }
            height = below
        }
        return blocks.isEmpty ? .unavailable : .ancestors(blocks)
    }
}
