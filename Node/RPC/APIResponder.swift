internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NodeClient
internal import ServiceLifecycle

/// What the responder needs to know of the connection.
struct ClientContext: InitializableFromSource {
    let address: String
    let logger: Logger

    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
        address = source.channel.remoteAddress?.ipAddress ?? "local"
        logger = source.logger
    }
}

/// Takes a request from the table of routes to its handler and back: limits, checks, time limit, error form. Every way
/// through ends in an answer.
struct APIResponder: HTTPResponder {
    let routes: RouteTable
    let configuration: APIConfiguration
    let limits: APILimits

    func respond(to request: Request, context: ClientContext) async throws -> Response {
        let started = ContinuousClock.now
        let client = client(request, context)
        var exchange = Exchange(
            request: request, client: client, presence: limits.presences.of(context.channel),
            answerShare: CapacityShare(limits.answerBytes, client: client))
        var answer: APIAnswer
        do {
            answer = try await self.answer(&exchange)
        } catch let problem as Problem {
            answer = APIAnswer(problem: problem)
        } catch {
            answer = APIAnswer(problem: explain(error, exchange, context.logger))
        }
        finish(&answer, exchange)
        let elapsed = (ContinuousClock.now - started) / .seconds(1)
        limits.metrics.record(
            operation: exchange.endpoint?.operation ?? "none", status: answer.status, seconds: elapsed,
            bodyBytes: exchange.bodyBytes)
        return response(answer, exchange)
    }

    /// What is known of one request while it is worked on.
    struct Exchange {
        let request: Request
        let client: String
        /// Nil when the connection is closed already.
        let presence: ClientPresence?
        /// What the answer has of the bytes that may wait for clients, from before it is made until the kernel has taken it.
        let answerShare: CapacityShare
        var endpoint: Endpoint?
        var bodyBytes = 0
        /// The whole body was taken from the connection.
        var isBodyRead = false
        /// Pages of other origins may read the answer.
        var isOpenToOtherOrigins = true

        var method: String { request.method.rawValue }
    }

    private func client(_ request: Request, _ context: ClientContext) -> String {
        guard configuration.trustsForwardedFor, let name = HTTPField.Name("X-Forwarded-For"),
            let last = request.headers[values: name].last?.split(separator: ",").last
        else { return ClientAddress.bucket(context.address) }
        return ClientAddress.bucket(last.filter { $0 != " " })
    }

    private func answer(_ exchange: inout Exchange) async throws -> APIAnswer {
        let (path, query) = try target(exchange.request)
        let match = routes.match(method: exchange.method, path: path)
        if case .endpoint(let endpoint, _) = match {
            exchange.endpoint = endpoint
            exchange.isOpenToOtherOrigins = endpoint.isOpenToOtherOrigins
        }
        if let refusal = limits.rate?.take(exchange.endpoint?.cost ?? 1, from: exchange.client, now: .now) {
            throw refusal.problem(
                "This address asks more than the node allows.", mayClose: !configuration.trustsForwardedFor)
        }
        switch match {
        case .nothing:
            throw Problem(.notFound, "The node has no path \(path.prefix(128)). All paths stand in /openapi.json.")
        case .malformed:
            throw Problem(.malformedRequest, "A percent escape in the path is broken: write %xx with two hex digits.")
        case .otherMethods(let methods, let isOpen):
            exchange.isOpenToOtherOrigins = isOpen
            return try otherMethod(methods, exchange.method)
        case .endpoint(let endpoint, let parameters):
            let place = CapacityShare(limits.requests, client: exchange.client)
            try enter(place)
            defer { withExtendedLifetime(place) {} }
            if !endpoint.isForWatching { try reserve(exchange) }
            let answer = try await run(endpoint, parameters, path: path, query: query, &exchange)
            try hold(answer, exchange)
            return answer
        }
    }

