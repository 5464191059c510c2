import Agreements
import Anchors
import Chain
import ContractHost
import ContractKit
import DataLake
import DataSets
import DataWorkload
import LedgerCrypto
import LightClient
import Primitives
import Testing
import TradingTestSupport

private func reason(_ error: (any Error)?) -> LakeRefusal.Reason? { (error as? LakeRefusal)?.reason }

@Suite("Data under contract")
struct DataServiceTests {
    // MARK: handing in

    @Test func onlyTheProviderHandsIn() throws {
        let market = try Market()
        let node = try DataNode(market)
        let csv = Tables.csv(hours: 3)
        func refusal(_ upload: PartUpload) -> LakeRefusal.Reason? {
            do {
                _ = try node.service.accept(upload)
                return nil
            } catch { return reason(error) }
        }
        #expect(refusal(node.upload(csv, node.description())) == .unknown)
        try node.register()
        #expect(refusal(node.upload(csv, node.description(), key: Market.key("stranger"))) == .notPermitted)
        let good = node.upload(csv, node.description())
        #expect(try PartUpload(bcs: good.bcs) == good)
        let other = PartUpload(
            description: good.description, bytes: Tables.csv(hours: 4), key: good.key, signature: good.signature)
        #expect(refusal(other) == .notPermitted)
        let later = PartUpload(
            description: node.description(keepUntil: Timestamp(1)), bytes: csv, key: good.key, signature: good.signature
        )
        #expect(refusal(later) == .notPermitted)
        #expect(refusal(node.upload(Array("time,a\n2,b\n1,c\n".utf8), node.description())) == .malformed)
        #expect(refusal(node.upload(Array(csv.dropLast(3)), node.description())) == .malformed)
        #expect(refusal(node.upload(csv, node.description(inputs: [.zero]))) == .unknown)
        let column = EnergyColumn(name: "nothing", unit: .wattHours)
        #expect(refusal(node.upload(csv, node.description(energy: column))) == .malformed)
        // Nothing of all that was left behind.
        #expect(try node.lake.parts.held().isEmpty)
        // Another partner's node stores only what a description on the market names it for.
        let copy = try DataNode(market, partner: "borealis")
        #expect(throws: LakeRefusal.self) { try copy.service.accept(good) }
        let manifest = try node.service.accept(good)
        #expect(try manifest == Tables.manifest(csv))
        #expect(try node.service.accept(good) == manifest)
    }

    @Test func whatIsNotAnchoredGoesAndWhatIsDeletedIsErased() throws {
        let market = try Market()
        let node = try DataNode(market)
        try node.register()
        let first = try node.service.accept(node.upload(Tables.csv(hours: 3), node.description()))
        let second = try node.service.accept(node.upload(Tables.csv(hours: 4), node.description()))
        try node.anchor(second)
        try node.upkeep.sweep()
        #expect(try node.lake.parts.held().count == 2)
        try market.pass(milliseconds: DataUpkeep.unanchoredMillisecondsMax + 1)
        #expect(try node.upkeep.sweep().isEmpty)
        #expect(try node.lake.parts.held().map(\.digest) == [second.digest])
        #expect(try node.lake.parts.entry(first.digest) == nil)
        try node.delete(second.digest, reason: 7)
        #expect(try node.upkeep.sweep().map(\.digest) == [second.digest])
        let report = try node.lake.parts.erasures(from: Timestamp(0), to: Timestamp(.max))
        #expect(report.map(\.reason) == [7])
        #expect(throws: LakeError.partErased(second.digest)) { try node.lake.parts.manifest(second.digest) }
    }

    // MARK: reading

    @Test func aReaderGetsAndVerifiesASlice() async throws {
        let story = try MarketStory()
        let from = Timestamp(Tables.start + 100 * 3_600_000)
        let range = SliceRange.time(from: from, to: from.adding(milliseconds: 48 * 3_600_000))
        let filter = try RowFilter("meter = CL01")
        let request = story.request(range, filter: filter)
        let slice = try await story.node.serve(request)
        let content = try story.node.verify(slice, request)
        let cut = try RowCut(
            story.manifest.header.content, from: from, to: from.adding(milliseconds: 48 * 3_600_000), filter: filter)
        let rows = try cut.rows(of: content)
        #expect(rows.count { $0 == 13 } == 48)
        // The plain form has the same rows, behind the header line.
        let plain = try await story.node.serve(story.request(range, filter: filter, form: .plain))
        #expect(plain == story.manifest.header.content.head + rows)
        #expect(try await story.node.serve(story.request(form: .plain)) == Tables.csv(hours: 3_000))
        let bytes = try await story.node.serve(story.request(.bytes(from: 70_000, to: 140_001), form: .plain))
        #expect(bytes == Array(story.content[70_000..<140_001]))
        #expect(try ReadRequest(bcs: request.bcs) == request)
    }

