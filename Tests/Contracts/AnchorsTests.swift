import Anchors
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@Suite struct AnchorsTests {
    static func bench() throws -> ContractTestBench {
        try ContractTestBench(
            contracts: [ContractDefinition(Anchors.self, sources: .zero)],
            partners: ["aurora": .validator, "metrics": .dataProvider, "readers": .dataProvider],
            instances: [GenesisInstance(WellKnown.anchors, Anchors.name)])
    }

    static func batch(_ number: UInt64, supersedes: UInt64? = nil, count: UInt32 = 5) -> NewBatch {
        NewBatch(
            digest: digest(number), root: SHA256.hash(digest(number).bytes), count: count,
            from: Timestamp(number * 1_000), to: Timestamp(number * 1_000 + 900), supersedes: supersedes.map(digest))
    }

    static func digest(_ number: UInt64) -> Digest { SHA256.hash(number.keyBytes) }

    static func send<Arguments, Output>(
        _ bench: inout ContractTestBench, _ method: Method<Arguments, Output>, _ arguments: Arguments,
        as partner: String = "metrics"
    ) -> UInt16? {
        rejectionCode { try bench.send(method, to: WellKnown.anchors, arguments, as: partner) }
    }

    static func append(_ set: String, _ batches: NewBatch...) -> AppendBatches {
        AppendBatches(dataSet: set, batches: batches)
    }

    @Test func everyRejectionIsProvoked() throws {
        var bench = try Self.bench()
        let readings = RegisterDataSet(name: "readings", schema: "commonwatt/readings/1")
        let quality = RegisterDataSet(name: "quality", schema: "commonwatt/quality/1")
        let bad = RegisterDataSet(name: "Mrs Smith", schema: "x")
        var seen: Set<UInt16> = []
        func expect(_ kind: RejectionKind, _ code: UInt16?) {
            #expect(code == kind.code, "\(kind.name)")
            if let code { seen.insert(code) }
        }
        expect(Anchors.malformedName, Self.send(&bench, Anchors.register, bad))
        for name in ["", ".", "..", "../x", ".a/b", "a/.b", "a//b", "/a", "a/"] {
            #expect(Self.send(&bench, Anchors.register, RegisterDataSet(name: name, schema: "x")) == 100, "\(name)")
            #expect(Self.send(&bench, Anchors.register, RegisterDataSet(name: "x", schema: name)) == 100, "\(name)")
        }
        for name in ["a", "a.b", "a..b", "a-b/c.1/0", "-", "0", String(repeating: "a", count: 64)] {
            let set = RegisterDataSet(name: name, schema: name)
            #expect(Self.send(&bench, Anchors.register, set, as: "readers") == nil, "\(name)")
        }
        #expect(Self.send(&bench, Anchors.register, readings) == nil)
        #expect(Self.send(&bench, Anchors.register, quality) == nil)
        #expect(Self.send(&bench, Anchors.register, readings, as: "readers") == nil)
        #expect(Self.send(&bench, Anchors.register, readings, as: "aurora") == HostRejection.notAuthorised.code)
        expect(Anchors.dataSetExists, Self.send(&bench, Anchors.register, readings))
        expect(Anchors.dataSetUnknown, Self.send(&bench, Anchors.append, Self.append("none", Self.batch(1))))
        expect(Anchors.noBatches, Self.send(&bench, Anchors.append, Self.append("readings")))
        expect(
            Anchors.emptyBatch, Self.send(&bench, Anchors.append, Self.append("readings", Self.batch(1, count: 0))))
        #expect(Self.send(&bench, Anchors.append, Self.append("readings", Self.batch(1), Self.batch(2))) == nil)
        expect(Anchors.alreadyAnchored, Self.send(&bench, Anchors.append, Self.append("readings", Self.batch(2))))
        expect(
            Anchors.alreadyAnchored,
            Self.send(&bench, Anchors.append, Self.append("readings", Self.batch(3), Self.batch(3))))
        expect(
            Anchors.batchUnknown,
            Self.send(&bench, Anchors.append, Self.append("readings", Self.batch(3, supersedes: 99))))
        expect(
            Anchors.notOwner,
            Self.send(&bench, Anchors.append, Self.append("readings", Self.batch(3, supersedes: 1)), as: "readers"))
        expect(
            Anchors.otherDataSet,
            Self.send(&bench, Anchors.append, Self.append("quality", Self.batch(3, supersedes: 1))))
        #expect(Self.send(&bench, Anchors.append, Self.append("readings", Self.batch(3, supersedes: 1))) == nil)
        expect(
            Anchors.alreadySuperseded,
            Self.send(&bench, Anchors.append, Self.append("readings", Self.batch(4, supersedes: 1))))
        let delete = DeleteBatch(batch: Self.digest(2), reason: 1)
        expect(Anchors.notOwner, Self.send(&bench, Anchors.tombstone, delete, as: "readers"))
        #expect(Self.send(&bench, Anchors.tombstone, delete) == nil)
        expect(Anchors.alreadyDeleted, Self.send(&bench, Anchors.tombstone, delete))
        #expect(seen == Set(Anchors.rejections.map(\.code)))
        let status = try bench.ask(Anchors.batchQuery, of: WellKnown.anchors, Self.digest(1))
        #expect(status.correction == Self.digest(3) && status.tombstone == nil)
        let context = bench.reading(WellKnown.anchors)
        #expect(try context.isDeleted(Self.digest(2)))
        #expect(try context.batch(Self.digest(2))?.owner == "metrics")
    }

    /// Random appends and deletions: no anchor ever changes, numbers have no gaps, corrections form chains.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func historyNeverChanges(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var bench = try Self.bench()
        let set = RegisterDataSet(name: "readings", schema: "s")
        #expect(Self.send(&bench, Anchors.register, set) == nil)
        #expect(Self.send(&bench, Anchors.register, set, as: "readers") == nil)
        var history: [Digest: BatchAnchor] = [:]
        var sequences: [String: [Digest]] = ["metrics": [], "readers": []]
        for _ in 0..<120 {
            let owner = generator.next() % 2 == 0 ? "metrics" : "readers"
            if generator.next() % 5 == 0 {
                let delete = DeleteBatch(batch: Self.digest(generator.next() % 60), reason: 2)
                _ = Self.send(&bench, Anchors.tombstone, delete, as: owner)
            } else {
                let corrected = generator.next() % 3 == 0 ? generator.next() % 60 : nil
                let batches = (0...generator.next() % 3).map { _ in
                    Self.batch(generator.next() % 60, supersedes: corrected)
                }
                let append = AppendBatches(dataSet: "readings", batches: batches)
                if Self.send(&bench, Anchors.append, append, as: owner) == nil {
                    for batch in batches {
                        #expect(history[batch.digest] == nil)
                        let anchor = try bench.reading(WellKnown.anchors).batch(batch.digest)
                        #expect(anchor != nil)
                        history[batch.digest] = anchor
                        sequences[owner]?.append(batch.digest)
                    }
                }
            }
            let context = bench.reading(WellKnown.anchors)
            for (digest, anchor) in history { #expect(try context.batch(digest) == anchor) }
            for (owner, sequence) in sequences {
                let page = BatchPage(owner: owner, dataSet: "readings", from: 0)
                let listed = try bench.ask(Anchors.batchesQuery, of: WellKnown.anchors, page)
                #expect(listed.batches.map(\.digest) == Array(sequence.prefix(64)))
            }
            let corrected = history.values.compactMap(\.supersedes)
            #expect(Set(corrected).count == corrected.count)
        }
    }
}

