internal import Chain
internal import Foundation
internal import GRDB
internal import Primitives
internal import Trading

/// One version of a period, as somebody computed it.
struct SettlementName: Hashable, Sendable {
    let community: Address
    let period: PeriodNumber
    let version: UInt32
    /// The partner that asked for an attestation of it; nil for what counts here: computed by this node, or on the chain.
    var origin: String?
}

/// Where a partner's settlements stand, apart from what counts here: nobody's request replaces what this node or another
/// partner has. Of each partner the last one of a version is kept, until the chain says which one it took.
///
/// Place in column `version`: the version, plus the partner's number in this database times 2^32 (0: what counts here).
enum Origins {
    private static let step: Int64 = 1 << 32

    static func create(_ database: Database) throws {
        try database.execute(
            sql: "CREATE TABLE origin (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")
    }

    /// Nil when nothing of that partner was ever stored.
    static func place(_ name: SettlementName, in database: Database) throws -> Int64? {
        guard let origin = name.origin else { return Int64(name.version) }
        return try Int64.fetchOne(database, sql: "SELECT number FROM origin WHERE name = ?", arguments: [origin])
            .map { Int64(name.version) + $0 * step }
    }

    /// The place of what is about to be stored.
    static func newPlace(_ name: SettlementName, in database: Database) throws -> Int64 {
        if let place = try place(name, in: database) { return place }
        try database.execute(sql: "INSERT INTO origin (name) VALUES (?)", arguments: [name.origin])
        return Int64(name.version) + database.lastInsertedRowID * step
    }

    /// Everybody of whom something was stored, by name.
    static func names(in database: Database) throws -> [String] {
        try String.fetchAll(database, sql: "SELECT name FROM origin ORDER BY name")
    }

    /// Makes what `name` has, if anything, what counts here, and removes the others' of that version.
    static func promote(_ name: SettlementName, tables: [String], in database: Database) throws {
        guard let from = try place(name, in: database) else { return }
        let version = Int64(name.version)
        for table in tables {
            let ofVersion = "community = ? AND period = ? AND version % \(step) = ?"
            let key: StatementArguments = [Data(name.community.bytes), SQL.blob(name.period.value), version]
            let isThere =
                try Int64.fetchOne(
                    database, sql: "SELECT count(*) FROM \(table) WHERE \(ofVersion) AND version = ?",
                    arguments: key + [from]) ?? 0 > 0
            guard isThere else { continue }
            try database.execute(
                sql: "DELETE FROM \(table) WHERE \(ofVersion) AND version != ?", arguments: key + [from])
            try database.execute(
                sql: "UPDATE \(table) SET version = ? WHERE \(ofVersion)", arguments: [version] + key)
        }
    }
}
