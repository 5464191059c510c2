import Chain
import ContractKit
import DataLake
import LedgerCrypto
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// Who waits for whom while a period is settled, and what is counted.
@Suite("Pace of a settlement")
struct SettlementPaceTests {
    static let homes = 4

    private func cluster() throws -> (Cluster, Address) {
        let cluster = try Cluster()
        let batches = (1...Self.homes).map { Homes.batch($0) }
        return (cluster, try cluster.community(Homes.rules(), homes: Self.homes, from: Homes.first, batches: batches))
    }

    @Test(.timeLimit(.minutes(1))) func nobodyWaitsForWhoDoesNotAnswer() async throws {
        let (cluster, address) = try cluster()
        let engine = try cluster.engine()
        let asking = cluster.asking()
        let settlement = try await engine.attest(try engine.prepare(address, period: Homes.first)) { partner, message in
            if partner == "dawn" { try? await Task.sleep(for: .seconds(3_600)) }
            return await asking(partner, message)
        }
        #expect(settlement.attestations.map(\.partner) == ["aurora", "borealis", "corona"])
        #expect(try cluster.submit(settlement, to: address) == nil)
    }

    @Test func whatIsNotOnTheDiskYetIsReadAndErased() async throws {
        let (cluster, address) = try cluster()
        let prepared = try cluster.engine().prepare(address, period: Homes.first)
        let numbers = (1...Self.homes).map { MemberNumber(UInt32($0)) }
        let salts = try #require(
            try cluster.lake(Cluster.administrator).secrets.salts(
                of: numbers, in: address, period: Homes.first, version: 1))
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        func later() throws {
            try lake.secrets.storeLater(
                salts, of: address, period: Homes.first, version: 1, afterMilliseconds: 3_600_000)
            try lake.results.storeLater(
                prepared.result, inputs: prepared.inputs, batches: prepared.batches, of: address,
                afterMilliseconds: 3_600_000)
        }
        func lines(_ lake: DataLake) throws -> [StatementLine?] {
            try lake.results.entries(of: address, period: Homes.first, version: 1).map(\.line)
        }
        func stored(_ lake: DataLake) throws -> SaltList? {
            try lake.secrets.salts(of: numbers, in: address, period: Homes.first, version: 1)
        }
        try later()
        #expect(try lines(lake) == prepared.result.settlement.lines && stored(lake) == salts)
        #expect(try lake.results.inputs(of: address, period: Homes.first, version: 1)?.inputs == prepared.inputs)
        let other = try DataLake(folder: folder.url)
        #expect(try lines(other).isEmpty && stored(other) == nil)
        try lake.flush()
        #expect(try lines(other) == prepared.result.settlement.lines && stored(other) == salts)
        // What waits for the disk is erased with the rest.
        try later()
        try lake.results.eraseLines(of: numbers[1], in: address)
        try lake.secrets.destroy(numbers[1], in: address)
        for each in [lake, try DataLake(folder: folder.url)] {
            #expect(try lines(each).map { $0 == nil } == [false, true, false, false])
            #expect(try stored(each) == nil)
        }
    }

    /// More than may wait: the rest is written before the call returns, and nothing is lost.
    @Test func manyResultsWaitForTheDisk() throws {
        let (cluster, address) = try cluster()
        let prepared = try cluster.engine().prepare(address, period: Homes.first)
        let folder = try TemporaryFolder()
        let lake = try DataLake(folder: folder.url)
        for _ in 0..<9 {
            try lake.results.storeLater(
                prepared.result, inputs: prepared.inputs, batches: prepared.batches, of: address,
                afterMilliseconds: 3_600_000)
        }
        let entries = try DataLake(folder: folder.url).results.entries(of: address, period: Homes.first, version: 1)
        #expect(entries.map(\.leaf) == prepared.result.leaves)
    }

    @Test func countsWhatIsComputedAttestedAndRefused() async throws {
        let (cluster, address) = try cluster()
        let counters = SettlementCounters()
        let chain: ChainSource = { () throws(StorageFailure) in cluster.chain }
        let engine = SettlementEngine(
            lake: try cluster.lake(Cluster.administrator), counters: counters, chain: chain)
        let request = try engine.prepare(address, period: Homes.first).request
        let attester = Attester(
            partner: "borealis", key: TestNetwork.key("borealis"), lake: try cluster.lake("borealis"),
            counters: counters, chain: chain
        ) { await cluster.ask($0, $1, from: "borealis") }
        guard case .attested = await attester.attest(request, for: Cluster.administrator) else {
            Issue.record("not attested")
            return
        }
        for (community, sender) in [(Address(wellKnown: "nobody"), "aurora"), (address, "eclipse")] {
            let wrong = AttestationRequest(
                community: community, inputs: request.inputs, batches: request.batches, claim: request.claim)
            _ = await attester.attest(wrong, for: sender)
        }
        let page = counters.page
        #expect(page.computed == [.settler: 1, .attester: 1] && page.given == 1)
        #expect(page.refused == [.unknown: 1, .notPermitted: 1])
        #expect(Set(page.seconds.keys.map(\.name)) == ["select", "salts", "compute", "store"])
        #expect(page.seconds.count == 8 && page.seconds.values.allSatisfy { $0 >= 0 && $0 < 60 })
    }

    @Test func ageOfTheOldestUnsettledPeriod() async throws {
        let (cluster, address) = try cluster()
        cluster.network.withLock { $0.time = Timestamp((Homes.first.value + 6) * 3_600_000) }
        let settler = try cluster.settler(silent: ["borealis", "dawn"])
        _ = try await settler.round([address])
        let now = (Homes.first.value + 6) * 3_600_000
        var community = try #require(await settler.report().communities.first)
        #expect(
            community.failed == 6 && community.settled == 0 && community.oldestUnsettledSeconds(at: now) == 5 * 3_600)
        let other = try cluster.settler()
        _ = try await other.round([address])
        _ = try await other.round([address])
        community = try #require(await other.report().communities.first)
        #expect(community.settled == 6 && community.failed == 0 && community.oldestUnsettledSeconds(at: now) == 0)
    }

    /// The administrator's node is lost after a partner attested: that one settles with the salts that it has, and waits with what
    /// nobody attested. Another one takes salts of a version that is not on the chain from nobody else, and says what it lacks.
    @Test func aDeputySettlesWhatItAttestedAndTakesSaltsFromNobodyElse() async throws {
        let (cluster, address) = try cluster()
        cluster.network.withLock { $0.time = Timestamp((Homes.first.value + 2) * 3_600_000) }
        for batch in (1...Self.homes).map({ Homes.batch($0) }) { try cluster.lake("dawn").store(batch.bcs) }
        let request = try cluster.engine().prepare(address, period: Homes.first).request
        guard case .attested? = await cluster.ask("borealis", .attest(request), from: Cluster.administrator) else {
            Issue.record("borealis did not attest")
            return
        }
        let other = try cluster.settler("dawn", silent: [Cluster.administrator])
        #expect(try await other.round([address]) == 0)
        #expect(await other.report().communities.first?.troubles.first?.reason.contains("salts") == true)
        let deputy = try cluster.settler("borealis", silent: [Cluster.administrator])
        #expect(try await deputy.round([address]) == 1)
        let record = try #require(try cluster.chain.settlement(of: address, period: Homes.first))
        #expect(record.claim == request.claim)
        let trouble = try #require(await deputy.report().communities.first?.troubles.first)
        #expect(trouble.period == Homes.first.value + 1 && trouble.reason.contains("salts"))
        // Who has no part in the community gets none.
        let message = LakeMessage.saltPart(community: address, period: Homes.first, version: 1, first: 0)
        guard case .refused(let refusal)? = await cluster.ask("borealis", message, from: "eclipse") else {
            Issue.record("a stranger got salts")
            return
        }
        #expect(refusal.reason == .notPermitted)
        // The administrator's keys give those of any period, part by part, too.
        let next = LakeMessage.saltPart(
            community: address, period: PeriodNumber(Homes.first.value + 1), version: 1, first: 1)
        guard case .saltList(let part)? = await cluster.ask(Cluster.administrator, next, from: "dawn") else {
            Issue.record("the administrator gave no salts")
            return
        }
        #expect(part.members.map(\.member.value) == [2, 3, 4])
    }
}
