/// Base58 with the Bitcoin alphabet (draft-msporny-base58): no zero, capital O, capital I or small l. Quadratic in the
/// length, so both directions are bounded.
package enum Base58 {
    /// Longest input of either direction: keys, digests and identifiers are far below.
    package static let byteCountMax = 1_024

    static func hasDigit(_ unit: UInt8) -> Bool { digits.has(unit) }

    private static let digits = LongNumber("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")

    /// Nil above `byteCountMax` bytes.
    package static func encode(_ bytes: [UInt8]) -> String? { digits.encode(bytes) }

    /// Nil for another character, or above `byteCountMax` characters.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? { digits.decode(Array(text.utf8)) }
}

/// Bytes as the digits of one long number, each leading zero byte as one leading zero digit.
struct LongNumber: Sendable {
    private let alphabet: [UInt8]
    /// Place in the alphabet by character; the alphabet's length for all others.
    private let places: [UInt8]

    init(_ alphabet: String) {
        self.alphabet = Array(alphabet.utf8)
        var places = [UInt8](repeating: UInt8(clamping: self.alphabet.count), count: 256)
        for (place, unit) in self.alphabet.enumerated() { places[Int(unit)] = UInt8(clamping: place) }
        self.places = places
    }

    func has(_ unit: UInt8) -> Bool { places[Int(unit)] < alphabet.count }

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
            let digit = places[Int(unit)]
            guard digit < alphabet.count else { return nil }
            digits.append(UInt32(digit))
        }
        let zeros = [UInt8](repeating: 0, count: digits.prefix { $0 == 0 }.count)
        return zeros + convert(digits, from: UInt32(alphabet.count), to: 256).map { UInt8(truncatingIfNeeded: $0) }
    }

    /// Digits of the same number, most significant first, without leading zeros. Bases are 2 to 256.
    private func convert(_ digits: [UInt32], from old: UInt32, to new: UInt32) -> [UInt32] {
        // Several digits of the new base go together in one limb of at most 32 bits; least significant first.
        var limbBase: UInt64 = UInt64(new)
        var limbDigits = 1
        while limbBase * UInt64(new) <= 1 << 32 {
            limbBase *= UInt64(new)
            limbDigits += 1
        }
        // Likewise several digits of the old base go in at once. carry < step, so that limb * step + carry < 2^64.
        var step: UInt64 = UInt64(old)
        var stepDigits = 1
        while step * UInt64(old) <= 1 << 32 {
            step *= UInt64(old)
            stepDigits += 1
        }
        var limbs: [UInt64] = []
        var place = 0
        while place < digits.count {
            // A short group stands first, where there is nothing to multiply yet.
            let end = place + (place == 0 && digits.count % stepDigits > 0 ? digits.count % stepDigits : stepDigits)
            var carry = digits[place..<end].reduce(UInt64(0)) { $0 * UInt64(old) + UInt64($1) }
            place = end
            for index in limbs.indices {
                carry += limbs[index] * step
                (carry, limbs[index]) = carry.quotientAndRemainder(dividingBy: limbBase)
            }
            // A group of the old base may be larger than a limb.
            while carry > 0 {
                limbs.append(carry % limbBase)
                carry /= limbBase
            }
        }
        var out: [UInt32] = []
        out.reserveCapacity(limbs.count * limbDigits)
        for limb in limbs {
            var rest = limb
            for _ in 0..<limbDigits {
                out.append(UInt32(truncatingIfNeeded: rest % UInt64(new)))
                rest /= UInt64(new)
            }
        }
        while out.last == 0 { out.removeLast() }
        return out.reversed()
    }
}
