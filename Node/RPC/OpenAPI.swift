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
        var members: [JSONValue.Member] = endpoint.answers.map { answer in
            var body: [JSONValue.Member] = [.init("description", .string(answer.note))]
            if !answer.headers.isEmpty {
                let headers = answer.headers.map {
                    JSONValue.Member($0.name, ["description": .string($0.note), "schema": $0.schema.use])
                }
                body.append(.init("headers", .object(headers)))
            }
            if !answer.forms.isEmpty { body.append(.init("content", content(answer.forms))) }
            return .init(String(answer.status), .object(body))
        }
        let kinds = problems(endpoint)
        for status in Set(kinds.map(\.status)).sorted() {
            members.append(.init(String(status), problem(kinds.filter { $0.status == status })))
        }
        return .object(members.sorted { $0.name < $1.name })
    }

    /// All kinds of problem that a route can answer with.
    package static func problems(_ endpoint: Endpoint) -> [Problem.Kind] {
        generalProblems + (endpoint.body == nil ? [] : bodyProblems) + endpoint.problems
    }

    private static func problem(_ kinds: [Problem.Kind]) -> JSONValue {
        var body: [JSONValue.Member] = [
            .init("description", .string(kinds.map { "\($0.title) (`\($0.type)`)." }.joined(separator: " ")))
        ]
        if let status = kinds.first?.status, status == 429 || status == 503 {
            body.append(
                .init(
                    "headers",
                    [
                        "Retry-After": [
                            "description": "Seconds after which trying again makes sense.",
                            "schema": ["type": "integer", "minimum": 1],
                        ]
                    ]))
        }
        body.append(.init("content", [Problem.mediaType: ["schema": Problem.schema.use]]))
        return .object(body)
    }
}
