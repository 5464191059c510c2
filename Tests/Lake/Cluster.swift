import Analytics
import Chain
import ContractKit
import DataLake
import Foundation
import Identity
import LedgerCrypto
import LedgerState
import LightClient
import Primitives
import Settlement
import Synchronization
import TestSupport
import Trading
import TradingTestSupport

/// A folder that goes away with the test.
final class TemporaryFolder: Sendable {
    let url: URL
    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "lake-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(at: url) }
}

/// Five partners' nodes with a lake and an attester each, over one chain. Messages travel as encoded frames.
final class Cluster: Sendable {
    struct Node: Sendable {
        let lake: DataLake
        let service: LakeService
    }

    let network: Mutex<TestNetwork>
    private let cache = ChainCache()
    private let nodes: Mutex<[String: Node]> = Mutex([:])
    private let folder: TemporaryFolder
    static let administrator = "aurora"
    static let provider = "corona"
    static let all = TestNetwork.partners + [TestNetwork.outsider]

    /// `machine` computes forecasts; without it nobody attests results.
    init(machine: ForecastMachine? = nil) throws {
        network = Mutex(try TestNetwork(withResults: machine != nil))
        folder = try TemporaryFolder()
        for partner in Self.all {
            let lake = try DataLake(folder: folder.url.appending(path: partner))
            let source: ChainSource = { [weak self] () throws(StorageFailure) in
                guard let self else { throw StorageFailure("the test is over") }
                return self.chain
            }
            let attester = Attester(partner: partner, key: TestNetwork.key(partner), lake: lake, chain: source) {
                [weak self] (other, message) in await self?.ask(other, message, from: partner)
            }
            let results = machine.map { machine in
                ResultAttester(
                    partner: partner, key: TestNetwork.key(partner), lake: lake, machine: machine,
                    gate: ForecastGate { Timestamp(1_700_000_000_000) }, chain: source
                ) { [weak self] (other, message) in await self?.ask(other, message, from: partner) }
            }
            let service = LakeService(
                partner: partner, lake: lake, attester: attester, results: results,
                now: { [weak self] in self?.time ?? Timestamp(0) }, communities: Cluster.communities(of: partner),
                chain: source)
            nodes.withLock { $0[partner] = Node(lake: lake, service: service) }
        }
    }

    static func communities(of partner: String) -> CommunitySource {
        CommunityDirectory(partner: partner).source
    }

    func lake(_ partner: String) throws -> DataLake {
        guard let node = nodes.withLock({ $0[partner] }) else { throw TestFailure("no node \(partner)") }
        return node.lake
    }

    func service(_ partner: String) throws -> LakeService {
        guard let node = nodes.withLock({ $0[partner] }) else { throw TestFailure("no node \(partner)") }
        return node.service
    }

    /// Of the newest block; what machines' clocks show.
    var time: Timestamp { network.withLock { $0.time } }

    var chain: ChainView {
        network.withLock {
            let events = $0.events
            return ChainView(
                network: $0.genesis.network, time: $0.time, validators: $0.genesis.validators, state: $0.state,
                cache: cache, events: ChainEvents(height: $0.height) { events[$0.value] })
        }
    }

    /// The same without anything in memory: everything is read from the state.
    var chainOfState: ChainView {
        network.withLock {
            ChainView(
                network: $0.genesis.network, time: $0.time, validators: $0.genesis.validators, state: $0.state)
        }
    }

    /// A request over the wire: encoded, decoded, handled, and back.
    func ask(_ partner: String, _ message: LakeMessage, from sender: String) async -> LakeMessage? {
        guard let node = nodes.withLock({ $0[partner] }),
            let request = try? LakeFrame(bcs: LakeFrame(number: 1, message: message).bcs)
        else { return nil }
        let answer = await node.service.handle(request.message, from: sender)
        return try? LakeFrame(bcs: LakeFrame(number: 1, message: answer).bcs).message
    }

    func engine() throws -> SettlementEngine {
        SettlementEngine(lake: try lake(Self.administrator)) { [weak self] () throws(StorageFailure) in
            guard let self else { throw StorageFailure("the test is over") }
            return self.chain
        }
    }

    /// The partners' answers to an attestation request by the administrator.
    func asking(except silent: Set<String> = []) -> SettlementEngine.Ask {
        { [weak self] (partner, message) in
            silent.contains(partner) ? nil : await self?.ask(partner, message, from: Self.administrator)
        }
    }

    func submit(
        _ settlement: AttestedSettlement, to community: Address, by partner: String = Cluster.administrator
    ) throws -> UInt16? {
        try network.withLock { try $0.code(Community.settle, on: community, settlement, by: partner) }
    }
}

