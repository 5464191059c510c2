/// Bytes as text whose first character names the base (draft-multiformats-multibase). `z` and `u` are what DIDs use;
/// the others are read for completeness. Not here: identity, base45, base256emoji, proquint.
package enum Multibase {
    private enum Kind: Sendable {
        case bits(BitCodec, foldsCase: Case)
        case number(LongNumber, foldsCase: Case)
        case base58
    }
    private enum Case: Sendable { case exact, lower, upper }

    private static func codec(_ alphabet: String, _ bits: Int, _ fold: Case = .exact, group: Int = 0) -> Kind {
        .bits(BitCodec(alphabet, bits: bits, group: group), foldsCase: fold)
    }

    private static let hex = "0123456789abcdef"
    private static let base32 = "abcdefghijklmnopqrstuvwxyz234567"
    private static let base32hex = "0123456789abcdefghijklmnopqrstuv"
    private static let base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    private static let base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    private static let base36 = "0123456789abcdefghijklmnopqrstuvwxyz"

    private static let base58flickr = "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"

    private static func kind(_ prefix: UInt8) -> Kind? {
        switch prefix {
        case UInt8(ascii: "0"): codec("01", 1)
        case UInt8(ascii: "7"): codec("01234567", 3)
        case UInt8(ascii: "9"): .number(LongNumber("0123456789"), foldsCase: .exact)
        case UInt8(ascii: "f"): codec(hex, 4, .lower)
        case UInt8(ascii: "F"): codec(hex.uppercased(), 4, .upper)
        case UInt8(ascii: "b"): codec(base32, 5, .lower)
        case UInt8(ascii: "B"): codec(base32.uppercased(), 5, .upper)
        case UInt8(ascii: "c"): codec(base32, 5, .lower, group: 8)
        case UInt8(ascii: "C"): codec(base32.uppercased(), 5, .upper, group: 8)
        case UInt8(ascii: "v"): codec(base32hex, 5, .lower)
        case UInt8(ascii: "V"): codec(base32hex.uppercased(), 5, .upper)
        case UInt8(ascii: "t"): codec(base32hex, 5, .lower, group: 8)
        case UInt8(ascii: "T"): codec(base32hex.uppercased(), 5, .upper, group: 8)
        case UInt8(ascii: "h"): codec("ybndrfg8ejkmcpqxot1uwisza345h769", 5)
        case UInt8(ascii: "k"): .number(LongNumber(base36), foldsCase: .lower)
        case UInt8(ascii: "K"): .number(LongNumber(base36.uppercased()), foldsCase: .upper)
        case UInt8(ascii: "z"): .base58
        case UInt8(ascii: "Z"): .number(LongNumber(base58flickr), foldsCase: .exact)
        case UInt8(ascii: "m"): codec(base64, 6)
        case UInt8(ascii: "M"): codec(base64, 6, group: 4)
        case UInt8(ascii: "u"): codec(base64url, 6)
        case UInt8(ascii: "U"): codec(base64url, 6, group: 4)
        default: nil
        }
    }

    /// Nil for a base that is not known here, and for more than `Base58.byteCountMax` bytes.
    package static func encode(_ bytes: [UInt8], base: UInt8) -> String? {
        guard bytes.count <= Base58.byteCountMax, let kind = kind(base) else { return nil }
        let text: String
        switch kind {
        case .bits(let codec, _): text = codec.encode(bytes)
        case .base58: text = Base58.encode(bytes) ?? ""
        case .number(let digits, _): text = digits.encode(bytes) ?? ""
        }
        return String(decoding: [base], as: UTF8.self) + text
    }

    /// Nil for text that is none, or above twice `Base58.byteCountMax` characters.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let units = Array(text.utf8)
        guard let first = units.first, units.count <= 2 * Base58.byteCountMax, let kind = kind(first) else {
            return nil
        }
        let rest = Array(units.dropFirst())
        switch kind {
        case .bits(let codec, let fold): return codec.decode(folded(rest, fold))
        case .base58: return Base58.decode(String(decoding: rest, as: UTF8.self))
        case .number(let digits, let fold): return digits.decode(folded(rest, fold), lengthens: 2)
        }
    }

    private static func folded(_ units: [UInt8], _ fold: Case) -> [UInt8] {
        switch fold {
        case .exact: units
        case .lower: units.map { (65...90).contains($0) ? $0 + 32 : $0 }
        case .upper: units.map { (97...122).contains($0) ? $0 - 32 : $0 }
        }
    }
}
