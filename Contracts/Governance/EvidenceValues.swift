package import Chain
package import ContractKit
package import Primitives

package struct EvidenceReport: Hashable, Sendable, ContractValue {
    package let evidence: Evidence
    package init(_ evidence: Evidence) { self.evidence = evidence }

    static let voteShape = Shape.fields(
        "Vote", ("epoch", .u64),
        (
            "kind",
            .code(
                "VoteKind",
                [Shape.CodeValue(0, "notarize"), Shape.CodeValue(1, "nullify"), Shape.CodeValue(2, "finalize")])
        ), ("view", .u64), ("digest", .digest), ("signer", .u16), ("signature", .signature))
    package static let shape = Shape.fields("EvidenceReport", ("first", voteShape), ("second", voteShape))
    package func encode(to encoder: inout BCSEncoder) { encoder.value(evidence) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { evidence = try Evidence(from: &decoder) }
}

package struct EvidenceAnswer: Hashable, Sendable, ContractValue {
    /// False when this validator's contradiction in this view was stored before.
    package let isNew: Bool
    init(isNew: Bool) { self.isNew = isNew }
    package static let shape = Shape.fields("EvidenceAnswer", ("isNew", .bool))
    package func encode(to encoder: inout BCSEncoder) { encoder.bool(isNew) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { isNew = try decoder.bool() }
}

package struct EvidenceRecord: Hashable, Sendable, BCSCodable {
    package let evidence: Evidence
    /// The partner whose validator is at fault.
    package let partner: String
    package let reporter: String
    package let height: Height

    init(evidence: Evidence, partner: String, reporter: String, height: Height) {
        self.evidence = evidence
        self.partner = partner
        self.reporter = reporter
        self.height = height
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(evidence)
        encoder.string(partner)
        encoder.string(reporter)
        encoder.value(height)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        evidence = try Evidence(from: &decoder)
        partner = try decoder.string(max: Partner.idBytesMax)
        reporter = try decoder.string(max: Partner.idBytesMax)
        height = try Height(from: &decoder)
    }
}

package struct EvidenceNotice: Hashable, Sendable, ContractValue {
    package let partner: String
    package let epoch: Epoch
    package let view: View

    init(partner: String, epoch: Epoch, view: View) {
        self.partner = partner
        self.epoch = epoch
        self.view = view
    }

    package static let shape = Shape.fields(
        "EvidenceNotice", ("partner", .text(max: Partner.idBytesMax)), ("epoch", .u64), ("view", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(partner)
        encoder.value(epoch)
        encoder.value(view)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partner = try decoder.string(max: Partner.idBytesMax)
        epoch = try Epoch(from: &decoder)
        view = try View(from: &decoder)
    }
}
