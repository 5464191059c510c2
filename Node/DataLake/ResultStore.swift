package import Chain
internal import Foundation
internal import GRDB
package import Primitives
package import Trading

/// Individual results of settled periods: a leaf and a line for each member. The leaf stays when a line is erased, so that
/// the paths of the other members stay provable.
package struct ResultStore: Sendable {
    /// One leaf of a settlement, with the line behind it unless that was erased.
    package struct Entry: Hashable, Sendable, BCSCodable {
        package let member: MemberNumber
        package let leaf: Digest
        package let line: StatementLine?

        fileprivate var withoutLine: Entry { Entry(member: member, leaf: leaf, line: nil) }

        init(member: MemberNumber, leaf: Digest, line: StatementLine?) {
            self.member = member
            self.leaf = leaf
            self.line = line
        }

        package func encode(to encoder: inout BCSEncoder) {
            encoder.value(member)
            encoder.fixed(leaf)
            encoder.option(line)
        }

        package init(from decoder: inout BCSDecoder) throws(BCSError) {
            member = try MemberNumber(from: &decoder)
            leaf = try decoder.digest()
            line = try decoder.option()
        }
    }

    /// What a settlement was computed from, and its totals in the open.
    package struct StoredInputs: Hashable, Sendable {
        package let inputs: SettlementInputs
        package let totals: SettlementTotals
        package let batches: SettlementBatches
    }

    private let database: DatabaseQueue
    private static let parts = MemberParts<Entry>(table: "linePart", recordsMax: 512) { $0.member }
    private let late: LateWrites<SettlementName, Settled>
    private let erased: GoneMembers

    /// A settlement that is not on the disk yet.
    private struct Settled: Sendable {
        let result: SettlementResult
        let stored: StoredInputs

        var entries: [Entry] {
            zip(result.settlement.lines, result.leaves).map { Entry(member: $0.member, leaf: $1, line: $0) }
        }
    }

    init(path: String) throws(LakeError) {
        let database = try SQL.open(path: path, isSecret: true)
        self.database = database
        let erased = GoneMembers()
        self.erased = erased
        late = LateWrites(label: "results") { (items) throws(LakeError) in
            try SQL.attempt("store results") {
                try database.write { database in
                    for (name, settled) in items { try ResultStore.write(settled, name, to: database) }
                }
            }
        }
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
            // Lines in parts instead of a row each.
            migrator.registerMigration("2", migrate: ResultStore.gatherLines)
            migrator.registerMigration("3", migrate: Origins.create)
            migrator.registerMigration("4", migrate: GoneMembers.create)
            try migrator.migrate(database)
            try database.read { try erased.load($0) }
        }
    }

    private static func gatherLines(_ database: Database) throws {
        try parts.create(database)
        let settlements = try Row.fetchAll(
            database, sql: "SELECT DISTINCT community, period, version FROM line")
        for settlement in settlements {
            let key: StatementArguments = [
                settlement["community"] as Data?, settlement["period"] as Data?, settlement["version"] as Int64?,
            ]
            let entries = try Row.fetchAll(
                database,
                sql: """
                    SELECT member, leaf, line FROM line WHERE community = ? AND period = ? AND version = ?
                    ORDER BY member
                    """, arguments: key
            ).map { row in
                guard let leaf = Digest(row["leaf"] as Data? ?? Data()) else {
                    throw LakeError.storage("a leaf of the old form is damaged")
                }
                return Entry(
                    member: MemberNumber(UInt32(clamping: (row["member"] as Int64?) ?? 0)), leaf: leaf,
                    line: try (row["line"] as Data?).map { try StatementLine(bcs: [UInt8]($0)) })
            }
            guard let community = Address([UInt8](settlement["community"] as Data? ?? Data())),
                let period = SQL.number(settlement["period"]), let version: Int64 = settlement["version"]
            else { throw LakeError.storage("a settlement of the old form is damaged") }
            try parts.store(
                entries, of: community, PeriodNumber(period), version, in: database)
        }
        try database.execute(sql: "DROP TABLE line")
    }

    /// Durable when it returns.
    package func store(
        _ result: SettlementResult, inputs: SettlementInputs, batches: SettlementBatches, of community: Address
    ) throws(LakeError) {
        try storeLater(result, inputs: inputs, batches: batches, of: community, afterMilliseconds: 0)
        try flush()
    }

    /// Readers have it at once; durable a little later, or when `flush` returns. One that partner `origin` wants attested is
    /// kept apart.
    package func storeLater(
        _ result: SettlementResult, inputs: SettlementInputs, batches: SettlementBatches, of community: Address,
        origin: String? = nil, afterMilliseconds: Int
    ) throws(LakeError) {
        let settled = Settled(
            result: result,
            stored: StoredInputs(inputs: inputs, totals: result.settlement.totals, batches: batches))
        let name = SettlementName(
            community: community, period: result.claim.period, version: result.claim.version, origin: origin)
        try late.put(name, settled, afterMilliseconds: afterMilliseconds)
    }

    /// Returns when everything that was to be stored later is durable.
    package func flush() throws(LakeError) { try late.flush() }

    private static func write(_ settled: Settled, _ name: SettlementName, to database: Database) throws {
        let place = try Origins.newPlace(name, in: database)
        try database.execute(
            sql: "INSERT OR REPLACE INTO inputs VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                Data(name.community.bytes), SQL.blob(name.period.value), place,
                Data(settled.stored.inputs.bcs), Data(settled.stored.totals.bcs), Data(settled.stored.batches.bcs),
            ])
        let gone = try GoneMembers.read(of: name.community, in: database)
        let entries = settled.entries.map { gone.contains($0.member) ? $0.withoutLine : $0 }
        try parts.store(entries, of: name.community, name.period, place, in: database)
    }

    /// Leaves of a settlement in the order of the tree, of partner `origin` (nil: what counts here); empty when it is not
    /// here.
    package func entries(
        of community: Address, period: PeriodNumber, version: UInt32, origin: String? = nil
    ) throws(LakeError) -> [Entry] {
        let name = SettlementName(community: community, period: period, version: version, origin: origin)
        if let settled = late[name] {
            return settled.entries.map { erased.contains($0.member, of: community) ? $0.withoutLine : $0 }
        }
        return try SQL.attempt("read results") {
            try database.read { database in
                guard let place = try Origins.place(name, in: database) else { return [] }
                return try ResultStore.parts.read(community, period, place, in: database)
            }
        }
    }

    package func inputs(
        of community: Address, period: PeriodNumber, version: UInt32, origin: String? = nil
    ) throws(LakeError) -> StoredInputs? {
        let name = SettlementName(community: community, period: period, version: version, origin: origin)
        if let settled = late[name] { return settled.stored }
        return try SQL.attempt("read settlement inputs") {
            try database.read { database in
                guard let place = try Origins.place(name, in: database),
                    let row = try Row.fetchOne(
                        database,
                        sql: """
                            SELECT inputs, totals, batches FROM inputs
                            WHERE community = ? AND period = ? AND version = ?
                            """,
                        arguments: [Data(community.bytes), SQL.blob(period.value), place])
                else { return nil }
                func bytes(_ column: String) -> [UInt8] { [UInt8](row[column] as Data? ?? Data()) }
                return StoredInputs(
                    inputs: try SettlementInputs(bcs: bytes("inputs")),
                    totals: try SettlementTotals(bcs: bytes("totals")),
                    batches: try SettlementBatches(bcs: bytes("batches")))
            }
        }
    }

    /// The settlement with these inputs, whoever computed it: what the chain's record names. Nil when it is not here.
    package func settled(
        of community: Address, period: PeriodNumber, version: UInt32, inputs: Digest
    ) throws(LakeError) -> (stored: StoredInputs, origin: String?)? {
        func from(_ origin: String?) throws(LakeError) -> (stored: StoredInputs, origin: String?)? {
            let stored = try self.inputs(of: community, period: period, version: version, origin: origin)
            guard let stored, stored.inputs.digest == inputs else { return nil }
            return (stored, origin)
        }
        if let own = try from(nil) { return own }
        for origin in try origins() {
            if let found = try from(origin) { return found }
        }
        return nil
    }

    private func origins() throws(LakeError) -> [String] {
        let names = try SQL.attempt("list origins") { try database.read { try Origins.names(in: $0) } }
        return Set(names + late.names.compactMap(\.origin)).sorted()
    }

    /// Makes a partner's settlement what counts here: the chain took it.
    package func promote(
        _ origin: String, of community: Address, period: PeriodNumber, version: UInt32
    ) throws(LakeError) {
        try late.flush()
        let name = SettlementName(community: community, period: period, version: version, origin: origin)
        try SQL.attempt("keep the results of a settlement") {
            try database.write {
                try Origins.promote(name, tables: ["inputs", ResultStore.parts.table], in: $0)
            }
        }
    }

    /// Erases every line of a member, also of what is stored later; leaves stay.
    package func eraseLines(of member: MemberNumber, in community: Address) throws(LakeError) {
        try late.flush()
        try SQL.attempt("erase lines") {
            try database.write { database in
                try GoneMembers.add(member, of: community, in: database)
                try ResultStore.parts.change(member, of: community, in: database) { $0.withoutLine }
            }
        }
        erased.add(member, of: community)
    }
}
