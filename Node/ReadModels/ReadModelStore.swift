internal import Chain
internal import Foundation
internal import GRDB
internal import LedgerCrypto
package import NodeClient
package import Primitives

/// The marketplace as SQLite sees it: accounts, data sets, offers, agreements, consents, logs, invoices, parts, and a
/// catalogue with full-text search. Made of final blocks, and of the state below the first one on a node that does not have
/// all, so that it can be dropped and made again at any time.
///
/// Invariants (checked by `ReadModelTests` and `ReadModelStateTests`):
/// - The position is written in the transaction that writes what its blocks say.
/// - Content depends on the blocks up to the position and the documents that are known, not on how often or where the
///   reading was interrupted.
/// - The records that a state makes are those that all blocks up to it make.
package struct ReadModelStore: Sendable {
    /// Part of the database: another one is dropped and made again.
    static let version = 2

    /// The text of a document by digest, when the lake has it.
    package typealias Documents = @Sendable (Digest) -> [UInt8]?

    /// Up to where the blocks have been read.
    package struct Position: Hashable, Sendable {
        package let height: Height
        /// Digest of that block.
        package let block: Digest
        /// Time of that block.
        package let time: Timestamp
        /// The first block that is read; what was before is as the state of the block below says. 1 where all blocks were.
        package let first: Height
    }

    let database: DatabasePool
    let documents: Documents
    let network: Digest

    /// Opens the read models of a network at `path`; those of another version or network are dropped.
    package init(path: String, network: Digest, documents: @escaping Documents) throws(ReadModelError) {
        self.documents = documents
        self.network = network
        do {
            database = try ReadModelStore.open(path)
            if try !ReadModelStore.isCurrent(database, network) {
                try database.write { try ReadModelStore.makeTables($0, network) }
            }
        } catch {
            throw .storage("\(error)")
        }
    }

    private static func open(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            // What is lost with the power is read from the blocks again.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        configuration.maximumReaderCount = 4
        do {
            return try DatabasePool(path: path, configuration: configuration)
        } catch {
            // Damaged beyond opening: nothing in it is lost for good.
            for ending in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + ending) }
            return try DatabasePool(path: path, configuration: configuration)
        }
    }

    private static func isCurrent(_ database: DatabasePool, _ network: Digest) throws -> Bool {
        try database.read { database in
            guard try database.tableExists("about") else { return false }
            let row = try Row.fetchOne(database, sql: "SELECT version, network FROM about")
            return row?["version"] == Int64(version) && row?["network"] == Data(network.bytes)
        }
    }

    /// Empty tables in place of all that are there.
    static func makeTables(_ database: Database, _ network: Digest) throws {
        let objects = try Row.fetchAll(
            database,
            sql:
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'catalogue_%'"
        )
        for row in objects {
            let name: String = row["name"] ?? ""
            try database.execute(sql: "DROP TABLE IF EXISTS \(name.quotedDatabaseIdentifier)")
        }
        try database.execute(sql: ReadModelTables.all)
        try database.execute(
            sql: "INSERT INTO about VALUES (?, ?)", arguments: [Int64(version), Data(network.bytes)])
    }

    /// Drops everything; the next block is the first one again.
    package func drop() throws(ReadModelError) {
        try ReadModelStore.attempt { try database.write { try ReadModelStore.makeTables($0, network) } }
    }

    package func position() throws(ReadModelError) -> Position? {
        try ReadModelStore.attempt { try database.read { try ReadModelStore.position($0) } }
    }

    static func position(_ database: Database) throws -> Position? {
        guard let row = try Row.fetchOne(database, sql: "SELECT height, block, time, first FROM position"),
            let height: Int64 = row["height"], let block = Digest(row["block"] as Data? ?? Data()),
            let time: Int64 = row["time"], let first: Int64 = row["first"]
        else { return nil }
        return Position(
            height: Height(UInt64(clamping: height)), block: block, time: Timestamp(UInt64(clamping: time)),
            first: Height(UInt64(clamping: first)))
    }

    // MARK: writing

    /// Takes blocks that follow the position, all in one transaction.
    package func apply(_ blocks: [ExecutedBlock]) throws(ReadModelError) {
        try ReadModelStore.attempt {
            try database.write { database in
                var position = try ReadModelStore.position(database)
                for block in blocks {
                    let header = block.header
                    guard header.network == network || header.height.value == 0 else {
                        throw ReadModelError.otherChain("block \(header.height) is of another network")
                    }
                    if let position, position.height.next != header.height || position.block != header.parent {
                        throw ReadModelError.otherChain(
                            "block \(header.height) does not follow block \(position.height)")
                    }
                    try Projection(database: database, header: header, documents: documents).apply(block)
                    position = Position(
                        height: header.height, block: header.digest, time: header.time,
                        first: position?.first ?? header.height)
                }
                if let position { try ReadModelStore.write(position, database) }
            }
        }
    }

    static func write(_ position: Position, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO position VALUES (0, ?, ?, ?, ?)",
            arguments: [
                Int64(clamping: position.height.value), Data(position.block.bytes),
                Int64(clamping: position.time.value), Int64(clamping: position.first.value),
            ])
    }

    /// A document came into the lake: data sets that name it are found by its words from now on.
    package func learned(document digest: Digest) throws(ReadModelError) {
        try ReadModelStore.attempt {
            try database.write { database in
                for row in try Row.fetchAll(
                    database, sql: "SELECT rowid, * FROM dataSet WHERE text = ?", arguments: [Data(digest.bytes)])
                {
                    try Catalogue.index(row, documents, database)
                }
            }
        }
    }

    static func attempt<Value>(_ body: () throws -> Value) throws(ReadModelError) -> Value {
        do { return try body() } catch let error as ReadModelError { throw error } catch { throw .storage("\(error)") }
    }

    /// Every row of every table in one text: two stores with equal dumps have the same content.
    package func dump() throws(ReadModelError) -> String {
        try ReadModelStore.attempt {
            try database.read { database in
                var lines: [String] = []
                for table in ReadModelTables.names {
                    for row in try Row.fetchAll(database, sql: "SELECT rowid AS place, * FROM \(table) ORDER BY rowid")
                    {
                        lines.append(
                            table + ": "
                                + row.map { column, value in "\(column)=\(ReadModelStore.text(value))" }
                                .joined(separator: " "))
                    }
                }
                return lines.joined(separator: "\n")
            }
        }
    }

    private static func text(_ value: DatabaseValue) -> String {
        switch value.storage {
        case .null: "-"
        case .blob(let data): Hex.encode([UInt8](data))
        case .int64(let number): "\(number)"
        case .double(let number): "\(number)"
        case .string(let text): "'\(text)'"
        }
    }
}
