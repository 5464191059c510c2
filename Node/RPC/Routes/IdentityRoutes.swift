internal import Chain
internal import LightClient
internal import Logging
internal import NodeClient
internal import Primitives
internal import Resolver

/// DIDs, schemas and credential definitions for wallets and agents: the HTTP binding of W3C DID Resolution. Errors are
/// those of its table, whatever the input.
struct IdentityRoutes: RouteModule {
    let service: any NodeService
    let configuration: APIConfiguration
    let resolver: Resolver

    init(service: any NodeService, configuration: APIConfiguration) {
        self.service = service
        self.configuration = configuration
        resolver = Resolver(network: service.genesis.network, reader: ServiceReader(service: service))
    }

    let tag = "Identity"
    let tagDescription =
        "Resolves did:cwatt, and answers with the proof that makes trust in this node needless (docs/formats/did-resolution-proof.md). AnonCreds objects go by the path of their DID URL."

    var endpoints: [Endpoint] { [resolve, properties, methods, webDocument, ownWebDocument] }

    // MARK: Resolution

    private static let target = ParameterKey<String>(
        "did", .path, lenient("^did:cwatt:[a-z0-9-]{1,32}:\(idPattern)(/[A-Za-z0-9._-]{1,64}){0,5}$"),
        "A DID or DID URL: as it is, with `%2F`, or wholly percent-encoded. `#` is `%23`; a query may follow as the query of the request."
    )
    private static func option(_ name: String, _ pattern: String, _ note: String) -> ParameterKey<String> {
        ParameterKey<String>(name, .query, lenient(pattern), note)
    }
    /// Multihashes of SHA-256 in base58; those near the ends of the range are left out, so that the pattern is simple.
    private static let idPattern = "Qm[P-Za-e][1-9A-HJ-NP-Za-km-z]{43}"
    private static let timePattern =
        "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"

    /// Documents a pattern and takes any text: the resolver's own errors say what is wrong with it.
    private static func lenient(_ pattern: String) -> JSONCoder<String> {
        JSONCoder(
            Schema(["type": "string", "pattern": .string(pattern)]), encode: { .string($0) },
            decode: { json in
                guard let text = json.text else { throw JSONFailure("expected a text") }
                return text
            })
    }

    private static let options = [
        option("versionId", "^[0-9]{1,9}$", "The version with this number, from 1."),
        option("versionTime", timePattern, "The version that was the newest then, e.g. 2026-01-31T12:00:00Z."),
        option("service", "^[A-Za-z0-9_-]{1,32}$", "Redirects to the endpoint of the service with this fragment."),
        option("relativeRef", "^(/[A-Za-z0-9._~-]{1,16}){1,4}$", "A reference below that endpoint."),
        option("proof", "^[01]$", "0: without the proof bundle."),
        option(
            "fromEpoch", "^[0-9]{1,18}$",
            "The epoch that the reader trusts from earlier proofs; the proof leaves out what led there."),
        option(
            "minimumHeight", "^[0-9]{1,18}$",
            "Answer from this height or above: waited for a moment, else 503. Gives read-your-writes."),
    ]

    private static let object = Schema(["type": "object"])
    private static let problemTypes = ResolutionProblem.Kind.allCases.map { $0.type }.joined(separator: ", ")

    private static let forms: [Endpoint.Form] =
        [Representation.oldResultType, Representation.resultType, Representation.dereferencingType]
        .map { Endpoint.Form($0, object) }
        + (Representation.documentTypes + ["application/ld+json", "application/json", "application/problem+json"])
        .map { Endpoint.Form($0, object) }

    private static let freshHeaders = [
        Endpoint.Header("Cache-Control", Schema(["type": "string"]), "How long the answer may be kept: short."),
        Endpoint.Header("ETag", Schema(["type": "string"]), "Names this answer."),
    ]

    private static func answers(_ statuses: [(Int, String)]) -> [Endpoint.Answer] {
        statuses.map { Endpoint.Answer($0.0, $0.1, forms) }
    }

    private var resolve: Endpoint {
        var endpoint = Endpoint(
            .get, "/1.0/identifiers/{did+}", operation: "resolveIdentifier", summary: "Resolve a DID or DID URL",
            details:
                "Accept chooses the form: none or */* gives the whole result as \(Representation.oldResultType); application/did-resolution the same by that name; application/did, application/did+json, application/did+ld+json and application/json the bare document; application/did-url-dereferencing a dereferencing result. Error types: \(IdentityRoutes.problemTypes).",
            parameters: [IdentityRoutes.target.declaration] + IdentityRoutes.options.map(\.declaration),
            answers: [
                Endpoint.Answer(
                    200, "The document or object, in the form that was asked for.", IdentityRoutes.forms,
                    headers: IdentityRoutes.freshHeaders),
                Endpoint.Answer(
                    303, "The endpoint of the service.", [],
                    headers: [Endpoint.Header("Location", Schema(["type": "string"]), "The endpoint.")]), .notModified,
            ]
                + IdentityRoutes.answers([
                    (400, "INVALID_DID, INVALID_DID_URL or INVALID_OPTIONS."),
                    (404, "NOT_FOUND, with a proof of that."), (406, "REPRESENTATION_NOT_SUPPORTED."),
                    (410, "The DID is deactivated."), (500, "INVALID_DID_DOCUMENT or INTERNAL_ERROR."),
                    (501, "METHOD_NOT_SUPPORTED or FEATURE_NOT_SUPPORTED."),
                ]), problems: [.behind]
        ) { request in try await resolve(request) }
        endpoint.negotiatesItself = true
        endpoint.judgesItsAddress = true
        return endpoint
    }

