internal import Foundation
internal import GRDB
package import Primitives

// Column `status`: that of `BatchEntry`, or 3 (`Catalogue.erasing`) while an erased part's files are being removed.

extension PartStore {
    /// Every part that is not erased, by digest.
    package func held() throws(LakeError) -> [PartEntry] { try entries("WHERE status IN (0, 2) ORDER BY digest", []) }

    /// Held parts, damaged ones among them, whose retention is over.
    package func expired(_ now: Timestamp) throws(LakeError) -> [PartEntry] {
        try entries(
            "WHERE status IN (0, 2) AND keepUntil IS NOT NULL AND keepUntil <= ? ORDER BY keepUntil, digest",
            [SQL.integer(now)])
    }

    /// What was erased in [from, to), and whose files are gone, oldest first: the report of deletions.
    package func erasures(from: Timestamp, to: Timestamp, limit: Int = 4_096) throws(LakeError) -> [PartEntry] {
        try entries(
            "WHERE status = 1 AND erased >= ? AND erased < ? ORDER BY erased, digest LIMIT ?",
            [SQL.integer(from), SQL.integer(to), limit])
    }

    /// Erases a part for good; the list keeps when and why.
    ///
    /// In three durable steps: it counts as erased, its files go, the list says so. What a crash leaves undone
    /// `finishErasing` does.
    package func erase(_ digest: Digest, reason: UInt16, now: Timestamp) throws(LakeError) {
        try locks.with(digest) { () throws(LakeError) in
            guard try entry(digest) != nil else { throw .partNotHeld(digest) }
            try beginErasing(digest, reason: reason, now: now)
            try removeFiles(digest)
            try endErasing(digest)
        }
    }

    func beginErasing(_ digest: Digest, reason: UInt16, now: Timestamp) throws(LakeError) {
        try execute(
            "UPDATE part SET status = 3, reason = ?, erased = ? WHERE digest = ? AND status IN (0, 2)",
            [Int64(reason), SQL.integer(now), SQL.blob(digest)])
    }

    private func endErasing(_ digest: Digest) throws(LakeError) {
        try execute("UPDATE part SET status = 1 WHERE digest = ? AND status = 3", [SQL.blob(digest)])
    }

    /// Removes the files of parts whose erasure was interrupted; how many.
    @discardableResult
    package func finishErasing() throws(LakeError) -> Int {
        let interrupted = try entries("WHERE status = 3 ORDER BY digest", [])
        for entry in interrupted {
            try locks.with(entry.digest) { () throws(LakeError) in
                try removeFiles(entry.digest)
                try endErasing(entry.digest)
            }
        }
        return interrupted.count
    }

    /// Forgets a part that was never anchored, or a copy that may not lie here any more. Its files go first: after a crash in
    /// between it is still listed, and is forgotten again.
    package func forget(_ digest: Digest) throws(LakeError) {
        try locks.with(digest) { () throws(LakeError) in
            guard let entry = try entry(digest), entry.status != .erased else { return }
            try removeFiles(digest)
            try execute("DELETE FROM part WHERE digest = ? AND status IN (0, 2)", [SQL.blob(digest)])
        }
    }

    /// Removes files of a folder (the first byte of the digests) that no part belongs to: a crash left them. Without any
    /// part at all the list was lost, not the files, and nothing is removed. Gives how many went.
    @discardableResult
    package func removeOrphans(in folder: UInt8) throws(LakeError) -> Int {
        if try entries("LIMIT 1", []).isEmpty { return 0 }
        return try locks.with(folder: folder) { () throws(LakeError) in
            let kept = try entries(
                "WHERE digest >= ? AND digest <= ? AND status IN (0, 2)",
                SQL.range(of: folder))
            return try BatchFiles.sweep(
                root, folder: folder, kept: Set(kept.map(\.digest)), endings: [".manifest", ".content"])
        }
    }

    private func removeFiles(_ digest: Digest) throws(LakeError) {
        try BatchFiles.remove([path(digest, "content"), path(digest, "manifest")])
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws(LakeError) {
        try SQL.attempt("mark a part") {
            try database.write { try $0.execute(sql: sql, arguments: arguments) }
        }
    }
}
