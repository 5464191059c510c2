import Chain
import ContractKit
import DataLake
import Foundation
import GRDB
import LedgerCrypto
import Primitives
import Settlement
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// What large communities need: results and salts in parts, lists that do not travel with a request, bulk reads.
@Suite("Large settlements")
struct LargeSettlementTests {
    static let community = Address(wellKnown: "large")

    /// More members than one part of results or salts holds.
    private func settled(_ members: Int) throws -> (result: SettlementResult, inputs: SettlementInputs, salts: SaltList)
    {
        let numbers = (1...members).map { MemberNumber(UInt32($0)) }
        let salts = SaltList(
            community: SHA256.hash([0]),
            members: numbers.map { SaltList.Entry(member: $0, salt: SHA256.hash(Array("salt \($0)".utf8))) })
        let task = SettlementTask(
            community: Self.community, rules: Homes.rules(), period: Homes.first, version: 1, previousStage: nil,
            isDeadlineOver: true,
            members: numbers.map {
                Member(
                    number: $0, meters: [MeterNumber(UInt64($0.value))], holder: .zero, consent: .zero,
                    from: PeriodNumber(0))
            }, batches: [], salts: salts)
        let batches = SettlementBatches((1...members).map { SHA256.hash(Array("batch \($0)".utf8)) }.sorted())
        let inputs = SettlementInputs(
            rules: .zero, members: .zero, batches: batches, salts: salts.digest, previous: .zero, contractVersion: 2)
        return (try task.run(), inputs, salts)
    }

    @Test(arguments: [1, 511, 512, 513, 2_600]) func resultsAndSaltsInParts(members: Int) throws {
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let (result, inputs, salts) = try settled(members)
        for _ in 0..<2 {
            // Stored again, it is there once.
            try lake.results.store(result, inputs: inputs, batches: SettlementBatches([]), of: Self.community)
            try lake.secrets.store(salts, of: Self.community, period: Homes.first, version: 1)
        }
        func entries(_ lake: DataLake) throws -> [ResultStore.Entry] {
            try lake.results.entries(of: Self.community, period: Homes.first, version: 1)
        }
        #expect(try entries(lake).map(\.leaf) == result.leaves)
        #expect(try entries(lake).map(\.line) == result.settlement.lines)
        let again = try DataLake(folder: folder.url)
        let numbers = salts.members.map(\.member)
        #expect(
            try again.secrets.salts(of: numbers, in: Self.community, period: Homes.first, version: 1) == salts)

