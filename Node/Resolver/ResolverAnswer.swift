internal import Encodings

/// An answer of the resolver, for whatever carries it.
package struct ResolverAnswer: Sendable {
    package var status: Int
    /// Nil: no body.
    package var mediaType: String?
    package var headers: [(name: String, value: String)] = []
    package var body: [UInt8]

    package init(status: Int, mediaType: String?, body: [UInt8] = []) {
        self.status = status
        self.mediaType = mediaType
        self.body = body
    }

    func with(_ name: String, _ value: String) -> ResolverAnswer {
        var answer = self
        answer.headers.append((name: name, value: value))
        return answer
    }
}

/// Writes a JSON object member by member, of which some are JSON texts already.
struct ObjectWriter {
    private(set) var bytes: [UInt8] = [UInt8(ascii: "{")]

    init(reserving capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    mutating func raw(_ name: String, _ value: [UInt8]) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        JSON.quote(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: value)
    }

    mutating func text(_ name: String, _ value: String) {
        var quoted: [UInt8] = []
        JSON.quote(value, to: &quoted)
        raw(name, quoted)
    }

    mutating func number(_ name: String, _ value: some BinaryInteger) { raw(name, Array(String(value).utf8)) }
    mutating func bool(_ name: String, _ value: Bool) { raw(name, Array((value ? "true" : "false").utf8)) }

    func finished() -> [UInt8] { bytes + [UInt8(ascii: "}")] }
}
