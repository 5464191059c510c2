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

    /// On every answer.
    private static let common = [
        HTTPField.Name("Access-Control-Allow-Origin").map { HTTPField(name: $0, value: "*") },
        HTTPField.Name("Access-Control-Expose-Headers").map {
            HTTPField(name: $0, value: "ETag, Retry-After, Allow, Commonwatt-Height")
        },
        HTTPField.Name("X-Content-Type-Options").map { HTTPField(name: $0, value: "nosniff") },
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
        if exchange.endpoint?.hasSeveralForms ?? false { fields[.vary] = "Accept" }
        // What is left of a body nobody wants is not worth reading.
        if !exchange.isBodyRead, exchange.hasBody { fields[.connection] = "close" }
        return fields
    }

    func response(_ answer: APIAnswer, _ exchange: Exchange, on channel: any Channel) -> Response {
        var fields = fields(answer, exchange)
        let status = HTTPResponse.Status(code: answer.status)
        let isHead = exchange.method == "HEAD"
        switch answer.body {
        case .none:
            return Response(status: status, headers: fields)
        case .bytes(let bytes):
            fields[.contentLength] = String(bytes.count)
            return Response(
                status: status, headers: fields, body: isHead ? .init() : .init(byteBuffer: ByteBuffer(bytes: bytes)))
        case .stream(let produce):
            if isHead { return Response(status: status, headers: fields) }
            return Response(
                status: status, headers: fields,
                body: .init { writer in
                    let pipe = BodyPipe(writer)
                    try await whileOpen(channel) { try await produce { try await pipe.write($0) } }
                    try await pipe.finish()
                })
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

/// Runs `work`, and cancels it when the connection closes: a stream that has nothing to write would not notice.
private func whileOpen(_ channel: any Channel, _ work: @escaping @Sendable () async throws -> Void) async throws {
    let task = Task { try await work() }
    channel.closeFuture.whenComplete { _ in task.cancel() }
    try await withTaskCancellationHandler {
        try await task.value
    } onCancel: {
        task.cancel()
    }
}

/// Lends the response writer to a handler that knows nothing of the server; used by one task at a time.
private final class BodyPipe: @unchecked Sendable {
    private var writer: (any ResponseBodyWriter)?

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    func write(_ bytes: [UInt8]) async throws { try await writer?.write(ByteBuffer(bytes: bytes)) }

    func finish() async throws {
        guard let last = writer else { return }
        writer = nil
        try await last.finish(nil)
    }
}
