package import Chain
package import LedgerState
package import Primitives

/// Everything that a verifier needs, beside the genesis file, to know what the state holds under some keys: their
/// proofs, the header whose state root they lead to, and why that header is final. Unverified, whatever its source:
/// only `verify` gives a `VerifiedProofBundle`. Format: docs/formats/proof-bundle.md.
package struct ProofBundle: Hashable, Sendable {
    package static let formatVersion: UInt16 = 1
    package static let byteCountMax = 8 * 1024 * 1024
    package static let entriesMax = 256
    package static let descendantsMax = 64
    package static let epochEndsMax = 1_024

    /// One key: its value, or nil for its absence, with the ICS-23 proof of that.
    package struct Entry: Hashable, Sendable {
        package let key: [UInt8]
        package let value: [UInt8]?
        package let proof: CommitmentProof

        package init(key: [UInt8], value: [UInt8]?, proof: CommitmentProof) {
            self.key = key
            self.value = value
            self.proof = proof
        }

        /// The entry that a proof made by `StateSnapshot.prove` gives.
        package init(key: [UInt8], proof: CommitmentProof) {
            self.init(key: key, value: proof.value, proof: proof)
        }
    }

    /// The last header of an epoch, why it is final, and the validators of the next epoch, whose digest it has.
    package struct EpochEnd: Hashable, Sendable {
        package let header: BlockHeader
        package let finalization: Certificate
        package let nextValidators: ValidatorSet

        package init(header: BlockHeader, finalization: Certificate, nextValidators: ValidatorSet) {
            self.header = header
            self.finalization = finalization
            self.nextValidators = nextValidators
        }
    }

    /// May be empty: then the bundle is about the header alone.
    package let entries: [Entry]
    /// Its state root is the one that the entries lead to.
    package let header: BlockHeader
    /// The headers above it, of the same epoch, up to the first one with its own finalization.
    package let descendants: [BlockHeader]
    /// Finalizes the last descendant, or `header` itself when there is none.
    package let finalization: Certificate
    /// From epoch 0, or from the one that the verifier trusts, to the epoch before the header's, in order.
    package let epochEnds: [EpochEnd]

    package init(
        entries: [Entry], header: BlockHeader, descendants: [BlockHeader], finalization: Certificate,
        epochEnds: [EpochEnd]
    ) {
        self.entries = entries
        self.header = header
        self.descendants = descendants
        self.finalization = finalization
        self.epochEnds = epochEnds
    }

    /// The header that `finalization` is about.
    package var finalizedHeader: BlockHeader { descendants.last ?? header }
}

extension ProofBundle: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(ProofBundle.formatVersion)
        encoder.vector(entries)
        encoder.value(header)
        encoder.vector(descendants)
        encoder.value(finalization)
        encoder.vector(epochEnds)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard decoder.remaining <= ProofBundle.byteCountMax else {
            throw decoder.failure(.tooLong(limit: ProofBundle.byteCountMax))
        }
        guard try decoder.u16() == ProofBundle.formatVersion else {
            throw decoder.failure(
                .invalid("this proof bundle has another format version than \(ProofBundle.formatVersion)"))
        }
        entries = try decoder.vector(max: ProofBundle.entriesMax)
        header = try BlockHeader(from: &decoder)
        descendants = try decoder.vector(max: ProofBundle.descendantsMax)
        finalization = try Certificate(from: &decoder)
        epochEnds = try decoder.vector(max: ProofBundle.epochEndsMax)
    }
}

extension ProofBundle.Entry: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.blob(key)
        encoder.bool(value != nil)
        if let value { encoder.blob(value) }
        encoder.blob(proof.protobuf)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        key = try decoder.blob(max: StateChange.keyBytesMax)
        value = try decoder.bool() ? try decoder.blob(max: StateChange.valueBytesMax) : nil
        let start = decoder.offset
        let bytes = try decoder.blob(max: CommitmentProof.byteCountMax)
        do {
            proof = try CommitmentProof(protobuf: bytes)
        } catch {
            throw BCSError(.invalid("the ICS-23 proof: \(error)"), at: start)
        }
    }
}

extension ProofBundle.EpochEnd: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(header)
        encoder.value(finalization)
        encoder.value(nextValidators)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        header = try BlockHeader(from: &decoder)
        finalization = try Certificate(from: &decoder)
        nextValidators = try ValidatorSet(from: &decoder)
    }
}