extension Cluster {
    /// Founds a community, admits `homes` with a meter each, draws keys, and stores and anchors `batches` at the
    /// administrator's lake.
    func community(
        _ rules: CommunityRules, homes: Int, from: PeriodNumber, batches: [ReadingBatch], keys: [Int64]? = nil
    ) throws -> Address {
        let lake = try lake(Self.administrator)
        let address = try network.withLock { (network) throws -> Address in
            let address = try network.found(rules)
            for index in 1...homes {
                try network.registerMeter(index)
                try network.must(
                    Community.admit, on: address,
                    network.admission(
                        index, to: address, attesters: rules.attestation.attesters, from: from,
                        settings: MemberSettings(key: RateSchedule(keys?[index - 1] ?? 0))))
            }
            for start in stride(from: 0, to: batches.count, by: 64) {
                try network.anchor(Array(batches[start..<min(start + 64, batches.count)]))
            }
            return address
        }
        for index in 1...homes {
            try lake.secrets.setKey(
                SHA256.hash(Array("secret of member \(index)".utf8)), of: MemberNumber(UInt32(index)), in: address)
        }
        try lake.secrets.setKey(SHA256.hash(Array("secret of the community".utf8)), of: nil, in: address)
        for batch in batches { try lake.store(batch.bcs) }
        return address
    }

    /// Computes, has attested and settles one period. The engine takes the first quorum that answers: with one partner `silent` it is always the same one.
    func settle(
        _ community: Address, _ period: PeriodNumber, except silent: Set<String> = []
    ) async throws -> AttestedSettlement {
        let engine = try engine()
        let settlement = try await engine.attest(
            try engine.prepare(community, period: period), ask: asking(except: silent))
        if let code = try submit(settlement, to: community) { throw TestFailure("refused: \(code)") }
        return settlement
    }

    /// A bundle over the state as it is now, final by all four validators.
    func prove(_ keys: [[UInt8]]) throws -> ProofBundle {
        let (state, genesis, height, time) = network.withLock {
            ($0.state.values, $0.genesis, $0.height, $0.time)
        }
        let changes = state.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map {
            StateChange(key: $0.key, value: $0.value)
        }
        let snapshot = try StateSnapshot.empty(over: MemoryStore()).applying(changes, version: height)
        let header = BlockHeader(
            network: genesis.network, height: height, view: View(height.value), epoch: Epoch(0),
            parent: SHA256.hash([0]), parentView: View(0), time: time, proposer: 0,
            transactionsRoot: Block.transactionsRoot([]), stateRoot: snapshot.root, receiptsRoot: Receipt.root([]),
            validatorSet: genesis.validators.digest, nextValidatorSet: genesis.validators.digest)
        let payload = VotePayload(
            network: genesis.network, epoch: Epoch(0), kind: .finalize, view: header.view, digest: header.digest)
        let entries = TestNetwork.partners.enumerated().map { index, partner in
            Certificate.Entry(
                signer: UInt16(index), signature: TestNetwork.key(partner).sign(payload.signingDigest))
        }
        return ProofBundle(
            entries: try keys.compactMap { key in
                try snapshot.prove(key).map { ProofBundle.Entry(key: key, proof: $0) }
            }, header: header, descendants: [],
            finalization: Certificate(
                epoch: Epoch(0), kind: .finalize, view: header.view, digest: header.digest, entries: entries),
            epochEnds: [])
    }

    func statement(
        of member: Int, in community: Address, from: PeriodNumber, to: PeriodNumber
    ) async throws -> Statement {
        let builder = StatementBuilder(lake: try lake(Self.administrator), chain: chain) { [weak self] keys in
            guard let self else { throw TestFailure("the test is over") }
            return try self.prove(keys)
        }
        return try await builder.statement(
            of: MemberNumber(UInt32(member)), in: community, from: from, to: to)
    }

    func verify(_ file: Data) -> StatementReport {
        let (genesis, time) = network.withLock { ($0.genesis, $0.time) }
        return StatementVerifier(genesis: genesis).verify(file, now: time)
    }
}

/// Rules and readings of the tests.
enum Homes {
    static let first = TestNetwork.firstPeriod

    static func rules(_ attestation: AttestationPolicy = .validators, activeMembersMin: UInt16 = 2) -> CommunityRules {
        CommunityRules(
            name: "Sierra Crest", currency: "USD", period: .minutes60,
            priceRule: .communityTariffs(
                PriceSchedule(
                    base: PricePair(consumption: 160_000, production: 140_000),
                    bands: [
                        PriceBand(
                            weekdays: 31, fromMinute: 1_020, toMinute: 1_200,
                            prices: PricePair(consumption: 200_000, production: 180_000))
                    ])),
            gridTariff: Tariff(base: PricePair(consumption: 250_000, production: 80_000)),
            clock: HourlyAdaptor.californiaClock, activeMembersMin: activeMembersMin, attestation: attestation)
    }

    /// Readings of `hours` hours of one home, from the hour `begin` on, a little different every hour.
    static func batch(
        _ home: Int, hours: UInt64 = 6, revision: UInt16 = 0, more: Energy = 0, from begin: UInt64 = 0
    ) -> ReadingBatch {
        let readings = (begin..<begin + hours).flatMap { hour in
            [Direction.load, .production].map { direction in
                Reading(
                    start: Timestamp((first.value + hour) * 3_600_000), direction: direction,
                    energy: (direction == .load) == (home % 2 == 0)
                        ? Int64(home) * 700 + Int64(hour) * 13 + more : Int64(home) * 31,
                    quality: .asProvided, revision: revision,
                    receivedAt: Timestamp((first.value + begin + hours) * 3_600_000))
            }
        }
        return ReadingBatch(
            salt: SHA256.hash(Array("salt \(home) \(revision)".utf8)), meter: TestNetwork.meter(home),
            resolution: .minutes60, readings: readings)
    }
}
