/// Why bytes are not the canonical encoding of the expected value, and where in them.
package struct BCSError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// The input ended before the value did.
        case truncated
        /// A length or number is not written in its shortest form, or a flag is neither 0 nor 1.
        case notCanonical
        /// A length above the bound of that field.
        case tooLong(limit: Int)
        /// An enum tag that the format does not know.
        case unknownTag(UInt32)
        /// Text that is not UTF-8.
        case notUTF8
        /// Bytes remain after the value.
        case trailingBytes
        /// Structurally right, but refused by the value's own rules.
        case invalid(String)
    }

    package let reason: Reason
    /// Offset in bytes from the start of the input.
    package let offset: Int

    package init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    package var description: String {
        let text =
            switch reason {
            case .truncated: "the input ends too early"
            case .notCanonical: "the encoding is not canonical"
            case .tooLong(let limit): "a length is above its limit of \(limit)"
            case .unknownTag(let tag): "unknown tag \(tag)"
            case .notUTF8: "text is not UTF-8"
            case .trailingBytes: "bytes remain after the end of the value"
            case .invalid(let what): what
            }
        return "\(text), at byte \(offset)"
    }
}

/// Reads BCS from bytes that nobody vouches for: every length is checked before it is used.
package struct BCSDecoder: Sendable {
    package let bytes: [UInt8]
    package private(set) var offset = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var remaining: Int { bytes.count - offset }

    package func finish() throws(BCSError) {
        if remaining != 0 { throw BCSError(.trailingBytes, at: offset) }
    }

    package func failure(_ reason: BCSError.Reason) -> BCSError { BCSError(reason, at: offset) }

    package mutating func u8() throws(BCSError) -> UInt8 {
        guard remaining >= 1 else { throw failure(.truncated) }
        defer { offset += 1 }
        return bytes[offset]
    }

    package mutating func bool() throws(BCSError) -> Bool {
        switch try u8() {
        case 0: return false
        case 1: return true
        default: throw BCSError(.notCanonical, at: offset - 1)
        }
    }

    package mutating func u16() throws(BCSError) -> UInt16 { try integer() }
    package mutating func u32() throws(BCSError) -> UInt32 { try integer() }
    package mutating func u64() throws(BCSError) -> UInt64 { try integer() }
    package mutating func i64() throws(BCSError) -> Int64 { try integer() }

    private mutating func integer<Value: FixedWidthInteger>() throws(BCSError) -> Value {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw failure(.truncated) }
        let start = offset
        offset += size
        return bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: Value.self)) }
    }

    package mutating func uleb() throws(BCSError) -> UInt32 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 28, by: 7) {
            let byte = try u8()
            value |= UInt64(byte & 0x7f) << shift
            guard byte < 0x80 else { continue }
            // A last byte of zero means that a shorter form exists.
            guard shift == 0 || byte != 0, value <= UInt64(UInt32.max) else {
                throw BCSError(.notCanonical, at: offset - 1)
            }
            return UInt32(value)
        }
        throw failure(.notCanonical)
    }

    /// A length of at most `max`. Does not say that so many bytes follow.
    package mutating func length(max: Int) throws(BCSError) -> Int {
        let start = offset
        let count = Int(try uleb())
        guard count <= max else { throw BCSError(.tooLong(limit: max), at: start) }
        return count
    }

    /// Exactly `count` bytes.
    package mutating func fixed(_ count: Int) throws(BCSError) -> [UInt8] {
        guard count >= 0, remaining >= count else { throw failure(.truncated) }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    package mutating func digest() throws(BCSError) -> Digest {
        guard remaining >= Digest.byteCount else { throw failure(.truncated) }
        let start = offset
        offset += Digest.byteCount
        return bytes.withUnsafeBytes { raw in
            Digest(filling: { out in
                UnsafeMutableRawPointer(out).copyMemory(
                    from: UnsafeRawPointer(raw.baseAddress! + start), byteCount: Digest.byteCount)
            })
        }
    }

    package mutating func blob(max: Int) throws(BCSError) -> [UInt8] {
        try fixed(try length(max: max))
    }

    /// UTF-8 text of at most `max` bytes.
    package mutating func string(max: Int) throws(BCSError) -> String {
        let start = offset
        let raw = try blob(max: max)
        guard let text = String(validating: raw, as: UTF8.self) else { throw BCSError(.notUTF8, at: start) }
        return text
    }

    package mutating func option<Value: BCSDecodable>(_ type: Value.Type = Value.self) throws(BCSError) -> Value? {
        try bool() ? try Value(from: &self) : nil
    }

    package mutating func vector<Value: BCSDecodable>(
        of type: Value.Type = Value.self, max: Int
    ) throws(BCSError) -> [Value] {
        try vector(max: max) { (decoder: inout BCSDecoder) throws(BCSError) -> Value in try Value(from: &decoder) }
    }

    package mutating func vector<Value>(
        max: Int, _ decodeOne: (inout BCSDecoder) throws(BCSError) -> Value
    ) throws(BCSError) -> [Value] {
        let count = try length(max: max)
        var values: [Value] = []
        // A claimed count may not reserve more than the input could hold.
        values.reserveCapacity(min(count, remaining))
        for _ in 0..<count { values.append(try decodeOne(&self)) }
        return values
    }
}
