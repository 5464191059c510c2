internal import Foundation
internal import GRDB
internal import Primitives

/// What lies here and may not any more, a table of the catalogue as of the parts: a row since when, by the chain's time, that is
/// known.
enum WithdrawnTable {
    static func create(_ database: Database) throws {
        try database.execute(
            sql: "CREATE TABLE withdrawn (digest BLOB PRIMARY KEY NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID")
    }

    /// Since `time`, when it is not there yet.
    static func add(_ digest: Digest, since time: Timestamp, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO withdrawn (digest, since) VALUES (?, ?)",
            arguments: [SQL.blob(digest), SQL.integer(time)])
    }

    static func remove(_ digest: Digest, in database: Database) throws {
        try database.execute(sql: "DELETE FROM withdrawn WHERE digest = ?", arguments: [SQL.blob(digest)])
    }
}

extension Catalogue {
    /// Of one folder of files.
    func withdrawn(in folder: UInt8) throws(LakeError) -> [Digest: Timestamp] {
        try SQL.attempt("list a folder's withdrawn batches") {
            try database.read { database in
                var withdrawn: [Digest: Timestamp] = [:]
                let rows = try Row.fetchCursor(
                    database, sql: "SELECT digest, since FROM withdrawn WHERE digest >= ? AND digest <= ?",
                    arguments: SQL.range(of: folder))
                while let row = try rows.next() {
                    guard let digest = Digest(row["digest"] as Data? ?? Data()), let since: Int64 = row["since"] else {
                        continue
                    }
                    withdrawn[digest] = Timestamp(UInt64(clamping: since))
                }
                return withdrawn
            }
        }
    }

    /// The first ones since `time`; the others may be held again.
    func change(withdrawn: [Digest], since time: Timestamp, restored: [Digest]) throws(LakeError) {
        if withdrawn.isEmpty, restored.isEmpty { return }
        try SQL.attempt("note withdrawn batches") {
            try database.write { database in
                for digest in withdrawn { try WithdrawnTable.add(digest, since: time, in: database) }
                for digest in restored { try WithdrawnTable.remove(digest, in: database) }
            }
        }
    }
}
