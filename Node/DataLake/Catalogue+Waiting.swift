internal import Foundation
internal import GRDB
internal import Primitives

/// What waits for its anchor. A batch has a row from when it is handed in until its anchor is seen or it is removed; one that
/// came otherwise has none until somebody notices that it is not anchored.
extension Catalogue {
    static func createWaiting(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE waiting (
                    digest BLOB PRIMARY KEY NOT NULL, provider TEXT NOT NULL, since INTEGER NOT NULL, bytes INTEGER NOT NULL
                ) WITHOUT ROWID;
                CREATE INDEX waitingByProvider ON waiting (provider, digest);
                """)
    }

    func countWaiting(_ database: Database) throws {
        let rows = try Row.fetchAll(
            database, sql: "SELECT provider, count(*) AS batches, sum(bytes) AS bytes FROM waiting GROUP BY provider")
        for row in rows {
            guard let provider: String = row["provider"], let batches: Int64 = row["batches"],
                let bytes: Int64 = row["bytes"]
            else { continue }
            waitingTotals.set(
                WaitingTotal(batches: Int(clamping: batches), bytes: UInt64(clamping: bytes)), of: provider)
        }
    }

    func waiting(_ digest: Digest) throws(LakeError) -> WaitingBatch? {
        try SQL.attempt("look a waiting batch up") {
            try database.read { try Catalogue.waiting(digest, in: $0) }
        }
    }

    private static func waiting(_ digest: Digest, in database: Database) throws -> WaitingBatch? {
        try Row.fetchOne(database, sql: "SELECT * FROM waiting WHERE digest = ?", arguments: [SQL.blob(digest)])
            .flatMap { WaitingBatch(row: $0) }
    }

    /// Of one folder of files.
    func waiting(in folder: UInt8) throws(LakeError) -> [WaitingBatch] {
        try SQL.attempt("list a folder's waiting batches") {
            try database.read { database in
                try Row.fetchAll(
                    database, sql: "SELECT * FROM waiting WHERE digest >= ? AND digest <= ?",
                    arguments: SQL.range(of: folder)
                ).compactMap { WaitingBatch(row: $0) }
            }
        }
    }

    /// The next ones of a provider, in turn.
    func nextWaiting(of provider: String, limit: Int) throws(LakeError) -> [WaitingBatch] {
        let after: Data = waitingTotals.place(of: provider).map { SQL.blob($0) } ?? Data()
        let found = try SQL.attempt("list waiting batches") {
            try database.read { database in
                try Row.fetchAll(
                    database, sql: "SELECT * FROM waiting WHERE provider = ? AND digest > ? ORDER BY digest LIMIT ?",
                    arguments: [provider, after, Int64(clamping: limit)]
                ).compactMap { WaitingBatch(row: $0) }
            }
        }
        waitingTotals.goOn(after: found.count < limit ? nil : found.last?.digest, of: provider)
        return found
    }

    func wait(for batches: [WaitingBatch]) throws(LakeError) {
        if batches.isEmpty { return }
        try SQL.attempt("note waiting batches") {
            try database.write { database in
                for batch in batches { try wait(for: batch, in: database) }
            }
        }
    }

    /// What is handed in again waits since the first time: the bytes and their signature serve anybody for ever, and whoever sends
    /// them every day would hold up erasure.
    func wait(for batch: WaitingBatch, in database: Database) throws {
        let isKnown = try Catalogue.waiting(batch.digest, in: database) != nil
        try database.execute(
            sql: """
                INSERT INTO waiting (digest, provider, since, bytes) VALUES (?, ?, ?, ?)
                ON CONFLICT (digest) DO NOTHING
                """,
            arguments: [
                SQL.blob(batch.digest), batch.provider, SQL.integer(batch.since), Int64(clamping: batch.byteCount),
            ])
        if isKnown { return }
        database.afterNextTransaction { [waitingTotals] _ in waitingTotals.add(batch) }
    }

    /// They are anchored.
    func stopWaiting(for digests: [Digest]) throws(LakeError) {
        if digests.isEmpty { return }
        try SQL.attempt("strike waiting batches") {
            try database.write { database in
                for digest in digests { try stopWaiting(for: digest, in: database) }
            }
        }
    }

    func stopWaiting(for digest: Digest, in database: Database) throws {
        guard let batch = try Catalogue.waiting(digest, in: database) else { return }
        try database.execute(sql: "DELETE FROM waiting WHERE digest = ?", arguments: [SQL.blob(digest)])
        database.afterNextTransaction { [waitingTotals] _ in waitingTotals.remove(batch) }
    }
}

extension WaitingBatch {
    fileprivate init?(row: Row) {
        guard let digest = Digest(row["digest"] as Data? ?? Data()), let provider: String = row["provider"],
            let since: Int64 = row["since"], let bytes: Int64 = row["bytes"]
        else { return nil }
        self.init(
            digest: digest, provider: provider, since: Timestamp(UInt64(clamping: since)),
            byteCount: UInt64(clamping: bytes))
    }
}
