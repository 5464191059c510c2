internal import Chain
internal import Foundation
internal import GRDB
internal import Primitives
internal import Trading

/// Records of a settlement's members in rows of some hundreds: a row for each member would cost more than computing it,
/// one row for all would have to be rewritten to erase one member.
///
/// Table: (community, period, version, first) -> bytes. `version` is the place of the version (see `Origins`). `first` is the number of the row's first member; rows ascend.
/// Bytes: format version (u8), BCS vector of the records.
struct MemberParts<Record: BCSCodable & Sendable>: Sendable {
    static var formatVersion: UInt8 { 1 }

    let table: String
    let recordsMax: Int
    let member: @Sendable (Record) -> MemberNumber

    func create(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE \(table) (
                    community BLOB NOT NULL, period BLOB NOT NULL, version INTEGER NOT NULL, first INTEGER NOT NULL,
                    bytes BLOB NOT NULL, PRIMARY KEY (community, period, version, first)
                );
                """)
    }

    /// Replaces what the settlement has. `records` ascend by member.
    func store(
        _ records: [Record], of community: Address, _ period: PeriodNumber, _ place: Int64, in database: Database
    ) throws {
        try database.execute(
            sql: "DELETE FROM \(table) WHERE community = ? AND period = ? AND version = ?",
            arguments: key(community, period, place))
        let insert = try database.cachedStatement(sql: "INSERT INTO \(table) VALUES (?, ?, ?, ?, ?)")
        for start in stride(from: 0, to: records.count, by: recordsMax) {
            let part = Array(records[start..<min(start + recordsMax, records.count)])
            try insert.execute(
                arguments: key(community, period, place) + [Int64(member(part[0]).value), MemberParts.encode(part)])
        }
    }

    func read(
        _ community: Address, _ period: PeriodNumber, _ place: Int64, in database: Database
    ) throws -> [Record] {
        var records: [Record] = []
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT bytes FROM \(table) WHERE community = ? AND period = ? AND version = ? ORDER BY first",
            arguments: key(community, period, place))
        while let row = try rows.next() { records += try MemberParts.decode(row["bytes"]) }
        return records
    }

    /// Changes what every settlement of the community has of one member; nil removes it.
    func change(
        _ changed: MemberNumber, of community: Address, in database: Database, _ change: (Record) -> Record?
    ) throws {
        // SQLite gives the other columns of the row that has the maximum.
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT period, version, max(first) AS first, bytes FROM \(table)
                WHERE community = ? AND first <= ? GROUP BY period, version
                """, arguments: [Data(community.bytes), Int64(changed.value)])
        for row in rows {
            let records = try MemberParts.decode(row["bytes"])
            guard records.contains(where: { member($0) == changed }) else { continue }
            let kept = records.compactMap { member($0) == changed ? change($0) : $0 }
            try database.execute(
                sql: """
                    UPDATE \(table) SET bytes = ? WHERE community = ? AND period = ? AND version = ? AND first = ?
                    """,
                arguments: [
                    MemberParts.encode(kept), Data(community.bytes), row["period"] as Data?, row["version"] as Int64?,
                    row["first"] as Int64?,
                ])
        }
    }

    private func key(_ community: Address, _ period: PeriodNumber, _ place: Int64) -> StatementArguments {
        [Data(community.bytes), SQL.blob(period.value), place]
    }

    private static func encode(_ records: [Record]) -> Data {
        var encoder = BCSEncoder(reserving: 256 * records.count)
        encoder.u8(formatVersion)
        encoder.vector(records)
        return Data(encoder.bytes)
    }

    private static func decode(_ bytes: Data?) throws -> [Record] {
        var decoder = BCSDecoder([UInt8](bytes ?? Data()))
        guard try decoder.u8() == formatVersion else {
            throw decoder.failure(
                .invalid("this part of a settlement has another format version than \(formatVersion)"))
        }
        let records: [Record] = try decoder.vector(max: Int(Community.membersMax))
        try decoder.finish()
        return records
    }
}
