package import Chain
internal import Foundation
internal import GRDB
internal import LedgerCrypto
package import Primitives
internal import Synchronization
package import Trading

/// Keys of members and communities, and the salts that follow from them: in a database of their own, so that they are
/// backed up, or not, apart from the readings, and so that destroying a key leaves nothing behind (`secure_delete`).
///
/// Keys stay with the community's administrator; partners of the policy get the salts of single periods.
package struct SecretStore: Sendable {
    private let database: DatabaseQueue
    private static let parts = MemberParts<SaltList.Entry>(table: "saltPart", recordsMax: 2_048) { $0.member }
    /// Stored salts: partners ask for them part by part. Forgotten when any key is destroyed.
    private let last = LastSecrets<SettlementName, [SaltList.Entry]>(countMax: 4)
    /// Salts that were made from keys and are not stored. Forgotten when any key is set or destroyed.
    private let derived = LastSecrets<DerivedName, SaltList>(countMax: 4)
    /// Keys of the community that was settled last. Forgotten when any key is set or destroyed.
    private let keyRing = LastSecrets<Address, [MemberNumber: Digest]>(countMax: 1)
    private let late: LateWrites<SettlementName, [SaltList.Entry]>
    private let destroyed: GoneMembers

    package init(path: String) throws(LakeError) {
        let database = try SQL.open(path: path, isSecret: true)
        self.database = database
        let destroyed = GoneMembers()
        self.destroyed = destroyed
        late = LateWrites(label: "salts") { (items) throws(LakeError) in
            try SQL.attempt("store salts") {
                try database.write { database in
                    for (name, entries) in items {
                        let gone = try GoneMembers.read(of: name.community, in: database)
                        try SecretStore.parts.store(
                            entries.filter { !gone.contains($0.member) }, of: name.community, name.period,
                            try Origins.newPlace(name, in: database),
                            in: database)
                    }
                }
            }
        }
        try SQL.attempt("prepare the secrets") {
            var migrator = DatabaseMigrator()
            migrator.registerMigration("1") { database in
                try database.execute(
                    sql: """
                        CREATE TABLE memberKey (
                            community BLOB NOT NULL, member INTEGER NOT NULL, key BLOB NOT NULL,
                            PRIMARY KEY (community, member)
                        ) WITHOUT ROWID;
                        CREATE TABLE salt (
                            community BLOB NOT NULL, period BLOB NOT NULL, version INTEGER NOT NULL,
                            member INTEGER NOT NULL, salt BLOB NOT NULL,
                            PRIMARY KEY (community, period, version, member)
                        ) WITHOUT ROWID;
                        CREATE INDEX saltByMember ON salt (community, member);
                        """)
            }
            // Salts in parts instead of a row each.
            migrator.registerMigration("2", migrate: SecretStore.gatherSalts)
            migrator.registerMigration("3", migrate: Origins.create)
            migrator.registerMigration("4", migrate: GoneMembers.create)
            try migrator.migrate(database)
            try database.read { try destroyed.load($0) }
        }
    }

    private static func gatherSalts(_ database: Database) throws {
        try parts.create(database)
        for settlement in try Row.fetchAll(database, sql: "SELECT DISTINCT community, period, version FROM salt") {
            let entries = try Row.fetchAll(
                database,
                sql: """
                    SELECT member, salt FROM salt WHERE community = ? AND period = ? AND version = ? ORDER BY member
                    """,
                arguments: [
                    settlement["community"] as Data?, settlement["period"] as Data?, settlement["version"] as Int64?,
                ]
            ).map { row in
                guard let salt = Digest(row["salt"] as Data? ?? Data()) else {
                    throw LakeError.storage("a salt of the old form is damaged")
                }
                return SaltList.Entry(
                    member: MemberNumber(UInt32(clamping: (row["member"] as Int64?) ?? 0)), salt: salt)
            }
            guard let community = Address([UInt8](settlement["community"] as Data? ?? Data())),
                let period = SQL.number(settlement["period"]), let version: Int64 = settlement["version"]
            else { throw LakeError.storage("a salt of the old form is damaged") }
            try parts.store(
                entries, of: community, PeriodNumber(period), version, in: database)
        }
        try database.execute(sql: "DROP TABLE salt")
    }

    /// Row of the community's own key and salts; member numbers begin at 1.
    private static let communityRow = MemberNumber(0)

    // MARK: Keys

    /// The key of a member, or of the community itself (nil); 32 bytes that somebody drew at random.
    package func key(of member: MemberNumber?, in community: Address) throws(LakeError) -> Digest? {
        try SQL.attempt("read a key") {
            try database.read { database in
                try Data.fetchOne(
                    database, sql: "SELECT key FROM memberKey WHERE community = ? AND member = ?",
                    arguments: [Data(community.bytes), Int64((member ?? Self.communityRow).value)]
                ).flatMap { Digest($0) }
            }
        }
    }

    /// Communities whose own key is here: those that this node's partner runs.
    package func communities() throws(LakeError) -> [Address] {
        try SQL.attempt("list communities") {
            try database.read { database in
                try Data.fetchAll(
                    database, sql: "SELECT community FROM memberKey WHERE member = ? ORDER BY community",
                    arguments: [Int64(Self.communityRow.value)]
                ).compactMap { Address([UInt8]($0)) }
            }
        }
    }

    /// Keys of all members that have one, and of the community itself (0).
    private func keys(in community: Address) throws(LakeError) -> [MemberNumber: Digest] {
        if let known = keyRing[community] { return known }
        let turn = keyRing.turn
        let keys = try readKeys(in: community)
        keyRing.keep(keys, of: community, since: turn)
        return keys
    }

    private func readKeys(in community: Address) throws(LakeError) -> [MemberNumber: Digest] {
        try SQL.attempt("read keys") {
            try database.read { database in
                var keys: [MemberNumber: Digest] = [:]
                let rows = try Row.fetchCursor(
                    database, sql: "SELECT member, key FROM memberKey WHERE community = ?",
                    arguments: [Data(community.bytes)])
                while let row = try rows.next() {
                    keys[MemberNumber(UInt32(clamping: (row[0] as Int64?) ?? 0))] = Digest(row[1] as Data? ?? Data())
                }
                return keys
            }
        }
    }

    package func setKey(_ key: Digest, of member: MemberNumber?, in community: Address) throws(LakeError) {
        try setKeys([(member, key)], in: community)
    }

    /// All of them or none. Nil is the community itself. A member whose key was destroyed gets none any more.
    package func setKeys(_ keys: [(member: MemberNumber?, key: Digest)], in community: Address) throws(LakeError) {
        defer { forgetKeys() }
        try SQL.attempt("store keys") {
            try database.write { database in
                let insert = try database.cachedStatement(
                    sql: "INSERT INTO memberKey VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET key = excluded.key")
                let gone = try GoneMembers.read(of: community, in: database)
                for (member, key) in keys where member.map({ !gone.contains($0) }) ?? true {
                    try insert.execute(arguments: [
                        Data(community.bytes), Int64((member ?? Self.communityRow).value), SQL.blob(key),
                    ])
                }
            }
        }
    }

    /// Removes a member's key and every salt made from it, and keeps both from coming back: the member's leaves say nothing
    /// to anybody from now on.
    package func destroy(_ member: MemberNumber, in community: Address) throws(LakeError) {
        last.forget()
        try late.flush()
        defer { forgetKeys() }
        try SQL.attempt("destroy a key") {
            try database.write { database in
                try GoneMembers.add(member, of: community, in: database)
                try database.execute(
                    sql: "DELETE FROM memberKey WHERE community = ? AND member = ?",
                    arguments: [Data(community.bytes), Int64(member.value)])
                try SecretStore.parts.change(member, of: community, in: database) { _ -> SaltList.Entry? in nil }
            }
        }
        destroyed.add(member, of: community)
        last.forget()
    }

    private func forgetKeys() {
        keyRing.forget()
        derived.forget()
    }

    // MARK: Salts

    /// Salts of a period: those stored, else those that follow from the keys. Nil when a member has neither.
    package func salts(
        of members: [MemberNumber], in community: Address, period: PeriodNumber, version: UInt32
    ) throws(LakeError) -> SaltList? {
        let name = SettlementName(community: community, period: period, version: version)
        let stored = try stored(name)
        // Nearly always they are all there, or none is.
        if stored.count == members.count + 1, stored[0].member == Self.communityRow,
            zip(stored.dropFirst(), members).allSatisfy({ $0.member == $1 })
        {
            return SaltList(community: stored[0].salt, members: Array(stored.dropFirst()))
        }
        // Those of exactly these members, whatever the membership's digest.
        let known =
            stored.isEmpty
            ? derived.last { $0.settlement == name && $1.members.lazy.map(\.member).elementsEqual(members) } : nil
        if let known { return known }
        let byMember = Dictionary(
            stored.map { ($0.member, $0.salt) }, uniquingKeysWith: { first, _ in first })
        // Only what is not stored needs keys.
        let isWhole = ([Self.communityRow] + members).allSatisfy { byMember[$0] != nil }
        let keys = isWhole ? [:] : try keys(in: community)
        func salt(_ member: MemberNumber) -> Digest? {
            byMember[member] ?? keys[member].map { SaltList.salt(key: $0, period: period, version: version) }
        }
        guard let own = salt(Self.communityRow) else { return nil }
        var entries: [SaltList.Entry] = []
        entries.reserveCapacity(members.count)
        for member in members {
            guard let salt = salt(member) else { return nil }
            entries.append(SaltList.Entry(member: member, salt: salt))
        }
        return SaltList(community: own, members: entries)
    }

    /// Durable when it returns.
    package func store(
        _ salts: SaltList, of community: Address, period: PeriodNumber, version: UInt32
    ) throws(LakeError) {
        try storeLater(salts, of: community, period: period, version: version, afterMilliseconds: 0)
        try flush()
    }

    /// Readers have them at once; durable a little later, or when `flush` returns. Those of a settlement that partner
    /// `origin` wants attested are kept apart.
    package func storeLater(
        _ salts: SaltList, of community: Address, period: PeriodNumber, version: UInt32, origin: String? = nil,
        afterMilliseconds: Int
    ) throws(LakeError) {
        let entries = [SaltList.Entry(member: Self.communityRow, salt: salts.community)] + salts.members
        let turn = last.turn
        let name = SettlementName(community: community, period: period, version: version, origin: origin)
        try late.put(name, entries, afterMilliseconds: afterMilliseconds)
        last.keep(entries, of: name, since: turn)
    }

    /// As `salts`, and what follows from keys is kept in memory for a while, apart from what is stored: a settler needs it
    /// several times, and partners ask for it part by part. `membership` is the digest of the community's members
    /// (`CommunityHead.members`): with other members the salts are made anew.
    package func derivedSalts(
        of members: @autoclosure () throws -> [MemberNumber], in community: Address, period: PeriodNumber,
        version: UInt32, membership: Digest
    ) throws -> SaltList? {
        let name = DerivedName(
            settlement: SettlementName(community: community, period: period, version: version), membership: membership)
        if let known = derived[name] { return known }
        let turn = derived.turn
        guard
            let made = try salts(of: members(), in: community, period: period, version: version)
        else { return nil }
        derived.keep(made, of: name, since: turn)
        return made
    }

    /// Returns when everything that was to be stored later is durable.
    package func flush() throws(LakeError) { try late.flush() }

    /// Salts of exactly these members that came with a settlement of partner `origin`.
    package func salts(
        of members: [MemberNumber], in community: Address, period: PeriodNumber, version: UInt32, origin: String
    ) throws(LakeError) -> SaltList? {
        let entries = try stored(
            SettlementName(community: community, period: period, version: version, origin: origin))
        guard let own = entries.first, own.member == Self.communityRow,
            entries.dropFirst().lazy.map(\.member).elementsEqual(members)
        else { return nil }
        return SaltList(community: own.salt, members: Array(entries.dropFirst()))
    }

    /// The salt of one member, as it came with a settlement of partner `origin` (nil: what counts here, or the keys).
    package func salt(
        of member: MemberNumber, in community: Address, period: PeriodNumber, version: UInt32, origin: String?
    ) throws(LakeError) -> Digest? {
        guard let origin else {
            return try salts(of: [member], in: community, period: period, version: version)?.members.first?.salt
        }
        return try stored(SettlementName(community: community, period: period, version: version, origin: origin))
            .first { $0.member == member }?.salt
    }

    /// Makes the salts that came with a partner's settlement what counts here: the chain took it.
    package func promote(
        _ origin: String, of community: Address, period: PeriodNumber, version: UInt32
    ) throws(LakeError) {
        try late.flush()
        defer { last.forget() }
        let name = SettlementName(community: community, period: period, version: version, origin: origin)
        try SQL.attempt("keep the salts of a settlement") {
            try database.write { try Origins.promote(name, tables: [SecretStore.parts.table], in: $0) }
        }
    }

    /// Stored salts of a period, ascending by member, the community's own first.
    private func stored(_ name: SettlementName) throws(LakeError) -> [SaltList.Entry] {
        let turn = last.turn
        if let known = last[name] ?? late[name] { return destroyed.filter(known, of: name.community, by: \.member) }
        let entries = try SQL.attempt("read salts") {
            try database.read { database in
                guard let place = try Origins.place(name, in: database) else { return [SaltList.Entry]() }
                return try SecretStore.parts.read(name.community, name.period, place, in: database)
            }
        }
        if !entries.isEmpty { last.keep(entries, of: name, since: turn) }
        return entries
    }

    /// Salts `first`, … of a stored list by position among the members, at most `limit`; nil when nothing is stored.
    package func storedSalts(
        of community: Address, period: PeriodNumber, version: UInt32, origin: String? = nil, first: UInt32, limit: Int
    ) throws(LakeError) -> SaltList? {
        let entries = try stored(
            SettlementName(community: community, period: period, version: version, origin: origin))
        guard let own = entries.first, own.member == Self.communityRow else { return nil }
        return SaltList(
            community: own.salt, members: Array(entries.dropFirst().dropFirst(Int(first)).prefix(limit)))
    }
}
