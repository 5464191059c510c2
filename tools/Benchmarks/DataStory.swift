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

    /// Each is another one: a node answers one signed request a few times only.
    func requests(_ form: ReadRequest.Form) -> [ReadRequest] {
        (0..<DataServerFacts.requests).map { number in
            node.request(
                dataSet, agreement, part, form: form, time: node.now.adding(milliseconds: UInt64(number)))
        }
    }
}

/// A catalogue of made-up data sets with texts to search.
struct Catalogue {
    /// Words by how often they occur: the second half as often as the first, the third a third as often, and so on.
    private struct Vocabulary {
        static let count = 5_000
        private let sums: [Double]
        private var generator = SystemRandomNumberGenerator()

        init() {
            var sum = 0.0
            sums = (1...Vocabulary.count).map { rank in
                sum += 1 / Double(rank)
                return sum
            }
        }

        mutating func word() -> String {
            let wanted = Double.random(in: 0..<(sums.last ?? 1), using: &generator)
            var (low, high) = (0, sums.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if sums[middle] > wanted { high = middle } else { low = middle + 1 }
            }
            return Vocabulary.spelling(low)
        }

        /// Pronounceable, and different for each rank.
        private static func spelling(_ rank: Int) -> String {
            let (starts, vowels) = (Array("bdfghklmnprstvz"), Array("aeiou"))
            var (rest, text) = (rank + starts.count * vowels.count, "")
            while rest > 0 {
                text += "\(starts[rest % starts.count])\(vowels[rest / starts.count % vowels.count])"
                rest /= starts.count * vowels.count
            }
            return text
        }
    }

    let models: ReadModelStore
    /// Data sets that were read into the models a second, their texts too.
    let entriesPerSecond: Double

    init(entries: Int, folder: URL) throws {
        var words = Vocabulary()
        var documents: [Digest: [UInt8]] = [:]
        var events: [Event] = []
        for number in 0..<entries {
            let title = (0..<5).map { _ in words.word() }.joined(separator: " ") + " \(number)"
            let text = (0..<30).map { _ in words.word() }.joined(separator: " ")
            let document = Array(
                #"{"title":"\#(title)","description":"\#(text)","keywords":["\#(words.word())"]}"#.utf8)
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

    /// One word, two, the beginning of one, or one that a single data set has, in turn; words as often as in the texts.
    static func searches(_ count: Int, of entries: Int) -> [String] {
        var words = Vocabulary()
        return (0..<count).map { index in
            switch index % 4 {
            case 0: words.word()
            case 1: "\(words.word()) \(words.word())"
            case 2: "\(words.word()) \(words.word().prefix(3))"
            default: "\(Int.random(in: 0..<entries))"
            }
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
