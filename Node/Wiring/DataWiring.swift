internal import Accounts
internal import Chain
internal import ContractHost
internal import ContractKit
internal import DataAPI
internal import DataLake
internal import DataSets
internal import Foundation
internal import LedgerCrypto
internal import LedgerState
internal import Logging
internal import NodeClient
internal import NodeRuntime
internal import Primitives
internal import RPC
internal import ReadModels
internal import Replica
internal import ServiceLifecycle

/// Data sets under contract on a node: the service that takes and serves parts, copies between partners, the read models
/// of the marketplace, and what runs beside them.
struct DataWiring: Sendable {
    let service: DataService
    let replication: PartReplication
    let models: ReadModelStore
    let upkeep: DataUpkeep
    let readings: ReadingUpkeep
    let feeder: ReadModelFeeder
    let webhooks: WebhookStore
    let sender: WebhookSender

    init(
        node: LedgerNode<ContractApplication>, settings: NodeSettings, lake: DataLake,
        operatorKey: Secp256k1.SecretKey, cache: ChainCache, communities: @escaping CommunitySource, logger: Logger,
        ask: @escaping PartReplication.Ask
    ) throws {
        let folder = settings.data + "/lake"
        let parts = lake.parts
        let models = try ReadModelStore(path: folder + "/read-models.sqlite", network: node.network) { digest in
            (try? parts.document(digest)) ?? nil
        }
        self.models = models
        let proofParts = ProofParts()
        service = DataService(
            partner: settings.partner, parts: parts, accesses: try AccessLogStore(path: folder + "/accesses.sqlite"),
            point: { try DataWiring.point(node, cache, proofParts) },
            readerKeys: { account, key in try DataWiring.mayRead(account, key, node) },
            dataSetsOf: { try models.dataSets(partner: $0, anchor: $1) }, room: settings.room, now: { .wallClock })
        replication = PartReplication(service: service, ask: ask)
        upkeep = DataUpkeep(service: service, replication: replication, log: logger) { calls in
            try await DataWiring.submit(calls, node, operatorKey)
        }
        readings = ReadingUpkeep(
            partner: settings.partner, lake: lake, log: logger, now: { .wallClock }, communities: communities
        ) { () throws(StorageFailure) in LakeWiring.chain(node, cache) }
        feeder = ReadModelFeeder(store: models, source: DataWiring.blocks(node), log: logger)
        webhooks = try WebhookStore(path: folder + "/webhooks.sqlite")
        let web = WebPost()
        sender = WebhookSender(
            store: webhooks, source: DataWiring.blocks(node), log: logger, now: { .wallClock },
            post: { try await web.post($0, headers: $1, body: $2) })
    }

    /// What the parts of each owner take up here, and what was refused.
    func metrics() -> [MetricFamily] {
        func samples(_ values: [(owner: String, value: UInt64)]) -> [MetricSample] {
            values.map { MetricSample(Double($0.value), [MetricLabel("owner", $0.owner)]) }
        }
        let held = (try? service.parts.bytesByOwner()) ?? []
        return [
            MetricFamily(
                "commonwatt_data_bytes", "Bytes of parts of data sets in the lake, by owner.",
                .gauge(samples(held.map { ($0.owner, $0.bytes) }))),
            MetricFamily(
                "commonwatt_data_refused_total",
                "Parts not taken because copies of that owner are not taken here, or have no more room.",
                .counter(samples(service.refused.page.map { ($0.owner, $0.refused) }))),
        ]
    }

    func modules(_ background: BackgroundExecutor) -> [any RouteModule] {
        [DataRoutes(service: service, models: models, background: background), MarketRoutes(models: models)]
    }

    /// The newest final state with proofs of the same block.
    private static func point(
        _ node: LedgerNode<ContractApplication>, _ cache: ChainCache, _ parts: ProofParts
    ) throws -> (chain: LakeChain, prove: @Sendable ([[UInt8]]) throws -> [UInt8]) {
        let (view, state) = node.leasedView()
        let chain = LakeWiring.chain(view, state, node.network, cache)
        return (
            chain,
            { keys in
                guard let bundle = try StateProofs.bundle(keys, StatePoint(newestOf: view), view, parts) else {
                    throw LakeRefusal(.unavailable, "there is no certified block yet, so nothing can be proved")
                }
                return bundle.bcs
            }
        )
    }

    /// What Accounts says of a key, in the newest final state.
    private static func mayRead(
        _ account: Digest, _ key: PublicKey, _ node: LedgerNode<ContractApplication>
    ) throws -> Bool {
        let view = node.view
        let answer = try node.application.query(
            WellKnown.accounts, Accounts.actorQuery.number, arguments: ActorID(account: account, key: key).bcs,
            context: RuntimeService.context(view, node.configuration.genesis), state: view.state)
        guard case .success(let bytes) = answer else { return false }
        return try ActorAnswer(bcs: bytes).capabilities.contains(.accessData)
    }

    private static func submit(
        _ calls: [Call], _ node: LedgerNode<ContractApplication>, _ key: Secp256k1.SecretKey
    ) async throws -> Receipt? {
        let body = TransactionBody(
            network: node.network, sender: key.publicKey,
            expiry: Timestamp.wallClock.adding(milliseconds: NodeWiring.lifetimeMilliseconds),
            salt: UInt64.random(in: 0...UInt64.max), calls: calls)
        let transaction = try Transaction(signing: body, with: key)
        if let refusal = try await node.submit([transaction]).first ?? nil {
            throw LakeRefusal(.unavailable, "the pool did not take a transaction: \(refusal)")
        }
        guard case .final(_, let receipt) = try await node.outcome(of: transaction.digest, waitingMilliseconds: 30_000)
        else { return nil }
        return receipt
    }

    private static func blocks(_ node: LedgerNode<ContractApplication>) -> BlockSource {
        BlockSource(
            block: { height in
                let view = node.view
                guard let block = try view.block(at: height), let receipts = try view.receipts(at: height) else {
                    return nil
                }
                return ExecutedBlock(block: block, receipts: receipts)
            },
            finalHeight: { try await node.finalHeight(reaching: $0, waitingMilliseconds: $1) },
            base: { try node.view.base() },
            state: {
                let (view, state) = node.leasedView()
                return ReadModelState(header: view.tip) { try state.leaves(after: $0, limit: $1) }
            })
    }
}

/// Reads blocks into the read models and keeps the data sets up until the node shuts down.
struct DataLife: Service {
    let data: DataWiring
    let background: BackgroundExecutor

    func run() async throws {
        // Blocks come one after the other, and market lists wait for them: not behind the others' work.
        let reading = BackgroundExecutor(name: "read models", threads: 1)
        defer { reading.stop() }
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask(executorPreference: reading) { await data.feeder.run() }
                group.addTask(executorPreference: background) { await data.upkeep.run() }
                group.addTask(executorPreference: background) { await data.readings.run() }
                group.addTask { await data.sender.run() }
            }
        }
    }
}
