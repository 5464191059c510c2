internal import Primitives

/// A JSON text in memory (RFC 8259). Numbers stay text: what they mean is for the reader to say.
///
/// Swift compares texts by canonical equivalence, JSON by code points: compare by `isText` and `same`.
package indirect enum JSON: Sendable {
    case null
    case bool(Bool)
    /// As written, e.g. `-0.5e3`.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Sendable {
        package let name: String
        package let value: JSON
        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// Whether two texts have the same code points.
    package static func same(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }

    /// The same, for texts of which most differ in length.
    package static func same(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
    }

    /// The member of an object; nil for another kind of value, too.
    package subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { JSON.same($0.name, name) }?.value
    }

    package var text: String? { if case .string(let text) = self { text } else { nil } }
    package var elements: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
    package var members: [Member]? { if case .object(let members) = self { members } else { nil } }
    package func isText(_ other: some StringProtocol) -> Bool { text.map { JSON.same($0, other) } ?? false }

    /// A whole number from 0 to 2^53 - 1 in its shortest form.
    package var whole: UInt64? {
        guard case .number(let digits) = self, let value = UInt64(digits), value <= JSON.integerMax,
            JSON.same(String(value), digits)
        else { return nil }
        return value
    }

    /// Largest whole number that every JSON reader keeps exactly.
    package static let integerMax: UInt64 = 1 << 53 - 1

    package static func integer(_ value: some BinaryInteger) -> JSON { .number(String(value)) }
    package static func strings(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
}

extension JSON {
    /// The form of RFC 8785 (JCS): no spaces, members in order of their names' UTF-16 units, shortest escapes. Nil when a
    /// number has no canonical form by `number`.
    package func canonical(number: (String) -> String? = JSON.canonicalInteger) -> [UInt8]? {
        var out: [UInt8] = []
        return write(to: &out, number) ? out : nil
    }

    /// Whole numbers within ±(2^53 - 1) only: the pure floors know no floating point.
    package static func canonicalInteger(_ text: String) -> String? {
        guard let value = Int64(text), value.magnitude <= integerMax, same(String(value), text) else { return nil }
        return text
    }

    private func write(to out: inout [UInt8], _ number: (String) -> String?) -> Bool {
        switch self {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let value): out.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let text):
            guard let form = number(text) else { return false }
            out.append(contentsOf: form.utf8)
        case .string(let text): JSON.quote(text, to: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                guard element.write(to: &out, number) else { return false }
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            let sorted = members.sorted { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) }
            out.append(UInt8(ascii: "{"))
            for (index, member) in sorted.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSON.quote(member.name, to: &out)
                out.append(UInt8(ascii: ":"))
                guard member.value.write(to: &out, number) else { return false }
            }
            out.append(UInt8(ascii: "}"))
        }
        return true
    }

    /// The text in quotes, escaped as RFC 8785 section 3.2.2.2 has it.
    package static func quote(_ text: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for unit in text.utf8 {
            switch unit {
            case 0x22: out.append(contentsOf: [0x5c, 0x22])
            case 0x5c: out.append(contentsOf: [0x5c, 0x5c])
            case 0x08: out.append(contentsOf: "\\b".utf8)
            case 0x09: out.append(contentsOf: "\\t".utf8)
            case 0x0a: out.append(contentsOf: "\\n".utf8)
            case 0x0c: out.append(contentsOf: "\\f".utf8)
            case 0x0d: out.append(contentsOf: "\\r".utf8)
            case 0..<0x20:
                out.append(contentsOf: "\\u00".utf8)
                Hex.append([unit], to: &out)
            default: out.append(unit)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}

extension JSON: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
}