@Suite struct RegistryTests {
    @Test func aPutChangesTwoKeysAndKeepsEveryRevision() throws {
        var bench = try ContractTestBench(
            contracts: [ContractDefinition(Registry.self, sources: .zero)],
            partners: ["aurora": .validator, "village": .participant],
            instances: [GenesisInstance(WellKnown.registry, Registry.name)])
        func put(_ value: [UInt8], _ replaces: UInt64?, as partner: String = "village") -> UInt16? {
            rejectionCode {
                try bench.send(
                    Registry.put, to: WellKnown.registry,
                    RegistryPut(name: "terms", value: value, replaces: replaces), as: partner)
            }
        }
        #expect(put([1], 0) == nil)
        // Beside the two, the host writes the partner's quota.
        #expect(bench.lastChanges.count == 3)
        #expect(put([2], 0) == Registry.otherRevision.code)
        #expect(put([2], 1) == nil)
        #expect(put([3], nil) == nil)
        #expect(put([], nil) == Registry.emptyName.code)
        #expect(put([9], 0, as: "aurora") == nil)
        let name = RegistryName(owner: "village", name: "terms")
        let entry = try bench.ask(Registry.get, of: WellKnown.registry, name)
        #expect(entry.value == [3] && entry.revision == 3)
        let unknown = RegistryName(owner: "village", name: "nothing")
        #expect(
            rejectionCode { _ = try bench.ask(Registry.get, of: WellKnown.registry, unknown) }
                == Registry.nameUnknown.code)
        let context = bench.reading(WellKnown.registry)
        for (revision, value) in [[1], [2], [3]].enumerated() as EnumeratedSequence<[[UInt8]]> {
            let stored = try Registry.revisions.get(
                Pair("village", Pair("terms", UInt64(revision) + 1)), in: context)
            #expect(stored == SHA256.hash(value))
        }
        #expect(Set([100, 101, 102]) == Set(Registry.rejections.map(\.code)))
    }
}
