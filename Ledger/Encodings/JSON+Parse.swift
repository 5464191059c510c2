/// Why bytes are no JSON text that is accepted here.
package struct JSONRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    package let reason: String
    /// Bytes from the start.
    package let offset: Int
    package var description: String { "\(reason), at byte \(offset)" }
}

extension JSON {
    package static let depthMax = 32
    /// Enough for every document; what wraps documents in proofs names a bound of its own.
    package static let byteCountMax = 1 << 20

    /// Reads a whole text: UTF-8, at most `byteCountMax` bytes and `depthMax` levels, no member twice, no lone surrogates.
    package init(parsing bytes: [UInt8], byteCountMax: Int = JSON.byteCountMax) throws(JSONRefusal) {
        guard bytes.count <= byteCountMax else { throw JSONRefusal(reason: "the text is too long", offset: 0) }
        var parser = JSONReader(bytes)
        self = try parser.document()
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func refusal(_ reason: String) -> JSONRefusal { JSONRefusal(reason: reason, offset: offset) }

    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func document() throws(JSONRefusal) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard next == nil else { throw refusal("something follows the value") }
        return value
    }

    mutating func skipSpace() {
        while let unit = next, unit == 0x20 || unit == 0x0a || unit == 0x0d || unit == 0x09 { offset += 1 }
    }

    mutating func take(_ unit: UInt8) -> Bool {
        guard next == unit else { return false }
        offset += 1
        return true
    }

    mutating func value(depth: Int) throws(JSONRefusal) -> JSON {
        guard depth <= JSON.depthMax else { throw refusal("the text nests too deeply") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    mutating func word(_ text: String, _ value: JSON) throws(JSONRefusal) -> JSON {
        guard bytes[offset...].starts(with: text.utf8) else { throw refusal("no JSON value begins here") }
        offset += text.utf8.count
        return value
    }

    mutating func object(_ depth: Int) throws(JSONRefusal) -> JSON {
        offset += 1
        var members: [JSON.Member] = []
        var names: Set<[UInt8]> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object([]) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw refusal("a member's name is missing") }
            let name = try string()
            guard names.insert(Array(name.utf8)).inserted else { throw refusal("a member is there twice") }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw refusal("a colon is missing") }
            members.append(JSON.Member(name, try value(depth: depth + 1)))
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw refusal("a comma is missing") }
        }
    }

    mutating func array(_ depth: Int) throws(JSONRefusal) -> JSON {
        offset += 1
        var elements: [JSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array([]) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw refusal("a comma is missing") }
        }
    }

    mutating func digits() -> Int {
        let start = offset
        while let unit = next, (48...57).contains(unit) { offset += 1 }
        return offset - start
    }

    mutating func number() throws(JSONRefusal) -> JSON {
        let start = offset
        _ = take(UInt8(ascii: "-"))
        let startsWithZero = next == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !startsWithZero || whole == 1 else { throw refusal("no JSON value begins here") }
        if take(UInt8(ascii: ".")), digits() == 0 { throw refusal("digits are missing") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            if digits() == 0 { throw refusal("digits are missing") }
        }
        return .number(String(decoding: bytes[start..<offset], as: UTF8.self))
    }

    mutating func string() throws(JSONRefusal) -> String {
        offset += 1
        var out: [UInt8] = []
        while let unit = next {
            offset += 1
            switch unit {
            case 0x22:
                guard let text = String(validating: out, as: UTF8.self) else { throw refusal("text is not UTF-8") }
                return text
            case 0x5c: try escape(to: &out)
            case 0..<0x20: throw refusal("a control character in a text")
            default: out.append(unit)
            }
        }
        throw refusal("a text does not end")
    }

    mutating func escape(to out: inout [UInt8]) throws(JSONRefusal) {
        guard let unit = next else { throw refusal("a text does not end") }
        offset += 1
        switch unit {
        case 0x22, 0x5c, 0x2f: out.append(unit)
        case UInt8(ascii: "b"): out.append(8)
        case UInt8(ascii: "f"): out.append(12)
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "u"):
            let scalar = try scalar()
            out.append(contentsOf: String(Character(scalar)).utf8)
        default: throw refusal("an escape that JSON does not have")
        }
    }

    mutating func unit16() throws(JSONRefusal) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let unit = next, let digit = Character(Unicode.Scalar(unit)).hexDigitValue else {
                throw refusal("an escape needs four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    mutating func scalar() throws(JSONRefusal) -> Unicode.Scalar {
        let first = try unit16()
        var value = first
        if (0xd800..<0xdc00).contains(first) {
            guard take(0x5c), take(UInt8(ascii: "u")) else { throw refusal("a lone surrogate") }
            let second = try unit16()
            guard (0xdc00..<0xe000).contains(second) else { throw refusal("a lone surrogate") }
            value = 0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw refusal("a lone surrogate") }
        return scalar
    }
}
