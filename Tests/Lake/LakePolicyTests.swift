import Anchors
import Chain
import ContractKit
import DataLake
import Identity
import LedgerCrypto
import Primitives
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@Suite("Who may hold what")
struct LakePolicyTests {
    private func reason(_ answer: LakeMessage?) -> LakeRefusal.Reason? {
        if case .refused(let refusal)? = answer { refusal.reason } else { nil }
    }

    @Test func onlyPartnersOfThePolicy() async throws {
        let cluster = try Cluster()
        let policy = AttestationPolicy(attesters: ["borealis"], threshold: 1)
        let batches = (1...3).map { Homes.batch($0) }
        let address = try cluster.community(Homes.rules(policy), homes: 3, from: Homes.first, batches: batches)
        let digest = batches[0].digest
        // Asking: the policy's partner, the data provider and the administrator may, others not.
        for partner in ["borealis", "corona", "aurora"] {
            #expect(await cluster.ask("aurora", .batch(digest), from: partner) == .batchBytes(batches[0].bcs))
        }
        let list = LakeMessage.list(community: address, from: Timestamp(0), to: Timestamp(.max))
        let salts = LakeMessage.salts(community: address, period: Homes.first, version: 1)
        for partner in ["dawn", TestNetwork.outsider] {
            for message in [.batch(digest), list, salts, .store(batches[0].bcs)] {
                #expect(reason(await cluster.ask("aurora", message, from: partner)) == .notPermitted)
            }
        }
        guard case .listed(let listed)? = await cluster.ask("aurora", list, from: "borealis") else {
            throw TestFailure("a list was expected")
        }
        #expect(Set(listed.map(\.digest)) == Set(batches.map(\.digest)))
        guard case .saltList(let given)? = await cluster.ask("aurora", salts, from: "borealis") else {
            throw TestFailure("salts were expected")
        }
        #expect(given.members.map(\.member.value) == [1, 2, 3])
        // Storing: only at a node that may hold it.
        let store = LakeMessage.store(batches[0].bcs)
        #expect(await cluster.ask("borealis", store, from: "aurora") == .stored(digest))
        #expect(reason(await cluster.ask("dawn", store, from: "aurora")) == .notPermitted)
        #expect(try cluster.lake("dawn").entry(digest) == nil)
        // Not anchored, unknown, no batch at all, and an answer in place of a request.
        let loose = Homes.batch(1, revision: 3)
        #expect(reason(await cluster.ask("borealis", .store(loose.bcs), from: "aurora")) == .unknown)
        #expect(reason(await cluster.ask("aurora", .batch(loose.digest), from: "borealis")) == .notHeld)
        #expect(reason(await cluster.ask("aurora", .store([1, 2]), from: "borealis")) == .malformed)
        #expect(reason(await cluster.ask("aurora", .stored(digest), from: "borealis")) == .malformed)
        let nowhere = LakeMessage.list(community: WellKnown.host, from: Timestamp(0), to: Timestamp(1))
        #expect(reason(await cluster.ask("aurora", nowhere, from: "borealis")) == .unknown)
        // Deleted on the chain, erased here.
        try cluster.network.withLock {
            _ = try $0.must(
                Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: digest, reason: 1), by: "corona")
        }
        #expect(reason(await cluster.ask("borealis", store, from: "aurora")) == .erased)
        try cluster.lake("aurora").erase(digest, reason: 1)
        #expect(reason(await cluster.ask("aurora", .batch(digest), from: "borealis")) == .erased)
    }

    @Test func whoIsSuspendedIsNotAnswered() async throws {
        let cluster = try Cluster()
        let batch = Homes.batch(1)
        _ = try cluster.community(Homes.rules(), homes: 1, from: Homes.first, batches: [batch])
        #expect(await cluster.ask("aurora", .batch(batch.digest), from: "borealis") == .batchBytes(batch.bcs))
        try Self.suspend("borealis", cluster)
        for message in [LakeMessage.batch(batch.digest), .store(batch.bcs), .part(batch.digest)] {
            #expect(reason(await cluster.ask("aurora", message, from: "borealis")) == .notPermitted)
        }
        #expect(await cluster.ask("aurora", .batch(batch.digest), from: "dawn") == .batchBytes(batch.bcs))
    }

    private static func suspend(_ partner: String, _ cluster: Cluster) throws {
        try cluster.network.withLock { network in
            let key = Directory.partners.stateKey(partner, at: WellKnown.governance)
            var record = try Partner(bcs: try #require(network.state.values[key]))
            record.isSuspended = true
            network.state.values[key] = record.bcs
        }
    }

    @Test func uploadsNeedTheProvidersKey() throws {
        let cluster = try Cluster()
        let key = TestNetwork.key("upload")
        let network = cluster.chain.network
        try cluster.network.withLock { (network) throws in
            try network.registerMeter(1)
            let digest = AddSigningKey.signingDigest(
                network: network.genesis.network, partner: "corona", key: key.publicKey)
            try network.must(
                Identity.addSigningKey, on: WellKnown.identity,
                AddSigningKey(key: key.publicKey, proof: key.sign(digest)), by: "corona")
        }
        let service = try cluster.service("corona")
        let batch = Homes.batch(1)
        func upload(
            _ batch: ReadingBatch, by provider: String = "corona", with key: Secp256k1.SecretKey = key
        ) -> BatchUpload {
            BatchUpload(signing: batch, network: network, provider: provider, key: key)
        }
        let good = upload(batch)
        #expect(try BatchUpload(bcs: good.bcs) == good)
        for bad in [
            upload(Homes.batch(2)), upload(batch, by: "aurora"), upload(batch, with: TestNetwork.key("corona")),
            BatchUpload(
                provider: "corona", bytes: upload(Homes.batch(1, hours: 2)).bytes, key: key.publicKey,
                signature: good.signature),
            BatchUpload(provider: "corona", bytes: [1], key: key.publicKey, signature: good.signature),
        ] {
            #expect(throws: LakeRefusal.self) { try service.accept(bad) }
        }
        #expect(try service.accept(good).digest == batch.digest)
        #expect(try cluster.lake("corona").batch(batch.digest) == batch)
        try Self.suspend("corona", cluster)
        #expect(throws: LakeRefusal.self) { try service.accept(good) }
    }
}
