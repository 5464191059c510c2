internal import Foundation
internal import GRDB
package import Primitives

/// A record as the read models have it.
package struct ReadModelEntry: Hashable, Sendable {
    /// Where to go on after it; rises in the order of a list.
    package let place: UInt64
    /// The contract's record in BCS.
    package let record: [UInt8]
    /// The block that wrote it last.
    package let height: Height
}

/// Which records a list has.
package enum ReadModelList: Hashable, Sendable {
    case accounts
    /// Of a provider, or all.
    case dataSets(provider: Digest?)
    case offers(provider: Digest?)
    /// Of an account, as provider or user, or all.
    case agreements(party: Digest?)
    case consents(dataSet: Digest)
    case accessLogs(agreement: UInt64)
    /// Of an account, as payer or payee, or all.
    case invoices(party: Digest?)
    case parts(partner: String, anchor: String)
}

extension ReadModelStore {
    package static let pageMax = 200

    /// Up to `limit` entries after the place `after`.
    package func list(
        _ list: ReadModelList, after: UInt64 = 0, limit: Int = pageMax
    ) throws(ReadModelError) -> [ReadModelEntry] {
        let (sql, arguments) = ReadModelStore.statement(list, after: after, limit: limit)
        return try entries(sql, arguments)
    }

    static func statement(
        _ list: ReadModelList, after: UInt64, limit: Int
    ) -> (sql: String, arguments: StatementArguments) {
        let after = Int64(clamping: after)
        let limit = min(max(1, limit), ReadModelStore.pageMax)
        func party(_ columns: [String], _ digest: Digest?) -> (String, StatementArguments) {
            guard let digest else { return ("TRUE", []) }
            let value = Data(digest.bytes)
            let condition = columns.map { "\($0) = ?" }.joined(separator: " OR ")
            return ("(\(condition))", StatementArguments(columns.map { _ in value }))
        }
        let (table, order, (condition, arguments)): (String, String, (String, StatementArguments)) =
            switch list {
            case .accounts: ("account", "rowid", ("TRUE", []))
            case .dataSets(let provider): ("dataSet", "place", party(["provider"], provider))
            case .offers(let provider): ("offer", "number", party(["provider"], provider))
            case .agreements(let account): ("agreement", "number", party(["provider", "user"], account))
            case .invoices(let account): ("invoice", "number", party(["payer", "payee"], account))
            case .consents(let dataSet): ("consent", "rowid", party(["dataSet"], dataSet))
            case .accessLogs(let agreement):
                ("accessLog", "number", ("agreement = ?", [Int64(clamping: agreement)]))
            case .parts(let partner, let anchor):
                ("part", "place", ("partner = ? AND anchor = ?", [partner, anchor]))
            }
        // Numbers begin at 0 and their places at 1. Compared is the column alone: an expression uses no index.
        let (place, comparison) = order == "number" ? ("number + 1", ">=") : (order, ">")
        return (
            "SELECT \(place) AS at, record, height FROM \(table) WHERE \(condition) AND \(order) \(comparison) ? ORDER BY \(order) LIMIT ?",
            arguments + [after, limit]
        )
    }

    private func entries(_ sql: String, _ arguments: StatementArguments) throws(ReadModelError) -> [ReadModelEntry] {
        try ReadModelStore.attempt {
            try database.read { database in
                try Row.fetchAll(database, sql: sql, arguments: arguments).compactMap { ReadModelEntry(row: $0) }
            }
        }
    }

    package func account(_ holder: Digest) throws(ReadModelError) -> ReadModelEntry? {
        try entries(
            "SELECT rowid AS at, record, height FROM account WHERE holder = ?", [Data(holder.bytes)]
        ).first
    }

    package func dataSet(_ id: Digest) throws(ReadModelError) -> ReadModelEntry? {
        try entries("SELECT place AS at, record, height FROM dataSet WHERE id = ?", [Data(id.bytes)]).first
    }

    package func agreement(_ number: UInt64) throws(ReadModelError) -> ReadModelEntry? {
        try entries(
            "SELECT number + 1 AS at, record, height FROM agreement WHERE number = ?", [Int64(clamping: number)]
        ).first
    }

    package func invoice(_ number: UInt64) throws(ReadModelError) -> ReadModelEntry? {
        try entries(
            "SELECT number + 1 AS at, record, height FROM invoice WHERE number = ?", [Int64(clamping: number)]
        ).first
    }

    /// The data set whose parts a partner anchors under a name; the newest when several accounts named it.
    package func dataSet(partner: String, anchor: String) throws(ReadModelError) -> ReadModelEntry? {
        try entries(
            "SELECT place AS at, record, height FROM dataSet WHERE partner = ? AND anchor = ? ORDER BY place DESC LIMIT 1",
            [partner, anchor]
        ).first
    }

    /// The title of a data set's document, when this node has it.
    package func title(of place: UInt64) throws(ReadModelError) -> String {
        try ReadModelStore.attempt {
            try database.read { database in
                try String.fetchOne(
                    database, sql: "SELECT title FROM catalogue WHERE rowid = ?", arguments: [Int64(clamping: place)])
                    ?? ""
            }
        }
    }
}

extension ReadModelEntry {
    init?(row: Row) {
        guard let place: Int64 = row["at"], let record: Data = row["record"], let height: Int64 = row["height"] else {
            return nil
        }
        self.init(
            place: UInt64(clamping: place), record: [UInt8](record), height: Height(UInt64(clamping: height)))
    }
}

extension ReadModelStore {
    /// Whether a data set or an offer has a text of this digest.
    package func names(document digest: Digest) throws(ReadModelError) -> Bool {
        try ReadModelStore.attempt {
            try database.read { database in
                let value = Data(digest.bytes)
                return try Bool.fetchOne(
                    database,
                    sql:
                        "SELECT EXISTS (SELECT 1 FROM dataSet WHERE text = ?) OR EXISTS (SELECT 1 FROM offer WHERE text = ?)",
                    arguments: [value, value]) ?? false
            }
        }
    }

    /// What became of a part: the part that corrects it, and whether its owner deleted it.
    package func fate(ofPart place: UInt64) throws(ReadModelError) -> (correction: Digest?, isDeleted: Bool) {
        try ReadModelStore.attempt {
            try database.read { database in
                let row = try Row.fetchOne(
                    database,
                    sql: """
                        SELECT correction, EXISTS (SELECT 1 FROM deletion WHERE deletion.digest = part.digest) AS isDeleted
                        FROM part WHERE place = ?
                        """, arguments: [Int64(clamping: place)])
                let correction: Data? = row?["correction"]
                return (correction.flatMap { Digest($0) }, row?["isDeleted"] ?? false)
            }
        }
    }

    /// Identifiers of the data sets whose parts a partner anchors under a name.
    package func dataSets(partner: String, anchor: String) throws(ReadModelError) -> [Digest] {
        try ReadModelStore.attempt {
            try database.read { database in
                try Data.fetchAll(
                    database, sql: "SELECT id FROM dataSet WHERE partner = ? AND anchor = ? ORDER BY place LIMIT 64",
                    arguments: [partner, anchor]
                ).compactMap { Digest($0) }
            }
        }
    }
}
