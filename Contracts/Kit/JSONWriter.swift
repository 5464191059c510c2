/// Writes JSON text (RFC 8259) without Foundation: two-space indentation, keys in the order written.
package struct JSONWriter {
    package private(set) var text = ""
    private var depth = 0
    private var needsComma = false

    package init() {}

    package mutating func object(_ body: (inout JSONWriter) -> Void) { nest("{", "}", body) }
    package mutating func array<Element>(_ elements: [Element], _ body: (inout JSONWriter, Element) -> Void) {
        if elements.isEmpty {
            text += "[]"
            needsComma = true
            return
        }
        nest("[", "]") { writer in
            for element in elements {
                writer.separate()
                body(&writer, element)
            }
        }
    }

    package mutating func key(_ name: String) {
        separate()
        quote(name)
        text += ": "
        needsComma = false
    }

    package mutating func string(_ value: String) {
        quote(value)
        needsComma = true
    }

    package mutating func number(_ value: some FixedWidthInteger) {
        text += String(value)
        needsComma = true
    }

    package mutating func bool(_ value: Bool) {
        text += value ? "true" : "false"
        needsComma = true
    }

    private mutating func nest(_ open: String, _ close: String, _ body: (inout JSONWriter) -> Void) {
        text += open
        depth += 1
        needsComma = false
        body(&self)
        depth -= 1
        if needsComma { newLine() }
        text += close
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { text += "," }
        newLine()
        needsComma = false
    }

    private mutating func newLine() {
        text += "\n"
        text += String(repeating: "  ", count: depth)
    }

    private mutating func quote(_ value: String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
