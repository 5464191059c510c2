package import Chain
package import NodeClient

/// An error answer: RFC 9457 `application/problem+json`, with what happened, where, and what to do.
package struct Problem: Error, Sendable {
    /// A kind of problem: what `type`, `title` and `status` say.
    package struct Kind: Hashable, Sendable {
        /// URI that names the kind; programs compare it.
        package let type: String
        package let title: String
        package let status: Int

        package init(type: String, title: String, status: Int) {
            self.type = type
            self.title = title
            self.status = status
        }

        /// A kind of this project: `urn:commonwatt:problem:<name>`.
        package init(_ name: String, _ status: Int, _ title: String) {
            self.init(type: "urn:commonwatt:problem:" + name, title: title, status: status)
        }
    }

    package let kind: Kind
    /// Plain words: what is wrong, where, and what to do.
    package let detail: String
    /// Further members of the JSON object.
    package var members: [JSONValue.Member]
    package var headers: [(name: String, value: String)]

    package init(
        _ kind: Kind, _ detail: String, members: [JSONValue.Member] = [],
        headers: [(name: String, value: String)] = []
    ) {
        self.kind = kind
        self.detail = detail
        self.members = members
        self.headers = headers
    }

    /// What a contract or the host refused, with the number that programs go by.
    package init(_ rejection: Rejection) {
        self.init(.refused, rejection.text, members: [.init("code", .unsigned(UInt64(rejection.code)))])
    }

    /// `reason` is a short name for programs of why, where a kind has several whys.
    package init(_ kind: Kind, _ detail: String, reason: String) {
        self.init(kind, detail, members: [.init("reason", .string(reason))])
    }

    /// The same, telling the caller when to try again.
    package func retrying(afterSeconds seconds: UInt32) -> Problem {
        var problem = self
        problem.headers.append((name: "Retry-After", value: String(max(1, seconds))))
        return problem
    }

    package var json: JSONValue {
        .object(
            [
                .init("type", .string(kind.type)), .init("title", .string(kind.title)),
                .init("status", .unsigned(UInt64(kind.status))), .init("detail", .string(detail)),
            ] + members)
    }

    package static let mediaType = "application/problem+json"

    package static let schema = Schema(
        name: "Problem",
        [
            "type": "object",
            "description": "RFC 9457: what went wrong, where, and what to do.",
            "properties": [
                "type": ["type": "string", "description": "URI that names the kind of problem; programs compare it."],
                "title": ["type": "string"],
                "status": ["type": "integer", "minimum": 400, "maximum": 599],
                "detail": ["type": "string", "description": "Plain words for the person in front of it."],
                "code": ["type": "integer", "minimum": 0, "maximum": 65535, "description": "Number of a rejection."],
                "reason": [
                    "type": "string", "description": "Short name of why, for programs, where a kind has several whys.",
                ],
            ],
            "required": ["type", "title", "status", "detail"],
        ])
}

extension Problem.Kind {
    package static let malformedRequest = Problem.Kind("malformed-request", 400, "The request is malformed")
    package static let notFound = Problem.Kind("not-found", 404, "There is nothing by that name")
    package static let methodNotAllowed = Problem.Kind("method-not-allowed", 405, "This path has other methods")
    package static let notAcceptable = Problem.Kind("not-acceptable", 406, "The answer has no such form")
    package static let tooManyEpochs = Problem.Kind("too-many-epochs", 409, "One proof cannot carry that many epochs")
    package static let pruned = Problem.Kind("pruned", 410, "This node no longer keeps that")
    package static let bodyTooLarge = Problem.Kind("body-too-large", 413, "The body is too large")
    package static let uriTooLong = Problem.Kind("uri-too-long", 414, "The address is too long")
    package static let mediaTypeUnsupported = Problem.Kind("media-type-unsupported", 415, "The body has another form")
    package static let refused = Problem.Kind("refused", 422, "The transaction or query is refused")
    package static let undecodable = Problem.Kind("undecodable", 422, "The bytes are not what they should be")
    package static let tooManyRequests = Problem.Kind("too-many-requests", 429, "Too many requests")
    package static let headersTooLarge = Problem.Kind("headers-too-large", 431, "The header fields are too large")
    package static let internalFailure = Problem.Kind("internal-failure", 500, "The node failed to answer")
    package static let unavailable = Problem.Kind("unavailable", 503, "The node cannot answer now")
    package static let behind = Problem.Kind("behind", 503, "The node has not reached that height")
    package static let timeLimit = Problem.Kind("time-limit", 503, "The answer took too long")
    package static let busy = Problem.Kind("busy", 503, "The node is at its limit")
}