    private func resolve(_ request: APIRequest) async throws -> APIAnswer {
        guard let target = request.parameters[IdentityRoutes.target.name] else {
            throw Problem(.malformedRequest, "The path parameter \(IdentityRoutes.target.name) is missing.")
        }
        // A query that cannot be read makes a DID URL that cannot be read: the resolver says so in its own terms.
        let members = PercentEncoding.query(request.query)
        let asked = resolver.prepare(
            ResolverRequest(
                target: members == nil ? "\(target)?\(request.query)" : target,
                options: (members ?? []).map { DIDURL.Member(name: $0.name, value: $0.value) },
                accept: request.header("accept")))
        if let height = asked.minimumHeight { try await service.reach(height, configuration) }
        return APIAnswer(try await resolver.answer(asked))
    }

    // MARK: What the resolver is

    private var properties: Endpoint {
        Endpoint(
            .get, "/1.0/properties", operation: "getResolverProperties", summary: "What this resolver can do",
            answers: [Endpoint.Answer(200, "By method.", [.json(IdentityRoutes.object)])]
        ) { _ in
            APIAnswer.json([
                "cwatt": [
                    "network": .string(service.genesis.name), "networkId": .string(service.genesis.network.description),
                    "proofFormat": "commonwatt/proof-bundle/1", "historyKept": true,
                    "objects": ["DID", "SCHEMA", "CLAIM_DEF", "REV_REG_DEF", "REV_LIST", "schemas", "status"],
                    "mediaTypes": .array(
                        ([Representation.resultType, Representation.dereferencingType, "application/json"]
                            + Representation.documentTypes).map { .string($0) }),
                ]
            ]).with("Cache-Control", "public, max-age=300")
        }
    }

    private var methods: Endpoint {
        Endpoint(
            .get, "/1.0/methods", operation: "getResolverMethods", summary: "DID methods that this resolver knows",
            answers: [
                Endpoint.Answer(
                    200, "Their names.", [.json(Schema(["type": "array", "items": ["type": "string"]]))])
            ]
        ) { _ in APIAnswer.json(["cwatt"]).with("Cache-Control", "public, max-age=300") }
    }

    // MARK: did:web

    private static let network = ParameterKey<String>(
        "network", .path, lenient("^[a-z0-9-]{1,32}$"), "Name of the network.")
    private static let id = ParameterKey<String>("id", .path, lenient("^\(idPattern)$"), "The last part of the DID.")

    private static let webAnswers = [
        Endpoint.Answer(200, "The document.", [.json(object)], headers: freshHeaders), .notModified,
        Endpoint.Answer(410, "The DID is deactivated.", []),
    ]

    private var webDocument: Endpoint {
        Endpoint(
            .get, "/did/{network}/{id}/did.json", operation: "getWebDocument",
            summary: "A DID's document as did:web of this host",
            details:
                "For wallets that know did:web only: did:web:<host>:did:<network>:<id>. Such a wallet trusts this host; the did:cwatt name stands in alsoKnownAs.",
            parameters: [IdentityRoutes.network.declaration, IdentityRoutes.id.declaration],
            answers: IdentityRoutes.webAnswers, problems: [.notFound]
        ) { request in
            APIAnswer(
                try await resolver.webDocument(
                    host: request.header("host") ?? "", network: try request.value(IdentityRoutes.network),
                    id: try request.value(IdentityRoutes.id)))
        }
    }

    private var ownWebDocument: Endpoint {
        Endpoint(
            .get, "/.well-known/did.json", operation: "getOwnWebDocument",
            summary: "The operator's own document as did:web of this host",
            answers: IdentityRoutes.webAnswers, problems: [.notFound]
        ) { request in
            APIAnswer(
                try await resolver.ownWebDocument(
                    host: request.header("host") ?? "", did: configuration.operatorDID))
        }
    }
}

extension APIAnswer {
    init(_ answer: ResolverAnswer) {
        self.init(
            status: answer.status, mediaType: answer.mediaType, headers: answer.headers,
            body: answer.mediaType == nil ? .none : .bytes(answer.body))
    }
}

/// The resolver's view of a node. A read that fails becomes an error of the resolver, and its reason a line of the log.
private struct ServiceReader: RegistryReader {
    let service: any NodeService

    func finalState() async throws -> any FinalState {
        do throws(ServiceFailure) { return try await service.finalState() } catch { throw explain(error) }
    }

    func explain(_ failure: StorageFailure) -> any Error { explain(.storage(failure)) }

    func proof(_ keys: [[UInt8]], from epoch: Epoch) async throws -> ProofBundle {
        do throws(ServiceFailure) {
            return try await service.proof(keys, at: nil, from: epoch)
        } catch {
            throw explain(error)
        }
    }

    private func explain(_ failure: ServiceFailure) -> any Error {
        guard case .storage(let reason) = failure else { return failure }
        ServiceReader.logger.error("The resolver could not read the state", metadata: ["error": "\(reason)"])
        return ResolutionProblem(
            .internalError, "The node could not read what it needs; its log says more. Use another node.")
    }

    private static let logger = Logger(label: "commonwatt.resolver")
}
