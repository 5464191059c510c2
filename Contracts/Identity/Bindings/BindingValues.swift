internal import Chain
package import ContractKit
package import LedgerCrypto
package import Primitives

/// Arguments of `initialize`.
package struct IdentityGenesis: Hashable, Sendable, ContractValue {
    package static let metersMax = 16_384
    /// Name of the genesis: `<network>` of its DIDs.
    package let network: String
    package let meters: [Meter]
    package init(network: String, meters: [Meter]) {
        self.network = network
        self.meters = meters
    }
    package static let shape = Shape.fields(
        "IdentityGenesis", ("network", .text(max: 32)), ("meters", .list(Meter.shape, max: metersMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(network)
        encoder.vector(meters)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        network = try decoder.string(max: 32)
        meters = try decoder.vector(max: IdentityGenesis.metersMax)
    }
}

package struct Delegate: Hashable, Sendable, ContractValue {
    package let key: PublicKey
    package let roles: Roles
    package let expiry: Timestamp

    package init(key: PublicKey, roles: Roles, expiry: Timestamp) {
        self.key = key
        self.roles = roles
        self.expiry = expiry
    }

    package static let shape = Shape.fields(
        "Delegate", ("key", .publicKey), ("roles", Roles.shape), ("expiry", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(key)
        encoder.value(roles)
        encoder.value(expiry)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        key = try PublicKey(from: &decoder)
        roles = try Roles(from: &decoder)
        expiry = try Timestamp(from: &decoder)
    }
}

package struct Undelegate: Hashable, Sendable, ContractValue {
    package let key: PublicKey
    package init(key: PublicKey) { self.key = key }
    package static let shape = Shape.fields("Undelegate", ("key", .publicKey))
    package func encode(to encoder: inout BCSEncoder) { encoder.value(key) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { key = try PublicKey(from: &decoder) }
}

package struct DelegationNotice: Hashable, Sendable, ContractValue {
    package let partner: String
    package let key: PublicKey
    package let roles: Roles
    package let expiry: Timestamp

    init(partner: String, key: PublicKey, roles: Roles, expiry: Timestamp) {
        self.partner = partner
        self.key = key
        self.roles = roles
        self.expiry = expiry
    }

    package static let shape = Shape.fields(
        "DelegationNotice", ("partner", .text(max: Partner.idBytesMax)), ("key", .publicKey), ("roles", Roles.shape),
        ("expiry", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(partner)
        encoder.value(key)
        encoder.value(roles)
        encoder.value(expiry)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partner = try decoder.string(max: Partner.idBytesMax)
        key = try PublicKey(from: &decoder)
        roles = try Roles(from: &decoder)
        expiry = try Timestamp(from: &decoder)
    }
}

package struct RegisterMeter: Hashable, Sendable, ContractValue {
    package let meter: UInt64
    package let gridOperator: String
    package let dataProvider: String
    /// SHA-256 of the holder's signed consent.
    package let holder: Digest
    package let key: PublicKey?

    package init(
        meter: UInt64, gridOperator: String, dataProvider: String, holder: Digest, key: PublicKey? = nil
    ) {
        self.meter = meter
        self.gridOperator = gridOperator
        self.dataProvider = dataProvider
        self.holder = holder
        self.key = key
    }

    package static let shape = Shape.fields(
        "RegisterMeter", ("meter", .u64), ("gridOperator", .text(max: Partner.idBytesMax)),
        ("dataProvider", .text(max: Partner.idBytesMax)), ("holder", .digest), ("key", .option(.publicKey)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(meter)
        encoder.string(gridOperator)
        encoder.string(dataProvider)
        encoder.fixed(holder)
        encoder.option(key)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        meter = try decoder.u64()
        gridOperator = try decoder.string(max: Partner.idBytesMax)
        dataProvider = try decoder.string(max: Partner.idBytesMax)
        holder = try decoder.digest()
        key = try decoder.option()
    }
}

package struct AddSigningKey: Hashable, Sendable, ContractValue {
    package let key: PublicKey
    /// By the new key, over `signingDigest`.
    package let proof: Signature

    package init(key: PublicKey, proof: Signature) {
        self.key = key
        self.proof = proof
    }

    /// `SHA-256("commonwatt/signing-key/1" || network || BCS(partner) || BCS(key))`.
    package static func signingDigest(network: Digest, partner: String, key: PublicKey) -> Digest {
        var encoder = BCSEncoder()
        encoder.fixed(network)
        encoder.string(partner)
        encoder.value(key)
        return SigningDomain.digest(Array("commonwatt/signing-key/1".utf8), encoder.bytes)
    }

    package static let shape = Shape.fields("AddSigningKey", ("key", .publicKey), ("proof", .signature))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(key)
        encoder.value(proof)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        key = try PublicKey(from: &decoder)
        proof = try Signature(from: &decoder)
    }
}

package struct RevokeSigningKey: Hashable, Sendable, ContractValue {
    package let key: PublicKey
    package init(key: PublicKey) { self.key = key }
    package static let shape = Shape.fields("RevokeSigningKey", ("key", .publicKey))
    package func encode(to encoder: inout BCSEncoder) { encoder.value(key) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { key = try PublicKey(from: &decoder) }
}

package struct SigningKeyNotice: Hashable, Sendable, ContractValue {
    package let partner: String
    package let key: PublicKey
    package let isValid: Bool

    init(partner: String, key: PublicKey, isValid: Bool) {
        self.partner = partner
        self.key = key
        self.isValid = isValid
    }

    package static let shape = Shape.fields(
        "SigningKeyNotice", ("partner", .text(max: Partner.idBytesMax)), ("key", .publicKey), ("isValid", .bool))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(partner)
        encoder.value(key)
        encoder.bool(isValid)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partner = try decoder.string(max: Partner.idBytesMax)
        key = try PublicKey(from: &decoder)
        isValid = try decoder.bool()
    }
}

package struct ConfirmMeter: Hashable, Sendable, ContractValue {
    package let meter: UInt64
    /// Whose meter it is: `Meter.holder` of the registration.
    package let holder: Digest

    package init(meter: UInt64, holder: Digest) {
        self.meter = meter
        self.holder = holder
    }

    package static let shape = Shape.fields("ConfirmMeter", ("meter", .u64), ("holder", .digest))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(meter)
        encoder.fixed(holder)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        meter = try decoder.u64()
        holder = try decoder.digest()
    }
}

package struct MeterID: Hashable, Sendable, ContractValue {
    package let meter: UInt64
    package init(meter: UInt64) { self.meter = meter }
    package static let shape = Shape.fields("MeterID", ("meter", .u64))
    package func encode(to encoder: inout BCSEncoder) { encoder.u64(meter) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { meter = try decoder.u64() }
}
