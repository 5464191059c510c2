package import Agreements
internal import DataSets
internal import Foundation
internal import GRDB
internal import LedgerCrypto
package import Primitives

/// Accesses that this node served, in `accesses.sqlite`: durable before the first byte goes out, closed into batches whose
/// Merkle roots go on the chain.
///
/// Invariants: an entry is in at most one batch; batches of one agreement and data set that were not refused do not overlap
/// in time; a batch never changes, so that it can be sent again. An entry may be earlier than the span of its batch: its time
/// is that of the block that allowed it, and batches may have been closed since.
package struct AccessLogStore: Sendable {
    /// Entries of one batch.
    package static let batchEntriesMax = 4_096

    /// A closed batch.
    package struct Batch: Hashable, Sendable {
        package let number: Int64
        package let log: LogAccess
        package let isAnchored: Bool
    }

    let database: DatabaseQueue

    package init(path: String) throws(LakeError) {
        database = try SQL.open(path: path, isSecret: false)
        try SQL.attempt("prepare the access log") {
            var migrator = DatabaseMigrator()
            migrator.registerMigration("1") { database in
                try database.execute(
                    sql: """
                        CREATE TABLE batch (
                            number INTEGER PRIMARY KEY NOT NULL, agreement INTEGER NOT NULL, dataSet BLOB NOT NULL,
                            log BLOB NOT NULL, state INTEGER NOT NULL
                        );
                        CREATE INDEX batchByState ON batch (state, number);
                        CREATE TABLE access (
                            number INTEGER PRIMARY KEY NOT NULL, agreement INTEGER, dataSet BLOB NOT NULL,
                            time INTEGER NOT NULL, entry BLOB NOT NULL, batch INTEGER
                        );
                        CREATE INDEX accessByBatch ON access (batch, agreement, dataSet, time);
                        """)
            }
            migrator.registerMigration("2") { database in
                try database.execute(
                    sql: """
                        CREATE INDEX batchByAgreement ON batch (agreement, dataSet, number);
                        CREATE INDEX accessInNoBatch ON access (time) WHERE batch IS NULL;
                        """)
            }
            try migrator.migrate(database)
        }
    }

    /// Durable when it returns.
    package func add(_ entry: AccessEntry) throws(LakeError) {
        try SQL.attempt("log an access") {
            try database.write { database in
                try database.execute(
                    sql: "INSERT INTO access (agreement, dataSet, time, entry) VALUES (?, ?, ?, ?)",
                    arguments: [
                        entry.request.agreement.map { Int64(clamping: $0) }, SQL.blob(entry.request.dataSet),
                        SQL.integer(entry.time), Data(entry.bcs),
                    ])
            }
        }
    }

    /// Agreements and data sets with accesses before `time` that are in no batch.
    package func open(before time: Timestamp) throws(LakeError) -> [(agreement: UInt64, dataSet: Digest)] {
        try SQL.attempt("list open accesses") {
            try database.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT DISTINCT agreement, dataSet FROM access
                        WHERE batch IS NULL AND agreement IS NOT NULL AND time < ? ORDER BY agreement, dataSet
                        """, arguments: [SQL.integer(time)]
                ).compactMap { row in
                    guard let agreement: Int64 = row["agreement"], let set = Digest(row["dataSet"] as Data? ?? Data())
                    else { return nil }
                    return (UInt64(clamping: agreement), set)
                }
            }
        }
    }

    /// Closes a batch over the open accesses of an agreement and data set before `end`; nil when there are none, or no time is
    /// left for them. Its span begins at `start`, or where the batch before ends when that is later, and ends at `end` or
    /// before the first access left.
    package func close(
        agreement: UInt64, dataSet: Digest, from start: Timestamp, to end: Timestamp, countsEnergy: Bool = true
    ) throws(LakeError) -> Batch? {
        try SQL.attempt("close a batch of accesses") {
            try database.write { database in
                let key: StatementArguments = [Int64(clamping: agreement), SQL.blob(dataSet)]
                let start = max(start, try AccessLogStore.closedUntil(key, database) ?? start)
                guard start < end else { return nil }
                var entries = try AccessLogStore.entries(
                    key, before: end, database, limit: AccessLogStore.batchEntriesMax + 1)
                var to = end
                if entries.count > AccessLogStore.batchEntriesMax, let next = entries.last?.entry.time {
                    // More than a batch: whole milliseconds only, so that batches do not overlap.
                    let whole = entries.prefix { $0.entry.time < next }
                    to = whole.isEmpty ? next.adding(milliseconds: 1) : next
                    entries = whole.isEmpty ? try AccessLogStore.entries(key, before: to, database) : Array(whole)
                    to = max(to, start.adding(milliseconds: 1))
                }
                guard !entries.isEmpty else { return nil }
                let sum = AccessLogStore.sum(entries.map(\.entry.milliWattHours))
                // The chain takes energy for agreements that are paid by it, up to a bound.
                let energy = countsEnergy ? min(max(0, sum / 1_000), LogAccess.energyMax) : 0
                let log = LogAccess(
                    agreement: agreement, dataSet: dataSet, root: MerkleTree.root(entries.map(\.entry.leaf)),
                    accesses: UInt32(clamping: entries.count), energy: energy, from: start, to: to)
                try database.execute(
                    sql: "INSERT INTO batch (agreement, dataSet, log, state) VALUES (?, ?, ?, 0)",
                    arguments: key + [Data(log.bcs)])
                let number = database.lastInsertedRowID
                for each in entries {
                    try database.execute(
                        sql: "UPDATE access SET batch = ? WHERE number = ?", arguments: [number, each.number])
                }
                return Batch(number: number, log: log, isAnchored: false)
            }
        }
    }

    /// Energy of many accesses, saturating.
    static func sum(_ values: [Int64]) -> Int64 {
        values.reduce(0) { sum, more in
            let (next, overflow) = sum.addingReportingOverflow(max(0, more))
            return overflow ? .max : next
        }
    }

    /// Where the newest batch of an agreement and data set ends that is, or may get, on the chain.
    private static func closedUntil(_ key: StatementArguments, _ database: Database) throws -> Timestamp? {
        let bytes = try Data.fetchOne(
            database,
            sql:
                "SELECT log FROM batch WHERE agreement = ? AND dataSet = ? AND state != 2 ORDER BY number DESC LIMIT 1",
            arguments: key)
        return try bytes.map { try LogAccess(bcs: [UInt8]($0)).to }
    }

    private static func entries(
        _ key: StatementArguments, before end: Timestamp, _ database: Database, limit: Int = .max
    ) throws -> [(number: Int64, entry: AccessEntry)] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT number, entry FROM access WHERE batch IS NULL AND agreement = ? AND dataSet = ? AND time < ?
                ORDER BY time, number LIMIT ?
                """, arguments: key + [SQL.integer(end), limit]
        ).map { row in (row["number"] ?? 0, try AccessEntry(bcs: [UInt8](row["entry"] as Data? ?? Data()))) }
    }

    /// Batches that are not anchored yet, oldest first.
    package func pending(limit: Int = 64) throws(LakeError) -> [Batch] {
        try batches("WHERE state = 0 ORDER BY number LIMIT ?", [limit])
    }

    package func batches(of agreement: UInt64, limit: Int = 256) throws(LakeError) -> [Batch] {
        try batches("WHERE agreement = ? ORDER BY number LIMIT ?", [Int64(clamping: agreement), limit])
    }

    private func batches(_ condition: String, _ arguments: StatementArguments) throws(LakeError) -> [Batch] {
        try SQL.attempt("list batches of accesses") {
            try database.read { database in
                try Row.fetchAll(
                    database, sql: "SELECT number, log, state FROM batch \(condition)", arguments: arguments
                ).compactMap { row in
                    guard let log = try? LogAccess(bcs: [UInt8](row["log"] as Data? ?? Data())) else { return nil }
                    return Batch(number: row["number"] ?? 0, log: log, isAnchored: row["state"] == Int64(1))
                }
            }
        }
    }

    package func markAnchored(_ number: Int64) throws(LakeError) { try mark(number, 1) }

    /// The chain will never take it: it stays for the operator to look at.
    package func markRefused(_ number: Int64) throws(LakeError) { try mark(number, 2) }

    private func mark(_ number: Int64, _ state: Int64) throws(LakeError) {
        try SQL.attempt("mark a batch of accesses") {
            try database.write { database in
                try database.execute(
                    sql: "UPDATE batch SET state = ? WHERE number = ?", arguments: [state, number])
            }
        }
    }

    /// The entries of a batch in the order of its tree.
    package func entries(of batch: Int64) throws(LakeError) -> [AccessEntry] {
        try SQL.attempt("read accesses") {
            try database.read { database in
                try Data.fetchAll(
                    database, sql: "SELECT entry FROM access WHERE batch = ? ORDER BY time, number", arguments: [batch]
                ).map { try AccessEntry(bcs: [UInt8]($0)) }
            }
        }
    }
}
