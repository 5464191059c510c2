internal import Foundation
internal import GRDB
package import Primitives
package import Trading

/// A batch as the catalogue lists it.
package struct BatchEntry: Hashable, Sendable {
    package enum Status: Int64, Hashable, Sendable {
        case held = 0
        /// Also while its files are being removed.
        case erased = 1
        case corrupted = 2
    }

    package let digest: Digest
    package let meter: MeterNumber
    /// First start and end after the last reading.
    package let from: Timestamp
    package let to: Timestamp
    package let status: Status
}

/// What the lake has, in SQLite. Written after the file, so that an entry that is `held` has had a whole file.
///
/// Column `status`: that of `BatchEntry`, or 3 while an erased batch's file is being removed, 4 while that of one that goes
/// without a tombstone, which has no entry afterwards: a crash in between leaves work that is found again.
struct Catalogue: Sendable {
    static let erasing: Int64 = 3
    /// Above so many meters one pass over all batches of the span costs less than a look at `batchByMeter` for each.
    static let metersByIndexMax = 4_096
    private static let ofMeter =
        "SELECT * FROM batch WHERE meter = ? AND first < ? AND last > ? ORDER BY digest LIMIT ?"
    static let removing: Int64 = 4

    /// Entries as they became, in the order in which that was committed.
    let changes = ArrivalLog()
    let waitingTotals = WaitingTotals()
    let database: DatabaseQueue

    init(path: String) throws(LakeError) {
        database = try SQL.open(path: path, isSecret: false)
        try SQL.attempt("prepare the catalogue") {
            var migrator = DatabaseMigrator()
            migrator.registerMigration("1") { database in
                try database.execute(
                    sql: """
                        CREATE TABLE batch (
                            digest BLOB PRIMARY KEY NOT NULL, meter BLOB NOT NULL, first INTEGER NOT NULL,
                            last INTEGER NOT NULL, status INTEGER NOT NULL, reason INTEGER
                        ) WITHOUT ROWID;
                        CREATE INDEX batchByMeter ON batch (meter, first, last);
                        """)
            }
            migrator.registerMigration("2") { database in
                try database.execute(sql: "CREATE INDEX batchByTime ON batch (last, first)")
            }
            migrator.registerMigration("3", migrate: Catalogue.createWaiting)
            migrator.registerMigration("4", migrate: WithdrawnTable.create)
            try migrator.migrate(database)
            try database.read { try countWaiting($0) }
        }
    }

    func entry(_ digest: Digest) throws(LakeError) -> BatchEntry? {
        try SQL.attempt("look a batch up") {
            try database.read { try Catalogue.row(digest, in: $0) }
        }
    }

    /// Adds a held batch, or marks a damaged one as held again. An erased one stays erased. With `waiting` it waits for its
    /// anchor.
    func add(_ entry: BatchEntry, waiting: WaitingBatch? = nil) throws(LakeError) {
        try add([entry], waiting: waiting)
    }

    /// Adds held batches, all of them or none.
    func add(_ entries: [BatchEntry], waiting: WaitingBatch? = nil) throws(LakeError) {
        try SQL.attempt("add batches") {
            try database.write { database in
                let insert = try database.cachedStatement(
                    sql: """
                        INSERT INTO batch (digest, meter, first, last, status) VALUES (?, ?, ?, ?, 0)
                        ON CONFLICT (digest) DO UPDATE SET status = 0 WHERE status = 2
                        """)
                var changed: [BatchEntry] = []
                for entry in entries {
                    try insert.execute(arguments: [
                        SQL.blob(entry.digest), SQL.blob(entry.meter.value), SQL.integer(entry.from),
                        SQL.integer(entry.to),
                    ])
                    if database.changesCount > 0 { changed.append(entry) }
                }
                note(changed, in: database)
                if let waiting { try wait(for: waiting, in: database) }
            }
        }
    }

    /// A held batch's file is damaged. One that was erased meanwhile stays erased.
    func markCorrupted(_ digest: Digest) throws(LakeError) {
        try mark(digest, "status = 2", where: "status = 0")
    }

    /// From now on it counts as erased; the first reason stays.
    func beginErasing(_ digest: Digest, reason: UInt16) throws(LakeError) {
        try mark(digest, "status = 3, reason = \(reason)", where: "status IN (0, 2)")
    }

    /// From now on its file goes, and then its entry, unless it was handed in after `limit`; false when it stays.
    func beginRemoving(_ digest: Digest, waitingSince limit: Timestamp) throws(LakeError) -> Bool {
        try mark(
            digest, "status = \(Catalogue.removing)",
            where: """
                status IN (0, 2) AND NOT EXISTS
                (SELECT 1 FROM waiting WHERE waiting.digest = batch.digest AND since > \(SQL.integer(limit)))
                """)
    }

