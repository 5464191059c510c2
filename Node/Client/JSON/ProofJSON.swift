internal import Chain
package import LedgerState
package import LightClient
internal import Primitives

extension JSONCoder where Value == CommitmentProof {
    package static let commitmentProof = JSONCoder<[UInt8]>.hex(1...CommitmentProof.byteCountMax).map(
        to: { try CommitmentProof(protobuf: $0) }, from: { $0.protobuf })
}

extension JSONCoder where Value == ProofBundle.Entry {
    package static let proofEntry = JSONCoder.object(
        "ProofEntry", "One key: its value, or its absence when there is none, with the proof of that.",
        field("key", { $0.key }, .hex(0...StateChange.keyBytesMax)),
        optional("value", { $0.value }, .hex(0...StateChange.valueBytesMax), "Left out: the key is absent."),
        field("proof", { $0.proof }, .commitmentProof, "Protobuf of the ICS-23 CommitmentProof (SmtSpec).")
    ) { ProofBundle.Entry(key: $0, value: $1, proof: $2) }
}

extension JSONCoder where Value == ProofBundle.EpochEnd {
    package static let epochEnd = JSONCoder.object(
        "EpochEnd", "The last header of an epoch, why it is final, and the validators of the next one.",
        field("header", { $0.header }, .header),
        field("finalization", { $0.finalization }, .certificate),
        field("nextValidators", { $0.nextValidators }, .validatorSet)
    ) { ProofBundle.EpochEnd(header: $0, finalization: $1, nextValidators: $2) }
}

extension JSONCoder where Value == ProofBundle {
    package static let proofBundle = JSONCoder.object(
        "ProofBundle", "All that a verifier needs beside the genesis. Format: docs/formats/proof-bundle.md.",
        field("format", { _ in ProofBundleDocument.formatName }, .word([ProofBundleDocument.formatName])),
        field("entries", { $0.entries }, JSONCoder<ProofBundle.Entry>.proofEntry.list(max: ProofBundle.entriesMax)),
        field("header", { $0.header }, .header, "Its state root is the one that the proofs lead to."),
        field(
            "descendants", { $0.descendants }, JSONCoder<BlockHeader>.header.list(max: ProofBundle.descendantsMax),
            "Children up to the one that the finalization names."),
        field("finalization", { $0.finalization }, .certificate),
        field(
            "epochEnds", { $0.epochEnds },
            JSONCoder<ProofBundle.EpochEnd>.epochEnd.list(max: ProofBundle.epochEndsMax),
            "From epoch 0 to the one before the header's.")
    ) { _, entries, header, descendants, finalization, ends in
        ProofBundle(
            entries: entries, header: header, descendants: descendants, finalization: finalization, epochEnds: ends)
    }
}

/// What a state read answers with.
package struct StateAnswer: Sendable {
    package let key: [UInt8]
    package let read: StateValue
    package let proof: ProofBundle?

    package init(key: [UInt8], read: StateValue, proof: ProofBundle?) {
        self.key = key
        self.read = read
        self.proof = proof
    }
}

extension JSONCoder where Value == StateAnswer {
    package static let stateAnswer = JSONCoder.object(
        "StateAnswer", "What the state holds under a key after the block at a height.",
        field("key", { $0.key }, .hex(1...StateChange.keyBytesMax)),
        field("height", { $0.read.height }, .counter),
        field(
            "value", { $0.read.value }, JSONCoder<[UInt8]>.hex(1...StateChange.valueBytesMax).nullable,
            "null: the key is absent."),
        optional("proof", { $0.proof }, .proofBundle, "When asked for.")
    ) { StateAnswer(key: $0, read: StateValue(height: $1, value: $2), proof: $3) }
}

extension JSONCoder where Value == QueryAnswer {
    package static let queryAnswer = JSONCoder.object(
        "QueryAnswer", "What a contract's query answered over the state of a height.",
        field("height", { $0.height }, .counter),
        field("value", { $0.value }, .hex(0...QueryAnswer.valueBytesMax), "BCS, of the type in the interface.")
    ) { QueryAnswer(height: $0, outcome: .value($1)) }
}

extension QueryAnswer {
    package static let valueBytesMax = 8 * 1024 * 1024

    fileprivate var value: [UInt8] {
        if case .value(let bytes) = outcome { bytes } else { [] }
    }
}
