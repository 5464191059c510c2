internal import Anchors
internal import ArgumentParser
internal import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import Foundation
internal import LedgerCrypto
internal import LedgerState
internal import Primitives
internal import Replica
internal import SnapshotWorkload
internal import Storage
internal import Trading

/// A community on a chain of one validator, which has every role, in simulated time.
struct SimulatedCommunity {
    private static let partner = "only"
    private static let dataSet = "readings"

    let store: KeyValueStore
    private(set) var transactions = 0
    private let members: Int
    private let genesis: Genesis
    private let key: Secp256k1.SecretKey
    private let builder: ChainBuilder
    private var address = WellKnown.instances
    private var head = CommunityHead(administrator: partner, rules: .zero)
    private var rules: CommunityRules
    private var next: PeriodNumber
    private var salt: UInt64 = 0

    init(members: Int, store: KeyValueStore) throws {
        self.members = members
        self.store = store
        let key = try Self.key("partner")
        self.key = key
        let partner = Partner(id: Self.partner, name: "The only partner", roles: .all, keys: [key.publicKey])
        var parameters = NetworkParameters()
        parameters.quotaWork = .max / 2
        let meters = try (1...members).map { number in
            Meter(
                number: UInt64(number), gridOperator: Self.partner, dataProvider: Self.partner,
                holder: Consent.holder(try Self.key("member \(number)").publicKey), isConfirmed: true)
        }
        let suite = SuiteGenesis(partners: [partner], parameters: parameters, meters: meters)
        // Midnight of 1 January 2026, UTC.
        let start = Timestamp(1_767_225_600_000)
        genesis = try ChainBuilder.genesis(
            key: key, transportKey: .zero, now: start, blocks: 0, heartbeatMilliseconds: 3_600_000,
            application: suite.bcs)
        builder = try ChainBuilder.open(ContractSuite.application, store: store, genesis: genesis, key: key)
        rules = CommunityRules(
            name: "A year", currency: "EUR", period: .minutes60, priceRule: .midMarketRate,
            gridTariff: Tariff(base: PricePair(consumption: 250_000, production: 80_000)),
            listsBatches: members <= SettlementBatches.listedMax)
        next = PeriodNumber(start.milliseconds / 3_600_000)
        try found()
    }

    private static func key(_ name: String) throws -> Secp256k1.SecretKey {
        guard let key = Secp256k1.SecretKey(SHA256.hash(Array("year of \(name)".utf8)).bytes) else {
            throw ValidationError("a digest is a key")
        }
        return key
    }

    var height: UInt64 { builder.height.value }
    /// Newest stored block.
    var storedHeight: Height { builder.storedHeight }

    /// What a node does when it starts again over the stored chain.
    func restarted(over store: KeyValueStore) throws -> ChainBuilder {
        try ChainBuilder.open(ContractSuite.application, store: store, genesis: genesis, key: key)
    }

    private mutating func found() throws {
        let create = CreateInstance(contract: Community.name, arguments: rules)
        let outputs = try commit([[InstanceService.create.call(on: WellKnown.instances, create)]])
        address = try InstanceService.create.output(outputs[0][0])
        var calls = try (1...members).map { number in
            Community.admit.call(on: address, try admission(number))
        }
        calls.append(
            Anchors.register.call(
                on: WellKnown.anchors, RegisterDataSet(name: Self.dataSet, schema: ReadingBatch.schema)))
        for start in stride(from: 0, to: calls.count, by: 200) {
            _ = try commit(calls[start..<min(start + 200, calls.count)].map { [$0] })
        }
        guard let bytes = try builder.state.value(Community.head.stateKey(at: address)) else {
            throw ValidationError("the community has no head")
        }
        head = try Community.head.decode(bytes)
    }

    private func admission(_ number: Int) throws -> Admission {
        let key = try Self.key("member \(number)")
        let terms = MembershipTerms(meters: [MeterNumber(UInt64(number))], from: next)
        let credential = SHA256.hash(Array("credential \(number)".utf8))
        let digest = terms.signingDigest(
            network: genesis.network, community: address, credential: credential, attesters: [])
        return Admission(
            terms: terms,
            consent: Consent(
                credential: credential, key: key.publicKey, attesters: [], signature: key.sign(digest)))
    }

    /// One block; the outputs of each transaction. Throws the first rejection.
    private mutating func commit(_ transactions: [[Call]]) throws -> [[[UInt8]]] {
        let signed = try transactions.compactMap { calls in
            salt += 1
            let body = TransactionBody(
                network: genesis.network, sender: key.publicKey, expiry: builder.now.adding(milliseconds: 300_000),
                salt: salt, calls: calls)
            return SignedTransaction(verifying: try Transaction(signing: body, with: key))
        }
        self.transactions += signed.count
        let receipts = try builder.commit(signed).suffix(signed.count)
        if let rejection = receipts.lazy.compactMap(\.rejection).first { throw rejection }
        return receipts.map(\.outputs)
    }

    /// Passes a day: its batches are anchored, then each hour is settled in a block of its own.
    mutating func day() throws {
        let from = Timestamp(next.value * 3_600_000)
        let to = from.adding(milliseconds: 86_400_000)
        builder.advance(milliseconds: to.milliseconds - min(to.milliseconds, builder.now.milliseconds) + 1_000)
        let batches = (1...members).map { SHA256.hash(Array("batch of \($0) on \(from.milliseconds)".utf8)) }.sorted()
        var appends: [[Call]] = []
        for start in stride(from: 0, to: members, by: AppendBatches.batchesMax) {
            let some = batches[start..<min(start + AppendBatches.batchesMax, members)].map {
                NewBatch(digest: $0, root: $0, count: 48, from: from, to: to)
            }
            appends.append([
                Anchors.append.call(on: WellKnown.anchors, AppendBatches(dataSet: Self.dataSet, batches: some))
            ])
        }
        _ = try commit(appends)
        let list = SettlementBatches(batches)
        let (root, count) = (list.root, UInt32(members))
        for _ in 0..<24 {
            let call = Community.settle.call(on: address, try settlement(list, root, count))
            _ = try commit([[call]])
            next = PeriodNumber(next.value + 1)
        }
    }

    private func settlement(_ batches: SettlementBatches, _ root: Digest, _ count: UInt32) throws -> AttestedSettlement
    {
        let inputs = SettlementInputs(
            rules: head.rules, members: head.members, batchRoot: root, batchCount: count,
            salts: SHA256.hash(Array("salts of \(next.value)".utf8)), previous: .zero,
            contractVersion: Community.version)
        let energy = Energy(members) * 400
        let totals = SettlementTotals(
            production: energy, consumption: energy, traded: energy / 2, bought: 0, sold: 0, tradePaid: 82_500,
            tradeEarned: 82_500, gridPaid: 0, gridEarned: 0, fund: 0, rounding: 0)
        let claim = SettlementClaim(
            period: next, version: 1, stage: .final, totals: .open(totals),
            root: SHA256.hash(Array("lines of \(next.value)".utf8)), members: count, missing: 0, estimated: 0)
        let record = SettlementRecord(inputs, claim)
        return AttestedSettlement(
            inputs: inputs, claim: claim,
            batches: rules.listsBatches ? batches : SettlementBatches([]),
            attestations: [
                Attestation(
                    signing: record.digest, network: genesis.network, instance: address, partner: Self.partner, key: key
                )
            ])
    }
}
