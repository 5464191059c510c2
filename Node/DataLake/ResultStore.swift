package import Chain
internal import Foundation
internal import GRDB
package import Primitives
package import Trading

/// Individual results of settled periods: one row for each leaf. The leaf stays when a line is erased, so that the paths
/// of the other members stay provable.
package struct ResultStore: Sendable {
    /// One leaf of a settlement, with the line behind it unless that was erased.
    package struct Entry: Hashable, Sendable {
        package let member: MemberNumber
        package let leaf: Digest
        package let line: StatementLine?
    }

    /// What a settlement was computed from, and its totals in the open.
    package struct StoredInputs: Hashable, Sendable {
        package let inputs: SettlementInputs
        package let totals: SettlementTotals
        package let batches: SettlementBatches
    }

    private let database: DatabaseQueue

    init(path: String) throws(LakeError) {
        database = try SQL.open(path: path, isSecret: true)
        try SQL.attempt("prepare the results") {
            var migrator = DatabaseMigrator()
            migrator.registerMigration("1") { database in
                try database.execute(
                    sql: """
                        CREATE TABLE line (
                            community BLOB NOT NULL, period BLOB NOT NULL, version INTEGER NOT NULL,
                            member INTEGER NOT NULL, leaf BLOB NOT NULL, line BLOB,
                            PRIMARY KEY (community, period, version, member)
                        ) WITHOUT ROWID;
                        CREATE INDEX lineByMember ON line (community, member);
                        CREATE TABLE inputs (
                            community BLOB NOT NULL, period BLOB NOT NULL, version INTEGER NOT NULL, inputs BLOB NOT NULL,
                            totals BLOB NOT NULL, batches BLOB NOT NULL, PRIMARY KEY (community, period, version)
                        ) WITHOUT ROWID;
                        """)
            }
            try migrator.migrate(database)
        }
    }

    package func store(
        _ result: SettlementResult, inputs: SettlementInputs, batches: SettlementBatches, of community: Address
    ) throws(LakeError) {
        let key: [any DatabaseValueConvertible] = [
            Data(community.bytes), SQL.blob(result.claim.period.value), Int64(result.claim.version),
        ]
        try SQL.attempt("store results") {
            try database.write { database in
                try database.execute(
                    sql: "INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: StatementArguments(
                        key + [Data(inputs.bcs), Data(result.settlement.totals.bcs), Data(batches.bcs)]))
                for (line, leaf) in zip(result.settlement.lines, result.leaves) {
                    try database.execute(
                        sql: "INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?, ?, ?)",
                        arguments: StatementArguments(
                            key + [Int64(line.member.value), SQL.blob(leaf), Data(line.bcs)]))
                }
            }
        }
    }

    /// Leaves of a settlement in the order of the tree; empty when it is not here.
    package func entries(
        of community: Address, period: PeriodNumber, version: UInt32
    ) throws(LakeError) -> [Entry] {
        try SQL.attempt("read results") {
            try database.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT member, leaf, line FROM line WHERE community = ? AND period = ? AND version = ?
                        ORDER BY member
                        """, arguments: [Data(community.bytes), SQL.blob(period.value), Int64(version)]
                ).compactMap { row in
                    guard let leaf = Digest(row["leaf"] as Data? ?? Data()) else { return nil }
                    let line = (row["line"] as Data?).flatMap { try? StatementLine(bcs: [UInt8]($0)) }
                    return Entry(
                        member: MemberNumber(UInt32(clamping: (row["member"] as Int64?) ?? 0)), leaf: leaf, line: line)
                }
            }
        }
    }

    package func inputs(
        of community: Address, period: PeriodNumber, version: UInt32
    ) throws(LakeError) -> StoredInputs? {
        try SQL.attempt("read settlement inputs") {
            try database.read { database in
                guard
                    let row = try Row.fetchOne(
                        database,
                        sql: """
                            SELECT inputs, totals, batches FROM inputs
                            WHERE community = ? AND period = ? AND version = ?
                            """,
                        arguments: [Data(community.bytes), SQL.blob(period.value), Int64(version)])
                else { return nil }
                func bytes(_ column: String) -> [UInt8] { [UInt8](row[column] as Data? ?? Data()) }
                return StoredInputs(
                    inputs: try SettlementInputs(bcs: bytes("inputs")),
                    totals: try SettlementTotals(bcs: bytes("totals")),
                    batches: try SettlementBatches(bcs: bytes("batches")))
            }
        }
    }

    /// Erases every line of a member; leaves stay.
    package func eraseLines(of member: MemberNumber, in community: Address) throws(LakeError) {
        try SQL.attempt("erase lines") {
            try database.write { database in
                try database.execute(
                    sql: "UPDATE line SET line = NULL WHERE community = ? AND member = ?",
                    arguments: [Data(community.bytes), Int64(member.value)])
            }
        }
    }
}
