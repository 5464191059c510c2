/// Reads an XML 1.0 document event by event, in constant memory beside its bytes. Takes UTF-8 only, and nothing that
/// points outside or expands: a document type declaration, an own entity or a second root is an error. Every depth,
/// name, attribute and text has a bound; no input traps.
struct XMLScanner {
    static let byteCountMax = 256 * 1024 * 1024
    static let depthMax = 32
    static let nameBytesMax = 128
    static let attributesMax = 32
    static let valueBytesMax = 4_096
    static let textBytesMax = 65_536

    enum Event: Hashable {
        /// Names without their prefixes.
        case start(String, attributes: [Attribute])
        case text(String)
        case end(String)
    }

    struct Attribute: Hashable {
        let name: String
        let value: String
    }

    private let bytes: [UInt8]
    private var at: Int
    private var open: [[UInt8]] = []
    private var hasRoot = false
    /// The end of an element that is written as `<a/>`.
    private var pending: String?
    /// Line of the position, from 1.
    private(set) var line = 1

    init(_ bytes: [UInt8]) throws(AdaptorError) {
        guard bytes.count <= XMLScanner.byteCountMax else {
            throw AdaptorError("the file is above \(XMLScanner.byteCountMax) bytes; split it")
        }
        self.bytes = bytes
        at = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    }

    private func failure(_ text: String) -> AdaptorError { AdaptorError("line \(line): \(text)") }

    /// The next event; nil at the end of a complete document.
    mutating func next() throws(AdaptorError) -> Event? {
        if let name = pending {
            pending = nil
            return .end(name)
        }
        while at < bytes.count {
            if bytes[at] != 60 {
                if let text = try text() { return .text(text) }
            } else if starts("<!--") {
                try skip(past: "-->", "a comment")
            } else if starts("<?") {
                try declaration()
            } else if starts("<![CDATA[") {
                return .text(try literal())
            } else if starts("<!") {
                throw failure("a document type declaration is not taken")
            } else if starts("</") {
                return .end(try endTag())
            } else {
                return try startTag()
            }
        }
        guard open.isEmpty, hasRoot else { throw failure("the document ends too early") }
        return nil
    }

    private func starts(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        return at + count <= bytes.count
            && (0..<count).allSatisfy { bytes[at + $0] == text.utf8Start[$0] }
    }

    private mutating func step(_ count: Int = 1) {
        for index in at..<min(at + count, bytes.count) where bytes[index] == 10 { line += 1 }
        at = min(at + count, bytes.count)
    }

    private mutating func skip(past end: StaticString, _ what: String) throws(AdaptorError) {
        while at < bytes.count {
            if starts(end) { return step(end.utf8CodeUnitCount) }
            step()
        }
        throw failure("\(what) has no end")
    }

    /// `<?xml … ?>` may name UTF-8 only; other instructions are skipped.
    private mutating func declaration() throws(AdaptorError) {
        let begin = at
        try skip(past: "?>", "an instruction")
        guard bytes[begin..<at].starts(with: Array("<?xml ".utf8)) else { return }
        let text = String(decoding: bytes[begin..<min(at, begin + 256)], as: UTF8.self).lowercased()
        if text.contains("encoding"), !text.contains("\"utf-8\""), !text.contains("'utf-8'") {
            throw failure("the document is not in UTF-8")
        }
    }

    private mutating func literal() throws(AdaptorError) -> String {
        let begin = at + 9
        try skip(past: "]]>", "a CDATA section")
        return try string(bytes[min(begin, at - 3)..<at - 3], max: XMLScanner.textBytesMax, "a text")
    }

    private func string(_ part: ArraySlice<UInt8>, max: Int, _ what: String) throws(AdaptorError) -> String {
        guard part.count <= max else { throw failure("\(what) is above \(max) bytes") }
        guard let text = String(validating: part, as: UTF8.self) else { throw failure("\(what) is not UTF-8") }
        return text
    }

    /// Text up to the next tag; nil when it is only space.
    private mutating func text() throws(AdaptorError) -> String? {
        let begin = at
        while at < bytes.count, bytes[at] != 60 { step() }
        let part = bytes[begin..<at]
        if part.allSatisfy({ $0 == 32 || (9...13).contains($0) }) { return nil }
        guard !open.isEmpty else { throw failure("text outside of the document") }
        return try expanded(part, max: XMLScanner.textBytesMax, "a text")
    }

    // MARK: Tags

    private mutating func space() {
        while at < bytes.count, bytes[at] == 32 || (9...13).contains(bytes[at]) { step() }
    }

