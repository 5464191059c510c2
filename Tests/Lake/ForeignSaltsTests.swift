import Chain
import ContractKit
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import Settlement
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// A partner of the policy that asks for attestations of settlements with salts of its own invention.
@Suite("Foreign salts") struct ForeignSaltsTests {
    static let homes = 5
    static let stranger = "corona"

    private func engine(_ cluster: Cluster, _ partner: String) throws -> SettlementEngine {
        SettlementEngine(lake: try cluster.lake(partner)) { () throws(StorageFailure) in cluster.chain }
    }

    /// What the stranger asks for: everything right but the salts.
    private func request(_ cluster: Cluster, _ address: Address) throws -> AttestationRequest {
        let lake = try cluster.lake(Self.stranger)
        for home in 1...Self.homes { try lake.store(Homes.batch(home).bcs) }
        for home in 0...Self.homes {
            let member = home == 0 ? nil : MemberNumber(UInt32(home))
            try lake.secrets.setKey(SHA256.hash([UInt8(home), 99]), of: member, in: address)
        }
        return try engine(cluster, Self.stranger).prepare(address, period: Homes.first).request
    }

    private func ask(
        _ cluster: Cluster, _ partner: String, _ request: AttestationRequest, from sender: String = stranger
    ) async -> LakeMessage? {
        await cluster.ask(partner, .attest(request), from: sender)
    }

    private func isAttested(_ message: LakeMessage?) -> Bool { if case .attested? = message { true } else { false } }

    /// A statement from a partner's lake, checked.
    private func state(_ cluster: Cluster, _ partner: String, _ address: Address) async throws {
        let builder = StatementBuilder(lake: try cluster.lake(partner), chain: cluster.chain) { try cluster.prove($0) }
        let statement = try await builder.statement(
            of: MemberNumber(2), in: address, from: Homes.first, to: PeriodNumber(Homes.first.value + 1))
        let report = cluster.verify(try statement.json())
        #expect(report.isRight && statement.open.isEmpty, "\(partner): \(report.failures)")
    }

    @Test func theyReplaceNobodys() async throws {
        let cluster = try Cluster()
        let batches = (1...Self.homes).map { Homes.batch($0) }
        let all = AttestationPolicy(attesters: ["borealis", Self.stranger, "dawn"], threshold: 3)
        let address = try cluster.community(
            Homes.rules(all), homes: Self.homes, from: Homes.first, batches: batches)
        let foreign = try request(cluster, address)
        // Before the administrator asks, where nobody has salts yet: it may be right, so it is signed.
        #expect(isAttested(await ask(cluster, "borealis", foreign)))
        let engine = try cluster.engine()
        let prepared = try engine.prepare(address, period: Homes.first)
        #expect(prepared.inputs.salts != foreign.inputs.salts && prepared.batches == foreign.batches)
        let settlement = try await engine.attest(prepared, ask: cluster.asking())
        // And again after, which replaces neither the administrator's there ...
        for partner in ["borealis", "dawn"] { #expect(isAttested(await ask(cluster, partner, foreign))) }
        // ... nor here, where the keys are.
        let administrators = try cluster.lake(Cluster.administrator)
        #expect(!isAttested(await ask(cluster, Cluster.administrator, foreign)))
        #expect(
            try administrators.results.inputs(of: address, period: Homes.first, version: 1)?.inputs == prepared.inputs)
        #expect(try cluster.submit(settlement, to: address) == nil)

        for partner in [Cluster.administrator, "borealis", "dawn"] { try await state(cluster, partner, address) }
        // Nothing was changed, so nothing is corrected; and what the chain took counts at the partners from now on.
        for partner in [Cluster.administrator, "borealis"] {
            let settler = try cluster.settler(partner)
            for _ in 0..<2 { _ = try await settler.round([address]) }
        }
        let record = try #require(try cluster.chain.settlement(of: address, period: Homes.first))
        #expect(record.claim.version == 1)
        let lake = try cluster.lake("borealis")
        #expect(
            try lake.results.inputs(of: address, period: Homes.first, version: 1)?.inputs.digest == record.inputs)
        #expect(
            try lake.secrets.salts(of: [MemberNumber(1)], in: address, period: Homes.first, version: 1)
                == administrators.secrets.salts(of: [MemberNumber(1)], in: address, period: Homes.first, version: 1))
        try await state(cluster, "borealis", address)
    }

    /// Where this node makes the salts, it signs no others.
    @Test func whoHasTheKeysRefusesThem() async throws {
        let cluster = try Cluster()
        let batches = (1...Self.homes).map { Homes.batch($0) }
        let address = try cluster.community(
            Homes.rules(), homes: Self.homes, from: Homes.first, batches: batches)
        let foreign = try request(cluster, address)
        guard case .refused(let refusal)? = await ask(cluster, Cluster.administrator, foreign) else {
            throw TestFailure("it signed")
        }
        #expect(refusal.reason == .otherInputs && refusal.text.contains("other salts"), "\(refusal.text)")
        _ = try await cluster.settle(address, Homes.first)
        try await state(cluster, Cluster.administrator, address)
    }

    /// The same across a restart, and a member that goes is gone from what was only attested, too.
    @Test func whatWasAttestedIsErasedToo() throws {
        let folder = try TemporaryFolder()
        let community = Address(wellKnown: "test")
        let members = (1...3).map { MemberNumber(UInt32($0)) }
        func salts(_ first: UInt8) -> SaltList {
            SaltList(
                community: SHA256.hash([first]),
                members: members.map { .init(member: $0, salt: SHA256.hash([first, UInt8($0.value)])) })
        }
        let secrets = try DataLake(folder: folder.url).secrets
        for (number, origin) in [nil, "b", "c", "b"].enumerated() {
            try secrets.storeLater(
                salts(UInt8(number)), of: community, period: Homes.first, version: 1, origin: origin,
                afterMilliseconds: 0)
        }
        try secrets.flush()
        let again = try DataLake(folder: folder.url).secrets
        func kept(_ origin: String, _ members: [MemberNumber]) throws -> SaltList? {
            try again.salts(of: members, in: community, period: Homes.first, version: 1, origin: origin)
        }
        #expect(try again.salts(of: members, in: community, period: Homes.first, version: 1) == salts(0))
        #expect(try kept("b", members) == salts(3), "the last one of each partner")
        #expect(try kept("c", members) == salts(2))
        #expect(try kept("d", members) == nil)
        try again.destroy(members[0], in: community)
        #expect(try kept("b", members) == nil && kept("b", Array(members.dropFirst())) != nil)
        let file = try Data(contentsOf: folder.url.appending(path: "secrets.sqlite"))
        for number in 0...3 {
            #expect(file.range(of: Data(salts(UInt8(number)).members[0].salt.bytes)) == nil)
        }
        try again.promote("c", of: community, period: Homes.first, version: 1)
        #expect(
            try again.salts(of: Array(members.dropFirst()), in: community, period: Homes.first, version: 1)?.community
                == salts(2).community)
        #expect(try kept("b", Array(members.dropFirst())) == nil, "the others of that version are gone")
        try again.promote("c", of: community, period: Homes.first, version: 1)
        #expect(
            try again.salts(of: Array(members.dropFirst()), in: community, period: Homes.first, version: 1) != nil)
    }
}
