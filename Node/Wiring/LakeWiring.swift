internal import Analytics
internal import Chain
internal import ContractHost
internal import ContractKit
internal import DataLake
internal import Foundation
internal import LedgerCrypto
internal import LedgerState
internal import Logging
internal import NodeClient
internal import NodeRuntime
internal import Primitives
internal import Replica
internal import Settlement
internal import Trading

/// The data lake of a node and everything that works on it: the service that answers partners, the attester, the
/// settlement engine. Lake messages travel over the peer links, so that the sender is known by its TLS key.
struct LakeWiring: Sendable {
    /// Number of the lake's service on channel 1.
    static let service: UInt16 = 1
    static let timeoutMilliseconds: Int64 = 15_000

    let partner: String
    let lake: DataLake
    let service: LakeService
    let data: DataWiring
    let engine: SettlementEngine
    let forecasts: ForecastJobs
    let warmth: InputWarmth
    let communities: CommunityDirectory
    let restorer: LakeRestorer
    let counters = SettlementCounters()
    let node: LedgerNode<ContractApplication>
    let operatorKey: Secp256k1.SecretKey
    private let cache = ChainCache()

    init(
        node: LedgerNode<ContractApplication>, settings: NodeSettings, operatorKey: Secp256k1.SecretKey, logger: Logger
    ) throws {
        partner = settings.partner
        self.node = node
        self.operatorKey = operatorKey
        lake = try DataLake(folder: URL(filePath: settings.data + "/lake"), log: logger)
        let cache = cache
        let chain: ChainSource = { () throws(StorageFailure) in LakeWiring.chain(node, cache) }
        let partner = settings.partner
        let attester = Attester(
            partner: partner, key: operatorKey, lake: lake, log: logger, counters: counters, chain: chain
        ) { other, message in
            await LakeWiring.send(message, to: other, node)
        }
        let directory = CommunityDirectory(partner: partner)
        communities = directory
        let communities = directory.source
        data = try DataWiring(
            node: node, settings: settings, lake: lake, operatorKey: operatorKey, cache: cache,
            communities: communities,
            logger: logger
        ) { other, message in await LakeWiring.send(message, to: other, node) }
        let (machine, gate) = (ForecastWiring.machine(settings), ForecastGate { .wallClock })
        let results = ResultAttester(
            partner: partner, key: operatorKey, lake: lake, machine: machine, gate: gate, log: logger, chain: chain
        ) { other, message in await LakeWiring.send(message, to: other, node) }
        service = LakeService(
            partner: partner, lake: lake, attester: attester, data: data.replication, results: results,
            now: { .wallClock }, communities: communities, chain: chain)
        let service = service
        forecasts = ForecastJobs(
            recorder: ForecastRecorder(partner: partner, lake: lake, machine: machine, gate: gate, chain: chain)
        ) { other, message in
            other == partner
                ? await service.handle(message, from: partner) : await LakeWiring.send(message, to: other, node)
        }
        engine = SettlementEngine(lake: lake, log: logger, counters: counters, chain: chain)
        warmth = InputWarmth(partner: partner, lake: lake, log: logger, chain: chain)
        restorer = LakeRestorer(partner: partner, lake: lake, log: logger, chain: chain) { other, message in
            await LakeWiring.send(message, to: other, node)
        }
        node.services.register(LakeWiring.service) { peer, bytes in
            let frame = try LakeFrame(bcs: bytes)
            guard let sender = LakeWiring.partner(of: peer, node) else {
                let refusal = LakeRefusal(.notPermitted, "only validators of the network may ask this lake")
                return LakeFrame(number: frame.number, message: .refused(refusal)).bcs
            }
            return LakeFrame(number: frame.number, message: await service.handle(frame.message, from: sender)).bcs
        }
    }

    /// The newest final state, for readers that take their time.
    static func chain(_ node: LedgerNode<ContractApplication>, _ cache: ChainCache) -> LakeChain {
        let (view, state) = node.leasedView()
        return chain(view, state, node.network, cache)
    }

