internal import Anchors
package import Chain
internal import ContractKit
package import DataLake
internal import DataSets
internal import LightClient
package import Primitives
package import Results

/// A recorded forecast as a file: what was asked, what came out, and proof that the chain has it. BCS: version `u16` = 1,
/// the request, and the bundles of `keys`, in order. Whoever has the genesis checks it offline.
package struct RecordedForecast: Hashable, Sendable, BCSCodable {
    package static let formatVersion: UInt16 = 1

    package let request: ResultRequest
    /// BCS of a proof bundle for each of `keys`.
    package let proofs: [[UInt8]]

    package init(request: ResultRequest, proofs: [[UInt8]]) {
        self.request = request
        self.proofs = proofs
    }

    /// State keys of the records that say what became of a claim: result, analysis, correction and tombstone of the output.
    package static func keys(_ claim: ResultClaim) -> [[UInt8]] {
        [
            Results.results.stateKey(claim.output, at: WellKnown.results),
            Results.analyses.stateKey(Pair(claim.owner, claim.analysis), at: WellKnown.results),
            Anchors.corrections.stateKey(claim.output, at: WellKnown.anchors),
            Directory.tombstones.stateKey(claim.output, at: WellKnown.anchors),
        ]
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(RecordedForecast.formatVersion)
        encoder.value(request)
        encoder.vector(proofs) { $0.blob($1) }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == RecordedForecast.formatVersion else {
            throw decoder.failure(.invalid("a recorded forecast of another format version"))
        }
        request = try ResultRequest(from: &decoder)
        proofs = try decoder.vector(max: 4) { (decoder: inout BCSDecoder) throws(BCSError) -> [UInt8] in
            try decoder.blob(max: ProofBundle.byteCountMax)
        }
    }
}

/// What is wrong with a recorded forecast, in words.
package struct RecordProblem: Error, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

extension RecordedForecast {
    package struct Verdict: Sendable {
        package let parameters: ForecastParameters
        package let record: ResultRecord
        package let analysis: Analysis
        /// The output that took its place.
        package let correction: Digest?
        package let isDeleted: Bool
        /// The oldest block that is proved.
        package let height: Height
        package let time: Timestamp
    }

    /// Checks everything from the genesis alone; throws a `RecordProblem` that says what does not hold.
    package func verify(genesis: Genesis, now: Timestamp) throws -> Verdict {
        let claim = request.claim
        guard let parameters = try? ForecastParameters(bcs: request.parameters), parameters.digest == claim.parameters
        else { throw RecordProblem("the parameters are not those that the claim names") }
        guard ForecastInputs.root(request.inputs) == claim.inputs, Int(claim.inputCount) == request.inputs.count else {
            throw RecordProblem("the inputs are not those that the claim names")
        }
        let output = try? ForecastOutput.manifest(request.output, salt: request.salt, inputs: request.inputs).digest
        guard output == claim.output else { throw RecordProblem("the output is not the one that the claim names") }
        let proved = try proved(genesis, now)
        guard let record = try proved.values[0].map({ try ResultRecord(bcs: $0) }) else {
            throw RecordProblem("the chain has no result with the output \(claim.output.short)")
        }
        guard record.claim == claim else { throw RecordProblem("the chain has another claim for this output") }
        guard let analysis = try proved.values[1].map({ try Analysis(bcs: $0) }) else {
            throw RecordProblem("the chain has no analysis '\(claim.analysis)' of \(claim.owner)")
        }
        return Verdict(
            parameters: parameters, record: record, analysis: analysis,
            correction: try proved.values[2].map { try Digest(bcs: $0) }, isDeleted: proved.values[3] != nil,
            height: proved.header.height, time: proved.header.time)
    }

    private func proved(_ genesis: Genesis, _ now: Timestamp) throws -> (values: [[UInt8]?], header: BlockHeader) {
        let keys = RecordedForecast.keys(request.claim)
        guard proofs.count == keys.count else { throw RecordProblem("it lacks a proof") }
        var values: [[UInt8]?] = []
        var headers: [BlockHeader] = []
        for (key, bytes) in zip(keys, proofs) {
            let verified: VerifiedProofBundle
            do {
                verified = try ProofBundle(bcs: bytes).verify(
                    from: TrustAnchor(genesis), now: now, ageMillisecondsMax: .max)
            } catch {
                throw RecordProblem("a proof does not hold: \(error)")
            }
            guard let entry = verified.entry(key) else { throw RecordProblem("a proof is about something else") }
            values.append(entry.value)
            headers.append(verified.header)
        }
        guard let oldest = headers.min(by: { $0.height < $1.height }) else { throw RecordProblem("it lacks a proof") }
        return (values, oldest)
    }
}
