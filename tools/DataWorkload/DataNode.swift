internal import Accounts
internal import Agreements
internal import Anchors
internal import Chain
internal import ContractHost
package import ContractKit
package import DataLake
package import DataSets
internal import Foundation
package import LedgerCrypto
package import LightClient
internal import Logging
package import Primitives
package import ReadModels
internal import Synchronization

/// One partner's node over a `Market`, without network and disk of a ledger: lake, data service, read models.
package final class DataNode: Sendable {
    package let market: Market
    package let partner: String
    package let lake: DataLake
    package let service: DataService
    package let models: ReadModelStore
    private let folder: URL
    private let clock = SharedClock()

    /// The node's clock goes ahead of the chain's, so that what was uploaded long ago can be tested.
    package func wait(milliseconds: UInt64) { clock.add(milliseconds) }
    package var now: Timestamp { market.time.adding(milliseconds: clock.value) }

    /// With `lake` that of another node, whose disk lost its ledger.
    package init(
        _ market: Market, partner: String = "aurora", room: StorageRoom = StorageRoom(), lake given: DataLake? = nil
    ) throws {
        self.market = market
        self.partner = partner
        folder = FileManager.default.temporaryDirectory.appending(path: "data-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let lake = try given ?? DataLake(folder: folder)
        self.lake = lake
        let clock = clock
        let models = try ReadModelStore(
            path: folder.appending(path: "read-models.sqlite").path, network: market.network
        ) { (try? lake.parts.document($0)) ?? nil }
        self.models = models
        service = DataService(
            partner: partner, parts: lake.parts,
            accesses: try AccessLogStore(path: folder.appending(path: "accesses.sqlite").path),
            point: {
                let (state, time) = (market.state, market.time)
                return (
                    ChainView(network: market.network, time: time, validators: market.genesis.validators, state: state),
                    { try market.prove($0).bcs }
                )
            },
            readerKeys: { account, key in
                let answer = try? market.ask(
                    Accounts.actorQuery, of: WellKnown.accounts, ActorID(account: account, key: key))
                return answer?.capabilities.contains(.accessData) ?? false
            }, dataSetsOf: { try models.dataSets(partner: $0, anchor: $1) }, room: room,
            now: { market.time.adding(milliseconds: clock.value) })
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    package var upkeep: DataUpkeep { upkeep { [market, partner] in try market.run($0, as: partner) } }

    package func upkeep(_ submit: @escaping DataUpkeep.Submit) -> DataUpkeep { upkeep(asking: { _, _ in nil }, submit) }

    /// The same beside other partners' nodes.
    package func upkeep(
        asking ask: @escaping PartReplication.Ask, _ submit: @escaping DataUpkeep.Submit
    ) -> DataUpkeep {
        DataUpkeep(
            service: service, replication: PartReplication(service: service, ask: ask), log: Logger(label: "test"),
            submit: submit)
    }

    /// Reads all blocks that the market has made since.
    package func follow() throws {
        let next = try models.position()?.height.value ?? 0
        try models.apply(Array(market.blocks.dropFirst(Int(next))))
    }

    // MARK: providers

    package static let dataSet = "load"

    package func description(
        _ source: PartBuilder.Source = Tables.csvSource, partner: String = "aurora", keepUntil: Timestamp? = nil,
        zone: DataZone = .harmonised, inputs: [Digest] = [], energy: EnergyColumn? = nil
    ) -> PartUpload.Description {
        PartUpload.Description(
            partner: partner, dataSet: DataNode.dataSet, source: source, zone: zone, salt: Tables.salt, inputs: inputs,
            energy: energy, keepUntil: keepUntil)
    }

    package func upload(
        _ bytes: [UInt8], _ description: PartUpload.Description, key: Secp256k1.SecretKey? = nil
    ) -> PartUpload {
        PartUpload(
            signing: description, bytes: bytes, network: market.network,
            key: key ?? ContractTestBench.key(of: description.partner))
    }

    package func register() throws {
        try market.must(
            Anchors.register, on: WellKnown.anchors,
            RegisterDataSet(name: DataNode.dataSet, schema: Manifest.schema))
    }

    package func anchor(_ manifest: Manifest, correcting corrected: Digest? = nil) throws {
        let batch = NewBatch(manifest, supersedes: corrected)
        try market.must(
            Anchors.append, on: WellKnown.anchors, AppendBatches(dataSet: DataNode.dataSet, batches: [batch]))
    }

    package func delete(_ part: Digest, reason: UInt16 = 1) throws {
        try market.must(Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: part, reason: reason))
    }

    // MARK: readers

    package var trust: TrustAnchor { TrustAnchor(market.genesis) }

    package func request(
        _ dataSet: Digest, _ agreement: UInt64?, _ part: Digest, range: SliceRange = .all, filter: RowFilter? = nil,
        form: ReadRequest.Form = .proved, purpose: Purposes = .research, by user: String = "user",
        key: Secp256k1.SecretKey? = nil, time: Timestamp? = nil
    ) -> ReadRequest {
        let secret = key ?? Market.key(user)
        let made = ReadRequest(
            AccessQuestion(user: Market.holder(user), dataSet: dataSet, purpose: purpose, agreement: agreement),
            part: part, range: range, filter: filter, form: form, time: time ?? now, network: market.network,
            key: secret.publicKey
        ) { secret.sign($0) }
        guard let made else { preconditionFailure("the key signs") }
        return made
    }

    /// What the node writes for a request.
    package func serve(_ request: ReadRequest) async throws -> [UInt8] {
        let bytes = Bytes()
        try await service.serve(try service.grant(request)) { await bytes.append($0) }
        return await bytes.all
    }

    /// What a reader that trusts nobody makes of it: the content.
    package func verify(_ slice: [UInt8], _ request: ReadRequest, now: Timestamp? = nil) throws -> [UInt8] {
        var verifier = SliceVerifier(request, trust: trust, now: now ?? market.time)
        var content: [UInt8] = []
        try verifier.append(slice) { _, chunk in content += chunk }
        try verifier.finish()
        return content
    }
}

private actor Bytes {
    var all: [UInt8] = []
    func append(_ bytes: [UInt8]) { all += bytes }
}

private final class SharedClock: Sendable {
    private let more = Mutex<UInt64>(0)
    var value: UInt64 { more.withLock { $0 } }
    func add(_ milliseconds: UInt64) { more.withLock { $0 += milliseconds } }
}
