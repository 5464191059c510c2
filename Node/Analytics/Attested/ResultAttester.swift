internal import Chain
internal import ContractKit
package import DataLake
internal import DataSets
package import LedgerCrypto
package import Logging
internal import Primitives
internal import Results
package import Settlement

/// Recomputes forecasts that other partners claim, and signs exactly those that come out the same.
///
/// It believes nothing of the request: analysis, community, members and anchors come from the own chain, readings are
/// checked against their digests, and which readings count is chosen anew from the own lake. What costs time happens one
/// question at a time (`ForecastGate`), in a process with bounds (`WorkerLimits`), and only for communities whose policy
/// names this node's partner.
package struct ResultAttester: ResultAttestation {
    private let partner: String
    private let key: Secp256k1.SecretKey
    private let lake: DataLake
    private let chain: ChainSource
    private let machine: ForecastMachine
    private let gate: ForecastGate
    private let fetch: Attester.Fetch
    private let fetchMilliseconds: UInt64
    private let log: Logger

    /// `key` is one of the partner's keys in Governance; `fetch` asks the partner that sent a request for readings that
    /// are missing here, for at most `fetchMilliseconds` in all.
    package init(
        partner: String, key: Secp256k1.SecretKey, lake: DataLake, machine: ForecastMachine, gate: ForecastGate,
        fetchMilliseconds: UInt64 = 60_000, log: Logger = Logger(label: "results"), chain: @escaping ChainSource,
        fetch: @escaping Attester.Fetch
    ) {
        self.partner = partner
        self.key = key
        self.lake = lake
        self.machine = machine
        self.gate = gate
        self.fetchMilliseconds = fetchMilliseconds
        self.log = log
        self.chain = chain
        self.fetch = fetch
    }

    package func attest(_ request: ResultRequest, for sender: String) async -> LakeMessage {
        do {
            let parameters = try check(request, from: sender)
            let attestation = try await gate.pass(for: sender, isOwn: sender == partner) {
                try await fetch(request, parameters, from: sender)
            } then: {
                try await recompute(request, parameters)
            }
            return .attested(attestation)
        } catch {
            let refusal = ResultAttester.refusal(error)
            log.notice(
                "no attestation of a result for \(sender): \(refusal.text)",
                metadata: ["analysis": "\(request.claim.analysis)", "output": "\(request.claim.output.short)"])
            return .refused(refusal)
        }
    }

    static func refusal(_ error: any Error) -> LakeRefusal {
        switch error {
        case let refusal as LakeRefusal: refusal
        case let error as LakeError: LakeRefusal(error)
        case let error as WorkerError: LakeRefusal(.unavailable, error.description)
        default: LakeRefusal(.unavailable, "\(error)")
        }
    }

    // MARK: what costs nothing

    /// Everything that shows without computing.
    private func check(_ request: ResultRequest, from sender: String) throws -> ForecastParameters {
        let chain = try chain()
        let claim = request.claim
        guard claim.owner == sender else {
            throw LakeRefusal(.notPermitted, "\(sender) asks for a result of \(claim.owner)")
        }
        try checkAnalysis(claim, chain)
        guard let parameters = try? ForecastParameters(bcs: request.parameters) else {
            throw LakeRefusal(.malformed, "the parameters are none of a day-ahead forecast")
        }
        guard parameters.digest == claim.parameters else {
            throw LakeRefusal(
                .otherInputs,
                "the parameters sent have the digest \(parameters.digest.short), but the claim names \(claim.parameters.short)"
            )
        }
        guard let community = try chain.community(parameters.community) else {
            throw LakeRefusal(.unknown, "the chain has no community \(parameters.community)")
        }
        for each in [partner, sender] where !chain.mayHold(community, partner: each) {
            throw LakeRefusal(
                .notPermitted, "the policy of community \(parameters.community) does not name \(each)")
        }
        let root = ForecastInputs.root(request.inputs)
        guard claim.inputs == root, Int(claim.inputCount) == request.inputs.count else {
            throw LakeRefusal(
                .otherInputs,
                "the \(request.inputs.count) inputs sent have the root \(root.short), but the claim names \(claim.inputCount) with \(claim.inputs.short)"
            )
        }
        let output = try? ForecastOutput.manifest(request.output, salt: request.salt, inputs: request.inputs).digest
        guard output == claim.output else {
            throw LakeRefusal(
                .malformed, "the output sent is not the one that the claim names, \(claim.output.short)")
        }
        return parameters
    }

    private func checkAnalysis(_ claim: ResultClaim, _ chain: ChainView) throws {
        let name = "\(claim.owner)/\(claim.analysis)"
        guard let analysis = try chain.read(Results.analyses, Pair(claim.owner, claim.analysis), of: WellKnown.results)
        else {
            throw LakeRefusal(.unknown, "the chain has no analysis \(name)")
        }
        let named = analysis.policy.attesters
        guard named.isEmpty ? chain.validators.index(ofPartner: partner) != nil : named.contains(partner) else {
            throw LakeRefusal(.notPermitted, "the policy of analysis \(name) does not name \(partner)")
        }
        guard claim.program == analysis.program else {
            throw LakeRefusal(
                .otherInputs,
                "the program is \(claim.program.short), but analysis \(name) declares \(analysis.program.short)")
        }
        let own = try machine.program()
        guard claim.program == own else {
            throw LakeRefusal(
                .otherInputs,
                "the program is \(claim.program.short), but \(partner) computes with \(own.short): another version of the model or of LightGBM's library"
            )
        }
    }

    // MARK: what costs time

    /// Asks the sender for what is missing here of the named batches, before the machine is taken: a slow sender holds up
    /// nobody else.
    private func fetch(
        _ request: ResultRequest, _ parameters: ForecastParameters, from sender: String
    ) async throws {
        let chain = try chain()
        guard let community = try chain.community(parameters.community) else { return }
        try await BatchFetch(partner: partner, lake: lake, ask: fetch).bring(
            request.inputs, of: community, from: sender, chain, milliseconds: fetchMilliseconds)
    }

    private func recompute(_ request: ResultRequest, _ parameters: ForecastParameters) async throws -> Attestation {
        let chain = try chain()
        let inputs = try inputs(request, parameters, chain)
        let forecast = try await machine.forecast(after: inputs.series)
        let own = ForecastOutput.text(forecast)
        let manifest = try ForecastOutput.manifest(own, salt: request.salt, inputs: inputs.digests)
        guard manifest.digest == request.claim.output else {
            let why = ForecastOutput.difference(own, request.output) ?? "it names other inputs"
            throw LakeRefusal(
                .otherResult,
                "the output is \(request.claim.output.short), but recomputing gives \(manifest.digest.short): \(why)")
        }
        return Attestation(
            signing: request.claim.digest, network: chain.network, instance: WellKnown.results, partner: partner,
            key: key)
    }

    /// The inputs as this node chooses them, when they are those of the request.
    private func inputs(
        _ request: ResultRequest, _ parameters: ForecastParameters, _ chain: ChainView
    ) throws -> ForecastInputs {
        let own = try ForecastInputs(parameters, lake: lake, chain: chain)
        if own.digests == request.inputs { return own }
        let (named, chosen) = (Set(request.inputs), Set(own.digests))
        if let withheld = own.digests.first(where: { !named.contains($0) }) {
            throw LakeRefusal(.otherInputs, "the input \(withheld.short) is anchored for those days but was left out")
        }
        if let foreign = request.inputs.first(where: { !chosen.contains($0) }) {
            throw LakeRefusal(
                .otherInputs, "the input \(foreign.short) does not belong to those days, or was corrected or deleted")
        }
        guard own.digests == request.inputs else {
            throw LakeRefusal(.otherInputs, "the inputs are not in ascending order, each once")
        }
        return own
    }
}
