import Agreements
import Anchors
import Chain
import ContractKit
import DataLake
import DataSets
import DataWorkload
import LedgerCrypto
import LightClient
import Primitives
import Testing

/// The list of a data set's parts, proved whole page by page.
@Suite("Whole lists of parts")
struct PartListTests {
    private let market: Market
    private let node: DataNode
    private let dataSet: Digest

    init() throws {
        market = try Market()
        node = try DataNode(market)
        try market.account("provider", .dataProvider)
        try node.register()
        dataSet = try market.describe(DataNode.dataSet)
        try node.follow()
    }

    private static func part(_ number: Int) -> Digest { SHA256.hash(Array("part \(number)".utf8)) }

    private func anchor(_ numbers: Range<Int>) throws {
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 64) {
            let batches = (start..<min(start + 64, numbers.upperBound)).map {
                NewBatch(
                    digest: Self.part($0), root: Self.part(-$0 - 1), count: 2, from: Timestamp(1), to: Timestamp(2))
            }
            try market.must(
                Anchors.append, on: WellKnown.anchors, AppendBatches(dataSet: DataNode.dataSet, batches: batches))
        }
    }

    private func page(
        from first: Int = 0, leavingOut hidden: (Int, [UInt8]) -> Bool = { _, _ in false }
    ) throws -> VerifiedProofBundle {
        let bundle = try ProofBundle(bcs: try node.service.partList(of: dataSet, from: UInt64(first)))
        let entries = bundle.entries.enumerated().filter { !hidden($0.offset, $0.element.key) }.map(\.element)
        let shown = ProofBundle(
            entries: entries, header: bundle.header, descendants: bundle.descendants,
            finalization: bundle.finalization, epochEnds: bundle.epochEnds)
        return try shown.verify(from: node.trust, now: market.time, ageMillisecondsMax: 60_000)
    }

    @Test func pagesMakeTheWholeList() throws {
        try anchor(0..<260)
        var list = PartList(of: dataSet)
        try list.take(try page())
        #expect(list.parts.count == Int(PartList.pageMax) && list.count == 260 && !list.isWhole)
        let height = try #require(list.header?.height)
        // Anchored between the pages: not of the list, which is as of its first page.
        try anchor(260..<263)
        try list.take(try page(from: list.parts.count))
        #expect(list.isWhole && list.parts == (0..<260).map(Self.part) && list.header?.height == height)
        #expect(list.fault(in: list.parts.reversed()) == nil)
        var without = list.parts
        without.remove(at: 17)
        #expect(list.fault(in: without) == .hidden(number: 17, part: Self.part(17)))
        #expect(list.fault(in: list.parts + [Self.part(999)]) == .foreign(Self.part(999)))
    }

    @Test func aHiddenPartIsFoundOut() throws {
        try anchor(0..<5)
        for number in 0..<5 {
            var list = PartList(of: dataSet)
            let fault = #expect(throws: PartListFault.self) {
                try list.take(try page { place, _ in place == number + 2 })
            }
            #expect(fault == .hidden(number: UInt64(number), part: nil), "\(number)")
        }
        // Nor can the description or the count be left out, which say where to look and how far.
        for place in 0..<2 {
            var list = PartList(of: dataSet)
            let fault = #expect(throws: PartListFault.self) { try list.take(try page { at, _ in at == place }) }
            guard case .silent? = fault else {
                Issue.record("\(place): \(String(describing: fault))")
                continue
            }
        }
        // A page that does not go on where the list stands hides what is between.
        var list = PartList(of: dataSet)
        let skipped = #expect(throws: PartListFault.self) { try list.take(try page(from: 2)) }
        #expect(skipped == .hidden(number: 0, part: nil))
    }

    @Test func whatIsNotThereIsSaid() throws {
        #expect(throws: LakeRefusal.self) { try node.service.partList(of: SHA256.hash([1]), from: 0) }
        var empty = PartList(of: dataSet)
        try empty.take(try page())
        #expect(empty.isWhole && empty.parts.isEmpty && empty.count == 0)
        // An older list holds only for as long as its proof is young enough.
        let old = try ProofBundle(bcs: try node.service.partList(of: dataSet, from: 0))
        try anchor(0..<1)
        try market.pass(milliseconds: 61_000)
        #expect(throws: (any Error).self) {
            try old.verify(from: node.trust, now: market.time, ageMillisecondsMax: 60_000)
        }
        #expect(try node.service.partList(of: dataSet, from: 5).isEmpty == false)
    }
}
