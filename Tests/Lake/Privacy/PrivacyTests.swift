import Anchors
import Chain
import ContractKit
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// Attempts to learn a member's balance, readings or identity from what the chain shows. Each attack is first shown to
/// work on somebody who holds the secret, so that a failure of the attack means something.
@Suite("Privacy of chain data")
struct PrivacyTests {
    /// Salts that somebody without the key could try: nothing secret goes into them.
    static func publicSalts(_ cluster: Cluster, _ address: Address, _ line: StatementLine) -> [Digest] {
        let genesis = cluster.network.withLock { $0.genesis.network }
        let holder = Consent.holder(TestNetwork.memberKey(Int(line.member.value)).publicKey)
        var salts = [Digest.zero, genesis, holder, SHA256.hash(address.bytes), SHA256.hash([])]
        for key in salts { salts.append(SaltList.salt(key: key, period: line.period, version: line.version)) }
        salts.append(SHA256.hash(Array("\(line.member)".utf8)))
        salts.append(SHA256.hash(Array("\(line.period)".utf8)))
        return salts
    }

    /// The salt under which a line of some consumption, otherwise as it is, has this leaf. The attacker knows everything
    /// else of the line.
    static func guess(_ leaf: Digest, _ line: StatementLine, salts: [Digest], most: Energy) throws -> Energy? {
        for consumption in 0...most {
            let balance = MemberBalance(
                member: line.member, production: line.production, consumption: consumption, gridPrices: line.gridPrices)
            let net = line.production - consumption
            guard
                let candidate = try? StatementLine(
                    community: line.community, period: line.period, version: line.version, balance: balance,
                    received: min(line.received, max(0, -net)), given: min(line.given, max(0, net)),
                    prices: LinePrices(inside: line.communityPrices, grid: line.gridPrices))
            else { continue }
            for salt in salts where candidate.leaf(salt: salt) == leaf { return consumption }
        }
        return nil
    }

    private func settled(_ rules: CommunityRules = Homes.rules()) async throws -> (Cluster, Address) {
        let cluster = try Cluster()
        let address = try cluster.community(
            rules, homes: 4, from: Homes.first, batches: (1...4).map { Homes.batch($0, hours: 2) })
        _ = try await cluster.settle(address, Homes.first)
        return (cluster, address)
    }

