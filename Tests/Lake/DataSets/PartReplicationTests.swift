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

@Suite("Copies of parts at partners")
struct PartReplicationTests {
    @Test func namedPartnersFetchAndCheck() async throws {
        let market = try Market()
        let (owner, copy, stranger) = (
            try DataNode(market), try DataNode(market, partner: "borealis"), try DataNode(market, partner: "corona")
        )
        try market.account("provider", .dataProvider)
        try owner.register()
        try market.describe(DataNode.dataSet, copies: ["borealis"])
        for node in [owner, copy, stranger] { try node.follow() }
        let manifest = try owner.service.accept(owner.upload(Tables.csv(hours: 12_000), owner.description()))
        #expect(manifest.chunks.count > 12)
        let serving = PartReplication(service: owner.service) { _, _ in nil }
        let asking = PartReplication(service: copy.service) { partner, message in
            guard partner == "aurora", let frame = try? LakeFrame(bcs: LakeFrame(number: 1, message: message).bcs)
            else {
                return nil
            }
            do {
                let answer = try await serving.answer(frame.message, from: "borealis")
                return try LakeFrame(bcs: LakeFrame(number: 1, message: answer).bcs).message
            } catch { return (error as? LakeRefusal).map { .refused($0) } }
        }
        func refusal(_ body: () async throws -> Void) async -> LakeRefusal.Reason? {
            do {
                try await body()
                return nil
            } catch { return reason(error) }
        }
        #expect(await refusal { _ = try await asking.fetch(manifest.digest, from: "aurora") } == .unknown)
        try owner.anchor(manifest)
        let offering = PartReplication(service: owner.service) { partner, message in
            partner == "borealis" ? try? await asking.answer(message, from: "aurora") : nil
        }
        let answers = try await offering.offer(manifest.digest)
        #expect(answers.map(\.partner) == ["borealis"] && answers[0].refusal == nil)
        #expect(try copy.lake.parts.manifest(manifest.digest) == manifest)
        #expect(try copy.lake.parts.chunks(of: manifest).chunk(12) == owner.lake.parts.chunks(of: manifest).chunk(12))
        // Who is not named gets nothing and takes nothing.
        #expect(await refusal { _ = try await serving.answer(.part(manifest.digest), from: "corona") } == .notPermitted)
        let outside = PartReplication(service: stranger.service) { _, message in
            try? await serving.answer(message, from: "aurora")
        }
        #expect(await refusal { _ = try await outside.fetch(manifest.digest, from: "aurora") } == .notPermitted)
        #expect(try stranger.lake.parts.held().isEmpty)
        // Bytes that are not those of the manifest are not taken, and leave nothing.
        let other = try owner.service.accept(owner.upload(Tables.csv(hours: 300), owner.description()))
        try owner.anchor(other)
        let lying = PartReplication(service: copy.service) { _, message in
            guard case .chunkBytes(var bytes)? = try? await serving.answer(message, from: "borealis") else {
                return try? await serving.answer(message, from: "borealis")
            }
            bytes[0] ^= 1
            return .chunkBytes(bytes)
        }
        await #expect(throws: (any Error).self) { try await lying.fetch(other.digest, from: "aurora") }
        #expect(try copy.lake.parts.entry(other.digest) == nil)
        // Deleted on the chain: neither given nor taken.
        try owner.delete(other.digest)
        #expect(await refusal { _ = try await serving.answer(.part(other.digest), from: "borealis") } == .erased)
    }

