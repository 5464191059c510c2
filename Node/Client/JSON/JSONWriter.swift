internal import Primitives

extension JSONValue {
    /// UTF-8 text without white space.
    package var compact: [UInt8] {
        var out: [UInt8] = []
        write(to: &out, indent: nil)
        return out
    }

    /// UTF-8 text for people: two spaces a level, a newline at the end.
    package var pretty: [UInt8] {
        var out: [UInt8] = []
        write(to: &out, indent: 0)
        out.append(0x0a)
        return out
    }

    private func write(to out: inout [UInt8], indent: Int?) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .unsigned(let value): out += String(value).utf8
        case .negative(let value): out += String(value).utf8
        // JSON has no word for infinity or "not a number".
        case .double(let value): out += (value.isFinite ? "\(value)" : "null").utf8
        case .string(let text): JSONValue.write(text, to: &out)
        case .array(let values):
            JSONValue.write(values, "[", "]", to: &out, indent: indent) { value, out, inner in
                value.write(to: &out, indent: inner)
            }
        case .object(let members):
            JSONValue.write(members, "{", "}", to: &out, indent: indent) { member, out, inner in
                JSONValue.write(member.name, to: &out)
                out += (indent == nil ? ":" : ": ").utf8
                member.value.write(to: &out, indent: inner)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], _ open: String, _ close: String, to out: inout [UInt8], indent: Int?,
        _ one: (Element, inout [UInt8], Int?) -> Void
    ) {
        let inner = indent.map { $0 + 1 }
        out += open.utf8
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(0x2c) }
            if let inner { newline(inner, to: &out) }
            one(element, &out, inner)
        }
        if let indent, !elements.isEmpty { newline(indent, to: &out) }
        out += close.utf8
    }

    private static func newline(_ level: Int, to out: inout [UInt8]) {
        out.append(0x0a)
        out.append(contentsOf: repeatElement(0x20, count: 2 * level))
    }

    private static func write(_ text: String, to out: inout [UInt8]) {
        out.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5c: out += [0x5c, byte]
            case 0x0a: out += [0x5c, 0x6e]
            case 0x0d: out += [0x5c, 0x72]
            case 0x09: out += [0x5c, 0x74]
            // "<" as an escape keeps a document harmless inside a page.
            case 0..<0x20, 0x3c, 0x7f:
                out += "\\u00".utf8
                Hex.append([byte], to: &out)
            default: out.append(byte)
            }
        }
        out.append(0x22)
    }
}
