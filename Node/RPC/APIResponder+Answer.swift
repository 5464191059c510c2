internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NodeClient

extension APIAnswer {
    init(problem: Problem) {
        self.init(
            status: problem.kind.status, mediaType: Problem.mediaType,
            headers: problem.headers + [(name: "Cache-Control", value: "no-store")],
            body: .bytes(problem.json.compact))
    }
}

extension APIResponder {
    /// The problem that an error of a handler becomes.
    func explain(_ error: any Error, _ exchange: Exchange, _ logger: Logger) -> Problem {
        switch error {
        case is TimeLimitExceeded:
            return Problem(
                .timeLimit,
                "The node did not finish in the time that this request may take. Try again later."
            ).retrying(afterSeconds: 5)
        case ServiceFailure.unavailable(let why, let seconds):
            return Problem(.unavailable, why).retrying(afterSeconds: seconds)
        case ServiceFailure.pruned(let why):
            return Problem(.pruned, why)
        case ServiceFailure.tooManyEpochs(let first, let last):
            return Problem(
                .tooManyEpochs,
                "From epoch \(first) to epoch \(last) the validators changed more often than one proof can show. Verify what GET /v1/epochs/\(first) gives, and ask with fromEpoch of the epoch that it leads to."
            )
        case is CancellationError:
            return Problem(.unavailable, "The node is stopping. Use another node, or try again soon.")
                .retrying(afterSeconds: 5)
        default:
            logger.error(
                "A request failed inside the node",
                metadata: ["operation": "\(exchange.endpoint?.operation ?? "none")", "error": "\(error)"])
            return Problem(
                .internalFailure,
                "The node could not read what it needs; its log says more. Use another node and tell the operator.")
        }
    }

    /// What conditional requests get.
    func finish(_ answer: inout APIAnswer, _ exchange: Exchange) {
        let tag = answer.headers.first { $0.name == "ETag" }?.value
        let isRead = exchange.method == "GET" || exchange.method == "HEAD"
        if isRead, answer.status == 200, let tag, let known = exchange.request.headers[.ifNoneMatch] {
            let tags = known.split(separator: ",").map { $0.filter { $0 != " " } }
            if tags.contains(where: { $0 == tag || $0 == "W/" + tag || $0 == "*" }) {
                answer.status = 304
                answer.body = .none
                answer.mediaType = nil
            }
        }
    }

    /// On every answer that pages of other origins may read.
    private static let forOtherOrigins = [
        HTTPField.Name("Access-Control-Allow-Origin").map { HTTPField(name: $0, value: "*") },
        HTTPField.Name("Access-Control-Expose-Headers").map {
            HTTPField(name: $0, value: "ETag, Retry-After, Allow, Commonwatt-Height")
        },
    ].compactMap { $0 }
    /// On every answer.
    private static let common = [
        HTTPField.Name("X-Content-Type-Options").map { HTTPField(name: $0, value: "nosniff") }
    ].compactMap { $0 }

    private static func fieldName(_ text: String) -> HTTPField.Name? {
        switch text {
        case "Cache-Control": .cacheControl
        case "ETag": .eTag
        default: HTTPField.Name(text)
        }
    }

    private func fields(_ answer: APIAnswer, _ exchange: Exchange) -> HTTPFields {
        var fields = HTTPFields()
        fields.reserveCapacity(answer.headers.count + 8)
        if let mediaType = answer.mediaType { fields[.contentType] = mediaType }
        for header in answer.headers {
            guard let name = APIResponder.fieldName(header.name) else { continue }
            fields[name] = header.value
        }
        for field in APIResponder.common { fields.append(field) }
        if exchange.isOpenToOtherOrigins { for field in APIResponder.forOtherOrigins { fields.append(field) } }
        if exchange.endpoint?.hasSeveralForms ?? false { fields[.vary] = "Accept" }
        // What is left of a body nobody wants is not worth reading.
        if !exchange.isBodyRead, exchange.hasBody { fields[.connection] = "close" }
        return fields
    }

