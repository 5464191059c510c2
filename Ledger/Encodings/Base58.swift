/// Base58 with the Bitcoin alphabet (draft-msporny-base58): no zero, capital O, capital I or small l. Quadratic in the
/// length, so both directions are bounded.
package enum Base58 {
    /// Longest input of either direction: keys, digests and identifiers are far below.
    package static let byteCountMax = 1_024

    private static let digits = LongNumber("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")

    /// Nil above `byteCountMax` bytes.
    package static func encode(_ bytes: [UInt8]) -> String? { digits.encode(bytes) }

    /// Nil for another character, or above `byteCountMax` characters.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? { digits.decode(Array(text.utf8)) }
}

/// Bytes as the digits of one long number, each leading zero byte as one leading zero digit.
struct LongNumber: Sendable {
    private let alphabet: [UInt8]

    init(_ alphabet: String) { self.alphabet = Array(alphabet.utf8) }

    /// Nil above `Base58.byteCountMax` bytes.
    func encode(_ bytes: [UInt8]) -> String? {
        guard bytes.count <= Base58.byteCountMax else { return nil }
        let text = convert(bytes.map(UInt32.init), from: 256, to: UInt32(alphabet.count)).map { alphabet[Int($0)] }
        let zeros = [UInt8](repeating: alphabet[0], count: bytes.prefix { $0 == 0 }.count)
        return String(decoding: zeros + text, as: UTF8.self)
    }

    /// Nil for another character, or above `Base58.byteCountMax` characters times `lengthens`: a small base writes a byte
    /// with more digits.
    func decode(_ units: [UInt8], lengthens: Int = 1) -> [UInt8]? {
        guard units.count <= Base58.byteCountMax * lengthens else { return nil }
        var digits: [UInt32] = []
        digits.reserveCapacity(units.count)
        for unit in units {
            guard let digit = alphabet.firstIndex(of: unit) else { return nil }
            digits.append(UInt32(digit))
        }
        let zeros = [UInt8](repeating: 0, count: digits.prefix { $0 == 0 }.count)
        return zeros + convert(digits, from: UInt32(alphabet.count), to: 256).map { UInt8(truncatingIfNeeded: $0) }
    }

    /// Digits of the same number, most significant first, without leading zeros. Bases are 2 to 256.
    private func convert(_ digits: [UInt32], from old: UInt32, to new: UInt32) -> [UInt32] {
        // Least significant first while it grows.
        var out: [UInt32] = []
        for digit in digits {
            var carry = digit
            for index in out.indices {
                carry += out[index] * old
                out[index] = carry % new
                carry /= new
            }
            while carry > 0 {
                out.append(carry % new)
                carry /= new
            }
        }
        return out.reversed()
    }
}
