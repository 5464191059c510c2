package import NodeClient

/// What a handler answers with.
package struct APIAnswer: Sendable {
    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Called once; writes until it returns. `write` throws when the client is gone.
        case stream(@Sendable (_ write: @escaping @Sendable ([UInt8]) async throws -> Void) async throws -> Void)
    }

    package var status: Int
    package var mediaType: String?
    package var headers: [(name: String, value: String)]
    package var body: Body

    package init(
        status: Int = 200, mediaType: String?, headers: [(name: String, value: String)] = [], body: Body
    ) {
        self.status = status
        self.mediaType = mediaType
        self.headers = headers
        self.body = body
    }

    package static func json(_ value: JSONValue, status: Int = 200) -> APIAnswer {
        APIAnswer(status: status, mediaType: "application/json", body: .bytes(value.compact))
    }

    package static func json<Value>(_ value: Value, _ coder: JSONCoder<Value>, status: Int = 200) -> APIAnswer {
        .json(coder.encode(value), status: status)
    }

    package static func bytes(_ bytes: [UInt8], status: Int = 200) -> APIAnswer {
        APIAnswer(status: status, mediaType: "application/octet-stream", body: .bytes(bytes))
    }

    package func with(_ name: String, _ value: String) -> APIAnswer {
        var answer = self
        answer.headers.append((name: name, value: value))
        return answer
    }

    /// For content that can never change: `tag` names it (a digest), the form of the answer is added to it.
    package func immutable(tag: String) -> APIAnswer {
        with("Cache-Control", "public, max-age=31536000, immutable").tagged(tag)
    }

    /// For content that may change: kept, but asked for again each time.
    package func tagged(_ tag: String) -> APIAnswer {
        let form = mediaType.map { $0.split(separator: "/").last.map(String.init) ?? "" } ?? ""
        return with("ETag", "\"\(tag)-\(form)\"")
    }

    /// Not to be kept by anyone: the newest state of things.
    package var uncached: APIAnswer { with("Cache-Control", "no-store") }
}
