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
        begin(name)
        bytes.append(contentsOf: value)
    }

    mutating func text(_ name: String, _ value: String) {
        begin(name)
        JSON.quote(value, to: &bytes)
    }

    mutating func number(_ name: String, _ value: some BinaryInteger) {
        begin(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func bool(_ name: String, _ value: Bool) {
        begin(name)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    private mutating func begin(_ name: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        JSON.quote(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    consuming func finished() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
