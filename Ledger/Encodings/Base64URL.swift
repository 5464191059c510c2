/// Base64 with the URL alphabet and without padding (RFC 4648 section 5), the form of JSON Web Keys.
package enum Base64URL {
    private static let codec = BitCodec(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", bits: 6, group: 0)

    package static func encode(_ bytes: some Collection<UInt8>) -> String { codec.encode(Array(bytes)) }
    /// Nil for another character, an impossible length, or bits behind the last byte.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? { codec.decode(Array(text.utf8)) }
}

/// The codings of RFC 4648: each character stands for a fixed number of bits.
struct BitCodec: Sendable {
    private let alphabet: [UInt8]
    private let bits: Int
    /// Characters of a padded group, 0 for no padding.
    private let group: Int

    init(_ alphabet: String, bits: Int, group: Int) {
        self.alphabet = Array(alphabet.utf8)
        self.bits = bits
        self.group = group
    }

    func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        var held: UInt32 = 0
        var count = 0
        for byte in bytes {
            held = held << 8 | UInt32(byte)
            count += 8
            while count >= bits {
                count -= bits
                out.append(alphabet[Int(held >> UInt32(count)) & (alphabet.count - 1)])
            }
            held &= (1 << UInt32(count)) - 1
        }
        if count > 0 { out.append(alphabet[Int(held << UInt32(bits - count)) & (alphabet.count - 1)]) }
        while group > 0, out.count % group != 0 { out.append(UInt8(ascii: "=")) }
        return String(decoding: out, as: UTF8.self)
    }

    func decode(_ units: [UInt8]) -> [UInt8]? {
        var text = units[...]
        if group > 0 {
            guard text.count % group == 0 else { return nil }
            while text.last == UInt8(ascii: "=") { text = text.dropLast() }
        }
        var out: [UInt8] = []
        var held: UInt32 = 0
        var count = 0
        for unit in text {
            guard let digit = alphabet.firstIndex(of: unit) else { return nil }
            held = held << UInt32(bits) | UInt32(digit)
            count += bits
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: held >> UInt32(count)))
                held &= (1 << UInt32(count)) - 1
            }
        }
        // A whole unused character, or bits that no byte has, would be a second way to write the same.
        guard count < bits, held == 0 else { return nil }
        return out
    }
}
