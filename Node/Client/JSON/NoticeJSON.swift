internal import Chain
internal import Primitives

extension JSONCoder where Value == BlockNotice {
    package static let blockNotice = JSONCoder.object(
        "BlockNotice", "A block became final.",
        field("header", { $0.header }, .header),
        field("transactions", { $0.transactions }, .small, "Transactions in the block.")
    ) { BlockNotice(header: $0, transactions: $1) }
}

extension JSONCoder where Value == ReceiptNotice {
    package static let receiptNotice = JSONCoder.object(
        "ReceiptNotice", "A transaction or scheduled call has its outcome.",
        field("height", { $0.height }, .counter),
        field("block", { $0.block }, .digest),
        field("receipt", { $0.receipt }, .receipt)
    ) { ReceiptNotice(height: $0, block: $1, receipt: $2) }
}

extension JSONCoder where Value == EventNotice {
    package static let eventNotice = JSONCoder.object(
        "EventNotice", "A contract's event is final.",
        field("height", { $0.height }, .counter),
        field("block", { $0.block }, .digest),
        field("subject", { $0.subject }, .digest, "The transaction or scheduled call that emitted it."),
        field("event", { $0.event }, .event)
    ) { EventNotice(height: $0, block: $1, subject: $2, event: $3) }
}

extension JSONCoder where Value == StreamEnd {
    package static let streamEnd = JSONCoder.object(
        "StreamEnd", "Why the node ended the stream.",
        field("reason", { $0.reason }, .word(["slow", "stopping", "pruned", "failed"])),
        field("detail", { $0.detail }, .text(max: 2_048)),
        field("resumeAfter", { $0.resumeAfter }, .text(max: 64), "Last-Event-ID to go on with.")
    ) { StreamEnd(reason: $0, detail: $1, resumeAfter: $2) }
}

extension ChainNotice {
    /// The JSON that the stream carries as `data`.
    package var json: JSONValue {
        switch self {
        case .block(let notice): JSONCoder<BlockNotice>.blockNotice.encode(notice)
        case .receipt(let notice): JSONCoder<ReceiptNotice>.receiptNotice.encode(notice)
        case .event(let notice): JSONCoder<EventNotice>.eventNotice.encode(notice)
        }
    }

    package init(kind: Kind, parsing data: some Sequence<UInt8>) throws(JSONFailure) {
        switch kind {
        case .block: self = .block(try JSONCoder<BlockNotice>.blockNotice.value(parsing: data))
        case .receipt: self = .receipt(try JSONCoder<ReceiptNotice>.receiptNotice.value(parsing: data))
        case .event: self = .event(try JSONCoder<EventNotice>.eventNotice.value(parsing: data))
        }
    }
}
