internal import GRDB
package import Primitives

/// What the parts of each owner take up.
extension PartStore {
    /// Bytes of content that lie here, by owner.
    package func bytesByOwner() throws(LakeError) -> [(owner: String, bytes: UInt64)] {
        try SQL.attempt("add up parts") {
            try database.read { database in
                try Row.fetchAll(
                    database,
                    sql:
                        "SELECT owner, sum(byteCount) AS bytes FROM part WHERE status IN (0, 2) GROUP BY owner ORDER BY owner"
                ).compactMap { row in
                    guard let owner: String = row["owner"], let bytes: Int64 = row["bytes"] else { return nil }
                    return (owner, UInt64(clamping: bytes))
                }
            }
        }
    }

    /// Bytes of content of one owner that lie here; `waiting` counts only what was not seen on the chain.
    package func bytes(of owner: String, waiting: Bool = false) throws(LakeError) -> UInt64 {
        try SQL.attempt("add up parts") {
            try database.read { database in
                UInt64(
                    clamping: try Int64.fetchOne(
                        database,
                        sql: """
                            SELECT coalesce(sum(byteCount), 0) FROM part
                            WHERE owner = ? AND status IN (0, 2)\(waiting ? " AND isAnchored = 0" : "")
                            """, arguments: [owner]) ?? 0)
            }
        }
    }

    /// Parts of an owner that were not seen on the chain.
    package func waiting(of owner: String) throws(LakeError) -> [PartEntry] {
        try entries("WHERE owner = ? AND status IN (0, 2) AND isAnchored = 0 ORDER BY digest", [owner])
    }

    /// The chain names it as its owner's.
    package func markAnchored(_ digest: Digest) throws(LakeError) {
        try SQL.attempt("mark a part") {
            try database.write { database in
                try database.execute(
                    sql: "UPDATE part SET isAnchored = 1 WHERE digest = ? AND isAnchored = 0",
                    arguments: [SQL.blob(digest)])
            }
        }
    }
}
