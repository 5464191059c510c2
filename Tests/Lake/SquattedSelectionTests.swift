import Anchors
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

extension TestNetwork {
    /// A partner of the usual policy that provides no meter's data.
    static let squatter = "borealis"

    /// The squatter anchors batches in a data set of its own.
    mutating func squat(_ batches: [ReadingBatch]) throws {
        if try read(Anchors.dataSets, Pair(Self.squatter, "trap"), of: WellKnown.anchors) == nil {
            let set = RegisterDataSet(name: "trap", schema: ReadingBatch.schema)
            _ = try must(Anchors.register, on: WellKnown.anchors, set, by: Self.squatter)
        }
        for batch in batches {
            let span = batch.span ?? (Timestamp(0), Timestamp(1))
            let new = NewBatch(digest: batch.digest, root: batch.root, count: 1, from: span.from, to: span.to)
            _ = try must(
                Anchors.append, on: WellKnown.anchors, AppendBatches(dataSet: "trap", batches: [new]),
                by: Self.squatter)
        }
    }
}

/// What strangers anchored counts for nothing even in a lake that has it, and no lake takes it from a partner.
@Suite("Selections beside batches of strangers")
struct SquattedSelectionTests {
    private let cluster: Cluster
    private let address: Address

    init() throws {
        cluster = try Cluster()
        address = try cluster.community(
            Homes.rules(), homes: 4, from: Homes.first, batches: (1...4).map { Homes.batch($0) })
    }

    private func batches(_ usesIndex: Bool) throws -> [Digest] {
        try InputSelection(
            community: address, period: Homes.first, lake: try cluster.lake(Cluster.administrator),
            chain: cluster.chain, usesIndex: usesIndex
        ).named.digests
    }

    @Test func aLakeThatHasThemSelectsAsBefore() async throws {
        let lake = try cluster.lake(Cluster.administrator)
        let expected = try batches(true)
        #expect(expected.count == 4)
        let strange = (1...70).map { Homes.batch(1, revision: UInt16($0)) }
        for batch in strange.prefix(35) { try lake.store(batch.bcs) }
        try cluster.network.withLock { try $0.squat(strange) }
        for batch in strange.dropFirst(35) { try lake.store(batch.bcs) }
        #expect(try batches(true) == expected && batches(false) == expected)
        try cluster.network.withLock {
            for batch in strange.prefix(3) {
                _ = try $0.must(
                    Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: batch.digest, reason: 1),
                    by: TestNetwork.squatter)
            }
        }
        #expect(try batches(true) == expected && batches(false) == expected)
        _ = try await cluster.settle(address, Homes.first)
        // The provider's own deletion closes the period, by index and state alike.
        _ = try cluster.network.withLock {
            try $0.must(
                Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: expected[0], reason: 1), by: "corona")
        }
        for usesIndex in [true, false] {
            #expect(throws: SettlementRefusal.self) { try batches(usesIndex) }
        }
    }

    /// What a lake lists of other meters does not count against the bound; what it lists of these does, whatever it is.
    @Test func whatIsLookedAtIsBounded() throws {
        let lake = try cluster.lake(Cluster.administrator)
        let start = Timestamp(Homes.first.value * 3_600_000)
        func count() throws -> Int {
            try AnchoredReadings.batches(
                of: [TestNetwork.meter(1)], from: start, to: start.adding(milliseconds: 3_600_000), lake: lake,
                chain: cluster.chain, countMax: 8, entriesMax: 4, usesIndex: false
            ).count
        }
        for revision in 1...20 { try lake.store(Homes.batch(2, revision: UInt16(revision)).bcs) }
        for revision in 1...3 { try lake.store(Homes.batch(1, revision: UInt16(revision)).bcs) }
        #expect(try count() == 1)
        try lake.store(Homes.batch(1, revision: 4).bcs)
        #expect(throws: SettlementRefusal.tooManyBatches) { try count() }
    }

    @Test func noLakeTakesThem() async throws {
        let strange = Homes.batch(1, revision: 1)
        let store = LakeMessage.store(strange.bcs)
        guard case .refused(let early)? = await cluster.ask(Cluster.administrator, store, from: "borealis") else {
            throw TestFailure("a batch was taken that nobody anchored")
        }
        #expect(early.reason == .unknown)
        try cluster.network.withLock { try $0.squat([strange]) }
        guard case .refused(let refusal)? = await cluster.ask(Cluster.administrator, store, from: "borealis") else {
            throw TestFailure("a stranger's batch was taken")
        }
        #expect(refusal.reason == .notPermitted)
        // Nor as an input that a request names.
        let lake = try cluster.lake(Cluster.administrator)
        let fetch = BatchFetch(partner: Cluster.administrator, lake: lake) { _, _ in .batchBytes(strange.bcs) }
        let community = try #require(try cluster.chain.community(address))
        for isHeld in [false, true] {
            if isHeld { try lake.store(strange.bcs) }
            let error = await #expect(throws: LakeRefusal.self) {
                try await fetch.bring([strange.digest], of: community, from: "borealis", cluster.chain)
            }
            #expect(error?.reason == .otherInputs)
            #expect((try lake.entry(strange.digest) != nil) == isHeld)
        }
    }
}