    @Test func accessStopsAtTheBlockOfTheRevocation() async throws {
        let story = try MarketStory(hours: 10)
        _ = try story.node.service.grant(story.request())
        try story.market.act(
            Agreements.revoke, on: WellKnown.agreements, EndAgreement(agreement: story.agreement, reason: 1),
            by: "provider")
        let error = #expect(throws: LakeRefusal.self) { try story.node.service.grant(story.request()) }
        #expect(error?.reason == .notPermitted && error?.text == AccessRefusal.ended.text)
        // A link that was made before is judged again when it is followed.
        #expect(throws: LakeRefusal.self) { try story.node.service.recheck(story.request()) }
    }

    @Test func requestsThatAreNotTaken() throws {
        let story = try MarketStory(hours: 10)
        let node = story.node
        try story.market.account("other", .dataUser)
        func refusal(_ request: ReadRequest) -> LakeRefusal.Reason? {
            do {
                _ = try node.service.grant(request)
                return nil
            } catch let error as LakeError {
                return LakeRefusal(error).reason
            } catch { return reason(error) }
        }
        let part = story.manifest.digest
        #expect(refusal(story.request()) == nil)
        // Another account, purpose, agreement, data set, part; a key that does not act for the account.
        #expect(refusal(node.request(story.dataSet, story.agreement, part, by: "other")) == .notPermitted)
        #expect(refusal(node.request(story.dataSet, story.agreement, part, purpose: .trading)) == .notPermitted)
        #expect(
            refusal(node.request(story.dataSet, story.agreement, part, purpose: [.research, .forecasting]))
                == .notPermitted)
        #expect(refusal(node.request(story.dataSet, 99, part)) == .notPermitted)
        #expect(refusal(node.request(story.dataSet, nil, part)) == .notPermitted)
        #expect(refusal(node.request(.zero, story.agreement, part)) == .notPermitted)
        #expect(refusal(node.request(story.dataSet, story.agreement, .zero)) == .unknown)
        #expect(refusal(node.request(story.dataSet, story.agreement, part, key: Market.key("other"))) == .notPermitted)
        // Old, from the future, changed after signing, for another range.
        for time in [node.now.value - 61_000, node.now.value + 61_000] {
            #expect(refusal(node.request(story.dataSet, story.agreement, part, time: Timestamp(time))) == .notPermitted)
        }
        let good = story.request()
        let changed = ReadRequest(
            account: good.account, dataSet: good.dataSet, agreement: good.agreement, purpose: good.purpose,
            part: good.part,
            range: .bytes(from: 0, to: 1), time: good.time, key: good.key, signature: good.signature)
        #expect(refusal(changed) == .notPermitted)
        #expect(refusal(story.request(.time(from: Timestamp(5), to: Timestamp(5)))) == .notPermitted)
        #expect(refusal(story.request(filter: RowFilter([.init("nothing", .equal, "1")]))) == .malformed)
        // Deleted on the chain: not served, even before it is erased.
        try node.delete(part)
        #expect(refusal(story.request()) == .erased)
        #expect(try node.lake.parts.entry(part)?.status == .held)
    }

    // MARK: nodes that cheat

    /// What a node that ignores the chain's answer would send.
    private func forced(_ story: MarketStory, _ request: ReadRequest, proof: ProofBundle, content: [UInt8]? = nil)
        -> [UInt8]
    {
        let head = SliceHead(story.manifest, range: request.range, proof: proof.bcs)
        let chunks = story.manifest.chunks(in: request.range).compactMap {
            Tables.chunk(story.manifest, content: content ?? story.content, $0)
        }
        return SliceFrame.bytes(head) + chunks.flatMap { SliceFrame.bytes($0) }
    }

    private func fault(_ story: MarketStory, _ bytes: [UInt8], _ request: ReadRequest, now: Timestamp? = nil)
        -> ServingFault?
    {
        do {
            _ = try story.node.verify(bytes, request, now: now)
            return nil
        } catch { return error as? ServingFault }
    }

    @Test func aNodeThatCheatsIsFoundOut() throws {
        let story = try MarketStory(hours: 2_000)
        let market = story.market
        try market.account("other", .dataUser)
        let request = story.request()
        let keys = AccessState.keys(request.question, owners: [], part: request.part)
        let honest = try market.prove(keys)
        #expect(fault(story, forced(story, request, proof: honest), request) == nil)

        // It alters the data.
        var altered = story.content
        altered[100_000] ^= 1
        guard case .slice(.altered)? = fault(story, forced(story, request, proof: honest, content: altered), request)
        else {
            throw TestFailure("an altered chunk was taken")
        }

        // It serves an account that has no agreement: the proof that it must give says so.
        let stranger = story.node.request(story.dataSet, story.agreement, request.part, by: "other")
        let strange = try market.prove(AccessState.keys(stranger.question, owners: [], part: request.part))
        guard
            case .servedWithoutRight(.refused(.agreementForeign), _)? = fault(
                story, forced(story, stranger, proof: strange), stranger)
        else { throw TestFailure("a stranger was served unnoticed") }

        // It leaves the records that decide out of the proof, or proves another network's state.
        for missing in keys.indices {
            let fewer = try market.prove(keys.enumerated().filter { $0.offset != missing }.map(\.element))
            guard case .proof? = fault(story, forced(story, request, proof: fewer), request) else {
                throw TestFailure("record \(missing) was not missed")
            }
        }
        let foreign = Genesis(
            name: "other", time: market.genesis.time, parameters: market.genesis.parameters,
            validators: market.genesis.validators, application: [1])
        let elsewhere = try Market.prove(keys, market.state, market.height, market.time, foreign)
        guard case .proof? = fault(story, forced(story, request, proof: elsewhere), request) else {
            throw TestFailure("another network's proof was taken")
        }

        // It hides a revocation behind the proof of the state before: too old after a minute.
        try market.act(
            Agreements.revoke, on: WellKnown.agreements, EndAgreement(agreement: story.agreement, reason: 1),
            by: "provider")
        try market.pass(milliseconds: 61_000)
        guard case .proof(let why)? = fault(story, forced(story, request, proof: honest), request), why.contains("old")
        else { throw TestFailure("an old proof was taken") }
        // With the newest proof it shows the revocation itself.
        guard
            case .servedWithoutRight(.refused(.ended), _)? = fault(
                story, forced(story, request, proof: try market.prove(keys)), request)
        else { throw TestFailure("a revoked agreement was not noticed") }
    }

    // MARK: accesses

    @Test func accessesAreCountedAndAnchored() async throws {
        let energy = EnergyColumn(name: "load_wh", unit: .wattHours)
        let plan = PricePlan(
            .perEnergy, currency: Market.euro, price: 1_000, periodDays: 7, dueDays: 10, ceiling: 1_000_000_000)
        let story = try MarketStory(hours: 48, energy: energy, plan: plan)
        let (node, market) = (story.node, story.market)
        let from = Timestamp(Tables.start)
        let hours = SliceRange.time(from: from, to: from.adding(milliseconds: 2 * 3_600_000))
        // The rows of the span alone, and whole chunks.
        _ = try await node.serve(story.request(hours, form: .plain))
        _ = try await node.serve(story.request(hours))
        // A node that stops before it has sent a batch finds it again; one whose fate is unknown is not sent twice.
        try market.pass(milliseconds: 1_000)
        try await node.upkeep { _ in throw CancellationError() }.anchorAccessesOrThrow()
        #expect(try node.service.accesses.pending().count == 1)
        try await node.upkeep { calls in
            try market.run(calls)
            return nil
        }.anchorAccesses()
        #expect(try node.service.accesses.pending().count == 1)
        try await node.upkeep.anchorAccesses()
        #expect(try node.service.accesses.pending().isEmpty)
        let agreement = try #require(
            try market.read(Directory.agreements, story.agreement, of: WellKnown.agreements))
        let expected = (0..<2).reduce(0) { sum, hour in sum + (0..<3).reduce(0) { $0 + (hour * 37 + $1 * 411) % 5_000 }
        }
        let whole = (0..<48).reduce(0) { sum, hour in sum + (0..<3).reduce(0) { $0 + (hour * 37 + $1 * 411) % 5_000 } }
        #expect(agreement.accesses == 2 && agreement.logs == 1 && agreement.energy == Int64(expected + whole))
        let batches = try node.service.accesses.batches(of: story.agreement)
        let log = try #require(
            try market.read(Agreements.accessLogs, Pair(story.agreement, 0), of: WellKnown.agreements))
        let entries = try node.service.accesses.entries(of: batches[0].number)
        #expect(log.log == batches[0].log && batches[0].isAnchored)
        #expect(MerkleTree.root(entries.map(\.leaf)) == log.log.root && entries.count == 2)
        #expect(entries.allSatisfy { $0.request.problem(network: market.network, now: $0.request.time) == nil })
        // What comes later is in a later batch.
        _ = try await node.serve(story.request())
        try market.pass(milliseconds: 1_000)
        try await node.upkeep.anchorAccesses()
        let after = try market.read(Directory.agreements, story.agreement, of: WellKnown.agreements)
        #expect(after?.accesses == 3 && after?.logs == 2)
        try await node.upkeep.anchorAccesses()
        #expect(try node.service.accesses.batches(of: story.agreement).count == 2)
        #expect(try AccessEntry(bcs: entries[0].bcs) == entries[0])
    }

    /// Energy is logged where it is paid for; the chain refuses it elsewhere, and the accesses with it.
    @Test func accessesToFreeDataAreAnchoredToo() async throws {
        let story = try MarketStory(hours: 48, energy: EnergyColumn(name: "load_wh", unit: .wattHours))
        _ = try await story.node.serve(story.request())
        try story.market.pass(milliseconds: 1_000)
        try await story.node.upkeep.anchorAccesses()
        let agreement = try story.market.read(Directory.agreements, story.agreement, of: WellKnown.agreements)
        #expect(agreement?.accesses == 1 && agreement?.energy == 0)
        #expect(try story.node.service.accesses.pending().isEmpty)
    }

    /// A log ends where payment closed access, so that the chain takes what was served before.
    @Test func logsEndWherePaymentClosedAccess() async throws {
        let story = try MarketStory(
            hours: 2, plan: PricePlan(.oneTime, currency: Market.euro, price: 1_000, periodDays: 0, dueDays: 1))
        _ = try await story.node.serve(story.request())
        for _ in 0..<10 { try story.market.pass(milliseconds: Timestamp.dayMilliseconds) }
        #expect(throws: LakeRefusal.self) { try story.node.service.grant(story.request()) }
        try await story.node.upkeep.anchorAccesses()
        let agreement = try #require(
            try story.market.read(Directory.agreements, story.agreement, of: WellKnown.agreements))
        let log = try story.market.read(Agreements.accessLogs, Pair(story.agreement, 0), of: WellKnown.agreements)
        #expect(agreement.payment == .overdue && agreement.accesses == 1)
        #expect(log?.log.to == agreement.closed && agreement.closed != nil)
    }

    @Test func openDataNeedsAnAccountAlone() async throws {
        let story = try MarketStory(hours: 10, sharing: .open)
        let request = story.node.request(story.dataSet, nil, story.manifest.digest)
        #expect(try story.node.verify(try await story.node.serve(request), request) == story.content)
        let nobody = story.node.request(story.dataSet, nil, story.manifest.digest, by: "nobody")
        #expect(throws: LakeRefusal.self) { try story.node.service.grant(nobody) }
    }

    @Test func moreAccessesThanABatchDoNotOverlap() throws {
        let story = try MarketStory(hours: 2)
        let log = story.node.service.accesses
        let time = story.market.time
        let entry = { (offset: UInt64) in
            AccessEntry(
                salt: .zero, request: story.request(), time: time.adding(milliseconds: offset), byteCount: 1, rows: 1,
                milliWattHours: 0)
        }
        // More than a batch in one millisecond, then some in the next.
        for _ in 0..<(AccessLogStore.batchEntriesMax + 10) { try log.add(entry(0)) }
        for _ in 0..<3 { try log.add(entry(1)) }
        let end = time.adding(milliseconds: 50)
        let first = try #require(try log.close(agreement: story.agreement, dataSet: story.dataSet, from: time, to: end))
        let second = try #require(
            try log.close(agreement: story.agreement, dataSet: story.dataSet, from: first.log.to, to: end))
        #expect(Int(first.log.accesses) == AccessLogStore.batchEntriesMax + 10 && second.log.accesses == 3)
        #expect(first.log.to <= second.log.from && second.log.to == end)
        #expect(try log.close(agreement: story.agreement, dataSet: story.dataSet, from: end, to: end) == nil)
    }
}

extension DataUpkeep {
    /// Closes batches; what submitting throws is let go.
    fileprivate func anchorAccessesOrThrow() async throws {
        do { try await anchorAccesses() } catch is CancellationError {}
    }
}
