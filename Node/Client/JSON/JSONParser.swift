internal import Primitives

/// Why a text is not JSON, or not the JSON that was expected; `path` says where in the document.
package struct JSONFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var path: [String]
    package let problem: String

    package init(_ problem: String, path: [String] = []) {
        self.problem = problem
        self.path = path
    }

    /// The same failure, seen from the object or list around it.
    package func inside(_ step: String) -> JSONFailure { JSONFailure(problem, path: [step] + path) }

    package var description: String {
        if path.isEmpty { return problem }
        var place = ""
        for step in path { place += step.hasPrefix("[") || place.isEmpty ? step : "." + step }
        return "\(place): \(problem)"
    }
}

extension JSONValue {
    package static let depthMax = 32

    /// Parses RFC 8259 JSON in UTF-8 from bytes that nobody vouches for. Refuses what readers are known to read
    /// differently: a member given twice, unpaired surrogates, bytes after the end, deep nesting.
    package init(parsing bytes: some Sequence<UInt8>) throws(JSONFailure) {
        var parser = JSONParser(bytes: Array(bytes))
        self = try parser.document()
    }
}

/// Invariant: `0 <= at <= bytes.count`.
private struct JSONParser {
    let bytes: [UInt8]
    var at = 0

    var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    func failure(_ what: String) -> JSONFailure { JSONFailure("not JSON: \(what), at byte \(at)") }

    mutating func document() throws(JSONFailure) -> JSONValue {
        let value = try value(depth: 0)
        space()
        guard at == bytes.count else { throw failure("bytes remain after the end") }
        return value
    }

    mutating func space() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        at += 1
        return true
    }

    mutating func value(depth: Int) throws(JSONFailure) -> JSONValue {
        guard depth < JSONValue.depthMax else { throw failure("nested deeper than \(JSONValue.depthMax) levels") }
        space()
        switch next {
        case 0x7b: return try object(depth: depth)
        case 0x5b: return try array(depth: depth)
        case 0x22: return .string(try string())
        case 0x74: return try word("true", .bool(true))
        case 0x66: return try word("false", .bool(false))
        case 0x6e: return try word("null", .null)
        case nil: throw failure("the text ends too early")
        case let byte? where byte == 0x2d || (0x30...0x39).contains(byte): return try number()
        default: throw failure("unexpected character")
        }
    }

    mutating func word(_ text: String, _ value: JSONValue) throws(JSONFailure) -> JSONValue {
        for byte in text.utf8 where !take(byte) { throw failure("unknown word") }
        return value
    }

    mutating func array(depth: Int) throws(JSONFailure) -> JSONValue {
        at += 1
        var values: [JSONValue] = []
        space()
        if take(0x5d) { return .array([]) }
        while true {
            values.append(try value(depth: depth + 1))
            space()
            if take(0x5d) { return .array(values) }
            guard take(0x2c) else { throw failure("a comma or ] is missing") }
        }
    }

    mutating func object(depth: Int) throws(JSONFailure) -> JSONValue {
        at += 1
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        space()
        if take(0x7d) { return .object([]) }
        while true {
            space()
            guard next == 0x22 else { throw failure("a member name is missing") }
            let name = try string()
            guard names.insert(name).inserted else { throw failure("a member is given twice") }
            space()
            guard take(0x3a) else { throw failure("a colon is missing") }
            members.append(JSONValue.Member(name, try value(depth: depth + 1)))
            space()
            if take(0x7d) { return .object(members) }
            guard take(0x2c) else { throw failure("a comma or } is missing") }
        }
    }

    mutating func digits() -> Int {
        let start = at
        while let byte = next, (0x30...0x39).contains(byte) { at += 1 }
        return at - start
    }

    mutating func number() throws(JSONFailure) -> JSONValue {
        let start = at
        let isNegative = take(0x2d)
        let leadingZero = next == 0x30
        let count = digits()
        guard count > 0, !leadingZero || count == 1 else { throw failure("malformed number") }
        var isInteger = true
        if take(0x2e) {
            isInteger = false
            guard digits() > 0 else { throw failure("malformed number") }
        }
        if take(0x65) || take(0x45) {
            isInteger = false
            if !take(0x2b) { _ = take(0x2d) }
            guard digits() > 0 else { throw failure("malformed number") }
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isInteger, !isNegative, let value = UInt64(text) { return .unsigned(value) }
        if isInteger, let value = Int64(text) { return value == 0 ? .unsigned(0) : .negative(value) }
        guard let value = Double(text), value.isFinite else { throw failure("a number is out of range") }
        return .double(value)
    }

    mutating func string() throws(JSONFailure) -> String {
        at += 1
        var out: [UInt8] = []
        while true {
            guard let byte = next else { throw failure("a text has no end") }
            at += 1
            switch byte {
            case 0x22:
                guard let text = String(validating: out, as: UTF8.self) else { throw failure("a text is not UTF-8") }
                return text
            case 0x5c: out += try escape()
            case 0..<0x20: throw failure("a control character in a text")
            default: out.append(byte)
            }
        }
    }

    mutating func escape() throws(JSONFailure) -> [UInt8] {
        guard let byte = next else { throw failure("a text has no end") }
        at += 1
        switch byte {
        case 0x22, 0x5c, 0x2f: return [byte]
        case 0x62: return [0x08]
        case 0x66: return [0x0c]
        case 0x6e: return [0x0a]
        case 0x72: return [0x0d]
        case 0x74: return [0x09]
        case 0x75: return try unicode()
        default: throw failure("unknown escape")
        }
    }

    mutating func unicode() throws(JSONFailure) -> [UInt8] {
        let first = try fourDigits()
        guard (0xd800...0xdfff).contains(first) else { return encoded(first) }
        guard first < 0xdc00, take(0x5c), take(0x75) else { throw failure("an unpaired surrogate") }
        let second = try fourDigits()
        guard (0xdc00...0xdfff).contains(second) else { throw failure("an unpaired surrogate") }
        return encoded(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    mutating func fourDigits() throws(JSONFailure) -> UInt32 {
        guard bytes.count - at >= 4,
            let pair = Hex.decode(String(decoding: bytes[at..<at + 4], as: UTF8.self)), pair.count == 2
        else { throw failure("malformed escape") }
        at += 4
        return UInt32(pair[0]) << 8 | UInt32(pair[1])
    }

    func encoded(_ code: UInt32) -> [UInt8] { Unicode.Scalar(code).map { Array(String($0).utf8) } ?? [] }
}
