package import Chain
package import ContractKit
package import DataLake
package import DataSets
package import Primitives
package import Results
internal import Settlement
internal import Trading

/// A forecast that this node computed, with its claim, before others have signed it.
package struct PreparedForecast: Sendable {
    package let request: ResultRequest
    package let manifest: Manifest
    package let analysis: Analysis
    package let forecast: DayAheadForecast
}

/// Computes forecasts of the own partner that are to be recorded, and gathers the attestations for them.
package struct ForecastRecorder: Sendable {
    /// Asks a partner's node, the own one too; nil when it did not answer.
    package typealias Ask = @Sendable (_ partner: String, LakeMessage) async -> LakeMessage?

    private let partner: String
    private let lake: DataLake
    private let chain: ChainSource
    private let machine: ForecastMachine
    private let gate: ForecastGate

    package init(
        partner: String, lake: DataLake, machine: ForecastMachine, gate: ForecastGate, chain: @escaping ChainSource
    ) {
        self.partner = partner
        self.lake = lake
        self.machine = machine
        self.gate = gate
        self.chain = chain
    }

    /// Computes the forecast of one day from what the lake has, under an analysis of the own partner. `salt` is drawn at
    /// random by the caller. Throws a `LakeRefusal` that says what is in the way.
    package func prepare(
        _ analysis: String, of community: Address, day: Timestamp, days: UInt16, salt: Digest
    ) async throws -> PreparedForecast {
        do {
            let chain = try chain()
            guard let declared = try chain.read(Results.analyses, Pair(partner, analysis), of: WellKnown.results) else {
                throw LakeRefusal(.unknown, "\(partner) has declared no analysis '\(analysis)'")
            }
            let program = try machine.program()
            guard program == declared.program else {
                throw LakeRefusal(
                    .otherInputs,
                    "analysis '\(analysis)' declares the program \(declared.program.short), but this node computes with \(program.short): another version of the model or of LightGBM's library"
                )
            }
            guard let view = try chain.community(community) else {
                throw LakeRefusal(.unknown, "the chain has no community \(community)")
            }
            let parameters = ForecastParameters(
                community: community, members: view.head.members, day: day, days: days)
            guard let parameters = try? ForecastParameters(bcs: parameters.bcs) else {
                throw LakeRefusal(
                    .malformed,
                    "a forecast sees \(ForecastParameters.daysMin) to \(NetLoadSeries.daysMax) days before the one that is forecast"
                )
            }
            return try await gate.pass(for: partner, isOwn: true) {
                try await prepare(analysis, declared, parameters, salt: salt, chain)
            }
        } catch {
            throw ResultAttester.refusal(error)
        }
    }

    private func prepare(
        _ name: String, _ analysis: Analysis, _ parameters: ForecastParameters, salt: Digest, _ chain: ChainView
    ) async throws -> PreparedForecast {
        let inputs = try ForecastInputs(parameters, lake: lake, chain: chain)
        let question = ResultClaim(
            owner: partner, analysis: name, program: analysis.program, inputs: inputs.root,
            inputCount: UInt32(clamping: inputs.digests.count), parameters: parameters.digest, output: .zero
        ).question
        if let known = try chain.read(Results.answers, question, of: WellKnown.results), try !chain.isDeleted(known) {
            throw LakeRefusal(
                .otherResult, "this forecast is recorded already, from the same readings: its output is \(known)")
        }
        let forecast = try await machine.forecast(after: inputs.series)
        let output = ForecastOutput.text(forecast)
        let manifest = try ForecastOutput.manifest(output, salt: salt, inputs: inputs.digests)
        let claim = ResultClaim(
            owner: partner, analysis: name, program: analysis.program, inputs: inputs.root,
            inputCount: UInt32(clamping: inputs.digests.count), parameters: parameters.digest, output: manifest.digest)
        return PreparedForecast(
            request: ResultRequest(
                claim: claim, parameters: parameters.bcs, inputs: inputs.digests, salt: salt, output: output),
            manifest: manifest, analysis: analysis, forecast: forecast)
    }

    /// Whether the chain has a result with this output.
    package func isRecorded(_ output: Digest) throws -> Bool {
        try chain().read(Results.results, output, of: WellKnown.results) != nil
    }

    /// Stores the output in the lake, in the zone of results; it goes again when it is not anchored within an hour.
    package func store(_ prepared: PreparedForecast, now: Timestamp) throws {
        let head = prepared.manifest.header.content.head.count
        try lake.parts.store(
            prepared.manifest, content: Array(prepared.request.output.dropFirst(head)), owner: partner,
            dataSet: prepared.analysis.dataSet, now: now)
    }

    /// Asks the partners of the analysis' policy, at the same time, until enough have signed; one of another partner than
    /// the own is among them. Throws a `LakeRefusal` with what each said when they are too few.
    package func attest(_ prepared: PreparedForecast, ask: @escaping Ask) async throws -> [Attestation] {
        let chain = try chain()
        let policy = prepared.analysis.policy
        let partners = policy.attesters.isEmpty ? chain.validators.validators.map(\.partner) : policy.attesters
        let needed = policy.needed(of: partners.count)
        let request = prepared.request
        var attestations: [Attestation] = []
        var refusals: [String] = []
        func isEnough() -> Bool {
            attestations.count >= needed && attestations.contains { $0.partner != partner }
        }
        await withTaskGroup(of: (String, LakeMessage?).self) { group in
            for other in partners { group.addTask { (other, await ask(other, .attestResult(request))) } }
            for await (other, answer) in group {
                switch answer {
                case .attested(let attestation)?
                where chain.isValid(attestation, by: other, of: request.claim.digest, for: WellKnown.results):
                    attestations.append(attestation)
                case .attested?: refusals.append("\(other) signed something else")
                case .refused(let refusal)?: refusals.append("\(other): \(refusal.text)")
                case nil: refusals.append("\(other) did not answer")
                default: refusals.append("\(other) answered something else")
                }
                if isEnough() { group.cancelAll() }
            }
        }
        guard isEnough() else {
            let said = refusals.sorted().joined(separator: "; ")
            throw LakeRefusal(
                .otherResult,
                "\(attestations.count) of \(max(needed, 1)) attestations, another partner's among them: \(said)")
        }
        return attestations.sorted { $0.partner.utf8.lexicographicallyPrecedes($1.partner.utf8) }
    }
}
