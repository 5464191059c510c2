package import ContractKit
package import Primitives

package struct VoteOperator: Hashable, Sendable, ContractValue {
    package let account: Digest
    package let isOperator: Bool

    package init(account: Digest, isOperator: Bool) {
        self.account = account
        self.isOperator = isOperator
    }

    package static let shape = Shape.fields("VoteOperator", ("account", .digest), ("isOperator", .bool))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.bool(isOperator)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        isOperator = try decoder.bool()
    }
}

package struct OperatorVote: Hashable, Sendable, BCSCodable {
    package let isOperator: Bool
    let time: Timestamp
    init(isOperator: Bool, time: Timestamp) {
        self.isOperator = isOperator
        self.time = time
    }
    package func encode(to encoder: inout BCSEncoder) {
        encoder.bool(isOperator)
        encoder.value(time)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        isOperator = try decoder.bool()
        time = try Timestamp(from: &decoder)
    }
}

package struct OperatorVoteNotice: Hashable, Sendable, ContractValue {
    package let account: Digest
    package let partner: String
    package let isOperator: Bool
    package let isDecided: Bool

    init(account: Digest, partner: String, isOperator: Bool, isDecided: Bool) {
        self.account = account
        self.partner = partner
        self.isOperator = isOperator
        self.isDecided = isDecided
    }

    package static let shape = Shape.fields(
        "OperatorVoteNotice", ("account", .digest), ("partner", .text(max: Partner.idBytesMax)), ("isOperator", .bool),
        ("isDecided", .bool))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.string(partner)
        encoder.bool(isOperator)
        encoder.bool(isDecided)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        partner = try decoder.string(max: Partner.idBytesMax)
        isOperator = try decoder.bool()
        isDecided = try decoder.bool()
    }
}

/// A judgement over an operator that waits for a second operator's.
package struct OperatorJudgement: Hashable, Sendable, ContractValue {
    package let by: Digest
    package let reason: UInt16
    package let time: Timestamp

    init(by: Digest, reason: UInt16, time: Timestamp) {
        self.by = by
        self.reason = reason
        self.time = time
    }

    package static let shape = Shape.fields("OperatorJudgement", ("by", .digest), ("reason", .u16), ("time", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(by)
        encoder.u16(reason)
        encoder.value(time)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        by = try decoder.digest()
        reason = try decoder.u16()
        time = try Timestamp(from: &decoder)
    }
}

package struct JudgementNotice: Hashable, Sendable, ContractValue {
    package let account: Digest
    /// Of the call that waits for a second one.
    package let method: UInt16
    package let judgement: OperatorJudgement

    init(account: Digest, method: UInt16, judgement: OperatorJudgement) {
        self.account = account
        self.method = method
        self.judgement = judgement
    }

    package static let shape = Shape.fields(
        "JudgementNotice", ("account", .digest), ("method", .u16), ("judgement", OperatorJudgement.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.u16(method)
        encoder.value(judgement)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        method = try decoder.u16()
        judgement = try OperatorJudgement(from: &decoder)
    }
}
