package import Chain
package import Primitives

/// Where a reader of the event stream stands: the last entry that it has seen. Text form, and `id` of the stream's
/// entries: `<height>` for a whole block, `<height>-<n>` for the first n entries of a block.
package struct StreamPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let height: Height
    /// Entries of that block that were seen; nil for all of them.
    package let entries: UInt32?

    package init(height: Height, entries: UInt32? = nil) {
        self.height = height
        self.entries = entries
    }

    package init?(_ text: String) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        func number(_ digits: String) -> UInt64? {
            digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(digits) : nil
        }
        guard let height = parts.first.flatMap(number) else { return nil }
        var entries: UInt32?
        if parts.count > 1 {
            guard let count = number(parts[1]).flatMap(UInt32.init(exactly:)) else { return nil }
            entries = count
        }
        self.init(height: Height(height), entries: entries)
    }

    package var description: String { entries.map { "\(height)-\($0)" } ?? "\(height)" }

    package static func < (left: StreamPosition, right: StreamPosition) -> Bool {
        (left.height, left.entries ?? .max) < (right.height, right.entries ?? .max)
    }
}

/// One entry of the event stream.
package enum ChainNotice: Hashable, Sendable {
    /// A block became final; comes after its receipts and events.
    case block(BlockNotice)
    case receipt(ReceiptNotice)
    case event(EventNotice)

    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case block
        case receipt
        case event
    }

    package var kind: Kind {
        switch self {
        case .block: .block
        case .receipt: .receipt
        case .event: .event
        }
    }
}

package struct BlockNotice: Hashable, Sendable {
    package let header: BlockHeader
    /// Transactions in the block.
    package let transactions: UInt32

    package init(header: BlockHeader, transactions: UInt32) {
        self.header = header
        self.transactions = transactions
    }
}

package struct ReceiptNotice: Hashable, Sendable {
    package let height: Height
    package let block: Digest
    package let receipt: Receipt

    package init(height: Height, block: Digest, receipt: Receipt) {
        self.height = height
        self.block = block
        self.receipt = receipt
    }
}

package struct EventNotice: Hashable, Sendable {
    package let height: Height
    package let block: Digest
    /// The transaction or scheduled call that emitted it.
    package let subject: Digest
    package let event: Event

    package init(height: Height, block: Digest, subject: Digest, event: Event) {
        self.height = height
        self.block = block
        self.subject = subject
        self.event = event
    }
}

/// Why a node ended a stream on purpose; the reader may go on from `resumeAfter`.
package struct StreamEnd: Hashable, Sendable {
    /// `slow`, `stopping`, `pruned` or `failed`.
    package let reason: String
    package let detail: String
    package let resumeAfter: String

    package init(reason: String, detail: String, resumeAfter: String) {
        self.reason = reason
        self.detail = detail
        self.resumeAfter = resumeAfter
    }
}
