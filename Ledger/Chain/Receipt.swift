internal import LedgerCrypto
package import Primitives

/// A deterministic refusal by a contract or the host: the same on every node, and stored in the receipt.
package struct Rejection: Error, Hashable, Sendable, BCSCodable, CustomStringConvertible {
    package static let textBytesMax = 512

    /// Numbers below 100 belong to the host, from 100 on to contracts (unique within a contract).
    package let code: UInt16
    /// What happened and what to do, in one sentence, for a person.
    package let text: String

    package init(_ code: UInt16, _ text: String) {
        self.code = code
        // Cut at a character, so that the text stays valid UTF-8 of at most 512 bytes.
        var kept = text
        while kept.utf8.count > Rejection.textBytesMax { kept.removeLast() }
        self.text = kept
    }

    package var description: String { "rejection \(code): \(text)" }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(code)
        encoder.string(text)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        code = try decoder.u16()
        text = try decoder.string(max: Rejection.textBytesMax)
    }
}

/// What a contract tells the world: instance, the event's number in its interface, BCS payload.
package struct Event: Hashable, Sendable, BCSCodable {
    package static let payloadBytesMax = 4096

    package let instance: Address
    package let kind: UInt16
    package let payload: [UInt8]

    package init(instance: Address, kind: UInt16, payload: [UInt8]) {
        self.instance = instance
        self.kind = kind
        self.payload = payload
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(instance)
        encoder.u16(kind)
        encoder.blob(payload)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        instance = try Address(from: &decoder)
        kind = try decoder.u16()
        payload = try decoder.blob(max: Event.payloadBytesMax)
    }
}

/// Outcome of one transaction or scheduled call. A rejected one left no other trace.
package struct Receipt: Hashable, Sendable, BCSCodable {
    package static let eventsMax = 256
    package static let outputBytesMax = 4096

    /// Digest of the transaction, or of the scheduled call's record.
    package let subject: Digest
    /// Nil when it succeeded.
    package let rejection: Rejection?
    package let events: [Event]
    /// BCS results of the calls, in order, e.g. the address of a created instance. Empty when rejected.
    package let outputs: [[UInt8]]
    package let workUsed: UInt64

    package init(
        subject: Digest, rejection: Rejection?, events: [Event] = [], outputs: [[UInt8]] = [], workUsed: UInt64
    ) {
        self.subject = subject
        self.rejection = rejection
        self.events = events
        self.outputs = outputs
        self.workUsed = workUsed
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(subject)
        encoder.option(rejection)
        encoder.vector(events)
        encoder.vector(outputs) { $0.blob($1) }
        encoder.u64(workUsed)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        subject = try decoder.digest()
        rejection = try decoder.option()
        events = try decoder.vector(max: Receipt.eventsMax)
        outputs = try decoder.vector(max: TransactionBody.callsMax) { (decoder: inout BCSDecoder) throws(BCSError) in
            try decoder.blob(max: Receipt.outputBytesMax)
        }
        workUsed = try decoder.u64()
    }

    /// Merkle root over the receipts of a block, in order.
    package static func root(_ receipts: [Receipt]) -> Digest { encodeAll(receipts).root }

    /// The receipts of a block as a BCS vector, and their Merkle root: each is encoded once for both.
    package static func encodeAll(_ receipts: [Receipt]) -> (bytes: [UInt8], root: Digest) {
        var encoder = BCSEncoder(reserving: 16 + receipts.count * 256)
        encoder.length(receipts.count)
        var leaves: [Digest] = []
        leaves.reserveCapacity(receipts.count)
        for receipt in receipts {
            let start = encoder.bytes.count
            receipt.encode(to: &encoder)
            leaves.append(MerkleTree.leaf(encoder.bytes[start...]))
        }
        return (encoder.bytes, MerkleTree.root(leaves))
    }
}
