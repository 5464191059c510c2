internal import Anchors
internal import Chain
internal import ContractHost
internal import ContractKit
internal import DataLake
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading
internal import Wiring

/// What a community's administrator does, one function a step. Signs with the operator key of the own partner and talks
/// to the own node, whose lake holds the readings.
struct CommunityOffice {
    static let dataSet = "meter-readings"

    let session: ChainSession
    /// The own partner, which is administrator and data provider here.
    let partner: String

    private var client: NodeClient { session.client }

    // MARK: founding

    func create(_ rules: CommunityRules) async throws -> Address {
        if let problem = rules.problem { throw UserError("The rules are not valid: \(problem).") }
        let call = InstanceService.create.call(
            on: WellKnown.instances, CreateInstance(contract: Community.name, arguments: rules))
        let result = try await session.run([call], doing: "creating the community")
        guard let output = result.receipt.outputs.first else {
            throw UserError("The chain gave no address for the community.")
        }
        return try InstanceService.create.output(output)
    }

    /// Registers the own operator key as one that signs uploads; nothing happens when it is registered already.
    func registerSigningKey() async throws {
        let key = session.key
        let digest = AddSigningKey.signingDigest(network: session.network, partner: partner, key: key.publicKey)
        let call = Identity.addSigningKey.call(
            on: WellKnown.identity, AddSigningKey(key: key.publicKey, proof: key.sign(digest)))
        let result = try await session.finish(try session.transaction([call]))
        if let rejection = result.receipt.rejection, rejection.code != Identity.signingKeyExists.code {
            throw ChainRefusal(what: "registering the upload key", rejection: rejection)
        }
    }

    /// Confirms, as the grid operator that `grid` signs for, that meters belong to their holders.
    static func registerMeters(
        _ meters: [(number: MeterNumber, holder: PublicKey)], gridOperator: String, dataProvider: String,
        grid: ChainSession
    ) async throws {
        for start in stride(from: 0, to: meters.count, by: TransactionBody.callsMax) {
            let calls = meters[start..<min(start + TransactionBody.callsMax, meters.count)].map { meter in
                Identity.registerMeter.call(
                    on: WellKnown.identity,
                    RegisterMeter(
                        meter: meter.number.value, gridOperator: gridOperator, dataProvider: dataProvider,
                        holder: Consent.holder(meter.holder)))
            }
            try await grid.run(calls, doing: "registering meters")
        }
    }

    /// A member's admission with its signed consent, which names the attesting partners.
    func admission(
        of terms: MembershipTerms, memberKey: Secp256k1.SecretKey, credential: Digest, to community: Address,
        rules: CommunityRules
    ) -> Admission {
        let attesters = rules.attestation.attesters
        let digest = terms.signingDigest(
            network: session.network, community: community, credential: credential, attesters: attesters)
        return Admission(
            terms: terms,
            consent: Consent(
                credential: credential, key: memberKey.publicKey, attesters: attesters,
                signature: memberKey.sign(digest)))
    }

    /// Numbers of the admitted members, in order.
    func admit(_ admissions: [Admission], to community: Address) async throws -> [MemberNumber] {
        var numbers: [MemberNumber] = []
        for start in stride(from: 0, to: admissions.count, by: TransactionBody.callsMax) {
            let part = admissions[start..<min(start + TransactionBody.callsMax, admissions.count)]
            let result = try await session.run(
                part.map { Community.admit.call(on: community, $0) }, doing: "admitting members")
            numbers += try result.receipt.outputs.map { try Community.admit.output($0) }
        }
        return numbers
    }

    func setKeys(_ keys: [MemberKeysMessage.Entry], communityKey: Digest, of community: Address) async throws {
        let message = MemberKeysMessage(community: community, communityKey: communityKey, members: keys)
        _ = try await ask(.memberKeys, message.bcs)
    }

    /// Draws a key for one member; the community's own key must be there already.
    func setMemberKey(_ member: MemberNumber, of community: Address) async throws {
        let message = MemberKeysMessage(
            community: community, communityKey: nil, members: [.init(member: member, key: Draw.digest())])
        _ = try await ask(.memberKeys, message.bcs)
    }

    // MARK: readings

    /// Uploads batches to the own lake, anchors them and sends them to the partners of the policy.
    func ingest(_ batches: [ReadingBatch], progress: (Int) -> Void) async throws {
        for batch in batches {
            let upload = BatchUpload(signing: batch, network: session.network, provider: partner, key: session.key)
            _ = try await client.post("/v1/lake/batches", upload.bcs)
        }
        try await registerDataSet()
        for start in stride(from: 0, to: batches.count, by: AppendBatches.batchesMax) {
            let part = Array(batches[start..<min(start + AppendBatches.batchesMax, batches.count)])
            let anchors = part.map { batch in
                NewBatch(
                    digest: batch.digest, root: batch.root, count: UInt32(clamping: batch.readings.count),
                    from: batch.span?.from ?? Timestamp(0), to: batch.span?.to ?? Timestamp(0), supersedes: nil)
            }
            let call = Anchors.append.call(
                on: WellKnown.anchors, AppendBatches(dataSet: CommunityOffice.dataSet, batches: anchors))
            try await session.run([call], doing: "anchoring batches")
            _ = try await ask(.replicate, ReplicateMessage(batches: part.map(\.digest)).bcs)
            progress(start + part.count)
        }
    }

