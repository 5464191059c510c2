package import ContractKit
package import LedgerCrypto
package import Primitives

/// A key that acts for an account.
package struct AccountActor: Hashable, Sendable, ContractValue {
    /// An administrator acts in every role that the account holds.
    package let isAdministrator: Bool
    /// A member's roles, as far as the account holds them.
    package let roles: MarketRoles

    init(isAdministrator: Bool, roles: MarketRoles) {
        self.isAdministrator = isAdministrator
        self.roles = roles
    }

    package static let shape = Shape.fields(
        "AccountActor", ("isAdministrator", .bool), ("roles", MarketRoles.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.bool(isAdministrator)
        encoder.value(roles)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        isAdministrator = try decoder.bool()
        roles = try MarketRoles(from: &decoder)
    }
}

/// What a key is to an account.
package enum ActorStanding: UInt8, ContractCode {
    case out = 0
    case member = 1
    case administrator = 2
}

package struct SetActor: Hashable, Sendable, ContractValue {
    package let key: PublicKey
    package let standing: ActorStanding
    /// Of a member; empty otherwise.
    package let roles: MarketRoles

    package init(key: PublicKey, standing: ActorStanding, roles: MarketRoles = []) {
        self.key = key
        self.standing = standing
        self.roles = roles
    }

    package static let shape = Shape.fields(
        "SetActor", ("key", .publicKey), ("standing", ActorStanding.shape), ("roles", MarketRoles.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(key)
        encoder.value(standing)
        encoder.value(roles)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        key = try PublicKey(from: &decoder)
        standing = try ActorStanding(from: &decoder)
        roles = try MarketRoles(from: &decoder)
    }
}

/// The account that an operator, or its own administrator, judges.
package struct AccountJudgement: Hashable, Sendable, ContractValue {
    package let account: Digest
    /// Above 0, from a list of the operator's. Never text.
    package let reason: UInt16

    package init(account: Digest, reason: UInt16) {
        self.account = account
        self.reason = reason
    }

    package static let shape = Shape.fields("AccountJudgement", ("account", .digest), ("reason", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.u16(reason)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        reason = try decoder.u16()
    }
}

package struct ActorNotice: Hashable, Sendable, ContractValue {
    package let account: Digest
    package let key: PublicKey
    package let standing: ActorStanding
    package let roles: MarketRoles

    init(account: Digest, _ change: SetActor) {
        self.account = account
        key = change.key
        standing = change.standing
        roles = change.roles
    }

    package static let shape = Shape.fields(
        "ActorNotice", ("account", .digest), ("key", .publicKey), ("standing", ActorStanding.shape),
        ("roles", MarketRoles.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.value(key)
        encoder.value(standing)
        encoder.value(roles)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        key = try PublicKey(from: &decoder)
        standing = try ActorStanding(from: &decoder)
        roles = try MarketRoles(from: &decoder)
    }
}

package struct ActorID: Hashable, Sendable, ContractValue {
    package let account: Digest
    package let key: PublicKey

    package init(account: Digest, key: PublicKey) {
        self.account = account
        self.key = key
    }

    package static let shape = Shape.fields("ActorID", ("account", .digest), ("key", .publicKey))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.value(key)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        key = try PublicKey(from: &decoder)
    }
}

package struct ActorAnswer: Hashable, Sendable, ContractValue {
    package let standing: ActorStanding
    /// Empty unless the account is active.
    package let capabilities: Capabilities
    package let sequence: UInt64

    init(standing: ActorStanding, capabilities: Capabilities, sequence: UInt64) {
        self.standing = standing
        self.capabilities = capabilities
        self.sequence = sequence
    }

    package static let shape = Shape.fields(
        "ActorAnswer", ("standing", ActorStanding.shape), ("capabilities", Capabilities.shape), ("sequence", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(standing)
        encoder.value(capabilities)
        encoder.u64(sequence)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        standing = try ActorStanding(from: &decoder)
        capabilities = try Capabilities(from: &decoder)
        sequence = try decoder.u64()
    }
}
