package import NodeClient

/// Writes the OpenAPI 3.1 document from the endpoints that the router serves.
package enum OpenAPI {
    package struct Group: Sendable {
        package let tag: String
        package let description: String
        package let endpoints: [Endpoint]

        package init(tag: String, description: String, endpoints: [Endpoint]) {
            self.tag = tag
            self.description = description
            self.endpoints = endpoints
        }
    }

    /// Any route can answer with these, whatever it does.
    static let generalProblems: [Problem.Kind] = [
        .malformedRequest, .notAcceptable, .uriTooLong, .tooManyRequests, .headersTooLarge, .internalFailure,
        .unavailable, .timeLimit, .busy,
    ]
    static let bodyProblems: [Problem.Kind] = [.bodyTooLarge, .mediaTypeUnsupported]

    package static func document(_ groups: [Group], version: String) -> JSONValue {
        var paths: [(path: String, operations: [JSONValue.Member])] = []
        var schemas: [Schema] = [Problem.schema]
        for group in groups {
            for endpoint in group.endpoints {
                let path =
                    endpoint.path.split(separator: "+}").joined(separator: "}")
                    + (endpoint.path.hasSuffix("+}") ? "}" : "")
                let operation = JSONValue.Member(
                    endpoint.method.rawValue.lowercased(), self.operation(endpoint, tag: group.tag))
                if let index = paths.firstIndex(where: { $0.path == path }) {
                    paths[index].operations.append(operation)
                } else {
                    paths.append((path: path, operations: [operation]))
                }
                schemas += self.schemas(endpoint)
            }
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Commonwatt node",
                "version": .string(version),
                "description": .string(about),
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]],
            "tags": .array(groups.map { ["name": .string($0.tag), "description": .string($0.description)] }),
            "paths": .object(paths.map { .init($0.path, .object($0.operations)) }),
            "components": [
                "schemas": .object(Schema.components(of: schemas).map { JSONValue.Member($0.name, $0.body) })
            ],
        ]
    }

    private static let about = """
        HTTP API of a Commonwatt node. Bytes are hexadecimal in JSON; `application/octet-stream` carries the canonical \
        BCS form. Every error is an RFC 9457 problem whose `detail` says what to do. Answers can be checked without \
        trusting the node: ask for a proof and verify it against the genesis.
        """

    private static func schemas(_ endpoint: Endpoint) -> [Schema] {
        endpoint.parameters.map(\.schema) + (endpoint.body?.forms.map(\.schema) ?? [])
            + endpoint.answers.flatMap { $0.forms.map(\.schema) + $0.headers.map(\.schema) }
    }

    private static func operation(_ endpoint: Endpoint, tag: String) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("tags", [.string(tag)]), .init("operationId", .string(endpoint.operation)),
            .init("summary", .string(endpoint.summary)),
        ]
        if !endpoint.details.isEmpty { members.append(.init("description", .string(endpoint.details))) }
        if !endpoint.parameters.isEmpty {
            members.append(.init("parameters", .array(endpoint.parameters.map(parameter))))
        }
        if let body = endpoint.body {
            members.append(.init("requestBody", ["required": true, "content": content(body.forms)]))
        }
        members.append(.init("responses", responses(endpoint)))
        return .object(members)
    }

    private static func parameter(_ parameter: Parameter) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("name", .string(parameter.name)), .init("in", .string(parameter.place.rawValue)),
            .init("required", .bool(parameter.isRequired)), .init("description", .string(parameter.note)),
            .init("schema", parameter.schema.use),
        ]
        if let example = parameter.example { members.append(.init("example", .string(example))) }
        return .object(members)
    }

    private static func content(_ forms: [Endpoint.Form]) -> JSONValue {
        .object(forms.map { .init($0.mediaType, ["schema": $0.schema.use]) })
    }

    private static func responses(_ endpoint: Endpoint) -> JSONValue {
        let kinds = problems(endpoint)
        let statuses = Set(endpoint.answers.map(\.status) + kinds.map(\.status)).sorted()
        return .object(
            statuses.map { status in
                let answer = endpoint.answers.first { $0.status == status }
                return .init(String(status), response(answer, kinds.filter { $0.status == status }))
            })
    }

    /// What a status can mean: an answer of the route's own, a problem, or either.
    private static func response(_ answer: Endpoint.Answer?, _ kinds: [Problem.Kind]) -> JSONValue {
        let notes = (answer.map { [$0.note] } ?? []) + kinds.map { "\($0.title) (`\($0.type)`)." }
        var body: [JSONValue.Member] = [.init("description", .string(notes.joined(separator: " ")))]
        var headers = (answer?.headers ?? []).map {
            JSONValue.Member($0.name, ["description": .string($0.note), "schema": $0.schema.use])
        }
        if kinds.contains(where: { $0.status == 429 || $0.status == 503 }) {
            headers.append(.init("Retry-After", retryAfter))
        }
        if !headers.isEmpty { body.append(.init("headers", .object(headers))) }
        var forms = answer?.forms ?? []
        // A route may have problems of its own in that form.
        if !kinds.isEmpty, !forms.contains(where: { $0.mediaType == Problem.mediaType }) {
            forms.append(Endpoint.Form(Problem.mediaType, Problem.schema))
        }
        if !forms.isEmpty { body.append(.init("content", content(forms))) }
        return .object(body)
    }

    private static let retryAfter: JSONValue = [
        "description": "Seconds after which trying again makes sense.",
        "schema": ["type": "integer", "minimum": 1],
    ]

    /// All kinds of problem that a route can answer with.
    package static func problems(_ endpoint: Endpoint) -> [Problem.Kind] {
        generalProblems + (endpoint.body == nil ? [] : bodyProblems) + endpoint.problems
    }
}
