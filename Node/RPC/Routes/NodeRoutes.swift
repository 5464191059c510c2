internal import Chain
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// Digest of a text, for ETags.
func digestText(_ bytes: [UInt8]) -> String { String(SHA256.hash(bytes).description.prefix(32)) }

/// The node itself: health, status, metrics, genesis, the description of the API, and a page for people.
struct NodeRoutes: RouteModule {
    let service: any NodeService
    let limits: APILimits
    /// Writes the OpenAPI document of all routes; a closure because these routes are part of it.
    let document: @Sendable () -> [UInt8]

    let tag = "Node"
    let tagDescription = "Health, status, metrics, the genesis of the network, and this description."

    var endpoints: [Endpoint] {
        [
            landing, live.forWatching, ready.forWatching, status.forWatching, genesis, metrics.forWatching, openAPI,
        ]
    }

    private static let page = Endpoint.Form("text/html; charset=utf-8", Schema(["type": "string"]))

    private var landing: Endpoint {
        Endpoint(
            .get, "/", operation: "getLandingPage", summary: "A page for people",
            answers: [Endpoint.Answer(200, "The page.", [NodeRoutes.page])]
        ) { _ in
            APIAnswer(mediaType: NodeRoutes.page.mediaType, body: .bytes(Array(LandingPage.html.utf8)))
                .with("Content-Security-Policy", LandingPage.policy).with("Cache-Control", "max-age=300")
        }
    }

    private static let health = JSONCoder<String>.object(
        "Health", "How the node is.",
        field("status", { _ in "ok" }, .word(["ok"])),
        field("summary", { $0 }, .text(max: 2_048), "In plain words.")
    ) { _, summary in summary }

    private var live: Endpoint {
        Endpoint(
            .get, "/healthz", operation: "getLiveness", summary: "Whether the process answers",
            answers: [Endpoint.Answer(200, "It does.", [.json(NodeRoutes.health.schema)])]
        ) { _ in APIAnswer.json("The process answers.", NodeRoutes.health).uncached }
    }

    private var ready: Endpoint {
        Endpoint(
            .get, "/readyz", operation: "getReadiness", summary: "Whether the node can be relied on now",
            details: "503 while it starts or catches up; `detail` says what it is waiting for.",
            answers: [Endpoint.Answer(200, "It follows the chain.", [.json(NodeRoutes.health.schema)])]
        ) { _ in
            let status = await service.status()
            guard status.ready else { throw Problem(.unavailable, status.summary).retrying(afterSeconds: 5) }
            return APIAnswer.json(status.summary, NodeRoutes.health).uncached
        }
    }

    private var status: Endpoint {
        Endpoint(
            .get, "/v1/status", operation: "getStatus", summary: "The node's condition",
            answers: [
                Endpoint.Answer(200, "In the words of an operator.", [.json(JSONCoder<NodeStatus>.nodeStatus.schema)])
            ]
        ) { _ in APIAnswer.json(await service.status(), .nodeStatus).uncached }
    }

    private var genesis: Endpoint {
        Endpoint(
            .get, "/v1/genesis", operation: "getGenesis", summary: "Genesis of the network",
            details: "Do not trust a genesis from a node you do not trust: compare its `network` with another source.",
            answers: [
                Endpoint.Answer(
                    200, "The genesis file.",
                    [.json(JSONCoder<Genesis>.genesis.schema), .bytes("BCS; its SHA-256 is the network id.")]),
                .notModified,
            ]
        ) { request in
            let answer: APIAnswer =
                request.wantsBytes ? .bytes(service.genesis.bcs) : .json(service.genesis, .genesis)
            return answer.immutable(tag: service.genesis.network.description)
        }
    }

    private var metrics: Endpoint {
        var endpoint = Endpoint(
            .get, "/metrics", operation: "getMetrics", summary: "Metrics in Prometheus' text format",
            answers: [
                Endpoint.Answer(
                    200, "The metrics.", [Endpoint.Form(PrometheusText.mediaType, Schema(["type": "string"]))])
            ]
        ) { _ in
            let families = await service.metrics() + limits.families + ProcessMetrics.families()
            return APIAnswer(
                mediaType: PrometheusText.mediaType, body: .bytes(PrometheusText.render(families))
            ).uncached
        }
        endpoint.isOpenToOtherOrigins = false
        return endpoint
    }

    private var openAPI: Endpoint {
        Endpoint(
            .get, "/openapi.json", operation: "getOpenAPI", summary: "This description",
            answers: [Endpoint.Answer(200, "OpenAPI 3.1.", [.json(Schema(["type": "object"]))]), .notModified]
        ) { _ in
            let bytes = document()
            return APIAnswer(mediaType: "application/json", body: .bytes(bytes))
                .with("Cache-Control", "no-cache").tagged(digestText(bytes))
        }
    }
}

extension Endpoint {
    fileprivate var forWatching: Endpoint {
        var endpoint = self
        endpoint.isForWatching = true
        return endpoint
    }
}
