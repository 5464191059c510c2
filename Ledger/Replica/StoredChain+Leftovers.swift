internal import Chain
internal import LedgerState
internal import Primitives

// A crash within a batch leaves records of history without the index that would name them: nodes and leaves above the
// newest version, blocks above the tip. Nothing reads them, and re-execution writes the same ones again, but perhaps not
// all, because the next checkpoint need not end where the lost one did. So they go first.

extension StoredChain {
    /// What removes them, to be stored before anything else; nil when there is nothing. Nodes and leaves of a state that was
    /// being taken over are not among them: `SnapshotMarker` names their version, and they go in bounded steps. (While they
    /// do, blocks are executed and checkpoints made: what those leave is among them.) At most one batch is cut short by a
    /// crash, so the work is that of a checkpoint, or of a replay window.
    func leftovers() throws(StorageFailure) -> StoreWork? {
        var ranges = [ChainStore.blocks(above: storedTip)]
        if let marker, marker.stage == .receiving {
            ranges += StateMaintenance.versions(above: storedTip, except: marker.version)
        } else {
            ranges.append(StateMaintenance.versions(above: storedTip))
        }
        let reader = view.reader
        var hasSome = false
        for range in ranges {
            let first = try reader.scan(from: range.start, to: range.end, limit: 1, reversed: false)
            hasSome = hasSome || !first.isEmpty
        }
        guard hasSome else { return nil }
        let all = ranges
        return StoreWork { () throws(StorageFailure) in
            var batch = KeyValueBatch()
            for range in all { try StoredChain.remove(range, reader, &batch) }
            return batch
        }
    }

    /// Values are read with the keys: a few at a time.
    private static let scannedMax = 1_024

    private static func remove(
        _ range: (start: [UInt8], end: [UInt8]), _ reader: any KeyValueReader, _ batch: inout KeyValueBatch
    ) throws(StorageFailure) {
        var from = range.start
        while true {
            let found = try reader.scan(from: from, to: range.end, limit: scannedMax, reversed: false)
            for entry in found { batch.remove(entry.key) }
            guard found.count == scannedMax, let last = found.last else { return }
            from = last.key + [0]
        }
    }
}
