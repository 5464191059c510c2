package import Primitives

// Protobuf encoding after the public schema cosmos/ics23/v1/proofs.proto. One encoding per proof: fields ascending,
// default values left out, shortest varints; the decoder refuses everything else.

extension CommitmentProof {
    /// The bytes that any ICS-23 verifier takes.
    package var protobuf: [UInt8] {
        var writer = ProtobufWriter()
        switch self {
        case .exist(let proof): writer.message(1, proof.protobuf)
        case .nonexist(let proof):
            var inner = ProtobufWriter()
            inner.bytes(1, proof.key)
            if let left = proof.left { inner.message(2, left.protobuf) }
            if let right = proof.right { inner.message(3, right.protobuf) }
            writer.message(2, inner.output)
        }
        return writer.output
    }

    /// Throws for anything but the canonical encoding of an existence or non-existence proof.
    package init(protobuf bytes: [UInt8]) throws(BCSError) {
        guard bytes.count <= CommitmentProof.byteCountMax else {
            throw BCSError(.tooLong(limit: CommitmentProof.byteCountMax), at: 0)
        }
        var reader = ProtobufReader(bytes)
        if let body = try reader.message(1) {
            self = .exist(try ExistenceProof(protobuf: body))
        } else if let body = try reader.message(2) {
            self = .nonexist(try NonExistenceProof(protobuf: body))
        } else {
            throw BCSError(.invalid("neither an existence nor a non-existence proof"), at: 0)
        }
        try reader.finish()
    }
}

extension NonExistenceProof {
    fileprivate init(protobuf bytes: [UInt8]) throws(BCSError) {
        var reader = ProtobufReader(bytes)
        key = try reader.bytes(1)
        let left = try reader.message(2)
        let right = try reader.message(3)
        try reader.finish()
        self.left = try left.map { (bytes) throws(BCSError) in try ExistenceProof(protobuf: bytes) }
        self.right = try right.map { (bytes) throws(BCSError) in try ExistenceProof(protobuf: bytes) }
    }
}

extension ExistenceProof {
    fileprivate var protobuf: [UInt8] {
        var writer = ProtobufWriter(reserving: key.count + value.count + 64 + path.count * 48)
        writer.bytes(1, key)
        writer.bytes(2, value)
        if let leaf {
            var inner = ProtobufWriter()
            inner.number(1, leaf.hash)
            inner.number(2, leaf.prehashKey)
            inner.number(3, leaf.prehashValue)
            inner.number(4, leaf.length)
            inner.bytes(5, leaf.prefix)
            writer.message(3, inner.output)
        }
        for step in path {
            // In place: a proof has dozens of steps.
            let count =
                ProtobufWriter.byteCount(step.hash)
                + [step.prefix, step.suffix].reduce(0) {
                    $0 + ProtobufWriter.byteCount($1)
                }
            writer.begin(4, byteCount: count)
            writer.number(1, step.hash)
            writer.bytes(2, step.prefix)
            writer.bytes(3, step.suffix)
        }
        return writer.output
    }

    fileprivate init(protobuf bytes: [UInt8]) throws(BCSError) {
        var reader = ProtobufReader(bytes)
        key = try reader.bytes(1)
        value = try reader.bytes(2)
        leaf = try reader.message(3).map { (bytes) throws(BCSError) in
            var inner = ProtobufReader(bytes)
            let leaf = LeafOp(
                hash: try inner.number(1), prehashKey: try inner.number(2), prehashValue: try inner.number(3),
                length: try inner.number(4), prefix: try inner.bytes(5))
            try inner.finish()
            return leaf
        }
        var path: [InnerOp] = []
        while let step = try reader.message(4) {
            var inner = ProtobufReader(step)
            path.append(
                InnerOp(hash: try inner.number(1), prefix: try inner.bytes(2), suffix: try inner.bytes(3)))
            try inner.finish()
        }
        try reader.finish()
        self.path = path
    }
}

/// The part of protobuf (wire types 0 and 2) that the schema needs.
private struct ProtobufWriter {
    private(set) var output: [UInt8] = []

    init(reserving capacity: Int = 0) { output.reserveCapacity(capacity) }

    static func byteCount(_ value: UInt32) -> Int { value == 0 ? 0 : 1 + varintByteCount(value) }
    static func byteCount(_ value: [UInt8]) -> Int {
        value.isEmpty ? 0 : 1 + varintByteCount(UInt32(clamping: value.count)) + value.count
    }
    private static func varintByteCount(_ value: UInt32) -> Int { max(1, (38 - value.leadingZeroBitCount) / 7) }

    mutating func number(_ field: UInt8, _ value: UInt32) {
        if value == 0 { return }
        output.append(field << 3)
        varint(value)
    }

    mutating func bytes(_ field: UInt8, _ value: [UInt8]) {
        if !value.isEmpty { message(field, value) }
    }

    mutating func message(_ field: UInt8, _ value: [UInt8]) {
        begin(field, byteCount: value.count)
        output += value
    }

    /// The head of a message whose bytes are written next.
    mutating func begin(_ field: UInt8, byteCount: Int) {
        output.append(field << 3 | 2)
        varint(UInt32(clamping: byteCount))
    }

    private mutating func varint(_ value: UInt32) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(rest))
    }
}

/// Reads fields in ascending order. ULEB128 of BCS has the same canonical form as a shortest varint of 32 bits.
private struct ProtobufReader {
    private var decoder: BCSDecoder

    init(_ bytes: [UInt8]) { decoder = BCSDecoder(bytes) }

    func finish() throws(BCSError) { try decoder.finish() }

    /// 0 when the field is left out; a written zero is not canonical.
    mutating func number(_ field: UInt8) throws(BCSError) -> UInt32 {
        guard decoder.nextByte == field << 3 else { return 0 }
        _ = try decoder.u8()
        let value = try decoder.uleb()
        if value == 0 { throw decoder.failure(.notCanonical) }
        return value
    }

    /// Empty when the field is left out; written but empty is not canonical.
    mutating func bytes(_ field: UInt8) throws(BCSError) -> [UInt8] {
        guard let value = try message(field) else { return [] }
        if value.isEmpty { throw decoder.failure(.notCanonical) }
        return value
    }

    mutating func message(_ field: UInt8) throws(BCSError) -> [UInt8]? {
        guard decoder.nextByte == field << 3 | 2 else { return nil }
        _ = try decoder.u8()
        return try decoder.blob(max: CommitmentProof.byteCountMax)
    }
}

extension BCSDecoder {
    fileprivate var nextByte: UInt8? { remaining > 0 ? bytes[offset] : nil }
}
