internal import AsyncHTTPClient
internal import Foundation
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

    func decode<Value: BCSDecodable>(_ type: Value.Type = Value.self) throws(ClientError) -> Value {
        do {
            return try Value(bcs: body)
        } catch {
            throw .badAnswer(node: node, "\(error)")
        }
    }
}

extension NodeClient {
    /// Asks the nodes in turn until one answers. All requests of this API can be sent twice without harm.
    func ask(_ request: NodeRequest) async throws -> NodeAnswer {
        try await inRounds { try await ask(request, of: $0) }
    }

    /// Tries the nodes in turn, in rounds, until one has what is wanted, which then is asked first. A problem that another node
    /// may not have counts as no answer.
    func inRounds<Answer>(_ attempt: (_ node: Int) async throws -> Answer) async throws -> Answer {
        var failures: [ClientError.NodeFailure] = []
        /// The shortest time after which a node wants to be asked again.
        var retryAfter: UInt32?
        for round in 0..<max(1, configuration.roundsMax) {
            if round > 0 { try await pause(askedFor: retryAfter) }
            failures.removeAll()
            retryAfter = nil
            for index in order {
                do {
                    let answer = try await attempt(index)
                    prefer(index)
                    return answer
                } catch let error as ClientError {
                    guard case .problem(let report) = error, report.isWorthAnotherNode else { throw error }
                    failures.append(.init(node: nodes[index], reason: report.detail))
                    if let seconds = report.retryAfterSeconds { retryAfter = min(retryAfter ?? .max, seconds) }
                } catch let error as CancellationError {
                    throw error
                } catch {
                    failures.append(.init(node: nodes[index], reason: NodeClient.words(error)))
                }
            }
        }
        throw ClientError.noNodeAnswered(failures)
    }

    /// Between two rounds: as long as the nodes asked for, within bounds.
    func pause(askedFor seconds: UInt32?) async throws {
        let asked = min(Int64(seconds ?? 0) * 1_000, configuration.pauseMillisecondsMax)
        try await Task.sleep(for: .milliseconds(max(asked, configuration.pauseMilliseconds)))
    }

    /// The answer of the first node that has one, errors of its own kind included: a body for a client that judges it,
    /// such as a proof of absence beside status 404. Nodes that are behind, full or broken are passed over.
    package func result(_ path: String, accept: String) async throws -> [UInt8] {
        var failures: [ClientError.NodeFailure] = []
        for index in order {
            do {
                let response = try await send(NodeRequest(path, accept: accept), to: index)
                let collected = try await response.body.collect(upTo: configuration.answerBytesMax)
                let status = Int(response.status.code)
                if status < 500 && status != 429 || status == 501 {
                    prefer(index)
                    return Array(collected.readableBytesView)
                }
                failures.append(.init(node: nodes[index], reason: "it answered with status \(status)"))
            } catch let error as CancellationError {
                throw error
            } catch {
                failures.append(.init(node: nodes[index], reason: NodeClient.words(error)))
            }
        }
        throw ClientError.noNodeAnswered(failures)
    }

    func ask(_ request: NodeRequest, of index: Int) async throws -> NodeAnswer {
        let response = try await send(request, to: index)
        let status = Int(response.status.code)
        let collected = try await response.body.collect(upTo: configuration.answerBytesMax)
        let body = Array(collected.readableBytesView)
        guard (200..<300).contains(status) else {
            throw problem(response, body, of: index)
        }
        return NodeAnswer(node: nodes[index], status: status, body: body)
    }

    /// What an answer says that is none.
    func problem(_ response: HTTPClientResponse, _ body: [UInt8], of index: Int) -> ClientError {
        .problem(
            ProblemReport(
                node: nodes[index], status: Int(response.status.code),
                retryAfter: response.headers.first(name: "Retry-After"), body: body))
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
        let limit = configuration.requestMilliseconds + Int64(request.waitSeconds) * 1_000
        return try await http.execute(made, timeout: .milliseconds(limit))
    }

    /// What a failed connection means to a person.
    static func words(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            let causes = error.connectionErrors.map { ($0.error as? IOError).map(cause) ?? "\($0.error)" }
            return "it cannot be reached (\(causes.first ?? "its name is not known"))"
        }
        if let error = error as? IOError { return "it cannot be reached (\(cause(error)))" }
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