    /// The lake's view of a leased state.
    static func chain(
        _ view: LedgerView, _ state: LeasedState, _ network: Digest, _ cache: ChainCache
    ) -> LakeChain {
        LakeChain.of(
            network: network, time: view.tip.time, validators: view.validators, state: state, cache: cache,
            events: ChainEvents(height: view.tip.height) { (height) throws(StorageFailure) in
                try view.receipts(at: height)?.flatMap(\.events)
            })
    }

    func chain() -> LakeChain { LakeWiring.chain(node, cache) }

    private static func partner(of peer: Digest, _ node: LedgerNode<ContractApplication>) -> String? {
        let set = node.view.validators
        return set.index(ofTransport: peer).map { set.validators[$0].partner }
    }

    /// Nil when the partner runs no validator, is not linked, or did not answer.
    private static func send(
        _ message: LakeMessage, to partner: String, _ node: LedgerNode<ContractApplication>
    ) async -> LakeMessage? {
        let validators = node.view.validators
        guard let index = validators.index(ofPartner: partner) else { return nil }
        let peer = validators.validators[index].transportKey
        guard
            let bytes = try? await node.services.request(
                LakeWiring.service, LakeFrame(number: 0, message: message).bcs, to: peer,
                timeoutMilliseconds: LakeWiring.timeout(message)),
            let frame = try? LakeFrame(bcs: bytes), frame.message.isAnswer
        else { return nil }
        return frame.message
    }

    /// Who takes an offer fetches the part before it answers, who attests a result computes it, and who attests a settlement
    /// may have to read all readings from the disk.
    private static func timeout(_ message: LakeMessage) -> Int64 {
        switch message {
        case .offer, .attestResult: 8 * timeoutMilliseconds
        case .attest: 4 * timeoutMilliseconds
        default: timeoutMilliseconds
        }
    }

    /// Keeps what the next periods are computed from in memory until its task is cancelled, with at most a quarter of one
    /// core.
    func keepWarm() async {
        while !Task.isCancelled {
            let began = ContinuousClock.now
            if node.view.tip.height > Height(0) { _ = try? await warmth.round() }
            let pause = max(.seconds(1), (ContinuousClock.now - began) * 3)
            do { try await Task.sleep(for: min(pause, .seconds(15))) } catch { return }
        }
    }

    /// Asks a partner's node, or this one when it is the own partner.
    func ask(_ partner: String, _ message: LakeMessage) async -> LakeMessage? {
        partner == self.partner
            ? await service.handle(message, from: partner) : await LakeWiring.send(message, to: partner, node)
    }

    /// The chain of a leased view, for one answer.
    func chain(_ view: LedgerView, _ state: LeasedState) -> LakeChain {
        LakeWiring.chain(view, state, node.network, cache)
    }

    /// Keys of the own partner in Governance.
    func ownKeys() throws -> [PublicKey] { try chain().attestationKeys(of: partner) }

    /// Sends anchored batches to the partners that the policy of their community names; what each one answered. Throws while
    /// this node's chain is behind: it does not know whom the policy names now.
    func replicate(_ digests: [Digest]) async throws -> [(partner: String, stored: Int, refusal: String?)] {
        let chain = chain()
        try service.requireFresh(chain)
        var answers: [(partner: String, stored: Int, refusal: String?)] = []
        for other in chain.validators.validators.map(\.partner) where other != partner {
            var stored = 0
            var refusal: String?
            for digest in digests {
                let batch = try lake.batch(digest)
                guard let span = batch.span,
                    try service.mayHave(batch.meter, from: span.from, to: span.to, other, chain)
                else { continue }
                switch await ask(other, .store(try lake.bytes(digest))) {
                case .stored?: stored += 1
                case .refused(let why)?: refusal = why.text
                default: refusal = "did not answer"
                }
            }
            answers.append((other, stored, refusal))
        }
        return answers
    }
}
