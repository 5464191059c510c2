/// Writes Binary Canonical Serialization (BCS, github.com/diem/bcs): little-endian fixed integers, ULEB128 lengths and
/// enum tags, fields in order, no padding. Encoding never fails: bounds belong to the values.
package struct BCSEncoder: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(reserving capacity: Int = 128) { bytes.reserveCapacity(capacity) }

    package mutating func u8(_ value: UInt8) { bytes.append(value) }
    package mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }
    package mutating func u16(_ value: UInt16) { integer(value) }
    package mutating func u32(_ value: UInt32) { integer(value) }
    package mutating func u64(_ value: UInt64) { integer(value) }
    package mutating func i64(_ value: Int64) { integer(value) }

    private mutating func integer<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// ULEB128, the form of lengths and enum tags.
    package mutating func uleb(_ value: UInt32) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func length(_ count: Int) { uleb(UInt32(clamping: count)) }

    /// Bytes as they are, without a length.
    package mutating func fixed(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }
    package mutating func fixed(_ value: Digest) { value.withUnsafeBytes { bytes.append(contentsOf: $0) } }

    /// A length, then the bytes: BCS `vector<u8>`.
    package mutating func blob(_ value: some Collection<UInt8>) {
        length(value.count)
        bytes.append(contentsOf: value)
    }

    /// UTF-8 with a length in bytes.
    package mutating func string(_ value: String) {
        let isWritten: Void? = value.utf8.withContiguousStorageIfAvailable { blob($0) }
        if isWritten == nil { blob(Array(value.utf8)) }
    }

    package mutating func value(_ value: some BCSEncodable) { value.encode(to: &self) }

    package mutating func option<Value: BCSEncodable>(_ value: Value?) {
        guard let value else { return u8(0) }
        u8(1)
        value.encode(to: &self)
    }

    package mutating func vector(_ values: some Collection<some BCSEncodable>) {
        length(values.count)
        for value in values { value.encode(to: &self) }
    }

    package mutating func vector<Element>(
        _ values: some Collection<Element>, _ encodeOne: (inout BCSEncoder, Element) -> Void
    ) {
        length(values.count)
        for value in values { encodeOne(&self, value) }
    }
}

/// A value with exactly one BCS encoding.
package protocol BCSEncodable {
    func encode(to encoder: inout BCSEncoder)
}

/// A value read back from its one BCS encoding; every other byte sequence is refused.
package protocol BCSDecodable {
    init(from decoder: inout BCSDecoder) throws(BCSError)
}

package typealias BCSCodable = BCSEncodable & BCSDecodable

extension BCSEncodable {
    package var bcs: [UInt8] {
        var encoder = BCSEncoder()
        encode(to: &encoder)
        return encoder.bytes
    }
}

extension BCSDecodable {
    /// Decodes all of `bytes`; trailing bytes are an error.
    package init(bcs bytes: [UInt8]) throws(BCSError) {
        var decoder = BCSDecoder(bytes)
        self = try Self(from: &decoder)
        try decoder.finish()
    }
}
