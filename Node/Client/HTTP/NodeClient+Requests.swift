internal import AsyncHTTPClient
internal import Foundation
internal import LightClient
internal import NIOCore
internal import NIOFoundationCompat
internal import NIOHTTP1
internal import NIOPosix
internal import Primitives

/// One request, as any node can be asked it.
struct NodeRequest: Sendable {
    var method: HTTPMethod = .GET
    /// Path and query, from the slash on.
    var path: String
    var accept = "application/json"
    var contentType: String?
    var body: [UInt8] = []
    /// What the node is asked to wait.
    var waitSeconds: UInt32 = 0

    init(_ path: String, accept: String = "application/json", waitSeconds: UInt32 = 0) {
        self.path = path
        self.accept = accept
        self.waitSeconds = waitSeconds
    }

    static let bytes = "application/octet-stream"

    static func post(_ path: String, _ body: [UInt8], _ accept: String, _ waitSeconds: UInt32) -> NodeRequest {
        var request = NodeRequest(path, accept: accept, waitSeconds: waitSeconds)
        request.method = .POST
        request.contentType = NodeRequest.bytes
        request.body = body
        return request
    }
}

/// A successful answer and who gave it.
struct NodeAnswer: Sendable {
    let node: String
    let status: Int
    let body: [UInt8]

    func read<Value>(_ coder: JSONCoder<Value>) throws(ClientError) -> Value {
        do {
            return try coder.value(parsing: body)
        } catch {
            throw .badAnswer(node: node, "\(error)")
        }
    }

    /// The proof bundle that it is, verified.
    func verified(
        from anchor: TrustAnchor, ageMillisecondsMax: UInt64
    ) throws(ClientError) -> VerifiedProofBundle {
        try verified(try decode(), from: anchor, ageMillisecondsMax: ageMillisecondsMax)
    }

    /// A bundle of what it says, verified.
    func verified(
        _ bundle: ProofBundle, from anchor: TrustAnchor, ageMillisecondsMax: UInt64
    ) throws(ClientError) -> VerifiedProofBundle {
        do throws(ProofBundleError) {
            return try bundle.verify(from: anchor, now: .wallClock, ageMillisecondsMax: ageMillisecondsMax)
        } catch {
            throw .proofRefused(node: node, error)
        }
    }

    func json() throws(ClientError) -> JSONValue {
        do { return try JSONValue(parsing: body) } catch { throw .badAnswer(node: node, "\(error)") }
    }

    func decode<Value: BCSDecodable>(_ type: Value.Type = Value.self) throws(ClientError) -> Value {
        do {
            return try Value(bcs: body)
        } catch {
            throw .badAnswer(node: node, "\(error)")
        }
    }
}

/// What a node sent, whatever its status.
struct WholeAnswer: Sendable {
    let status: Int
    let retryAfter: String?
    let body: [UInt8]

    init(_ response: HTTPClientResponse, bytesMax: Int) async throws {
        status = Int(response.status.code)
        retryAfter = response.headers.first(name: "Retry-After")
        let collected = try await response.body.collect(upTo: bytesMax)
        body = Array(collected.readableBytesView)
    }
}

extension NodeClient {
    /// Asks the nodes in turn until one answers. All requests of this API can be sent twice without harm.
    func ask(_ request: NodeRequest) async throws -> NodeAnswer {
        try await ask(request) { $0 }
    }

    /// Asks the nodes in turn until one has an answer that `read` takes. `passingRefusals` as in `inRounds`.
    func ask<Value>(
        _ request: NodeRequest, passingRefusals: Bool = false, _ read: (NodeAnswer) throws -> Value
    ) async throws -> Value {
        try await inRounds(passingRefusals: passingRefusals) { try read(try await ask(request, of: $0)) }
    }

    /// Tries the nodes in turn, in rounds, until one has what is wanted, which then is asked first. A problem that another node
    /// may not have counts as no answer. So does an answer that is not what it should be; when nothing better comes, the last
    /// of those is what is thrown. `passingRefusals` has any problem count so: for what an honest node does not refuse, or where
    /// "not found" of one node says nothing of the others.
    func inRounds<Answer>(
        passingRefusals: Bool = false, _ attempt: (_ node: Int) async throws -> Answer
    ) async throws -> Answer {
        var failures: [ClientError.NodeFailure] = []
        var refused: ClientError?
        /// The shortest time after which a node wants to be asked again.
        var retryAfter: UInt32?
        for round in 0..<max(1, configuration.roundsMax) {
            if round > 0 { try await pause(askedFor: retryAfter) }
            failures.removeAll()
            (refused, retryAfter) = (nil, nil)
            for index in order {
                do {
                    let answer = try await attempt(index)
                    prefer(index)
                    return answer
                } catch let error as ClientError {
                    switch error {
                    case .problem(let report) where report.isWorthAnotherNode:
                        failures.append(.init(node: nodes[index], reason: report.detail))
                        if let seconds = report.retryAfterSeconds { retryAfter = min(retryAfter ?? .max, seconds) }
                    case .badAnswer, .proofRefused, .otherNetwork: refused = error
                    case .problem where passingRefusals: refused = error
                    default: throw error
                    }
                } catch let error as CancellationError {
                    throw error
                } catch {
                    failures.append(.init(node: nodes[index], reason: NodeClient.words(error)))
                }
            }
            // Who answers wrongly answers so again; who did not answer may do so in the next round.
            if let refused, failures.isEmpty { throw refused }
        }
        throw refused ?? ClientError.noNodeAnswered(failures)
    }