    private mutating func name() throws(AdaptorError) -> [UInt8] {
        let begin = at
        while at < bytes.count, isName(bytes[at]) { at += 1 }
        guard at > begin, at - begin <= XMLScanner.nameBytesMax else {
            throw failure("a name has 1 to \(XMLScanner.nameBytesMax) bytes")
        }
        return Array(bytes[begin..<at])
    }

    private func isName(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...58).contains(byte) || byte == 45 || byte == 46
            || byte == 95 || byte >= 128
    }

    private func local(_ name: [UInt8]) throws(AdaptorError) -> String {
        let begin = name.firstIndex(of: 58).map { $0 + 1 } ?? 0
        return try string(name[begin...], max: XMLScanner.nameBytesMax, "a name")
    }

    private mutating func startTag() throws(AdaptorError) -> Event {
        if open.isEmpty, hasRoot { throw failure("a second document in one file") }
        guard open.count < XMLScanner.depthMax else { throw failure("elements are deeper than \(XMLScanner.depthMax)") }
        hasRoot = true
        step()
        let full = try name()
        let name = try local(full)
        var attributes: [Attribute] = []
        while true {
            space()
            if starts("/>") {
                step(2)
                pending = name
                return .start(name, attributes: attributes)
            }
            if starts(">") {
                step()
                open.append(full)
                return .start(name, attributes: attributes)
            }
            guard attributes.count < XMLScanner.attributesMax else {
                throw failure("an element has more than \(XMLScanner.attributesMax) attributes")
            }
            attributes.append(try attribute())
        }
    }

    private mutating func attribute() throws(AdaptorError) -> Attribute {
        let name = try local(try name())
        space()
        guard starts("=") else { throw failure("an attribute has no value") }
        step()
        space()
        guard at < bytes.count, bytes[at] == 34 || bytes[at] == 39 else {
            throw failure("an attribute's value has no quotes")
        }
        let quote = bytes[at]
        step()
        let begin = at
        while at < bytes.count, bytes[at] != quote, bytes[at] != 60, at - begin <= XMLScanner.valueBytesMax { step() }
        guard at < bytes.count, bytes[at] == quote else {
            throw failure("an attribute's value has no end, or is too long")
        }
        let value = try expanded(bytes[begin..<at], max: XMLScanner.valueBytesMax, "an attribute")
        step()
        return Attribute(name: name, value: value)
    }

    private mutating func endTag() throws(AdaptorError) -> String {
        step(2)
        let full = try name()
        space()
        guard starts(">") else { throw failure("an end tag is not closed") }
        step()
        guard open.popLast() == full else { throw failure("an end tag does not match its start") }
        return try local(full)
    }

    // MARK: Entities

    private static let entities: [(name: [UInt8], byte: UInt8)] = [
        (Array("amp".utf8), 38), (Array("lt".utf8), 60), (Array("gt".utf8), 62), (Array("quot".utf8), 34),
        (Array("apos".utf8), 39),
    ]

    /// The five entities that XML itself has, and characters by number; a reference never makes text longer.
    private func expanded(_ part: ArraySlice<UInt8>, max: Int, _ what: String) throws(AdaptorError) -> String {
        guard part.count <= max else { throw failure("\(what) is above \(max) bytes") }
        guard part.contains(38) else { return try string(part, max: max, what) }
        var out: [UInt8] = []
        var rest = part
        while let byte = rest.first {
            guard byte == 38 else {
                out.append(byte)
                rest = rest.dropFirst()
                continue
            }
            guard let end = rest.prefix(12).firstIndex(of: 59) else { throw failure("an entity has no end") }
            out += try entity(rest[(rest.startIndex + 1)..<end])
            rest = rest[(end + 1)...]
        }
        return try string(out[...], max: max, what)
    }

    private func entity(_ name: ArraySlice<UInt8>) throws(AdaptorError) -> [UInt8] {
        if let known = XMLScanner.entities.first(where: { name.elementsEqual($0.name) }) { return [known.byte] }
        let text = String(decoding: name, as: UTF8.self)
        if text.hasPrefix("#") {
            let isHex = text.hasPrefix("#x")
            if let code = UInt32(text.dropFirst(isHex ? 2 : 1), radix: isHex ? 16 : 10),
                let scalar = Unicode.Scalar(code),
                code >= 32 || [9, 10, 13].contains(code)
            {
                return Array(String(Character(scalar)).utf8)
            }
        }
        throw failure("the entity '\(text.prefix(12))' is not known")
    }
}