    private func registerDataSet() async throws {
        let call = Anchors.register.call(
            on: WellKnown.anchors, RegisterDataSet(name: CommunityOffice.dataSet, schema: ReadingBatch.schema))
        let result = try await session.finish(try session.transaction([call]))
        if let rejection = result.receipt.rejection, rejection.code != Anchors.dataSetExists.code {
            throw ChainRefusal(what: "registering the data set", rejection: rejection)
        }
    }

    // MARK: settling

    /// Has the own node compute a period and gather attestations, then puts it on the chain unless `check` refuses it.
    func settle(
        _ community: Address, _ period: PeriodNumber, _ resolution: Resolution,
        check: (SettlementClaim) throws -> Void = { _ in }
    ) async throws -> AttestedSettlement {
        try await PeriodWords.telling(resolution) {
            let message = SettlementMessage(community: community, period: period)
            let bytes = try await ask(.settlement, message.bcs, accept: "application/octet-stream")
            let attested = try AttestedSettlement(bcs: bytes)
            try check(attested.claim)
            try await session.run(
                [Community.settle.call(on: community, attested)], doing: "settling period \(period)")
            return attested
        }
    }

    /// The JSON file of a member's statement.
    func statement(
        of member: MemberNumber, in community: Address, from: PeriodNumber, to: PeriodNumber
    ) async throws -> Data {
        let message = StatementMessage(community: community, member: member, from: from, to: to)
        return Data(try await ask(.statement, message.bcs))
    }

    /// What the settler of the own node does and waits for.
    func settlerReport() async throws -> SettlerReport {
        try JSONDecoder().decode(SettlerReport.self, from: Data(try await ask(.settler, [])))
    }

    /// Communities that the own partner has to do with, as the own node has read the chain.
    func communities() async throws -> CommunityList {
        try JSONDecoder().decode(CommunityList.self, from: Data(try await ask(.communities, [])))
    }

    // MARK: erasing

    /// Which batches of a member may be erased now, as the own node's lake has them.
    func erasable(_ member: MemberNumber, in community: Address) async throws -> ErasurePlanAnswer {
        let message = ErasureMessage(community: community, member: member, forgets: false)
        return try JSONDecoder().decode(ErasurePlanAnswer.self, from: Data(try await ask(.erasable, message.bcs)))
    }

    /// Says on chain that these anchored batches are deleted, as far as they are the own partner's. The anchors stay.
    func bury(_ batches: [Digest], reason: UInt16) async throws -> Burial.Outcome {
        let (session, client) = (session, client)
        let burial = Burial(partner: partner) { calls in
            try await session.finish(try session.transaction(calls)).receipt.rejection
        } status: { batch in
            let anchor = try await client.value(Directory.batches.stateKey(batch, at: WellKnown.anchors)).value
            guard let anchor else { return nil }
            let tombstone = try await client.value(Directory.tombstones.stateKey(batch, at: WellKnown.anchors)).value
            return Burial.Status(owner: try BatchAnchor(bcs: anchor).owner, isDeleted: tombstone != nil)
        }
        do {
            return try await burial.declare(batches, reason: reason)
        } catch let rejection as Rejection {
            throw ChainRefusal(what: "declaring batches deleted", rejection: rejection)
        }
    }

    /// Has the own node erase what the chain says is deleted, remove what of a member was never anchored, and destroy the
    /// key, salts and lines of a former one that is to be forgotten.
    func erase(
        of member: MemberNumber? = nil, in community: Address? = nil, forgets: Bool = false
    ) async throws -> Int {
        var payload: [UInt8] = []
        if let member, let community {
            payload = ErasureMessage(community: community, member: member, forgets: forgets).bcs
        }
        struct Answer: Decodable {
            let erased: Int
            let removed: Int
        }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(try await ask(.erase, payload)))
        return answer.erased + answer.removed
    }

    func rules(of community: Address) async throws -> CommunityRules {
        try await session.ask(Community.rulesQuery, of: community, Nothing())
    }

    private func ask(
        _ operation: AdminOperation, _ payload: [UInt8], accept: String = "application/json"
    ) async throws -> [UInt8] {
        // A large community's first period after a start takes longer than other requests.
        let seconds = operation == .settlement ? AdminOperation.settlementMilliseconds / 1_000 : 0
        return try await session.admin(operation, payload, accept: accept, waitSeconds: seconds)
    }
}
