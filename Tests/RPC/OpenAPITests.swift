import Foundation
import NodeClient
import RPC
import Testing

/// The document is the routes: nothing missing, nothing invented, every reference resolved.
@Suite struct OpenAPITests {
    @Test func documentEqualsRoutes() async throws {
        try await TestServer.with { server in
            let document = try await server.call("GET", "/openapi.json").json
            guard case .object(let paths)? = document["paths"] else { throw TestFailure("no paths") }
            var documented: Set<String> = []
            for path in paths {
                guard case .object(let operations) = path.value else { continue }
                for operation in operations { documented.insert("\(operation.name.uppercased()) \(path.name)") }
            }
            let declared = server.groups.flatMap(\.endpoints).map { "\($0.method.rawValue) \($0.documentedPath)" }
            #expect(documented == Set(declared))
            #expect(declared.count == Set(declared).count)
            // Each documented path is known to the running server: OPTIONS lists the method.
            for entry in documented {
                let parts = entry.split(separator: " ").map(String.init)
                let concrete = parts[1].split(separator: "/", omittingEmptySubsequences: false)
                    .map { $0.hasPrefix("{") ? "1" : String($0) }.joined(separator: "/")
                let allow = try await server.call("OPTIONS", concrete).headers["allow"] ?? ""
                #expect(allow.components(separatedBy: ", ").contains(parts[0]), "\(entry): \(allow)")
            }
        }
    }

    @Test func referencesResolveAndEveryOperationIsWhole() async throws {
        try await TestServer.with { server in
            let document = try await server.call("GET", "/openapi.json").json
            #expect(document["openapi"]?.text == "3.1.0")
            var references: Set<String> = []
            collect(document, &references)
            for reference in references {
                let name = reference.split(separator: "/").last.map(String.init) ?? ""
                #expect(document["components"]?["schemas"]?[name] != nil, "\(reference)")
            }
            for endpoint in server.groups.flatMap(\.endpoints) {
                let operation = document["paths"]?[endpoint.documentedPath]?[endpoint.method.rawValue.lowercased()]
                #expect(operation?["operationId"]?.text == endpoint.operation)
                #expect(operation?["summary"]?.text?.isEmpty == false)
                for status in [400, 429, 500, 503] {
                    #expect(operation?["responses"]?[String(status)] != nil, "\(endpoint.operation) \(status)")
                }
                // Path parameters stand in the path and only there.
                let names = endpoint.parameters.filter { $0.place == .path }.map(\.name)
                for name in names { #expect(endpoint.documentedPath.contains("{\(name)}")) }
                #expect(endpoint.path.filter { $0 == "{" }.count == names.count)
            }
        }
    }

    private func collect(_ json: JSONValue, _ references: inout Set<String>) {
        switch json {
        case .array(let values): for value in values { collect(value, &references) }
        case .object(let members):
            for member in members {
                if member.name == "$ref", let text = member.value.text { references.insert(text) }
                collect(member.value, &references)
            }
        default: break
        }
    }

    private struct Extra: RouteModule {
        let path: String
        let tag = "Extra"
        let tagDescription = "Routes of another module."
        var endpoints: [Endpoint] {
            let rest = ParameterKey<String>("rest", .path, .text(max: 200), "What is left of the path.")
            return [
                Endpoint(
                    .get, path, operation: "extra", summary: "A route of another module",
                    parameters: path.contains("{rest+}") ? [rest.declaration] : [],
                    answers: [Endpoint.Answer(200, "It.", [.json(JSONCoder<String>.text(max: 300).schema)])]
                ) { request in .json(.string(request[rest] ?? "")) }
            ]
        }
    }

    @Test func modulesAddRoutes() async throws {
        try await TestServer.with(modules: [Extra(path: "/extra/{rest+}")]) { server in
            let answer = try await server.call("GET", "/extra/did:x/a%2Fb/c")
            #expect(answer.json.text == "did:x/a/b/c")
            let document = try await server.call("GET", "/openapi.json").json
            #expect(document["paths"]?["/extra/{rest}"]?["get"]?["operationId"]?.text == "extra")
        }
    }

    @Test(arguments: ["/v1/status", "/v1/blocks/{other}"])
    func collisionsAreFoundAtStart(path: String) async throws {
        await #expect(throws: RouteTable.RouteCollision.self) {
            try await TestServer.with(modules: [Extra(path: path)]) { _ in }
        }
    }
}

extension Endpoint {
    /// A segment that takes the rest of a path is an ordinary parameter in the document.
    fileprivate var documentedPath: String { path.replacing("+}", with: "}") }
}
