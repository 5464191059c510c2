internal import Foundation
internal import GRDB
internal import Primitives

/// Copies that may not lie here any more: a row since when, by the chain's time, that is known.
extension PartStore {
    static func createWithdrawn(_ database: Database) throws {
        try database.execute(
            sql: "CREATE TABLE withdrawn (digest BLOB PRIMARY KEY NOT NULL, since INTEGER NOT NULL) WITHOUT ROWID")
    }

    /// Since when a part may not lie here; `time` when that is not known yet, from then on.
    func withdraw(_ digest: Digest, at time: Timestamp) throws(LakeError) -> Timestamp {
        try SQL.attempt("note a withdrawn part") {
            try database.write { database in
                try database.execute(
                    sql: "INSERT OR IGNORE INTO withdrawn (digest, since) VALUES (?, ?)",
                    arguments: [SQL.blob(digest), SQL.integer(time)])
                let since = try Int64.fetchOne(
                    database, sql: "SELECT since FROM withdrawn WHERE digest = ?", arguments: [SQL.blob(digest)])
                return since.map { Timestamp(UInt64(clamping: $0)) } ?? time
            }
        }
    }

    /// It may lie here again, or is gone.
    func restore(_ digests: some Sequence<Digest>) throws(LakeError) {
        try SQL.attempt("strike out withdrawn parts") {
            try database.write { database in
                for digest in digests {
                    try database.execute(
                        sql: "DELETE FROM withdrawn WHERE digest = ?", arguments: [SQL.blob(digest)])
                }
            }
        }
    }

    func withdrawn() throws(LakeError) -> Set<Digest> {
        try SQL.attempt("list withdrawn parts") {
            try database.read { database in
                Set(try Data.fetchAll(database, sql: "SELECT digest FROM withdrawn").compactMap { Digest($0) })
            }
        }
    }
}
