internal import LedgerCrypto
package import Primitives

/// One entry of the journal: opaque bytes under a number that rises by one.
package struct JournalEntry: Hashable, Sendable {
    /// Bodies of whole blocks are the largest.
    package static let payloadBytesMax = 32 * 1024 * 1024

    package let sequence: UInt64
    package let payload: [UInt8]

    package init(sequence: UInt64, payload: [UInt8]) {
        self.sequence = sequence
        self.payload = payload
    }
}

/// To whom a journal belongs; another node's journal is refused.
package struct JournalOwner: Hashable, Sendable {
    package let network: Digest
    /// SHA-256 of the BCS bytes of the validator's consensus key; of the transport key for a node without one.
    package let node: Digest

    package init(network: Digest, node: Digest) {
        self.network = network
        self.node = node
    }

    var binding: Digest { SHA256.hash(network.bytes + node.bytes) }
}

// Byte layouts of docs/formats/journal.md. All numbers little-endian; a check is the first 8 bytes of a SHA-256.

func check(_ bytes: some Collection<UInt8>) -> UInt64 { SHA256.hash(Array(bytes)).words.0.littleEndian }

/// First block of a segment file.
struct SegmentHeader: Hashable {
    static let magic = Array("CWJRNL01".utf8)
    static let byteCount = 80
    /// Records begin here, so that no record write touches the disk block of the header.
    static let recordsOffset = 4096

    let index: UInt64
    /// Random; records carry it, so that what an earlier use of the file left never passes as a record.
    let nonce: UInt64
    /// Last record of the segments before; 0 when there was none.
    let previousSequence: UInt64
    let firstGroup: UInt64
    let binding: Digest

    var bytes: [UInt8] {
        var encoder = BCSEncoder()
        encoder.fixed(SegmentHeader.magic)
        for number in [index, nonce, previousSequence, firstGroup] { encoder.u64(number) }
        encoder.fixed(binding)
        encoder.u64(check(encoder.bytes))
        return encoder.bytes
    }

    init(index: UInt64, nonce: UInt64, previousSequence: UInt64, firstGroup: UInt64, binding: Digest) {
        self.index = index
        self.nonce = nonce
        self.previousSequence = previousSequence
        self.firstGroup = firstGroup
        self.binding = binding
    }

    /// Nil when the bytes are no header.
    init?(_ file: [UInt8]) {
        var decoder = BCSDecoder(Array(file.prefix(SegmentHeader.byteCount)))
        guard let magic = try? decoder.fixed(8), magic == SegmentHeader.magic, let index = try? decoder.u64(),
            let nonce = try? decoder.u64(), let previous = try? decoder.u64(), let group = try? decoder.u64(),
            let binding = try? decoder.digest(), let stored = try? decoder.u64()
        else { return nil }
        self.init(index: index, nonce: nonce, previousSequence: previous, firstGroup: group, binding: binding)
        guard check(bytes.dropLast(8)) == stored else { return nil }
    }
}

/// Head of a record; the payload follows, then zeros up to a multiple of 8.
struct RecordHeader: Hashable {
    static let byteCount = 40

    let nonce: UInt64
    let sequence: UInt64
    let length: UInt32
    /// Records of the same group that follow this one.
    let remaining: UInt32
    /// Number of the durable write that this record belongs to.
    let group: UInt64

    var fields: [UInt8] {
        var encoder = BCSEncoder(reserving: RecordHeader.byteCount)
        encoder.u64(nonce)
        encoder.u64(sequence)
        encoder.u32(length)
        encoder.u32(remaining)
        encoder.u64(group)
        return encoder.bytes
    }

    static func paddedByteCount(_ payload: Int) -> Int { byteCount + (payload + 7) / 8 * 8 }

    static func append(_ header: RecordHeader, _ payload: [UInt8], to out: inout [UInt8]) {
        let fields = header.fields
        out.append(contentsOf: fields)
        let sum = SHA256.hash(prefix: fields, payload).words.0
        withUnsafeBytes(of: sum) { out.append(contentsOf: $0) }
        out.append(contentsOf: payload)
        let padding = paddedByteCount(payload.count) - byteCount - payload.count
        for _ in 0..<padding { out.append(0) }
    }

