internal import Foundation
internal import GRDB
package import Primitives
internal import Synchronization

/// Webhooks and how far each one has been told, in a database of its own: it outlives the read models.
package struct WebhookStore: Sendable {
    package static let countMax = 256

    private let database: DatabaseQueue
    private let memory = Memory()

    /// The webhooks as this store last read them, since every block asks for them; forgotten when this store changes one.
    private final class Memory: Sendable {
        private struct State {
            var all: [Webhook]?
            /// Changes so far: what was read before the last one is not kept.
            var changes: UInt64 = 0
        }
        private let state = Mutex(State())

        var all: [Webhook]? { state.withLock { $0.all } }
        var changes: UInt64 { state.withLock { $0.changes } }

        func changed() {
            state.withLock {
                $0.all = nil
                $0.changes &+= 1
            }
        }

        func keep(_ all: [Webhook], asOf changes: UInt64) {
            state.withLock { if $0.changes == changes { $0.all = all } }
        }
    }

    package init(path: String) throws(ReadModelError) {
        do {
            // The secrets of webhooks are for this user only, whatever the folder allows.
            let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
            if FileManager.default.fileExists(atPath: path) {
                try FileManager.default.setAttributes(mode, ofItemAtPath: path)
            } else {
                _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: mode)
            }
            database = try DatabaseQueue(path: path)
            var migrator = DatabaseMigrator()
            migrator.registerMigration("1") { database in
                try database.execute(
                    sql: """
                        CREATE TABLE webhook (
                            number INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, url TEXT NOT NULL, secret BLOB NOT NULL,
                            types TEXT NOT NULL, subject BLOB, state INTEGER NOT NULL, height INTEGER NOT NULL,
                            told INTEGER NOT NULL, attempts INTEGER NOT NULL, trouble TEXT
                        );
                        """)
            }
            try migrator.migrate(database)
        } catch { throw .storage("\(error)") }
    }

    /// A new webhook that is told from the block `height` on.
    @discardableResult
    package func add(
        url: String, secret: [UInt8], types: [String], subject: Digest?, from height: Height
    ) throws(ReadModelError) -> Webhook {
        let number = try ReadModelStore.attempt { () -> Int64? in
            defer { memory.changed() }
            return try database.write { database in
                let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM webhook") ?? 0
                guard count < WebhookStore.countMax else { return nil }
                try database.execute(
                    sql: """
                        INSERT INTO webhook (url, secret, types, subject, state, height, told, attempts)
                        VALUES (?, ?, ?, ?, 0, ?, 0, 0)
                        """,
                    arguments: [
                        url, Data(secret), types.joined(separator: ","), subject.map { Data($0.bytes) },
                        Int64(clamping: height.value),
                    ])
                return database.lastInsertedRowID
            }
        }
        guard let number, let made = try all().first(where: { $0.number == number }) else {
            throw .storage("there are \(WebhookStore.countMax) webhooks already")
        }
        return made
    }

    package func all() throws(ReadModelError) -> [Webhook] {
        try ReadModelStore.attempt {
            try database.read { database in
                try Row.fetchAll(database, sql: "SELECT * FROM webhook ORDER BY number").map { Webhook(row: $0) }
            }
        }
    }

    /// As `all`, from memory: without what other processes changed.
    func known() throws(ReadModelError) -> [Webhook] {
        if let all = memory.all { return all }
        let changes = memory.changes
        let all = try all()
        memory.keep(all, asOf: changes)
        return all
    }

    /// Whether there was one.
    @discardableResult
    package func remove(_ number: Int64) throws(ReadModelError) -> Bool {
        try change("DELETE FROM webhook WHERE number = ?", [number])
    }

    /// Lets a paused one go on where it stopped.
    @discardableResult
    package func resume(_ number: Int64) throws(ReadModelError) -> Bool {
        try change("UPDATE webhook SET state = 0, attempts = 0 WHERE number = ?", [number])
    }

    /// It has been told `told` notices of block `height`, and all before.
    package func advance(_ number: Int64, to height: Height, told: Int) throws(ReadModelError) {
        try change(
            "UPDATE webhook SET height = ?, told = ?, attempts = 0, trouble = NULL WHERE number = ?",
            [Int64(clamping: height.value), told, number])
    }

    package func failed(
        _ number: Int64, attempts: Int, trouble: String, pausing: Bool
    ) throws(ReadModelError) {
        try change(
            "UPDATE webhook SET attempts = ?, trouble = ?, state = ? WHERE number = ?",
            [attempts, String(trouble.prefix(512)), pausing ? 1 : 0, number])
    }

    @discardableResult
    private func change(_ sql: String, _ arguments: StatementArguments) throws(ReadModelError) -> Bool {
        // After the write, also after one that failed half-way.
        defer { memory.changed() }
        return try ReadModelStore.attempt {
            try database.write { database in
                try database.execute(sql: sql, arguments: arguments)
                return database.changesCount > 0
            }
        }
    }
}

extension Webhook {
    init(row: Row) {
        let types: String = row["types"] ?? ""
        self.init(
            number: row["number"] ?? 0, url: row["url"] ?? "", secret: [UInt8](row["secret"] as Data? ?? Data()),
            types: types.isEmpty ? [] : types.split(separator: ",").map(String.init),
            subject: (row["subject"] as Data?).flatMap { Digest($0) },
            state: State(rawValue: row["state"] ?? 1) ?? .paused,
            height: Height(UInt64(clamping: row["height"] as Int64? ?? 0)), told: row["told"] ?? 0,
            attempts: row["attempts"] ?? 0, trouble: row["trouble"])
    }
}
