internal import Agreements
internal import Foundation
internal import GRDB
package import Primitives

extension AccessLogStore {
    /// Batches looked at in one step; accesses in no batch are some more.
    private static let pruneStep = 256

    /// Takes a batch apart: its accesses go into the next one that is closed.
    package func reopen(_ batch: Int64) throws(LakeError) {
        try SQL.attempt("open a batch of accesses") {
            try database.write { database in
                try database.execute(sql: "UPDATE access SET batch = NULL WHERE batch = ?", arguments: [batch])
                try database.execute(sql: "DELETE FROM batch WHERE number = ?", arguments: [batch])
            }
        }
    }

    /// Removes batches that end before `time` with their accesses, and accesses from before it that are in no batch: those to
    /// open data, and those that came too late for the chain; how many accesses. A batch that is still to be sent stays.
    /// Goes on at the next call where much is to be done.
    @discardableResult
    package func prune(before time: Timestamp) throws(LakeError) -> Int {
        try SQL.attempt("prune the access log") {
            try database.write { database in
                var removed = 0
                let batches = try Row.fetchAll(
                    database, sql: "SELECT number, log FROM batch WHERE state != 0 ORDER BY number LIMIT ?",
                    arguments: [AccessLogStore.pruneStep])
                for row in batches {
                    guard let number: Int64 = row["number"],
                        try LogAccess(bcs: [UInt8](row["log"] as Data? ?? Data())).to < time
                    else { continue }
                    try database.execute(sql: "DELETE FROM access WHERE batch = ?", arguments: [number])
                    removed += database.changesCount
                    try database.execute(sql: "DELETE FROM batch WHERE number = ?", arguments: [number])
                }
                try database.execute(
                    sql: """
                        DELETE FROM access WHERE number IN
                            (SELECT number FROM access WHERE batch IS NULL AND time < ? ORDER BY time LIMIT ?)
                        """, arguments: [SQL.integer(time), AccessLogStore.pruneStep * 16])
                return removed + database.changesCount
            }
        }
    }
}
