internal import Chain
internal import ContractKit
package import DataLake
package import LedgerCrypto
package import Logging
internal import NodeClient
internal import Primitives
internal import Trading

/// Recomputes what a partner claims and signs it exactly when it comes out the same.
///
/// It believes nothing of the request: rules, members, versions and anchors come from the own chain, batches are checked
/// against their digests and anchors, and the choice of batches is made anew from the own lake.
package struct Attester: AttestationService {
    /// Asks the partner that sent the request for something that is missing here.
    package typealias Fetch = @Sendable (_ partner: String, LakeMessage) async -> LakeMessage?

    /// How long after the signature what it rests on is written.
    static let storeMilliseconds = 1_000
    /// How long what lacks here may take to come, each kind of it: whoever asks for a signature does not wait longer, and the state that
    /// is judged by is not pruned meanwhile.
    static let fetchMilliseconds: UInt64 = 60_000

    private let partner: String
    private let key: Secp256k1.SecretKey
    private let lake: DataLake
    private let chain: ChainSource
    private let fetch: Fetch
    private let log: Logger
    private let counters: SettlementCounters

    /// `key` is one of the partner's keys in Governance, or the consensus key of its validator.
    package init(
        partner: String, key: Secp256k1.SecretKey, lake: DataLake, log: Logger = Logger(label: "attester"),
        counters: SettlementCounters = SettlementCounters(), chain: @escaping ChainSource, fetch: @escaping Fetch
    ) {
        self.counters = counters
        self.partner = partner
        self.key = key
        self.lake = lake
        self.chain = chain
        self.fetch = fetch
        self.log = log
    }

    package func attest(_ request: AttestationRequest, for sender: String) async -> LakeMessage {
        do {
            let attestation = try await judge(request, from: sender)
            counters.attested()
            return .attested(attestation)
        } catch {
            let refusal = Attester.refusal(error)
            counters.refused(refusal.reason)
            log.notice(
                "no attestation for \(sender): \(refusal.text)",
                metadata: ["community": "\(request.community)", "period": "\(request.claim.period)"])
            return .refused(refusal)
        }
    }

    private static func refusal(_ error: any Error) -> LakeRefusal {
        switch error {
        case let refusal as LakeRefusal: refusal
        case let error as LakeError: LakeRefusal(error)
        case let error as SettlementRefusal: LakeRefusal(.otherInputs, error.description)
        case let error as SettlementError: LakeRefusal(.otherResult, error.description)
        default: LakeRefusal(.unavailable, "\(error)")
        }
    }

    private func judge(_ request: AttestationRequest, from sender: String) async throws -> Attestation {
        let chain = try chain()
        guard let community = try chain.community(request.community) else {
            throw LakeRefusal(.unknown, "the chain has no community \(request.community)")
        }
        guard chain.attesters(of: community.rules).contains(partner) else {
            throw LakeRefusal(.notPermitted, "the policy of community \(request.community) does not name \(partner)")
        }
        guard chain.mayHold(community, partner: sender) else {
            throw LakeRefusal(.notPermitted, "\(sender) has nothing to do with community \(request.community)")
        }
        try checkState(request, community)
        let attestation = Attestation(
            signing: request.record.digest, network: chain.network, instance: request.community, partner: partner,
            key: key)
        // This node computed exactly that a moment ago.
        if sender == partner, lake.computed.contains(request.record.digest) { return attestation }
        var phases = PhaseTimer()
        let selection = try await selection(request, of: community, from: sender, chain)
        phases.mark("select")
        try checkVersion(request, selection)
        let salts = try await salts(request, selection, of: community, from: sender)
        phases.mark("salts")
        let result = try selection.task(salts: salts).run()
        try Attester.compare(result.claim, with: request.claim)
        phases.mark("compute")
        // The one who asks waits for the signature, nobody for the disk: after a crash the period is computed again. It is
        // kept as the sender's until the chain has it, so that it replaces nothing that this node or others computed.
        try lake.secrets.storeLater(
            salts, of: request.community, period: request.claim.period, version: request.claim.version, origin: sender,
            afterMilliseconds: Attester.storeMilliseconds)
        try lake.results.storeLater(
            result, inputs: request.inputs, batches: selection.named, of: request.community, origin: sender,
            afterMilliseconds: Attester.storeMilliseconds)
        phases.mark("store")
        phases.log(.attester, request.claim, log, counters)
        return attestation
    }

    /// The inputs as this node has them, when they are those that the request names. When they are not, the list says
    /// which batch lacks here, or was left out there; it travels with requests of small communities and is asked for
    /// else.
    private func selection(
        _ request: AttestationRequest, of community: CommunityView, from sender: String, _ chain: ChainView
    ) async throws -> InputSelection {
        func own() throws(SettlementRefusal) -> InputSelection {
            try InputSelection(community: request.community, period: request.claim.period, lake: lake, chain: chain)
        }
        let isSent = !request.batches.digests.isEmpty || request.inputs.batchCount == 0
        func require(_ batches: SettlementBatches) throws {
            guard request.inputs.names(batches) else {
                throw LakeRefusal(.otherInputs, "the batches sent are not those that the inputs name")
            }
        }
        if isSent { try require(request.batches) }
        if let selection = try? own(), request.inputs.names(selection.named) { return selection }
        let batches = isSent ? request.batches : try await list(request, from: sender)
        try require(batches)
        try await BatchFetch(partner: partner, lake: lake, ask: fetch).bring(
            batches.digests, of: community, from: sender, chain, milliseconds: Attester.fetchMilliseconds)
        let selection = try own()
        try checkBatches(batches, selection)
        return selection
    }

    private func list(_ request: AttestationRequest, from sender: String) async throws -> SettlementBatches {
        let claim = request.claim
        let parts = BatchParts(community: request.community, period: claim.period, version: claim.version)
        let batches = try await inTime { [fetch] in
            await parts.fetch(count: request.inputs.batchCount) { await fetch(sender, $0) }
        }
        guard let batches else {
            throw LakeRefusal(.otherInputs, "\(sender) did not send the list of batches of period \(claim.period)")
        }
        return batches
    }

    /// Nil, too, when the partner takes too long.
    private func inTime<Value: Sendable>(_ body: @escaping @Sendable () async -> Value?) async throws -> Value? {
        do {
            return try await withTimeLimit(milliseconds: Attester.fetchMilliseconds) { await body() }
        } catch is TimeLimitExceeded {
            return nil
        }
    }

    private func checkState(_ request: AttestationRequest, _ community: CommunityView) throws {
        let inputs = request.inputs
        guard inputs.rules == community.head.rules else {
            throw LakeRefusal(.otherInputs, "it was computed with other rules than the community has")
        }
        guard inputs.members == community.head.members else {
            throw LakeRefusal(.otherInputs, "it was computed with other members or tariffs than the community has now")
        }
        guard inputs.contractVersion == Community.version else {
            throw LakeRefusal(
                .otherInputs,
                "it was computed by contract version \(inputs.contractVersion); this node computes \(Community.version)"
            )
        }
    }

    private func checkVersion(_ request: AttestationRequest, _ selection: InputSelection) throws {
        guard request.inputs.previous == selection.previous?.digest ?? .zero,
            request.claim.version == selection.version
        else {
            throw LakeRefusal(
                .otherInputs,
                "it replaces another settlement than the current one of period \(request.claim.period)")
        }
    }

    private func checkBatches(_ batches: SettlementBatches, _ selection: InputSelection) throws {
        let named = Set(batches.digests)
        let own = Set(selection.batches.map(\.digest))
        if let withheld = selection.batches.first(where: { !named.contains($0.digest) }) {
            throw LakeRefusal(
                .otherInputs,
                "batch \(withheld.digest.short) of meter \(withheld.batch.meter) is anchored but was left out")
        }
        if let foreign = batches.digests.first(where: { !own.contains($0) }) {
            throw LakeRefusal(
                .otherInputs, "batch \(foreign.short) does not belong to this period, or has a correction")
        }
    }

    /// The salts that the request names. Where this node has some itself, those of a partner that has no keys are refused:
    /// only the administrator's node makes them.
    private func salts(
        _ request: AttestationRequest, _ selection: InputSelection, of community: CommunityView, from sender: String
    ) async throws -> SaltList {
        let (address, period, version) = (request.community, request.claim.period, request.claim.version)
        let numbers = selection.members.map(\.number)
        let own = try lake.secrets.salts(of: numbers, in: address, period: period, version: version)
        if let own {
            if own.digest == request.inputs.salts { return own }
            guard sender == community.head.administrator, sender != partner else {
                throw LakeRefusal(.otherInputs, "it names other salts than this node has of period \(period)")
            }
        }
        for origin in Set([sender, community.head.administrator]).sorted() {
            let kept = try lake.secrets.salts(
                of: numbers, in: address, period: period, version: version, origin: origin)
            if let kept, kept.digest == request.inputs.salts { return kept }
        }
        let parts = SaltParts(community: address, period: period, version: version)
        let salts = try await inTime { [fetch] in
            await parts.fetch(count: numbers.count) { await fetch(sender, $0) }
        }
        guard let salts else {
            throw LakeRefusal(.notHeld, "the salts of the period are not here, and \(sender) did not send them")
        }
        guard salts.digest == request.inputs.salts else {
            throw LakeRefusal(.otherInputs, "\(sender) sent other salts than the settlement names")
        }
        return salts
    }

    /// Says what is different, not only that something is.
    static func compare(_ own: SettlementClaim, with claimed: SettlementClaim) throws {
        if own == claimed { return }
        let differences = [
            ("the stage", own.stage == claimed.stage),
            ("the totals", own.totals == claimed.totals),
            ("the members' balances", own.root == claimed.root),
            (
                "the counts of members and missing readings",
                own.members == claimed.members && own.missing == claimed.missing && own.estimated == claimed.estimated
            ),
        ].filter { !$0.1 }.map(\.0)
        throw LakeRefusal(
            .otherResult,
            "recomputing period \(claimed.period) gives another result: \(differences.joined(separator: ", ")) differ")
    }
}
