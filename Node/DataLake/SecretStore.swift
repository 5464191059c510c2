package import Chain
internal import Foundation
internal import GRDB
internal import LedgerCrypto
package import Primitives
package import Trading

/// Keys of members and communities, and the salts that follow from them: in a database of their own, so that they are
/// backed up, or not, apart from the readings, and so that destroying a key leaves nothing behind (`secure_delete`).
///
/// Keys stay with the community's administrator; partners of the policy get the salts of single periods.
package struct SecretStore: Sendable {
    private let database: DatabaseQueue

    package init(path: String) throws(LakeError) {
        database = try SQL.open(path: path, isSecret: true)
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
            try migrator.migrate(database)
        }
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

    package func setKey(_ key: Digest, of member: MemberNumber?, in community: Address) throws(LakeError) {
        try SQL.attempt("store a key") {
            try database.write { database in
                try database.execute(
                    sql: "INSERT INTO memberKey VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET key = excluded.key",
                    arguments: [
                        Data(community.bytes), Int64((member ?? Self.communityRow).value), SQL.blob(key),
                    ])
            }
        }
    }

    /// Removes a member's key and every salt made from it: the member's leaves say nothing to anybody from now on.
    package func destroy(_ member: MemberNumber, in community: Address) throws(LakeError) {
        try SQL.attempt("destroy a key") {
            try database.write { database in
                for table in ["memberKey", "salt"] {
                    try database.execute(
                        sql: "DELETE FROM \(table) WHERE community = ? AND member = ?",
                        arguments: [Data(community.bytes), Int64(member.value)])
                }
            }
        }
    }

    // MARK: Salts

    /// Salts of a period: those stored, else those that follow from the keys. Nil when a member has neither.
    package func salts(
        of members: [MemberNumber], in community: Address, period: PeriodNumber, version: UInt32
    ) throws(LakeError) -> SaltList? {
        func salt(_ member: MemberNumber?) throws(LakeError) -> Digest? {
            if let stored = try storedSalt(member, community, period, version) { return stored }
            guard let key = try key(of: member, in: community) else { return nil }
            return SaltList.salt(key: key, period: period, version: version)
        }
        guard let own = try salt(nil) else { return nil }
        var entries: [SaltList.Entry] = []
        for member in members {
            guard let salt = try salt(member) else { return nil }
            entries.append(SaltList.Entry(member: member, salt: salt))
        }
        return SaltList(community: own, members: entries)
    }

    package func store(
        _ salts: SaltList, of community: Address, period: PeriodNumber, version: UInt32
    ) throws(LakeError) {
        let own = SaltList.Entry(member: Self.communityRow, salt: salts.community)
        try SQL.attempt("store salts") {
            try database.write { database in
                for entry in [own] + salts.members {
                    try database.execute(
                        sql: "INSERT INTO salt VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET salt = excluded.salt",
                        arguments: [
                            Data(community.bytes), SQL.blob(period.value), Int64(version), Int64(entry.member.value),
                            SQL.blob(entry.salt),
                        ])
                }
            }
        }
    }

    private func storedSalt(
        _ member: MemberNumber?, _ community: Address, _ period: PeriodNumber, _ version: UInt32
    ) throws(LakeError) -> Digest? {
        try SQL.attempt("read a salt") {
            try database.read { database in
                try Data.fetchOne(
                    database,
                    sql: "SELECT salt FROM salt WHERE community = ? AND period = ? AND version = ? AND member = ?",
                    arguments: [
                        Data(community.bytes), SQL.blob(period.value), Int64(version),
                        Int64((member ?? Self.communityRow).value),
                    ]
                ).flatMap { Digest($0) }
            }
        }
    }
}
