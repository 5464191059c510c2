internal import Chain
internal import NodeClient
internal import Primitives

/// The newest blocks as all event streams read them: one read of the store per block, not one per stream. Keeps the
/// newest `blocksMax` blocks at most; a stream that is further behind reads the store itself. It has no subscribers and
/// queues nothing: how many streams there are is for `APIConfiguration.eventStreamsMax`, how far one may fall behind for
/// `eventLagBlocksMax`.
actor EventFeed {
    static let blocksMax = 32

    private let service: any NodeService
    private var kept: [Height: ExecutedBlock] = [:]
    private var newest = Height(0)

    init(_ service: any NodeService) { self.service = service }

    /// Nil when the node has no such block. `wasRead` says that it came from the store.
    func block(_ height: Height) async throws -> (block: ExecutedBlock, wasRead: Bool)? {
        if let block = kept[height] { return (block, false) }
        guard let block = try await service.block(.height(height)) else { return nil }
        // Old blocks, which a resuming reader asks for, would only push out the ones that everybody wants.
        if height > newest || newest.distance(above: height) < UInt64(EventFeed.blocksMax) {
            newest = max(newest, height)
            kept[height] = block
            kept = kept.filter { newest.distance(above: $0.key) < UInt64(EventFeed.blocksMax) }
        }
        return (block, true)
    }
}

/// What looking through blocks costs a reader, in tokens of the rate limiter: as much whatever its filter leaves of them.
enum StreamPrice {
    /// A block from the store is what any other request for a block is, and larger ones are decoded for longer.
    static let ofRead = 1.0
    static let entriesReadPerToken = 16.0
    /// A block that the feed has is only walked through.
    static let ofKept = 1.0 / 32
    static let entriesKeptPerToken = 1_024.0
    /// A stream's turn ends at either: then it pays, and the node looks whether the reader is still there.
    static let tokensPerTurn = 32.0
    static let blocksPerTurn = 256

    static func tokens(_ block: ExecutedBlock, wasRead: Bool) -> Double {
        let entries = block.receipts.reduce(0) { $0 + $1.events.count + 1 }
        return wasRead ? ofRead + Double(entries) / entriesReadPerToken : ofKept + Double(entries) / entriesKeptPerToken
    }
}

/// What a reader wants to see.
struct StreamFilter: Sendable {
    let kinds: Set<String>
    /// Events of this instance only; blocks and receipts are not affected, by this and the following.
    let instance: Address?
    /// Numbers of events, as the contracts declare them; nil for all.
    var events: Set<UInt16>?
    /// Only events whose record names this account, data set or other digest.
    var named: Digest?

    private func wants(_ event: Event) -> Bool {
        kinds.contains("event") && instance.map { event.instance == $0 } ?? true
            && events.map { $0.contains(event.kind) } ?? true && named.map { event.names($0) } ?? true
    }

    /// Entries of a block that the reader wants, with their position, after those that it has seen.
    func entries(of final: ExecutedBlock, skipping seen: UInt32) -> [(position: StreamPosition, notice: ChainNotice)] {
        var found: [(position: StreamPosition, notice: ChainNotice)] = []
        var index: UInt32 = 0
        let (height, digest) = (final.header.height, final.header.digest)
        func add(_ notice: @autoclosure () -> ChainNotice, _ isWanted: Bool) {
            index += 1
            if index > seen, isWanted { found.append((StreamPosition(height: height, entries: index), notice())) }
        }
        let wantsReceipts = kinds.contains("receipt")
        for receipt in final.receipts {
            for event in receipt.events {
                add(
                    .event(EventNotice(height: height, block: digest, subject: receipt.subject, event: event)),
                    wants(event))
            }
            add(.receipt(ReceiptNotice(height: height, block: digest, receipt: receipt)), wantsReceipts)
        }
        if kinds.contains("block") {
            let count = UInt32(clamping: final.block.transactions.count)
            let notice = BlockNotice(header: final.header, transactions: count)
            found.append((StreamPosition(height: height), .block(notice)))
        }
        return found
    }
}