    /// Between two rounds: as long as the nodes asked for, within bounds.
    func pause(askedFor seconds: UInt32?) async throws {
        let asked = min(Int64(seconds ?? 0) * 1_000, configuration.pauseMillisecondsMax)
        try await Task.sleep(for: .milliseconds(max(asked, configuration.pauseMilliseconds)))
    }

    /// The answer of the first node that has one, errors of its own kind included: a body for a client that judges it,
    /// such as a proof of absence beside status 404. Nodes that are behind, full or broken are passed over.
    package func result(_ path: String, accept: String) async throws -> [UInt8] {
        try await result(path, accept: accept) { $0 }
    }

    /// The same of the first node whose answer `judge` takes. When it takes none, the last of its errors is thrown.
    package func result<Value>(
        _ path: String, accept: String, _ judge: (_ body: [UInt8]) throws -> Value
    ) async throws -> Value {
        var failures: [ClientError.NodeFailure] = []
        var refused: (any Error)?
        for index in order {
            let answer: WholeAnswer
            do {
                answer = try await whole(NodeRequest(path, accept: accept), of: index)
            } catch let error as CancellationError {
                throw error
            } catch {
                failures.append(.init(node: nodes[index], reason: NodeClient.words(error)))
                continue
            }
            guard answer.status < 500 && answer.status != 429 || answer.status == 501 else {
                failures.append(.init(node: nodes[index], reason: "it answered with status \(answer.status)"))
                continue
            }
            do {
                let value = try judge(answer.body)
                prefer(index)
                return value
            } catch {
                refused = error
            }
        }
        if let refused { throw refused }
        throw ClientError.noNodeAnswered(failures)
    }

    func ask(_ request: NodeRequest, of index: Int) async throws -> NodeAnswer {
        let answer = try await whole(request, of: index)
        guard (200..<300).contains(answer.status) else { throw problem(answer, of: index) }
        return NodeAnswer(node: nodes[index], status: answer.status, body: answer.body)
    }

    /// Sends the request and takes all of the answer, in bounded time: a node that sends a byte now and then is one that
    /// does not answer.
    private func whole(_ request: NodeRequest, of index: Int) async throws -> WholeAnswer {
        let limit = headMilliseconds(request) + configuration.answerMilliseconds
        return try await withTimeLimit(milliseconds: UInt64(max(0, limit))) { [self] in
            try await WholeAnswer(try await send(request, to: index), bytesMax: configuration.answerBytesMax)
        }
    }

    /// What an answer says that is none, and of which only the head was read.
    func problem(_ response: HTTPClientResponse, of index: Int) async throws -> ClientError {
        let answer = try await withTimeLimit(milliseconds: UInt64(max(0, configuration.answerMilliseconds))) {
            try await WholeAnswer(response, bytesMax: 64 * 1024)
        }
        return problem(answer, of: index)
    }

    private func problem(_ answer: WholeAnswer, of index: Int) -> ClientError {
        .problem(
            ProblemReport(
                node: nodes[index], status: answer.status, retryAfter: answer.retryAfter, body: answer.body))
    }

    /// From sending a request to the head of its answer.
    private func headMilliseconds(_ request: NodeRequest) -> Int64 {
        configuration.requestMilliseconds + Int64(request.waitSeconds) * 1_000
    }

    /// Sends the request and returns with the head of the answer.
    func send(
        _ request: NodeRequest, to index: Int, headers: [(String, String)] = []
    ) async throws -> HTTPClientResponse {
        var made = HTTPClientRequest(url: nodes[index] + request.path)
        made.method = request.method
        made.headers.add(name: "Accept", value: request.accept)
        made.headers.add(name: "User-Agent", value: "commonwatt-client")
        for (name, value) in headers { made.headers.add(name: name, value: value) }
        if let contentType = request.contentType {
            made.headers.add(name: "Content-Type", value: contentType)
            made.body = .bytes(ByteBuffer(bytes: request.body))
        }
        return try await http.execute(made, timeout: .milliseconds(headMilliseconds(request)))
    }

    /// What a failed connection means to a person.
    static func words(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            let causes = error.connectionErrors.map { ($0.error as? IOError).map(cause) ?? "\($0.error)" }
            return "it cannot be reached (\(causes.first ?? "its name is not known"))"
        }
        if let error = error as? IOError { return "it cannot be reached (\(cause(error)))" }
        if error is TimeLimitExceeded { return "its answer did not end in time" }
        if error is NIOTooManyBytesError { return "its answer is too large" }
        switch error as? HTTPClientError {
        case .connectTimeout?: return "it cannot be reached (no answer to the connection)"
        case .deadlineExceeded?, .readTimeout?: return "it did not answer in time"
        case .remoteConnectionClosed?: return "it closed the connection"
        default: return "\(error)"
        }
    }

    private static func cause(_ error: IOError) -> String { String(cString: strerror(error.errnoCode)) }
}
