internal import Foundation
internal import GRDB
internal import Primitives

/// Copies that may not lie here any more (`WithdrawnTable`).
extension PartStore {
    /// Since when a part may not lie here; `time` when that is not known yet, from then on.
    func withdraw(_ digest: Digest, at time: Timestamp) throws(LakeError) -> Timestamp {
        try SQL.attempt("note a withdrawn part") {
            try database.write { database in
                try WithdrawnTable.add(digest, since: time, in: database)
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
                for digest in digests { try WithdrawnTable.remove(digest, in: database) }
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