    func response(_ answer: APIAnswer, _ exchange: Exchange) -> Response {
        var fields = fields(answer, exchange)
        let status = HTTPResponse.Status(code: answer.status)
        let isHead = exchange.method == "HEAD"
        exchange.presence?.hold(exchange.answerShare)
        switch answer.body {
        case .none:
            return Response(status: status, headers: fields)
        case .bytes(let bytes):
            fields[.contentLength] = String(bytes.count)
            if isHead { return Response(status: status, headers: fields) }
            guard bytes.count > APIResponder.pieceBytes else {
                return Response(status: status, headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
            }
            return Response(
                status: status, headers: fields,
                body: .init(contentLength: bytes.count) { writer in
                    let pipe = BodyPipe(writer)
                    try await pipe.write(bytes)
                    try await pipe.finish()
                })
        case .stream(let produce):
            if isHead { return Response(status: status, headers: fields) }
            let presence = exchange.presence
            return Response(
                status: status, headers: fields,
                body: .init { writer in
                    let pipe = BodyPipe(writer)
                    // A stream that has nothing to write would not notice that nobody reads it any more.
                    try await presence?.whileThere { try await produce { try await pipe.write($0) } }
                    try await pipe.finish()
                })
        }
    }
}

// An answer that nobody reads lies in memory until its client is cut off. So its bytes are counted from before it is made
// until they are on their way, and a large one goes in pieces: each waits until the connection's buffer has room, which
// also shows whether the client takes anything.
extension APIResponder {
    /// An answer of at most so many bytes is written at once.
    static let pieceBytes = 16 * 1024
    /// Set aside for an answer before it is made. A stream never holds more at once, by some pieces.
    static let answerBytesReserved = 64 * 1024

    /// Refuses before anything is made for a client that leaves too much unread.
    func reserve(_ exchange: Exchange) throws(Problem) {
        try take(APIResponder.answerBytesReserved, exchange, mayExceed: false)
    }

    /// Counts what the answer has beyond that; no answer is too large for who leaves nothing unread.
    func hold(_ answer: APIAnswer, _ exchange: Exchange) throws(Problem) {
        guard case .bytes(let bytes) = answer.body, exchange.method != "HEAD",
            bytes.count > APIResponder.answerBytesReserved
        else { return }
        try take(bytes.count - APIResponder.answerBytesReserved, exchange, mayExceed: true)
    }

    private func take(_ bytes: Int, _ exchange: Exchange, mayExceed: Bool) throws(Problem) {
        switch exchange.answerShare.grow(by: bytes, mayExceed: mayExceed) {
        case nil: return
        case .total:
            throw Problem(
                .busy, "The node holds as many answers as it can that clients have not read yet. Try again in a moment."
            ).retrying(afterSeconds: 1)
        case .perClient:
            throw Problem(
                .tooManyRequests,
                "This address has not read the answers that it has asked for. Read them, and ask for less at once."
            ).retrying(afterSeconds: 1)
        }
    }
}

extension APIResponder.Exchange {
    /// Whether the request announced a body.
    var hasBody: Bool {
        if request.headers[.transferEncoding] != nil { return true }
        return request.headers[.contentLength].map { $0 != "0" } ?? false
    }
}

/// Lends the response writer to a handler that knows nothing of the server; used by one task at a time.
private final class BodyPipe: @unchecked Sendable {
    private var writer: (any ResponseBodyWriter)?

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    func write(_ bytes: [UInt8]) async throws {
        for start in stride(from: 0, to: bytes.count, by: APIResponder.pieceBytes) {
            let piece = bytes[start..<min(bytes.count, start + APIResponder.pieceBytes)]
            try await writer?.write(ByteBuffer(bytes: piece))
        }
    }

    func finish() async throws {
        guard let last = writer else { return }
        writer = nil
        try await last.finish(nil)
    }
}
