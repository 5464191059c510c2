internal import Agreements
internal import Chain
internal import ContractKit
internal import DataLake
internal import DataSets
internal import DataWorkload
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import Primitives
internal import ReadModels

/// A data set under contract on a node in memory.
struct DataStory {
    let node: DataNode
    let csv: [UInt8]
    private let dataSet: Digest
    private let agreement: UInt64
    private let part: Digest

    init(csv: [UInt8]) throws {
        self.csv = csv
        let market = try Market()
        node = try DataNode(market)
        try market.account("provider", .dataProvider)
        try market.account("user", .dataUser)
        try node.register()
        dataSet = try market.describe(DataNode.dataSet)
        try node.follow()
        let manifest = try node.service.accept(node.upload(csv, node.description()))
        try node.anchor(manifest)
        part = manifest.digest
        agreement = try market.agree(dataSet)
        try market.pass(milliseconds: 1_000)
    }

    func request(_ form: ReadRequest.Form) -> ReadRequest { node.request(dataSet, agreement, part, form: form) }
}

/// A catalogue of made-up data sets with texts to search.
struct Catalogue {
    static let words = [
        "load", "solar", "wind", "battery", "heat", "pump", "charging", "station", "feeder", "transformer", "village",
        "quarter", "school", "hospital", "hourly", "yearly", "forecast", "price", "weather", "river", "alpine", "coast",
    ]

    let models: ReadModelStore
    /// Data sets that were read into the models a second, their texts too.
    let entriesPerSecond: Double

    init(entries: Int, folder: URL) throws {
        var generator = SystemRandomNumberGenerator()
        func word() -> String { Catalogue.words[Int(generator.next() % UInt64(Catalogue.words.count))] }
        var documents: [Digest: [UInt8]] = [:]
        var events: [Event] = []
        for number in 0..<entries {
            let title = (0..<5).map { _ in word() }.joined(separator: " ") + " \(number)"
            let text = (0..<30).map { _ in word() }.joined(separator: " ")
            let document = Array(#"{"title":"\#(title)","description":"\#(text)","keywords":["\#(word())"]}"#.utf8)
            documents[SHA256.hash(document)] = document
            events.append(Catalogue.described("set-\(number)", text: SHA256.hash(document)))
        }
        let known = documents
        models = try ReadModelStore(path: folder.appending(path: "models.sqlite").path, network: .zero) { known[$0] }
        let blocks = Catalogue.blocks(of: events, each: 200)
        let started = Stopwatch.now()
        for start in stride(from: 0, to: blocks.count, by: 256) {
            try models.apply(Array(blocks[start..<min(start + 256, blocks.count)]))
        }
        entriesPerSecond = Double(entries) / (Stopwatch.now() - started)
    }

    /// One word, two, the beginning of one, or one that few data sets have, in turn.
    static func search(_ index: Int, of entries: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        func word() -> String { words[Int(generator.next() % UInt64(words.count))] }
        switch index % 4 {
        case 0: return word()
        case 1: return "\(word()) \(word())"
        case 2: return "\(word()) \(word().prefix(3))"
        default: return "\(generator.next() % UInt64(entries))"
        }
    }

    private static func described(_ name: String, text: Digest) -> Event {
        let description = DataDescription(
            origin: .measured, type: .timeSeries, sharingClass: .saleOnly, privacy: .anonymised, velocity: .hourly,
            volume: 1, authority: .ownership, purposes: [.research], text: text)
        let dataSet = SharedDataSet(
            provider: SHA256.hash([1]), name: name, location: DataLocation(partner: "aurora", anchor: name),
            description: description, changed: Timestamp(1))
        return Event(
            instance: WellKnown.agreements, kind: Agreements.dataSetChanged.number, payload: dataSet.bcs)
    }

    /// Blocks that follow each other, with `each` events in one receipt.
    private static func blocks(of events: [Event], each: Int) -> [ExecutedBlock] {
        var blocks: [ExecutedBlock] = []
        for start in stride(from: 0, to: events.count, by: each) {
            let receipt = Receipt(
                subject: .zero, rejection: nil, events: Array(events[start..<min(start + each, events.count)]),
                workUsed: 0)
            let header = BlockHeader(
                network: .zero, height: Height(UInt64(blocks.count + 1)), view: View(1), epoch: Epoch(0),
                parent: blocks.last?.header.digest ?? .zero, parentView: View(0), time: Timestamp(1), proposer: 0,
                transactionsRoot: Block.transactionsRoot([]), stateRoot: .zero, receiptsRoot: Receipt.root([receipt]),
                validatorSet: .zero, nextValidatorSet: .zero)
            guard let block = Block(header: header, transactions: []) else { continue }
            blocks.append(ExecutedBlock(block: block, receipts: [receipt]))
        }
        return blocks
    }
}
