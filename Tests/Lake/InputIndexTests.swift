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

/// The index gives what catalogue and state give, whatever happens to members, anchors and batches.
@Suite("Index of inputs")
struct InputIndexTests {
    static let hours: UInt64 = 6

    /// A community to which things happen at random.
    private struct Story {
        let cluster: Cluster
        let address: Address
        let lake: DataLake
        var random: SeededGenerator
        /// Erased readings close periods for good: half of the stories go without.
        let erases: Bool
        var homes = 4
        var revision: UInt16 = 0
        /// Newest batch of each home, and all that were made.
        var newest: [Int: ReadingBatch] = [:]
        var made: [ReadingBatch] = []
        var pending: [(batch: ReadingBatch, supersedes: Digest?)] = []

        init(seed: UInt64) throws {
            random = SeededGenerator(seed: seed)
            erases = seed % 2 == 1
            cluster = try Cluster()
            cluster.network.withLock { $0.time = Timestamp((Homes.first.value + hours) * 3_600_000) }
            let batches = (1...homes).map { Homes.batch($0) }
            address = try cluster.community(Homes.rules(), homes: homes, from: Homes.first, batches: batches)
            lake = try cluster.lake(Cluster.administrator)
            made = batches
            for home in 1...homes { newest[home] = batches[home - 1] }
        }

        mutating func home() -> Int { Int.random(in: 1...homes, using: &random) }

        mutating func step() throws {
            switch Int.random(in: 0..<10, using: &random) {
            case 0, 1: try correct()
            case 2: try arrive()
            case 3: try anchorPending()
            case 4 where erases: try bury()
            case 5 where erases: _ = made.randomElement(using: &random).map { try? lake.erase($0.digest, reason: 1) }
            case 6: try join()
            case 7: try leave()
            case 8: try amend()
            case 9: try squat()
            default: _ = try cluster.network.withLock { try $0.emptyBlock() }
            }
        }

        private mutating func batch() -> (Int, ReadingBatch) {
            revision += 1
            let home = home()
            let batch = Homes.batch(home, revision: revision, more: Energy(revision))
            made.append(batch)
            return (home, batch)
        }

        /// A correction, anchored before or after it is in the lake, or without ever being there.
        private mutating func correct() throws {
            let (home, batch) = batch()
            let corrected = Bool.random(using: &random) ? newest[home]?.digest : nil
            if Bool.random(using: &random) { try lake.store(batch.bcs) }
            // What was corrected already is refused.
            guard (try? cluster.network.withLock { try $0.anchor([batch], supersedes: corrected) }) != nil else {
                return
            }
            newest[home] = batch
            if Bool.random(using: &random) { try lake.store(batch.bcs) }
        }

        private mutating func arrive() throws {
            let (home, batch) = batch()
            try lake.store(batch.bcs)
            pending.append((batch, Bool.random(using: &random) ? newest[home]?.digest : nil))
        }

        private mutating func anchorPending() throws {
            guard let (batch, supersedes) = pending.popLast() else { return }
            _ = try? cluster.network.withLock { try $0.anchor([batch], supersedes: supersedes) }
        }

        private mutating func bury() throws {
            guard let batch = made.randomElement(using: &random) else { return }
            _ = try cluster.network.withLock {
                try $0.code(
                    Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: batch.digest, reason: 1),
                    by: "corona")
            }
        }

