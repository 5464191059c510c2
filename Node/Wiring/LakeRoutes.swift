internal import Chain
internal import DataLake
internal import Foundation
internal import LedgerState
internal import NodeClient
internal import NodeRuntime
internal import OperatorFiles
internal import Primitives
internal import RPC
internal import Replica
internal import Settlement
internal import Trading

/// The lake's door for data providers, and what the node's own partner may ask of lake and attesters.
struct LakeRoutes: RouteModule {
    static let uploadBytesMax = 1_048_576

    let wiring: LakeWiring
    let settler: SettlerWiring
    private let taken = TakenRequests()
    private let audience: AdminAudience

    init(wiring: LakeWiring, settler: SettlerWiring) {
        self.wiring = wiring
        self.settler = settler
        audience = AdminAudience(network: wiring.node.network, node: wiring.node.peer, run: Draw.digest())
    }

    let tag = "Data lake and settlement"
    let tagDescription =
        "Data providers hand in signed reading batches. Everything under /v1/admin is for this node's own partner: each request is signed with one of its keys, for this run of this node. Pages of other origins may not read it."

    static let notPermitted = Problem.Kind("not-permitted", 403, "The request is not permitted")
    private static let anyObject = Schema(["type": "object"])

    var endpoints: [Endpoint] {
        [
            upload, whom,
            admin(.memberKeys, "setMemberKeys", "Store the keys from which salts are derived") {
                payload in
                let message = try MemberKeysMessage(bcs: payload)
                let own: [(member: MemberNumber?, key: Digest)] = message.communityKey.map { [(nil, $0)] } ?? []
                try wiring.lake.secrets.setKeys(
                    own + message.members.map { ($0.member, $0.key) }, in: message.community)
                return .json(.object([.init("stored", .unsigned(UInt64(message.members.count)))]))
            },
            admin(
                .replicate, "replicateBatches", "Send anchored batches to the partners of their policy"
            ) {
                payload in
                let answers = try await wiring.replicate(try ReplicateMessage(bcs: payload).batches)
                return .json(
                    .object([
                        .init(
                            "partners",
                            .array(
                                answers.map { answer in
                                    .object([
                                        .init("partner", .string(answer.partner)),
                                        .init("stored", .unsigned(UInt64(answer.stored))),
                                        .init("refusal", answer.refusal.map { .string($0) } ?? .null),
                                    ])
                                }))
                    ]))
            },
            admin(
                .settlement, "prepareSettlement", "Compute a period and gather its attestations",
                answer: "BCS of the attested settlement.",
                moreMilliseconds: AdminOperation.settlementMilliseconds
            ) {
                payload in
                let message = try SettlementMessage(bcs: payload)
                let prepared = try wiring.engine.prepare(message.community, period: message.period)
                let attested = try await wiring.engine.attest(prepared) { partner, message in
                    await wiring.ask(partner, message)
                }
                return .bytes(attested.bcs)
            },
            admin(.statement, "makeStatement", "Write a member's statement") { payload in
                try await statement(try StatementMessage(bcs: payload))
            },
            admin(.erasable, "planErasure", "Which batches of a member may be erased") { payload in
                try erasable(try ErasureMessage(bcs: payload))
            },
            admin(
                .erase, "eraseBatches", "Erase what the chain says is deleted, and a former member's secrets"
            ) { payload in try erase(payload) },
            admin(
                .settler, "settlerState", "What the settler of this node does and waits for, by community"
            ) { _ in try await settlerState() },
            admin(
                .communities, "listCommunities", "Communities that this node's partner runs, or whose policy names it"
            ) { _ in try await communities() },
            admin(
                .eraseParts, "eraseParts", "Erase parts of data sets that the chain says are deleted, and report"
            ) { _ in try eraseParts() },
            admin(
                .forecast, "recordForecast",
                "Compute a forecast and gather its attestations; ask again until it is done",
                answer: "BCS of an option: the attested forecast, once it is."
            ) { payload in
                .bytes(try await wiring.forecasts.progress(try ForecastMessage(bcs: payload)).bcs)
            },
            admin(.webhooks, "changeWebhooks", "List, add, remove or resume webhooks") { payload in
                try webhooks(try WebhookMessage(bcs: payload))
            },
        ]
    }

    private var upload: Endpoint {
        Endpoint(
            .post, "/v1/lake/batches", operation: "uploadBatch", summary: "Hand in a signed batch of readings",
            details:
                "BCS of provider, batch, key and signature; the key is one that the provider registered in Identity. Only at a node whose partner may hold the readings; refused as busy while too much of the provider waits for its anchors, as unavailable while the node's chain is behind and its partner is not the provider.",
            body: Endpoint.Body([.bytes("A signed upload.")], bytesMax: LakeRoutes.uploadBytesMax),
            answers: [Endpoint.Answer(200, "Stored, durably.", [.json(LakeRoutes.anyObject)])],
            problems: [.undecodable, .refused, LakeRoutes.notPermitted]
        ) { request in
            let upload = try decode(BatchUpload.self, request.body)
            do {
                let service = wiring.service
                let entry = try await aside { try service.accept(upload) }
                return .json(
                    .object([
                        .init("digest", .string(entry.digest.description)),
                        .init("meter", .unsigned(entry.meter.value)),
                        .init("from", .unsigned(entry.from.value)), .init("to", .unsigned(entry.to.value)),
                    ]))
            } catch let refusal as LakeRefusal {
                throw Problem(
                    refusal.reason == .notPermitted ? LakeRoutes.notPermitted : .refused, refusal.text,
                    reason: "\(refusal.reason)")
            } catch let error as LakeError {
                throw Problem(.refused, error.description, reason: "\(LakeRefusal(error).reason)")
            }
        }
    }