    /// Its file is gone.
    func endErasing(_ digest: Digest) throws(LakeError) {
        try mark(digest, "status = 1", where: "status = \(Catalogue.erasing)")
        try SQL.attempt("end an erasure") {
            try database.write { database in
                try stopWaiting(for: digest, in: database)
                try WithdrawnTable.remove(digest, in: database)
                try database.execute(
                    sql: "DELETE FROM batch WHERE digest = ? AND status = \(Catalogue.removing)",
                    arguments: [SQL.blob(digest)])
                guard database.changesCount > 0 else { return }
                database.afterNextTransaction { [changes] _ in changes.startAnew() }
            }
        }
    }

    /// False when there is no such entry.
    @discardableResult
    private func mark(_ digest: Digest, _ change: String, where condition: String) throws(LakeError) -> Bool {
        try SQL.attempt("mark a batch") {
            try database.write { database -> Bool in
                try database.execute(
                    sql: "UPDATE batch SET \(change) WHERE digest = ? AND \(condition)",
                    arguments: [SQL.blob(digest)])
                guard database.changesCount > 0 else { return false }
                note(try Catalogue.row(digest, in: database).map { [$0] } ?? [], in: database)
                return true
            }
        }
    }

    /// What a crash left between the two.
    func erasing() throws(LakeError) -> [Digest] {
        try digests("status IN (\(Catalogue.erasing), \(Catalogue.removing))")
    }