        /// Another partner anchors a batch of a home that it made up, or one that waits for its provider, and may declare it
        /// deleted.
        private mutating func squat() throws {
            var batch = batch().1
            if Bool.random(using: &random), let other = pending.randomElement(using: &random) { batch = other.batch }
            if Bool.random(using: &random) { try lake.store(batch.bcs) }
            let isDeleted = Bool.random(using: &random)
            try cluster.network.withLock { (network) in
                // One of its own, or its provider's, is refused.
                guard (try? network.squat([batch])) != nil, isDeleted else { return }
                _ = try network.code(
                    Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: batch.digest, reason: 1),
                    by: TestNetwork.squatter)
            }
        }

        private mutating func join() throws {
            homes += 1
            let (home, from) = (homes, PeriodNumber(Homes.first.value + UInt64.random(in: 0..<hours, using: &random)))
            try cluster.network.withLock { (network) in
                try network.registerMeter(home)
                _ = try network.must(Community.admit, on: address, network.admission(home, to: address, from: from))
            }
            let batch = Homes.batch(home)
            made.append(batch)
            newest[home] = batch
            try lake.store(batch.bcs)
            try cluster.network.withLock { try $0.anchor([batch]) }
        }

        private mutating func leave() throws {
            let number = MemberNumber(UInt32(home()))
            let until = PeriodNumber(Homes.first.value + UInt64.random(in: 0...hours, using: &random))
            _ = try cluster.network.withLock {
                try $0.before(Timestamp(until.value * 3_600_000)) {
                    try $0.code(Community.endMembership, on: address, MembershipEnd(member: number, until: until))
                }
            }
        }

        private mutating func amend() throws {
            let change = SettingsChange(
                member: MemberNumber(UInt32(home())),
                from: PeriodNumber(Homes.first.value + UInt64.random(in: 0..<hours, using: &random)),
                settings: MemberSettings(key: RateSchedule(Int64.random(in: 0...9_000, using: &random))))
            _ = try cluster.network.withLock {
                try $0.before(Timestamp(change.from.value * 3_600_000)) {
                    try $0.code(Community.amend, on: address, Amendment(change: change, signature: nil))
                }
            }
        }
    }

    private struct Inputs: Equatable {
        let members: [Member]
        let batches: [Digest]
        let isDeadlineOver: Bool
    }

    private func inputs(
        _ story: Story, _ period: PeriodNumber, _ chain: ChainView, usesIndex: Bool
    ) -> Result<Inputs, SettlementRefusal> {
        do throws(SettlementRefusal) {
            let selection = try InputSelection(
                community: story.address, period: period, lake: story.lake, chain: chain, usesIndex: usesIndex)
            return .success(
                Inputs(
                    members: selection.members, batches: selection.named.digests,
                    isDeadlineOver: selection.isDeadlineOver))
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: 0..<12) func equalsWhatCatalogueAndStateGive(seed: UInt64) throws {
        var story = try Story(seed: seed)
        var older: [(fast: ChainView, slow: ChainView)] = []
        var settled = 0
        for _ in 0..<60 {
            try story.step()
            let views = (fast: story.cluster.chain, slow: story.cluster.chainOfState)
            // Sometimes the view is that of some blocks ago, as a reader's who took its time.
            older = (older + [views]).suffix(4)
            let (fast, slow) = Bool.random(using: &story.random) ? views : older[0]
            for _ in 0..<2 {
                let period = PeriodNumber(Homes.first.value + UInt64.random(in: 0..<Self.hours, using: &story.random))
                let found = inputs(story, period, fast, usesIndex: true)
                #expect(found == inputs(story, period, slow, usesIndex: false))
                if case .success = found { settled += 1 }
            }
        }
        #expect(settled > 0 || story.erases)
    }

    /// Where blocks are missing, as after a state was taken over, all is read anew.
    @Test func startsOverWhereBlocksAreMissing() throws {
        var story = try Story(seed: 99)
        let cache = ChainCache()
        for step in 0..<40 {
            try story.step()
            let view = story.cluster.network.withLock { network in
                let events = network.events
                return ChainView(
                    network: network.genesis.network, time: network.time, validators: network.genesis.validators,
                    state: network.state, cache: cache,
                    events: ChainEvents(height: network.height) { $0.value % 5 == 0 ? nil : events[$0.value] })
            }
            let period = PeriodNumber(Homes.first.value + UInt64(step) % Self.hours)
            #expect(
                inputs(story, period, view, usesIndex: true)
                    == inputs(story, period, story.cluster.chainOfState, usesIndex: false))
        }
    }

    @Test func readsAheadForTheCommunitiesOfItsBatches() async throws {
        let story = try Story(seed: 7)
        let (cluster, lake) = (story.cluster, try story.cluster.lake("borealis"))
        for batch in story.made { try lake.store(batch.bcs) }
        func warmth(_ partner: String, _ lake: DataLake) -> InputWarmth {
            InputWarmth(partner: partner, lake: lake) { () throws(StorageFailure) in cluster.chain }
        }
        // An attester has no keys: the meters lead it to the community.
        let attester = warmth("borealis", lake)
        for _ in 0..<3 { #expect(try await attester.round() == [story.address]) }
        let (period, digests) = (Homes.first, story.made.map(\.digest))
        #expect(lake.batchesInMemory(digests).allSatisfy { $0 != nil })
        #expect(
            inputs(story, period, cluster.chain, usesIndex: true)
                == inputs(story, period, cluster.chainOfState, usesIndex: false))
        // Who may not hold its readings does not read them.
        #expect(try await warmth("eclipse", lake).round() == [])
    }
}
