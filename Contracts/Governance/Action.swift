package import Chain
package import ContractKit
package import LedgerCrypto
package import Primitives

/// What a proposal does when it is enacted.
package enum Action: Hashable, Sendable {
    case addPartner(Partner)
    /// New name and roles.
    case changePartner(id: String, name: String, roles: Roles)
    /// New keys, for a partner that lost its own.
    case replaceKeys(id: String, keys: [PublicKey])
    /// A suspended partner neither sends nor attests; its validator stays until it is removed.
    case suspend(id: String)
    case reinstate(id: String)
    case addValidator(ValidatorClaim)
    case removeValidator(partner: String)
    case activate(Activation)
    case setParameters(NetworkParameters)
    /// The country where a partner's node stands; data sets may be bound to countries.
    case locate(id: String, country: CountryCode)
}

extension Action: ContractValue {
    package static let shape = Shape.choice(
        "Action",
        [
            Shape.Case(0, "addPartner", [Shape.Field("partner", Partner.shape)]),
            Shape.Case(
                1, "changePartner",
                [
                    Shape.Field("id", .text(max: Partner.idBytesMax)),
                    Shape.Field("name", .text(max: Partner.nameBytesMax)), Shape.Field("roles", Roles.shape),
                ]),
            Shape.Case(
                2, "replaceKeys",
                [
                    Shape.Field("id", .text(max: Partner.idBytesMax)),
                    Shape.Field("keys", .list(.publicKey, max: Partner.keysMax)),
                ]),
            Shape.Case(3, "suspend", [Shape.Field("id", .text(max: Partner.idBytesMax))]),
            Shape.Case(4, "reinstate", [Shape.Field("id", .text(max: Partner.idBytesMax))]),
            Shape.Case(5, "addValidator", [Shape.Field("claim", ValidatorClaim.shape)]),
            Shape.Case(6, "removeValidator", [Shape.Field("partner", .text(max: Partner.idBytesMax))]),
            Shape.Case(7, "activate", [Shape.Field("activation", Activation.shape)]),
            Shape.Case(8, "setParameters", [Shape.Field("parameters", NetworkParameters.shape)]),
            Shape.Case(
                9, "locate",
                [
                    Shape.Field("id", .text(max: Partner.idBytesMax)), Shape.Field("country", CountryCode.shape),
                ]),
        ])

    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .addPartner(let partner):
            encoder.uleb(0)
            encoder.value(partner)
        case .changePartner(let id, let name, let roles):
            encoder.uleb(1)
            encoder.string(id)
            encoder.string(name)
            encoder.value(roles)
        case .replaceKeys(let id, let keys):
            encoder.uleb(2)
            encoder.string(id)
            encoder.vector(keys)
        case .suspend(let id):
            encoder.uleb(3)
            encoder.string(id)
        case .reinstate(let id):
            encoder.uleb(4)
            encoder.string(id)
        case .addValidator(let claim):
            encoder.uleb(5)
            encoder.value(claim)
        case .removeValidator(let partner):
            encoder.uleb(6)
            encoder.string(partner)
        case .activate(let activation):
            encoder.uleb(7)
            encoder.value(activation)
        case .setParameters(let parameters):
            encoder.uleb(8)
            encoder.value(parameters)
        case .locate(let id, let country):
            encoder.uleb(9)
            encoder.string(id)
            encoder.value(country)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .addPartner(try Partner(from: &decoder))
        case 1:
            self = .changePartner(
                id: try decoder.string(max: Partner.idBytesMax), name: try decoder.string(max: Partner.nameBytesMax),
                roles: try Roles(from: &decoder))
        case 2:
            self = .replaceKeys(
                id: try decoder.string(max: Partner.idBytesMax), keys: try decoder.vector(max: Partner.keysMax))
        case 3: self = .suspend(id: try decoder.string(max: Partner.idBytesMax))
        case 4: self = .reinstate(id: try decoder.string(max: Partner.idBytesMax))
        case 5: self = .addValidator(try ValidatorClaim(from: &decoder))
        case 6: self = .removeValidator(partner: try decoder.string(max: Partner.idBytesMax))
        case 7: self = .activate(try Activation(from: &decoder))
        case 8: self = .setParameters(try NetworkParameters(from: &decoder))
        case 9:
            self = .locate(
                id: try decoder.string(max: Partner.idBytesMax), country: try CountryCode(from: &decoder))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}

/// A validator's keys with proof that the claimant holds the consensus key.
package struct ValidatorClaim: Hashable, Sendable, ContractValue {
    package let validator: Validator
    /// By the consensus key, over `signingDigest`.
    package let proof: Signature

    package init(validator: Validator, proof: Signature) {
        self.validator = validator
        self.proof = proof
    }

    package init(network: Digest, partner: String, consensusKey: Secp256k1.SecretKey, transportKey: Digest) {
        validator = Validator(partner: partner, consensusKey: consensusKey.publicKey, transportKey: transportKey)
        proof = consensusKey.sign(ValidatorClaim.signingDigest(network: network, validator: validator))
    }

    /// `SHA-256("commonwatt/validator/1" || network || BCS(validator))`.
    package static func signingDigest(network: Digest, validator: Validator) -> Digest {
        SigningDomain.digest(Array("commonwatt/validator/1".utf8), network.bytes + validator.bcs)
    }

    package static let shape = Shape.fields(
        "ValidatorClaim",
        (
            "validator",
            .fields(
                "Validator", ("partner", .text(max: Validator.partnerBytesMax)), ("consensusKey", .publicKey),
                ("transportKey", .digest))
        ), ("proof", .signature))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(validator)
        encoder.value(proof)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        validator = try Validator(from: &decoder)
        proof = try Signature(from: &decoder)
    }
}

/// A contract version and the height from which it is active.
package struct Activation: Hashable, Sendable, ContractValue {
    package let version: ContractVersion
    package let from: Height

    package init(_ version: ContractVersion, from: Height) {
        self.version = version
        self.from = from
    }

    package static let shape = Shape.fields("Activation", ("version", ContractVersion.shape), ("from", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(version)
        encoder.value(from)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        version = try ContractVersion(from: &decoder)
        from = try Height(from: &decoder)
    }
}