    static func json(_ value: some Encodable) throws -> APIAnswer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return APIAnswer(mediaType: "application/json", body: .bytes([UInt8](try encoder.encode(value))))
    }

    /// On the threads for what takes its time.
    private func aside<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withTaskExecutorPreference(wiring.node.background) { try await body() }
    }

    private var whom: Endpoint {
        var endpoint = Endpoint(
            .get, AdminAudience.path, operation: "adminAudience",
            summary: "Whom a request of the own partner is signed for",
            details: "32 bytes each: the network's id, the node's transport key, and a number of this run of the node.",
            answers: [Endpoint.Answer(200, "The audience.", [.bytes("BCS of network, node and run.")])]
        ) { [audience] _ in APIAnswer.bytes(audience.bcs).uncached }
        endpoint.isOpenToOtherOrigins = false
        return endpoint
    }

    private func decode<Value: BCSDecodable>(_ type: Value.Type, _ bytes: [UInt8]) throws(Problem) -> Value {
        do {
            return try Value(bcs: bytes)
        } catch {
            throw Problem(.undecodable, "The body is not what it should be: \(error).")
        }
    }

    func admin(
        _ operation: AdminOperation, _ name: String, _ summary: String, answer: String? = nil,
        moreMilliseconds: UInt32 = 0,
        _ body: @escaping @Sendable ([UInt8]) async throws -> APIAnswer
    ) -> Endpoint {
        var endpoint = Endpoint(
            .post, operation.path, operation: name, summary: summary,
            details:
                "BCS of time, audience, key, payload and signature, signed for this operation and audience within the last minute; taken once.",
            body: Endpoint.Body([.bytes("A signed request.")], bytesMax: AdminRequest.payloadBytesMax + 1_024),
            answers: [
                Endpoint.Answer(
                    200, "Done.", [answer.map { .bytes($0) } ?? .json(LakeRoutes.anyObject)])
            ],
            problems: [.undecodable, .refused, LakeRoutes.notPermitted]
        ) { request in
            let signed = try decode(AdminRequest.self, request.body)
            let now = Timestamp.wallClock
            if let problem = signed.problem(
                operation: operation.rawValue, audience: audience, keys: try wiring.ownKeys(), now: now)
            {
                throw Problem(LakeRoutes.notPermitted, "The request is not taken: \(problem).")
            }
            guard taken.take(signed, now: now) else {
                throw Problem(LakeRoutes.notPermitted, "The request is not taken: it was taken before.")
            }
            do {
                return try await aside { try await body(signed.payload) }.uncached
            } catch let error as BCSError {
                throw Problem(.undecodable, "The payload is not what it should be: \(error).")
            } catch let refusal as SettlementRefusal {
                throw Problem(.refused, refusal.description, reason: refusal.name)
            } catch let refusal as LakeRefusal {
                throw Problem(.refused, refusal.text, reason: "\(refusal.reason)")
            } catch let error as LakeError {
                throw Problem(.refused, error.description, reason: "\(LakeRefusal(error).reason)")
            } catch let error as StatementError {
                throw Problem(.refused, error.description)
            }
        }
        endpoint.moreMilliseconds = moreMilliseconds
        endpoint.isOpenToOtherOrigins = false
        return endpoint
    }

    /// Lake, chain and proofs of one and the same block.
    private func statement(_ message: StatementMessage) async throws -> APIAnswer {
        let (view, state) = wiring.node.leasedView()
        let chain = wiring.chain(view, state)
        let parts = ProofParts()
        let builder = StatementBuilder(lake: wiring.lake, chain: chain) { keys in
            guard let bundle = try StateProofs.bundle(keys, StatePoint(newestOf: view), view, parts) else {
                throw StatementError("there is no block above the genesis yet, so nothing can be proved")
            }
            return bundle
        }
        let statement = try await builder.statement(
            of: message.member, in: message.community, from: message.from, to: message.to)
        return APIAnswer(mediaType: "application/json", body: .bytes(Array(try statement.json())))
    }
}

extension NodeWiring {
    /// What stands beside the ledger: the lake with its attester, and their routes.
    static func offChainModules(_ wiring: LakeWiring, _ settler: SettlerWiring) -> [any RouteModule] {
        [LakeRoutes(wiring: wiring, settler: settler)] + wiring.data.modules(wiring.node.background)
    }
}