    /// The record at `offset` when it is whole and its check fits, else nil.
    static func read(_ file: [UInt8], at offset: Int, nonce: UInt64) -> (header: RecordHeader, payload: [UInt8])? {
        guard offset >= 0, file.count - offset >= byteCount else { return nil }
        let found: (RecordHeader, UInt64) = file.withUnsafeBytes { raw in
            func number<Value: FixedWidthInteger>(_ at: Int, _ type: Value.Type) -> Value {
                Value(littleEndian: raw.loadUnaligned(fromByteOffset: offset + at, as: type))
            }
            let header = RecordHeader(
                nonce: number(0, UInt64.self), sequence: number(8, UInt64.self), length: number(16, UInt32.self),
                remaining: number(20, UInt32.self), group: number(24, UInt64.self))
            return (header, raw.loadUnaligned(fromByteOffset: offset + 32, as: UInt64.self))
        }
        let (header, stored) = found
        let length = Int(header.length)
        guard header.nonce == nonce, length <= JournalEntry.payloadBytesMax,
            length <= file.count - offset - byteCount
        else { return nil }
        let start = offset + byteCount
        let payload = Array(file[start..<start + length])
        guard SHA256.hash(prefix: header.fields, payload).words.0 == stored else { return nil }
        return (header, payload)
    }
}

/// The file that says whose journal this is and whether it can be trusted.
struct JournalMarker: Hashable {
    static let magic = Array("CWMARK02".utf8)
    /// Of format version 1, which counts no segments. Read, never written.
    static let magicBefore = Array("CWMARK01".utf8)
    static let fileIdentityBytesMax = 64

    enum State: UInt8 {
        /// Written by the genesis ceremony; this node has never voted.
        case fresh = 0
        /// At least one record was made durable.
        case established = 1
        /// The journal was lost, and what was voted is not yet known to lie behind.
        case lost = 2
    }

    var owner: JournalOwner
    var state: State
    /// Starts of the node so far.
    var boots: UInt64 = 0
    /// An established journal has all segments of these numbers; more may be there at both ends. 1 and 0: none.
    var firstSegment: UInt64 = 1
    var lastSegment: UInt64 = 0
    /// Inode and birth time of this very file: a copy has others.
    var fileIdentity: [UInt8] = []

    var bytes: [UInt8] {
        var encoder = BCSEncoder()
        encoder.fixed(JournalMarker.magic)
        encoder.fixed(owner.network)
        encoder.fixed(owner.node)
        encoder.u8(state.rawValue)
        encoder.u64(boots)
        encoder.u64(firstSegment)
        encoder.u64(lastSegment)
        encoder.blob(fileIdentity)
        encoder.u64(check(encoder.bytes))
        return encoder.bytes
    }

    init(owner: JournalOwner, state: State) {
        self.owner = owner
        self.state = state
    }

    /// Nil when the bytes are no marker.
    init?(_ file: [UInt8]) {
        var decoder = BCSDecoder(file)
        guard let magic = try? decoder.fixed(8), magic == JournalMarker.magic || magic == JournalMarker.magicBefore,
            let network = try? decoder.digest(),
            let node = try? decoder.digest(), let tag = try? decoder.u8(), let state = State(rawValue: tag),
            let boots = try? decoder.u64(),
            let first = magic == JournalMarker.magic ? (try? decoder.u64()) : 1,
            let last = magic == JournalMarker.magic ? (try? decoder.u64()) : 0,
            let identity = try? decoder.blob(max: JournalMarker.fileIdentityBytesMax),
            let stored = try? decoder.u64(), decoder.remaining == 0, check(file.dropLast(8)) == stored
        else { return nil }
        self.init(owner: JournalOwner(network: network, node: node), state: state)
        self.boots = boots
        firstSegment = first
        lastSegment = last
        fileIdentity = identity
    }
}
