internal import Chain
internal import NodeClient
internal import Primitives

/// Interfaces of contracts, and their read-only queries.
struct ContractRoutes: RouteModule {
    static let argumentBytesMax = 2_048

    let service: any NodeService
    let configuration: APIConfiguration

    let tag = "Contracts"
    let tagDescription = "Machine-readable interfaces of the contracts, and their read-only queries."

    private let instance = CommonParameters.instance
    private let number = ParameterKey<UInt16>("query", .path, .small, "Number of the query in the interface.")
    private let arguments = ParameterKey<[UInt8]>(
        "arguments", .query, .hex(0...argumentBytesMax), "BCS of the query's arguments, in hexadecimal.")
    private let minimumHeight = CommonParameters.minimumHeight

    var endpoints: [Endpoint] { [interfaces, interface, query] }

    private var interfaceForm: Endpoint.Form {
        .json(
            Schema([
                "description": "Calls, queries, events and rejections with the shapes of their BCS values.",
                "type": ["object", "array"],
            ]))
    }

    private var interfaces: Endpoint {
        Endpoint(
            .get, "/v1/contracts", operation: "listContracts", summary: "Interfaces of all contracts",
            answers: [Endpoint.Answer(200, "The interfaces.", [interfaceForm]), .notModified]
        ) { _ in
            let text = Array(try await service.contractInterfaces().utf8)
            return APIAnswer(mediaType: "application/json", body: .bytes(text))
                .with("Cache-Control", "public, max-age=300").tagged(digestText(text))
        }
    }

    private var interface: Endpoint {
        Endpoint(
            .get, "/v1/contracts/{instance}", operation: "getContract", summary: "Interface of an instance's contract",
            parameters: [instance.declaration],
            answers: [
                Endpoint.Answer(200, "Interface of the contract version that runs the instance.", [interfaceForm]),
                .notModified,
            ],
            problems: [.notFound]
        ) { request in
            let name = try request.value(instance)
            guard let text = try await service.contractInterface(name) else { throw unknown(name) }
            return APIAnswer(mediaType: "application/json", body: .bytes(Array(text.utf8)))
                .with("Cache-Control", "no-cache").tagged(digestText(Array(text.utf8)))
        }
    }

    private func unknown(_ instance: Address) -> Problem {
        Problem(.notFound, "There is no contract instance \(instance) in the newest final state of this node.")
    }

    private var query: Endpoint {
        Endpoint(
            .get, "/v1/contracts/{instance}/queries/{query}", operation: "queryContract",
            summary: "Ask an instance a read-only query",
            parameters: [
                instance.declaration, number.declaration, arguments.declaration, minimumHeight.declaration,
            ],
            answers: [
                Endpoint.Answer(
                    200, "The answer, BCS of the type that the interface names.",
                    [.json(JSONCoder<QueryAnswer>.queryAnswer.schema), .bytes("The answer's BCS.")])
            ],
            problems: [.notFound, .behind, .refused]
        ) { request in
            let name = try request.value(instance)
            try await service.reach(request[minimumHeight] ?? Height(0), configuration)
            let asked = try await service.query(
                name, try request.value(number), arguments: request[arguments] ?? [])
            guard let answer = asked else { throw unknown(name) }
            switch answer.outcome {
            case .value(let bytes):
                let made: APIAnswer = request.wantsBytes ? .bytes(bytes) : .json(answer, .queryAnswer)
                return made.with("Commonwatt-Height", String(answer.height.value)).uncached
            case .refused(let why):
                throw Problem(why)
            }
        }
    }
}
