/// 32 bytes, in practice a SHA-256 digest. Stored inline, ordered as big-endian bytes are.
package struct Digest: Hashable, Sendable {
    package static let byteCount = 32
    package static var zero: Digest { Digest(words: (0, 0, 0, 0)) }

    // Words hold the bytes in memory order, so the struct can be handed to C as 32 bytes.
    package var words: (UInt64, UInt64, UInt64, UInt64)

    package init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// Fills 32 bytes in place, e.g. by a C hash function.
    package init(filling body: (UnsafeMutablePointer<UInt8>) -> Void) {
        words = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { buffer in
            guard let base = buffer.baseAddress else { return }
            body(base.assumingMemoryBound(to: UInt8.self))
        }
    }

    /// Exactly 32 bytes, else nil.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Digest.byteCount else { return nil }
        words = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { buffer in buffer.copyBytes(from: bytes) }
    }

    package var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Swift.withUnsafeBytes(of: words) { try body($0) }
    }

    /// Bit `index` counted from the most significant bit of byte 0; false beyond 255.
    package func bit(_ index: Int) -> Bool {
        guard index >= 0, index < 256 else { return false }
        return withUnsafeBytes { ($0[index >> 3] >> UInt8(7 - (index & 7))) & 1 == 1 }
    }

    /// Nibble `index` counted from the high half of byte 0; 0 beyond 63.
    package func nibble(_ index: Int) -> UInt8 {
        guard index >= 0, index < 64 else { return 0 }
        let (half, rest) = index < 32 ? ((words.0, words.1), index) : ((words.2, words.3), index - 32)
        let word = UInt64(littleEndian: rest < 16 ? half.0 : half.1)
        // Within a byte the high half comes first.
        return UInt8(truncatingIfNeeded: word >> UInt64((rest & 15 ^ 1) * 4)) & 15
    }

    package static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension Digest: Comparable {
    package static func < (left: Digest, right: Digest) -> Bool {
        if left.words.0 != right.words.0 { return left.words.0.byteSwapped < right.words.0.byteSwapped }
        if left.words.1 != right.words.1 { return left.words.1.byteSwapped < right.words.1.byteSwapped }
        if left.words.2 != right.words.2 { return left.words.2.byteSwapped < right.words.2.byteSwapped }
        return left.words.3.byteSwapped < right.words.3.byteSwapped
    }
}

extension Digest: CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    package var description: String { Hex.encode(bytes) }
    /// The first 8 digits, for traces and logs.
    package var short: String { String(description.prefix(8)) }
    /// 64 hexadecimal digits, else nil.
    package init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes)
    }
}

extension Digest: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) { encoder.fixed(self) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { self = try decoder.digest() }
}
