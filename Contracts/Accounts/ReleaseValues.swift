package import ContractKit
package import LedgerCrypto
package import Primitives

/// An operator lets an administrator of a revoked account take out what it has.
package struct ReleaseAccount: Hashable, Sendable, ContractValue {
    package let account: Digest
    /// Of an administrator of the account.
    package let key: PublicKey
    /// Above 0, from a list of the operator's. Never text.
    package let reason: UInt16

    package init(account: Digest, key: PublicKey, reason: UInt16) {
        self.account = account
        self.key = key
        self.reason = reason
    }

    package static let shape = Shape.fields(
        "ReleaseAccount", ("account", .digest), ("key", .publicKey), ("reason", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.value(key)
        encoder.u16(reason)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        key = try PublicKey(from: &decoder)
        reason = try decoder.u16()
    }
}

/// A release that waits for a second operator's.
package struct ReleaseJudgement: Hashable, Sendable, BCSCodable {
    package let by: Digest
    package let key: PublicKey
    package let reason: UInt16
    package let time: Timestamp

    init(by: Digest, key: PublicKey, reason: UInt16, time: Timestamp) {
        self.by = by
        self.key = key
        self.reason = reason
        self.time = time
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(by)
        encoder.value(key)
        encoder.u16(reason)
        encoder.value(time)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        by = try decoder.digest()
        key = try PublicKey(from: &decoder)
        reason = try decoder.u16()
        time = try Timestamp(from: &decoder)
    }
}

package struct ReleaseNotice: Hashable, Sendable, ContractValue {
    package let release: ReleaseAccount
    package let by: Digest
    /// Whether it is the second operator's.
    package let isDecided: Bool

    init(release: ReleaseAccount, by: Digest, isDecided: Bool) {
        self.release = release
        self.by = by
        self.isDecided = isDecided
    }

    package static let shape = Shape.fields(
        "ReleaseNotice", ("release", ReleaseAccount.shape), ("by", .digest), ("isDecided", .bool))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(release)
        encoder.fixed(by)
        encoder.bool(isDecided)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        release = try ReleaseAccount(from: &decoder)
        by = try decoder.digest()
        isDecided = try decoder.bool()
    }
}