    /// What is not erased of one folder of files, by digest.
    func kept(in folder: UInt8) throws(LakeError) -> [BatchEntry] {
        try SQL.attempt("list a folder's batches") {
            try database.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT * FROM batch WHERE digest >= ? AND digest <= ? AND status IN (0, 2) ORDER BY digest
                        """, arguments: SQL.range(of: folder)
                ).compactMap { BatchEntry(row: $0) }
            }
        }
    }

    func isEmpty() throws(LakeError) -> Bool {
        try SQL.attempt("count batches") {
            try database.read { try Int64.fetchOne($0, sql: "SELECT 1 FROM batch LIMIT 1") == nil }
        }
    }

    /// Once the present transaction is committed.
    private func note(_ entries: [BatchEntry], in database: Database) {
        database.afterNextTransaction { [changes] _ in for entry in entries { changes.note(entry) } }
    }

    private static func row(_ digest: Digest, in database: Database) throws -> BatchEntry? {
        try Row.fetchOne(database, sql: "SELECT * FROM batch WHERE digest = ?", arguments: [SQL.blob(digest)])
            .flatMap { BatchEntry(row: $0) }
    }

    /// Batches of any meter that overlap [from, to), whatever their status, by meter and digest; at most `limit`.
    func entries(from: Timestamp, to: Timestamp, limit: Int = .max) throws(LakeError) -> [BatchEntry] {
        try listed(from: from, to: to, limit: limit).entries
    }

    /// The same, with the number of the first change in `changes` that is not among them.
    func listed(
        from: Timestamp, to: Timestamp, limit: Int
    ) throws(LakeError) -> (entries: [BatchEntry], next: UInt64) {
        try SQL.attempt("list batches") {
            try database.read { database in
                // Commits and reads take turns on this connection.
                let next = changes.next
                var entries: [BatchEntry] = []
                let rows = try Row.fetchCursor(
                    database,
                    sql: """
                        SELECT digest, meter, first, last, status FROM batch WHERE first < ? AND last > ?
                        ORDER BY meter, digest LIMIT ?
                        """, arguments: [SQL.integer(to), SQL.integer(from), Int64(clamping: limit)])
                while let row = try rows.next() {
                    if let entry = BatchEntry(row: row) { entries.append(entry) }
                }
                return (entries, next)
            }
        }
    }

    /// Batches of the meters that overlap [from, to), whatever their status, by meter and digest; at most `limit`, and no
    /// batch of another meter is kept on the way.
    func entries(
        of meters: [MeterNumber], from: Timestamp, to: Timestamp, limit: Int = .max
    ) throws(LakeError) -> [BatchEntry] {
        let wanted = Set(meters)
        if wanted.count > Catalogue.metersByIndexMax { return try scanned(wanted, from: from, to: to, limit: limit) }
        return try SQL.attempt("list batches") {
            try database.read { database in
                let statement = try database.cachedStatement(sql: Catalogue.ofMeter)
                var entries: [BatchEntry] = []
                for meter in wanted.sorted() where entries.count < limit {
                    let rows = try Row.fetchCursor(
                        statement,
                        arguments: [
                            SQL.blob(meter.value), SQL.integer(to), SQL.integer(from),
                            Int64(clamping: limit - entries.count),
                        ])
                    while let row = try rows.next() {
                        if let entry = BatchEntry(row: row) { entries.append(entry) }
                    }
                }
                return entries
            }
        }
    }

    /// The same in one pass over all that is in the span.
    private func scanned(
        _ meters: Set<MeterNumber>, from: Timestamp, to: Timestamp, limit: Int
    ) throws(LakeError) -> [BatchEntry] {
        try SQL.attempt("list batches") {
            try database.read { database in
                var entries: [BatchEntry] = []
                let rows = try Row.fetchCursor(
                    database,
                    sql: """
                        SELECT digest, meter, first, last, status FROM batch WHERE first < ? AND last > ?
                        ORDER BY meter, digest
                        """, arguments: [SQL.integer(to), SQL.integer(from)])
                while entries.count < limit, let row = try rows.next() {
                    if let entry = BatchEntry(row: row), meters.contains(entry.meter) { entries.append(entry) }
                }
                return entries
            }
        }
    }

    /// Every batch that is not erased, by digest.
    func kept() throws(LakeError) -> [Digest] { try digests("status IN (0, 2)") }

    private func digests(_ condition: String) throws(LakeError) -> [Digest] {
        try SQL.attempt("list batches") {
            try database.read { database in
                try Data.fetchAll(database, sql: "SELECT digest FROM batch WHERE \(condition) ORDER BY digest")
                    .compactMap { Digest($0) }
            }
        }
    }

    /// Batches of a meter that overlap [from, to), whatever their status, by digest; at most `limit`.
    func entries(
        of meter: MeterNumber, from: Timestamp, to: Timestamp, limit: Int
    ) throws(LakeError) -> [BatchEntry] {
        try SQL.attempt("list batches") {
            try database.read { database in
                try Row.fetchAll(
                    database, sql: Catalogue.ofMeter,
                    arguments: [SQL.blob(meter.value), SQL.integer(to), SQL.integer(from), limit]
                ).compactMap { BatchEntry(row: $0) }
            }
        }
    }
}

extension BatchEntry.Status {
    /// Of the databases' column.
    init(column: Int64) {
        let isGoing = column == Catalogue.erasing || column == Catalogue.removing
        self = isGoing ? .erased : BatchEntry.Status(rawValue: column) ?? .corrupted
    }
}

extension BatchEntry {
    fileprivate init?(row: Row) {
        guard let digest = Digest(row["digest"] as Data? ?? Data()), let meter = SQL.number(row["meter"]),
            let from: Int64 = row["first"], let to: Int64 = row["last"], let status: Int64 = row["status"]
        else { return nil }
        self.init(
            digest: digest, meter: MeterNumber(meter), from: Timestamp(UInt64(clamping: from)),
            to: Timestamp(UInt64(clamping: to)), status: Status(column: status))
    }
}

/// What both databases of the lake share.
enum SQL {
    /// Full flushes; a secret database overwrites what it deletes. Only this user may read the file, whatever its folder
    /// allows; SQLite gives the files beside it the same mode.
    static func open(path: String, isSecret: Bool) throws(LakeError) -> DatabaseQueue {
        try attempt("open \(path)") {
            try BatchFiles.makePrivate(path)
            var configuration = Configuration()
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA journal_mode = DELETE")
                try database.execute(sql: "PRAGMA synchronous = FULL")
                if isSecret { try database.execute(sql: "PRAGMA secure_delete = ON") }
            }
            return try DatabaseQueue(path: path, configuration: configuration)
        }
    }

    static func attempt<Value>(_ what: String, _ body: () throws -> Value) throws(LakeError) -> Value {
        do { return try body() } catch { throw .storage("could not \(what): \(error)") }
    }

    static func blob(_ digest: Digest) -> Data { Data(digest.bytes) }
    /// Eight bytes, big-endian: SQLite's integers are signed.
    static func blob(_ number: UInt64) -> Data { withUnsafeBytes(of: number.bigEndian) { Data($0) } }
    static func integer(_ time: Timestamp) -> Int64 { Int64(clamping: time.value) }

    /// Of all digests of one folder of files, that is with this first byte: for `digest >= ? AND digest <= ?`.
    static func range(of folder: UInt8) -> StatementArguments {
        [Data([folder]), Data([folder] + [UInt8](repeating: 255, count: 31))]
    }

    static func number(_ data: Data?) -> UInt64? {
        guard let data, data.count == 8 else { return nil }
        return data.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