    /// Every plausible balance against a leaf, which the attacker even has: the chain shows only the root over all.
    @Test func balancesCannotBeGuessedFromLeaves() async throws {
        let (cluster, address) = try await settled()
        let lake = try cluster.lake(Cluster.administrator)
        let entries = try lake.results.entries(of: address, period: Homes.first, version: 1)
        for entry in entries {
            let line = try #require(entry.line)
            let salts = Self.publicSalts(cluster, address, line)
            #expect(try Self.guess(entry.leaf, line, salts: salts, most: 4_000) == nil)
            let own = try #require(
                try lake.secrets.salts(of: [line.member], in: address, period: Homes.first, version: 1))
            let salt = try #require(own.members.first?.salt)
            // With the salt the attack finds the balance, so it looks in the right place.
            #expect(try Self.guess(entry.leaf, line, salts: [salt], most: 4_000) == line.consumption)
        }
        // Equal balances do not show as equal leaves, nor does the same balance in two periods.
        #expect(Set(entries.map(\.leaf)).count == entries.count)
    }

    /// With few active members totals would be readings; what is there instead says nothing without the community's salt.
    @Test func sealedTotalsCannotBeGuessed() async throws {
        let (cluster, address) = try await settled(Homes.rules(activeMembersMin: 4))
        let record = try #require(try cluster.chain.settlement(of: address, period: Homes.first))
        guard case .sealed(let digest) = record.claim.totals else {
            Issue.record("two producers of four members are below k")
            return
        }
        let lake = try cluster.lake(Cluster.administrator)
        let totals = try #require(try lake.results.inputs(of: address, period: Homes.first, version: 1)).totals
        func find(_ salts: [Digest]) -> Bool {
            // Even somebody who knows all totals but the last digits of one.
            (Int64(0)..<5_000).contains { (less: Int64) -> Bool in
                let candidate = SettlementTotals(
                    production: totals.production, consumption: totals.consumption - 2_500 + less,
                    traded: totals.traded,
                    bought: totals.bought - 2_500 + less, sold: totals.sold, tradePaid: totals.tradePaid,
                    tradeEarned: totals.tradeEarned, gridPaid: totals.gridPaid, gridEarned: totals.gridEarned,
                    fund: totals.fund, rounding: totals.rounding)
                return salts.contains { PublishedTotals.seal(candidate, salt: $0) == digest }
            }
        }
        let line = try #require(
            try lake.results.entries(of: address, period: Homes.first, version: 1).first?.line)
        #expect(!find(Self.publicSalts(cluster, address, line)))
        let salts = try #require(try lake.secrets.salts(of: [], in: address, period: Homes.first, version: 1))
        #expect(find([salts.community]))
    }

    /// The digest and the root of an anchored batch: readings of a day have few plausible values, the salt has 2^256.
    @Test func readingsCannotBeGuessedFromAnchors() throws {
        let batch = Homes.batch(1, hours: 1)
        func find(_ salts: [Digest]) -> Bool {
            salts.contains { (salt: Digest) -> Bool in
                (0..<2_000).contains { (energy: Int) -> Bool in
                    let readings = batch.readings.map { reading in
                        Reading(
                            start: reading.start, direction: reading.direction,
                            energy: reading.direction == .load ? Int64(energy) : reading.energy,
                            quality: reading.quality,
                            receivedAt: reading.receivedAt)
                    }
                    let candidate = ReadingBatch(
                        salt: salt, meter: batch.meter, resolution: batch.resolution, readings: readings)
                    return candidate.digest == batch.digest || candidate.root == batch.root
                }
            }
        }
        #expect(!find([SHA256.hash([]), SHA256.hash(Array("\(batch.meter)".utf8)), Digest.test]))
        #expect(find([batch.salt]))
        // A batch without a random salt is not taken at all.
        #expect(
            ReadingBatch(salt: .zero, meter: batch.meter, resolution: batch.resolution, readings: batch.readings)
                .problem != nil)
    }

    /// Two versions of a period differ by the readings that changed, and often one home's alone did. So the totals of at
    /// most one version are ever shown: their difference would be that home's reading.
    @Test func versionsOfAPeriodNeverShowADifference() async throws {
        let cluster = try Cluster()
        // Soon after the hours: the deadline is not over.
        cluster.network.withLock { $0.time = Timestamp((Homes.first.value + 2) * 3_600_000 + 1_000) }
        let address = try cluster.community(
            Homes.rules(), homes: 4, from: Homes.first, batches: (1...3).map { Homes.batch($0, hours: 2) })
        // Home 4 has not sent its readings: provisional. Then it has: final. Then home 1 changes: corrected, twice.
        _ = try await cluster.settle(address, Homes.first)
        let late = [
            Homes.batch(4, hours: 2), Homes.batch(1, hours: 2, revision: 1, more: 50),
            Homes.batch(1, hours: 2, revision: 2, more: 70),
        ]
        for batch in late {
            try cluster.network.withLock { try $0.anchor([batch]) }
            try cluster.lake(Cluster.administrator).store(batch.bcs)
            _ = try await cluster.settle(address, Homes.first)
        }
        var shown: [SettlementTotals] = []
        var stages: [SettlementStage] = []
        try cluster.network.withLock { network in
            let current = try #require(try network.read(Community.settlements, Homes.first, of: address))
            let older = try (1..<current.claim.version).map { version in
                try #require(try network.read(Community.replaced, Pair(Homes.first, version), of: address))
            }
            for record in older + [current] {
                stages.append(record.claim.stage)
                if case .open(let totals) = record.claim.totals { shown.append(totals) }
            }
        }
        #expect(stages == [.provisional, .final, .corrected, .corrected])
        #expect(
            shown.count == 1, "\(shown.count) versions show their totals; the differences are single homes' readings")
    }

    /// Nothing written on the chain reads like a person: every readable text is one of the few that the formats allow.
    @Test func stateHoldsNoTextOfPersons() async throws {
        let (cluster, address) = try await settled()
        let values = cluster.network.withLock { $0.state.values }
        let allowed =
            TestNetwork.partners + [
                TestNetwork.outsider, "Sierra Crest", "USD", "readings", ReadingBatch.schema, "bench", Community.name,
                "governance", "identity", "anchors", "instances", "secp256k1",
            ]
        var texts = 0
        for (key, value) in values where key.starts(with: address.bytes) || key.starts(with: WellKnown.anchors.bytes) {
            for run in Self.readable(value) {
                texts += 1
                #expect(allowed.contains { $0.contains(run) || run.contains($0) }, "'\(run)' under \(Hex.encode(key))")
            }
        }
        #expect(texts > 0)
        // A member's record has numbers and digests only.
        let member = try #require(values[Community.members.stateKey(MemberNumber(1), at: address)])
        #expect(Self.readable(member).isEmpty)
    }

    /// Words of at least six letters, capital ones at their beginning only: they hardly occur in digests.
    static func readable(_ bytes: [UInt8]) -> [String] {
        var runs: [String] = []
        var run: [UInt8] = []
        for byte in bytes + [0] {
            if (97...122).contains(byte) {
                run.append(byte)
                continue
            }
            if run.count >= 6 { runs.append(String(decoding: run, as: UTF8.self)) }
            run = (65...90).contains(byte) ? [byte] : []
        }
        return runs
    }

    /// Who is behind a number: the chain has a digest of the member's key for this community. Keys of other communities,
    /// or of a wallet, do not lead to it.
    @Test func membersAreNotFoundByTheirKeysElsewhere() async throws {
        let (cluster, address) = try await settled()
        let member = try #require(
            try cluster.network.withLock { try $0.read(Community.members, MemberNumber(1), of: address) })
        let elsewhere = TestNetwork.key("member 1 in another community").publicKey
        #expect(member.holder == Consent.holder(TestNetwork.memberKey(1).publicKey))
        #expect(member.holder != Consent.holder(elsewhere))
        let values = cluster.network.withLock { $0.state.values }
        #expect(!values.values.contains { Self.contains($0, elsewhere.bcs) })
    }

    private static func contains(_ haystack: [UInt8], _ needle: [UInt8]) -> Bool {
        guard haystack.count >= needle.count else { return false }
        return (0...(haystack.count - needle.count)).contains {
            haystack[$0..<($0 + needle.count)].elementsEqual(needle)
        }
    }
}
