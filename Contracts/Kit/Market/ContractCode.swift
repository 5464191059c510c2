package import Primitives

/// An enumeration without payload: one byte on the wire. Raw values are part of the format.
package protocol ContractCode: ContractValue, Hashable, CaseIterable, RawRepresentable where RawValue == UInt8 {}

extension ContractCode {
    package static var shape: Shape {
        .code("\(Self.self)", allCases.map { Shape.CodeValue($0.rawValue, "\($0)") })
    }
    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        let code = try decoder.u8()
        guard let value = Self(rawValue: code) else { throw decoder.failure(.unknownTag(UInt32(code))) }
        self = value
    }
}

/// A set of named bits: four bytes on the wire, unknown bits refused. Bits are part of the format.
package protocol ContractBits: ContractValue, Hashable, OptionSet where RawValue == UInt32 {
    /// Every bit with its name in files and JSON, ascending.
    static var named: [(name: String, bit: Self)] { get }
    init(rawValue: UInt32)
}

extension ContractBits {
    package static var shape: Shape { .u32 }
    package static var known: UInt32 { named.reduce(0) { $0 | $1.bit.rawValue } }
    package var names: [String] { Self.named.filter { rawValue & $0.bit.rawValue != 0 }.map(\.name) }

    package func encode(to encoder: inout BCSEncoder) { encoder.u32(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        let bits = try decoder.u32()
        guard bits & ~Self.known == 0 else { throw decoder.failure(.invalid("unknown bit in a set of flags")) }
        self.init(rawValue: bits)
    }
}

/// A country by ISO 3166-1 alpha-2: two capital letters.
package struct CountryCode: Hashable, Sendable, Comparable, ContractValue, CustomStringConvertible {
    package let text: String

    /// Nil unless it is two letters A-Z.
    package init?(_ text: String) {
        guard text.utf8.count == 2, text.utf8.allSatisfy({ (65...90).contains($0) }) else { return nil }
        self.text = text
    }

    package var description: String { text }
    package static func < (left: CountryCode, right: CountryCode) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package static let shape = Shape.text(max: 2)
    package func encode(to encoder: inout BCSEncoder) { encoder.string(text) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard let code = CountryCode(try decoder.string(max: 2)) else {
            throw decoder.failure(.invalid("a country is two letters A-Z of ISO 3166-1"))
        }
        self = code
    }
}

/// A currency by ISO 4217: three capital letters.
package struct Currency: Hashable, Sendable, StorageKey, ContractValue, CustomStringConvertible {
    package let text: String

    /// Nil unless it is three letters A-Z.
    package init?(_ text: String) {
        guard text.utf8.count == 3, text.utf8.allSatisfy({ (65...90).contains($0) }) else { return nil }
        self.text = text
    }

    package var description: String { text }

    package static let shape = Shape.text(max: 3)
    package func encode(to encoder: inout BCSEncoder) { encoder.string(text) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard let currency = Currency(try decoder.string(max: 3)) else {
            throw decoder.failure(.invalid("a currency is three letters A-Z of ISO 4217"))
        }
        self = currency
    }

    package func appendKey(to bytes: inout [UInt8]) { bytes.append(contentsOf: text.utf8) }
    package init?(takingKey bytes: inout ArraySlice<UInt8>) {
        guard let text = String(validating: bytes.prefix(3), as: UTF8.self), let currency = Currency(text) else {
            return nil
        }
        self = currency
        bytes = bytes.dropFirst(3)
    }
}
