internal import Chain
package import ContractKit
internal import LedgerCrypto
package import Primitives

/// What is claimed: this program, over these inputs and parameters, gives this output. Attesters sign its digest.
package struct ResultClaim: Hashable, Sendable, ContractValue {
    /// Partner that publishes.
    package let owner: String
    /// Name of the analysis.
    package let analysis: String
    /// Digest of the program, as the analysis declares it.
    package let program: Digest
    /// Root of the list Merkle tree over the content addresses of the inputs, in the order that the program reads them.
    package let inputs: Digest
    package let inputCount: UInt32
    /// SHA-256 of the parameters' bytes.
    package let parameters: Digest
    /// Content address of the output.
    package let output: Digest

    package init(
        owner: String, analysis: String, program: Digest, inputs: Digest, inputCount: UInt32, parameters: Digest,
        output: Digest
    ) {
        self.owner = owner
        self.analysis = analysis
        self.program = program
        self.inputs = inputs
        self.inputCount = inputCount
        self.parameters = parameters
        self.output = output
    }

    /// SHA-256 of the BCS bytes: the subject of attestations.
    package var digest: Digest { SHA256.hash(bcs) }

    /// The claim without its output: what may be answered once.
    package var question: Digest {
        var encoder = BCSEncoder()
        encodeQuestion(to: &encoder)
        return SHA256.hash(encoder.bytes)
    }

    package static let shape = Shape.fields(
        "ResultClaim", ("owner", .text(max: Partner.idBytesMax)), ("analysis", .text(max: BatchAnchor.nameBytesMax)),
        ("program", .digest), ("inputs", .digest), ("inputCount", .u32), ("parameters", .digest), ("output", .digest))

    private func encodeQuestion(to encoder: inout BCSEncoder) {
        encoder.string(owner)
        encoder.string(analysis)
        encoder.fixed(program)
        encoder.fixed(inputs)
        encoder.u32(inputCount)
        encoder.fixed(parameters)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encodeQuestion(to: &encoder)
        encoder.fixed(output)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        owner = try decoder.string(max: Partner.idBytesMax)
        analysis = try decoder.string(max: BatchAnchor.nameBytesMax)
        program = try decoder.digest()
        inputs = try decoder.digest()
        inputCount = try decoder.u32()
        parameters = try decoder.digest()
        output = try decoder.digest()
    }
}

/// A published result. Who attested it stands in the transaction.
package struct ResultRecord: Hashable, Sendable, ContractValue {
    package let claim: ResultClaim
    /// How many partners attested it.
    package let attestations: UInt16
    package let height: Height

    package init(claim: ResultClaim, attestations: UInt16, height: Height) {
        self.claim = claim
        self.attestations = attestations
        self.height = height
    }

    package static let shape = Shape.fields(
        "ResultRecord", ("claim", ResultClaim.shape), ("attestations", .u16), ("height", .u64))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(claim)
        encoder.u16(attestations)
        encoder.value(height)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        claim = try ResultClaim(from: &decoder)
        attestations = try decoder.u16()
        height = try Height(from: &decoder)
    }
}
