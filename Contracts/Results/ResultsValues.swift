package import ContractKit
package import Primitives

/// What a partner declares once: a program, where its outputs go, and who recomputes them.
package struct Analysis: Hashable, Sendable, ContractValue {
    /// Digest of the program: of its sources and of the libraries that compute for it.
    package let program: Digest
    /// The owner's data set in Anchors that holds the outputs.
    package let dataSet: String
    package let policy: AttestationPolicy

    package init(program: Digest, dataSet: String, policy: AttestationPolicy) {
        self.program = program
        self.dataSet = dataSet
        self.policy = policy
    }

    package static let shape = Shape.fields(
        "Analysis", ("program", .digest), ("dataSet", .text(max: BatchAnchor.nameBytesMax)),
        ("policy", AttestationPolicy.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(program)
        encoder.string(dataSet)
        encoder.value(policy)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        program = try decoder.digest()
        dataSet = try decoder.string(max: BatchAnchor.nameBytesMax)
        policy = try AttestationPolicy(from: &decoder)
    }
}

package struct DeclareAnalysis: Hashable, Sendable, ContractValue {
    package let name: String
    package let analysis: Analysis

    package init(name: String, analysis: Analysis) {
        self.name = name
        self.analysis = analysis
    }

    package static let shape = Shape.fields(
        "DeclareAnalysis", ("name", .text(max: BatchAnchor.nameBytesMax)), ("analysis", Analysis.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(name)
        encoder.value(analysis)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        name = try decoder.string(max: BatchAnchor.nameBytesMax)
        analysis = try Analysis(from: &decoder)
    }
}

package struct PublishResult: Hashable, Sendable, ContractValue {
    package let claim: ResultClaim
    package let attestations: [Attestation]

    package init(claim: ResultClaim, attestations: [Attestation]) {
        self.claim = claim
        self.attestations = attestations
    }

    package static let shape = Shape.fields(
        "PublishResult", ("claim", ResultClaim.shape),
        ("attestations", .list(Attestation.shape, max: Attestation.countMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(claim)
        encoder.vector(attestations)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        claim = try ResultClaim(from: &decoder)
        attestations = try decoder.vector(max: Attestation.countMax)
    }
}

package struct AnalysisNotice: Hashable, Sendable, ContractValue {
    package let owner: String
    package let name: String
    package let program: Digest

    package init(owner: String, name: String, program: Digest) {
        self.owner = owner
        self.name = name
        self.program = program
    }

    package static let shape = Shape.fields(
        "AnalysisNotice", ("owner", .text(max: Partner.idBytesMax)), ("name", .text(max: BatchAnchor.nameBytesMax)),
        ("program", .digest))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(owner)
        encoder.string(name)
        encoder.fixed(program)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        owner = try decoder.string(max: Partner.idBytesMax)
        name = try decoder.string(max: BatchAnchor.nameBytesMax)
        program = try decoder.digest()
    }
}