        // One member is erased, from disk and memory; all others stay, and every leaf.
        let gone = MemberNumber(UInt32(members + 1) / 2)
        let line = try #require(result.settlement.lines.first { $0.member == gone })
        let salt = try #require(salts.members.first { $0.member == gone }).salt
        try lake.results.eraseLines(of: gone, in: Self.community)
        try lake.secrets.destroy(gone, in: Self.community)
        #expect(try entries(lake).map(\.leaf) == result.leaves)
        #expect(try entries(lake).filter { $0.line == nil }.map(\.member) == [gone])
        #expect(try lake.secrets.salts(of: [gone], in: Self.community, period: Homes.first, version: 1) == nil)
        let others = numbers.filter { $0 != gone }
        let left = try #require(
            try lake.secrets.salts(of: others, in: Self.community, period: Homes.first, version: 1))
        #expect(left.members == salts.members.filter { $0.member != gone })
        let bytes = Data(line.bcs)
        #expect(try Data(contentsOf: folder.url.appending(path: "results.sqlite")).range(of: bytes) == nil)
        #expect(try Data(contentsOf: folder.url.appending(path: "secrets.sqlite")).range(of: Data(salt.bytes)) == nil)
    }

    @Test func saltsByPosition() throws {
        let folder = try TemporaryFolder()
        let secrets = try DataLake(folder: folder.url).secrets
        let (_, _, salts) = try settled(2_600)
        func part(_ first: UInt32, _ limit: Int) throws -> SaltList? {
            try secrets.storedSalts(
                of: Self.community, period: Homes.first, version: 1, first: first, limit: limit)
        }
        #expect(try part(0, 10) == nil)
        try secrets.store(salts, of: Self.community, period: Homes.first, version: 1)
        #expect(try part(0, 10)?.members == Array(salts.members.prefix(10)))
        #expect(try part(2_595, 10)?.members == Array(salts.members.suffix(5)))
        #expect(try part(.max, 10) == SaltList(community: salts.community, members: []))
    }

    /// A lake of the older form, with a row for each line and salt, is taken over as it is.
    @Test func rowsOfTheOlderFormAreGathered() throws {
        let folder = try TemporaryFolder()
        let (result, _, salts) = try settled(700)
        try olderForm(folder.url, result, salts)
        let lake = try DataLake(folder: folder.url)
        let entries = try lake.results.entries(of: Self.community, period: Homes.first, version: 1)
        #expect(entries.map(\.leaf) == result.leaves)
        #expect(entries.map(\.line) == [nil] + result.settlement.lines.dropFirst().map { $0 as StatementLine? })
        let numbers = salts.members.map(\.member)
        #expect(try lake.secrets.salts(of: numbers, in: Self.community, period: Homes.first, version: 1) == salts)
        for (file, table) in [("results", "line"), ("secrets", "salt")] {
            let database = try DatabaseQueue(path: folder.url.appending(path: "\(file).sqlite").path)
            #expect(try database.read { try !$0.tableExists(table) })
        }
    }

    private func olderForm(_ folder: URL, _ result: SettlementResult, _ salts: SaltList) throws {
        let key: StatementArguments = [
            Data(Self.community.bytes), withUnsafeBytes(of: Homes.first.value.bigEndian) { Data($0) }, Int64(1),
        ]
        func made(_ name: String, _ sql: String, _ fill: (Database) throws -> Void) throws {
            var migrator = DatabaseMigrator()
            migrator.registerMigration("1") { try $0.execute(sql: sql) }
            let database = try DatabaseQueue(path: folder.appending(path: name).path)
            try migrator.migrate(database)
            try database.write(fill)
        }
        try made(
            "results.sqlite",
            """
            CREATE TABLE line (
                community BLOB NOT NULL, period BLOB NOT NULL, version INTEGER NOT NULL,
                member INTEGER NOT NULL, leaf BLOB NOT NULL, line BLOB,
                PRIMARY KEY (community, period, version, member)
            ) WITHOUT ROWID;
            CREATE TABLE inputs (
                community BLOB NOT NULL, period BLOB NOT NULL, version INTEGER NOT NULL, inputs BLOB NOT NULL,
                totals BLOB NOT NULL, batches BLOB NOT NULL, PRIMARY KEY (community, period, version)
            ) WITHOUT ROWID;
            """
        ) { database in
            for (line, leaf) in zip(result.settlement.lines, result.leaves) {
                // The first one was erased.
                let bytes = line.member.value == 1 ? nil : Data(line.bcs)
                try database.execute(
                    sql: "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: key + [Int64(line.member.value), Data(leaf.bytes), bytes])
            }
        }
        try made(
            "secrets.sqlite",
            """
            CREATE TABLE memberKey (
                community BLOB NOT NULL, member INTEGER NOT NULL, key BLOB NOT NULL, PRIMARY KEY (community, member)
            ) WITHOUT ROWID;
            CREATE TABLE salt (
                community BLOB NOT NULL, period BLOB NOT NULL, version INTEGER NOT NULL, member INTEGER NOT NULL,
                salt BLOB NOT NULL, PRIMARY KEY (community, period, version, member)
            ) WITHOUT ROWID;
            """
        ) { database in
            let own = SaltList.Entry(member: MemberNumber(0), salt: salts.community)
            for entry in [own] + salts.members {
                try database.execute(
                    sql: "INSERT INTO salt VALUES (?, ?, ?, ?, ?)",
                    arguments: key + [Int64(entry.member.value), Data(entry.salt.bytes)])
            }
        }
    }

    /// A request without its list is attested all the same, by a partner that holds the batches and by one that does not.
    @Test func attestsWithoutTheList() async throws {
        let cluster = try Cluster()
        let batches = (1...4).map { Homes.batch($0) }
        let address = try cluster.community(Homes.rules(), homes: 4, from: Homes.first, batches: batches)
        let prepared = try cluster.engine().prepare(address, period: Homes.first)
        let request = AttestationRequest(
            community: address, inputs: prepared.inputs, batches: SettlementBatches([]), claim: prepared.result.claim)
        for batch in batches { try cluster.lake("borealis").store(batch.bcs) }
        for partner in ["borealis", "dawn", "dawn"] {
            let answer = await cluster.ask(partner, .attest(request), from: Cluster.administrator)
            guard case .attested = answer else {
                Issue.record("\(partner): \(String(describing: answer))")
                continue
            }
        }
        #expect(try batches.allSatisfy { try cluster.lake("dawn").entry($0.digest)?.status == .held })
        // A list by parts, and salts, are for partners of the policy only.
        let part = LakeMessage.batchPart(community: address, period: Homes.first, version: 1, first: 1)
        #expect(
            await cluster.ask(Cluster.administrator, part, from: "borealis")
                == .batchList(SettlementBatches(Array(prepared.batches.digests.dropFirst()))))
        for message in [part, .saltPart(community: address, period: Homes.first, version: 1, first: 0)] {
            guard case .refused(let refusal)? = await cluster.ask(Cluster.administrator, message, from: "stranger")
            else {
                Issue.record("a stranger got an answer")
                continue
            }
            #expect(refusal.reason == .notPermitted)
        }
    }

    @Test func batchesStoredTogether() throws {
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        let batches = (1...5).map { Homes.batch($0) }
        try lake.store(all: batches.map(\.bcs))
        try lake.store(all: batches.map(\.bcs))
        for batch in batches { #expect(try lake.bytes(batch.digest) == batch.bcs) }
        let span = try #require(batches[0].span)
        let listed = try DataLake(folder: folder.url).entries(from: span.from, to: span.to)
        #expect(listed.map(\.digest) == batches.sorted { ($0.meter, $0.digest) < ($1.meter, $1.digest) }.map(\.digest))
        try lake.erase(batches[0].digest, reason: 1)
        #expect(throws: LakeError.erased(batches[0].digest)) { try lake.store(all: batches.map(\.bcs)) }
        #expect(throws: LakeError.self) { try lake.store(all: [[1, 2, 3]]) }
    }
}