    @Test func restrictedDataStaysInItsCountries() async throws {
        let market = try Market()
        let (owner, copy) = (try DataNode(market), try DataNode(market, partner: "borealis"))
        try market.account("provider", .dataProvider)
        try market.account("user", .dataUser)
        try owner.register()
        let id = try market.describe(DataNode.dataSet, copies: ["borealis"])
        for node in [owner, copy] { try node.follow() }
        let manifest = try owner.service.accept(owner.upload(Tables.csv(hours: 30), owner.description()))
        try owner.anchor(manifest)
        let agreement = try market.agree(id)
        try market.pass(milliseconds: 1_000)
        // The description becomes one that keeps the data in Austria.
        var known = try #require(try market.read(Agreements.dataSets, id, of: WellKnown.agreements))
        let (austria, france) = (try #require(CountryCode("AT")), try #require(CountryCode("FR")))
        known.description = DataDescription(
            origin: .measured, type: .timeSeries, sharingClass: .saleOnly, sovereignty: .restricted,
            countries: [austria],
            privacy: .pseudonymised, velocity: .hourly, volume: 1, authority: .ownership,
            purposes: [.research, .forecasting], text: .zero)
        market.put(Agreements.dataSets, id, known, of: WellKnown.agreements)
        let serving = PartReplication(service: owner.service) { _, _ in nil }
        func answer() async -> LakeRefusal.Reason? {
            do {
                _ = try await serving.answer(.part(manifest.digest), from: "borealis")
                return nil
            } catch { return reason(error) }
        }
        let request = owner.request(id, agreement, manifest.digest)
        // Nobody said where the nodes stand: neither served nor copied, nor taken from the provider.
        #expect(throws: LakeRefusal.self) { try owner.service.grant(request) }
        #expect(await answer() == .notPermitted)
        let upload = owner.upload(Tables.csv(hours: 31), owner.description())
        #expect(throws: LakeRefusal.self) { try owner.service.accept(upload) }
        market.put(Directory.countries, "aurora", austria, of: WellKnown.governance)
        market.put(Directory.countries, "borealis", france, of: WellKnown.governance)
        _ = try owner.service.grant(request)
        _ = try owner.service.accept(upload)
        #expect(await answer() == .notPermitted)
        let offered = try await serving.offer(manifest.digest)
        #expect(offered.map(\.partner) == ["borealis"] && offered[0].refusal?.contains("country") == true)
        market.put(Directory.countries, "borealis", austria, of: WellKnown.governance)
        #expect(await answer() == nil)
    }

    /// Whoever reads a digest on its way to the chain can anchor it as its own; it gets nothing by that, and spoils nothing.
    @Test func whoAnchorsAnothersPartFirstGetsNothing() async throws {
        let market = try Market()
        let node = try DataNode(market)
        try node.register()
        let manifest = try node.service.accept(node.upload(Tables.csv(hours: 3), node.description()))
        try market.anchorFirst(manifest, as: "borealis")
        let serving = PartReplication(service: node.service) { _, _ in nil }
        for message: LakeMessage in [.part(manifest.digest), .chunks(manifest.digest, first: 0, count: 1)] {
            let error = await #expect(throws: LakeRefusal.self) { try await serving.answer(message, from: "borealis") }
            #expect(error?.reason == .notPermitted)
        }
        // Its owner hands it in again, with another salt, once it is gone here.
        try market.pass(milliseconds: DataUpkeep.unanchoredMillisecondsMax + 1)
        #expect(try node.upkeep.sweep().isEmpty)
        #expect(try node.lake.parts.entry(manifest.digest) == nil)
    }

    @Test func aNodeThatIsBehindGivesNoCopy() async throws {
        let market = try Market()
        let (owner, _) = try market.ownerAndCopy()
        let manifest = try owner.service.accept(owner.upload(Tables.csv(hours: 3), owner.description()))
        try owner.anchor(manifest)
        let serving = PartReplication(service: owner.service) { _, _ in nil }
        _ = try await serving.answer(.part(manifest.digest), from: "borealis")
        owner.wait(milliseconds: ChainView.ageMillisecondsMax + 1)
        let error = await #expect(throws: LakeRefusal.self) {
            try await serving.answer(.part(manifest.digest), from: "borealis")
        }
        #expect(error?.reason == .unavailable)
    }

    @Test func whoIsSuspendedGetsAndBringsNothing() async throws {
        let market = try Market()
        let (owner, _) = try market.ownerAndCopy()
        let manifest = try owner.service.accept(owner.upload(Tables.csv(hours: 3), owner.description()))
        try owner.anchor(manifest)
        let serving = PartReplication(service: owner.service) { _, _ in nil }
        _ = try await serving.answer(.part(manifest.digest), from: "borealis")
        func suspend(_ partner: String, _ keys: [PublicKey] = []) {
            market.put(
                Directory.partners, partner,
                Partner(id: partner, name: partner, roles: .all, keys: keys, isSuspended: true),
                of: WellKnown.governance)
        }
        suspend("borealis")
        await #expect(throws: LakeRefusal.self) {
            try await serving.answer(.part(manifest.digest), from: "borealis")
        }
        #expect(try await serving.offer(manifest.digest).first?.refusal?.contains("suspended") == true)
        // A key that it registered for uploads does not outlive it, nor does one of its own.
        let key = Market.key("upload")
        market.put(
            Directory.signingKeys, Pair("aurora", key.publicKey), SigningKey(since: Timestamp(0)),
            of: WellKnown.identity)
        let upload = owner.upload(Tables.csv(hours: 4), owner.description(), key: key)
        _ = try owner.service.accept(upload)
        // With the keys that the council replaced go the signing keys of until then, but not what is the partner's own now.
        market.put(Directory.keysReplaced, "aurora", Timestamp(1), of: WellKnown.governance)
        #expect(throws: LakeRefusal.self) {
            try owner.service.accept(owner.upload(Tables.csv(hours: 6), owner.description(), key: key))
        }
        market.put(
            Directory.partners, "aurora",
            Partner(id: "aurora", name: "aurora", roles: .all, keys: [key.publicKey]), of: WellKnown.governance)
        _ = try owner.service.accept(owner.upload(Tables.csv(hours: 6), owner.description(), key: key))
        suspend("aurora", [ContractTestBench.key(of: "aurora").publicKey])
        for each in [key, ContractTestBench.key(of: "aurora")] {
            let more = owner.upload(Tables.csv(hours: 5), owner.description(), key: each)
            #expect(throws: LakeRefusal.self) { try owner.service.accept(more) }
        }
    }

    @Test func messagesOfParts() throws {
        for message: LakeMessage in [
            .part(.zero), .chunks(.zero, first: 7, count: 12), .offer(.zero, keepUntil: Timestamp(5)),
            .offer(.zero, keepUntil: nil), .manifest([1, 2]), .chunkBytes([3]),
        ] {
            #expect(try LakeFrame(bcs: LakeFrame(number: 3, message: message).bcs).message == message)
        }
    }
}
