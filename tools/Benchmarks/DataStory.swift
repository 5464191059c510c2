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

    /// Downloads all of it; checks everything as a reader does when `verifying`.
    func download(_ path: String, _ request: ReadRequest, verifying: Bool, _ client: NodeClient) async throws {
        var verifier = SliceVerifier(request, trust: node.trust, now: node.market.time)
        var count = 0
        try await client.download(path) { bytes in
            if verifying {
                try verifier.append(bytes) { _, chunk in count += chunk.count }
            } else {
                count += bytes.count
            }
        }
        if verifying { try verifier.finish() }
        guard count > csv.count / 2 else { throw BenchError("only \(count) bytes came") }
    }

    // MARK: catalogue

    static func described(_ name: String, text: Digest) -> Event {
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
    static func blocks(of events: [Event], each: Int) -> [ExecutedBlock] {
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