    private func enter(_ place: CapacityShare) throws(Problem) {
        switch place.grow() {
        case nil: return
        case .total:
            throw Problem(.busy, "The node is working on as many requests as it can. Try again in a moment.")
                .retrying(afterSeconds: 1)
        case .perClient:
            throw Problem(
                .tooManyRequests,
                "The node is working on as many requests of this address as it does at once. Wait for some."
            ).retrying(afterSeconds: 1)
        }
    }

    /// Path and query of the request line; also understands the absolute form that proxies send.
    private func target(_ request: Request) throws(Problem) -> (path: String, query: Substring) {
        var target = (request.head.path ?? "")[...]
        guard target.utf8.count <= configuration.uriBytesMax else {
            throw Problem(.uriTooLong, "The address has more than \(configuration.uriBytesMax) bytes.")
        }
        if target.utf8.first != UInt8(ascii: "/"), target.hasPrefix("http://") || target.hasPrefix("https://") {
            target = target.drop { $0 != "/" }.dropFirst(2).drop { $0 != "/" && $0 != "?" }
            if !target.hasPrefix("/") { target = "/" + target }
        }
        let bare = target.utf8.prefix { $0 != UInt8(ascii: "#") }
        let path = bare.prefix { $0 != UInt8(ascii: "?") }
        return (String(Substring(path)), Substring(bare[path.endIndex...].dropFirst()))
    }

    private func otherMethod(_ methods: [String], _ method: String) throws(Problem) -> APIAnswer {
        let allowed = methods.joined(separator: ", ")
        guard method == "OPTIONS" else {
            throw Problem(
                .methodNotAllowed, "This path answers \(allowed), not \(method.prefix(16)).",
                headers: [(name: "Allow", value: allowed)])
        }
        return APIAnswer(
            status: 204, mediaType: nil,
            headers: [
                (name: "Allow", value: allowed), (name: "Access-Control-Allow-Methods", value: allowed),
                (name: "Access-Control-Allow-Headers", value: "Accept, Content-Type, If-None-Match, Last-Event-ID"),
                (name: "Access-Control-Max-Age", value: "86400"),
            ], body: .none)
    }

    private func run(
        _ endpoint: Endpoint, _ pathParameters: [String: String], path: String, query: Substring,
        _ exchange: inout Exchange
    ) async throws -> APIAnswer {
        let checker = RequestChecker(endpoint: endpoint, request: exchange.request)
        let parameters = try checker.parameters(path: pathParameters, query: query)
        let answerType = try checker.answerType()
        let contentType = try checker.contentType()
        let share = CapacityShare(limits.bodyBytes, client: exchange.client)
        defer { withExtendedLifetime(share) {} }
        let body = try await readBody(endpoint, &exchange, share)
        let request = APIRequest(
            method: exchange.method, path: path, query: String(query), parameters: parameters,
            headers: RequestFields(exchange.request), body: body, contentType: contentType, answerType: answerType,
            client: exchange.client, rate: limits.rate)
        if endpoint.isStream { return try await endpoint.handle(request) }
        let wait = UInt64(configuration.waitSeconds(request))
        let limit =
            UInt64(configuration.requestMillisecondsMax) + UInt64(endpoint.moreMilliseconds) + wait * 1_000
        let mayWait =
            wait > 0 || endpoint.moreMilliseconds > 0 || request.query.contains(CommonParameters.minimumHeight.name)
        let presence = mayWait ? exchange.presence : nil
        return try await withTimeLimit(milliseconds: limit) {
            let work: @Sendable () async throws -> APIAnswer = {
                // Who waits for something does not hold up the end of the node; short work does, and gets its answer.
                if wait == 0 { return try await endpoint.handle(request) }
                return try await cancelWhenGracefulShutdown { try await endpoint.handle(request) }
            }
            // Nor does who is gone keep a place; what is there by then is the answer.
            guard let presence else { return try await work() }
            return try await presence.whileThere(work)
        }
    }
}
