internal import Chain
internal import Foundation
internal import GRDB
internal import Primitives
internal import Synchronization
internal import Trading

/// Members whose secrets or lines were erased for good. In the database, where every writing transaction looks, so that what
/// was computed before and is written after brings nothing back; and in memory, for what waits to be written.
final class GoneMembers: Sendable {
    private let members = Mutex<[Address: Set<MemberNumber>]>([:])

    static func create(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE goneMember (
                    community BLOB NOT NULL, member INTEGER NOT NULL, PRIMARY KEY (community, member)
                ) WITHOUT ROWID;
                """)
    }

    static func add(_ member: MemberNumber, of community: Address, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO goneMember VALUES (?, ?)",
            arguments: [Data(community.bytes), Int64(member.value)])
    }

    static func read(of community: Address, in database: Database) throws -> Set<MemberNumber> {
        Set(
            try Int64.fetchAll(
                database, sql: "SELECT member FROM goneMember WHERE community = ?",
                arguments: [Data(community.bytes)]
            ).map { MemberNumber(UInt32(clamping: $0)) })
    }

    // MARK: in memory

    func load(_ database: Database) throws {
        for bytes in try Data.fetchAll(database, sql: "SELECT DISTINCT community FROM goneMember") {
            guard let community = Address([UInt8](bytes)) else { continue }
            let gone = try GoneMembers.read(of: community, in: database)
            members.withLock { $0[community] = gone }
        }
    }

    func add(_ member: MemberNumber, of community: Address) {
        members.withLock { _ = $0[community, default: []].insert(member) }
    }

    func contains(_ member: MemberNumber, of community: Address) -> Bool {
        members.withLock { $0[community]?.contains(member) ?? false }
    }

    /// Without what belongs to them.
    func filter<Record>(_ records: [Record], of community: Address, by member: (Record) -> MemberNumber) -> [Record] {
        let gone = members.withLock { $0[community] ?? [] }
        return gone.isEmpty ? records : records.filter { !gone.contains(member($0)) }
    }
}
