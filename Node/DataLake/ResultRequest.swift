package import Primitives
package import Results

/// "Recompute this result of an analysis and sign its claim."
package struct ResultRequest: Hashable, Sendable, BCSCodable {
    /// Inputs of one result: half a megabyte of digests.
    package static let inputsMax = LakeMessage.partMax
    package static let parametersBytesMax = 1_024
    package static let outputBytesMax = 8_192

    package let claim: ResultClaim
    /// What the claim names by digest.
    package let parameters: [UInt8]
    /// Content addresses that the claim names by their root, in order.
    package let inputs: [Digest]
    /// Of the output's part in the lake.
    package let salt: Digest
    /// Content of the output's part: with the salt, what the claim names by content address.
    package let output: [UInt8]

    package init(claim: ResultClaim, parameters: [UInt8], inputs: [Digest], salt: Digest, output: [UInt8]) {
        self.claim = claim
        self.parameters = parameters
        self.inputs = inputs
        self.salt = salt
        self.output = output
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(claim)
        encoder.blob(parameters)
        encoder.vector(inputs) { $0.fixed($1) }
        encoder.fixed(salt)
        encoder.blob(output)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        claim = try ResultClaim(from: &decoder)
        parameters = try decoder.blob(max: ResultRequest.parametersBytesMax)
        inputs = try decoder.vector(max: ResultRequest.inputsMax) {
            (decoder: inout BCSDecoder) throws(BCSError) -> Digest in try decoder.digest()
        }
        salt = try decoder.digest()
        output = try decoder.blob(max: ResultRequest.outputBytesMax)
    }
}

/// Recomputes results of analyses and signs them; implemented by the analytics module.
package protocol ResultAttestation: Sendable {
    func attest(_ request: ResultRequest, for partner: String) async -> LakeMessage
}
