package import Primitives

extension DataLake {
    /// Every batch that is not erased, ascending by digest.
    package func keptBatches() throws(LakeError) -> [Digest] { try catalogue.kept() }

    /// The same of one of the 256 folders that the files lie in: those whose digests begin with this byte.
    package func keptBatches(in folder: UInt8) throws(LakeError) -> [BatchEntry] { try catalogue.kept(in: folder) }

    /// Erases a batch for good; the catalogue keeps a tombstone with the owner's reason code. What was settled from it
    /// stays provable, but its periods can no longer be corrected.
    ///
    /// In three durable steps: it counts as erased, its file goes, the catalogue says so. What a crash leaves undone
    /// `finishErasing` does.
    package func erase(_ digest: Digest, reason: UInt16) throws(LakeError) {
        try locks.with(digest) { () throws(LakeError) in
            guard try catalogue.entry(digest) != nil else { throw .notHeld(digest) }
            try catalogue.beginErasing(digest, reason: reason)
            try removeErased(digest)
        }
    }

    /// Removes a batch that its meter's data provider never anchored. No tombstone stays: should the anchor come after all,
    /// the batch can be handed in again. False when it stays, since it was first handed in after `limit`, or is not here.
    ///
    /// Durable in the same three steps.
    package func removeUnanchored(_ digest: Digest, waitingSince limit: Timestamp) throws(LakeError) -> Bool {
        try locks.with(digest) { () throws(LakeError) -> Bool in
            guard try catalogue.beginRemoving(digest, waitingSince: limit) else { return false }
            try removeErased(digest)
            return true
        }
    }

    /// Removes a copy that may not lie here any more. No tombstone stays: should it be allowed again, it can be fetched again.
    package func letGo(_ digest: Digest) throws(LakeError) {
        _ = try removeUnanchored(digest, waitingSince: Timestamp(.max))
    }

    private func removeErased(_ digest: Digest) throws(LakeError) {
        cache.remove(digest)
        try files.remove(digest)
        try catalogue.endErasing(digest)
    }

    /// Removes the files of batches whose erasure was interrupted; how many.
    @discardableResult
    package func finishErasing() throws(LakeError) -> Int {
        let digests = try catalogue.erasing()
        for digest in digests {
            try locks.with(digest) { () throws(LakeError) in try removeErased(digest) }
        }
        return digests.count
    }

    /// Removes files of a folder that no entry belongs to: a crash left them. Without any entry at all the catalogue was
    /// lost, not the files, and nothing is removed. Gives how many went.
    @discardableResult
    package func removeOrphans(in folder: UInt8) throws(LakeError) -> Int {
        if try catalogue.isEmpty() { return 0 }
        return try locks.with(folder: folder) { () throws(LakeError) in
            let kept = Set(try catalogue.kept(in: folder).map(\.digest))
            return try BatchFiles.sweep(files.root, folder: folder, kept: kept, endings: [""])
        }
    }
}
