internal import Chain
package import ContractKit
package import LedgerCrypto
package import Primitives

/// Arguments of `initialize`. The validators come from the genesis itself.
package struct GovernanceGenesis: Hashable, Sendable, ContractValue {
    package static let partnersMax = 4_096

    package let partners: [Partner]
    package let parameters: NetworkParameters

    package init(partners: [Partner], parameters: NetworkParameters) {
        self.partners = partners
        self.parameters = parameters
    }

    package static let shape = Shape.fields(
        "GovernanceGenesis", ("partners", .list(Partner.shape, max: partnersMax)),
        ("parameters", NetworkParameters.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(partners)
        encoder.value(parameters)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partners = try decoder.vector(max: GovernanceGenesis.partnersMax)
        parameters = try NetworkParameters(from: &decoder)
    }
}

package struct AddKey: Hashable, Sendable, ContractValue {
    package let key: PublicKey
    /// By the new key, over `signingDigest`.
    package let proof: Signature

    package init(key: PublicKey, proof: Signature) {
        self.key = key
        self.proof = proof
    }

    /// `SHA-256("commonwatt/key/1" || network || BCS(partner) || BCS(key))`.
    package static func signingDigest(network: Digest, partner: String, key: PublicKey) -> Digest {
        var encoder = BCSEncoder()
        encoder.fixed(network)
        encoder.string(partner)
        encoder.value(key)
        return SigningDomain.digest(Array("commonwatt/key/1".utf8), encoder.bytes)
    }

    package static let shape = Shape.fields("AddKey", ("key", .publicKey), ("proof", .signature))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(key)
        encoder.value(proof)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        key = try PublicKey(from: &decoder)
        proof = try Signature(from: &decoder)
    }
}

package struct RemoveKey: Hashable, Sendable, ContractValue {
    package let key: PublicKey
    package init(key: PublicKey) { self.key = key }
    package static let shape = Shape.fields("RemoveKey", ("key", .publicKey))
    package func encode(to encoder: inout BCSEncoder) { encoder.value(key) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { key = try PublicKey(from: &decoder) }
}

package struct SyncReport: Hashable, Sendable, ContractValue {
    package let height: Height
    package init(height: Height) { self.height = height }
    package static let shape = Shape.fields("SyncReport", ("height", .u64))
    package func encode(to encoder: inout BCSEncoder) { encoder.value(height) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { height = try Height(from: &decoder) }
}

package struct PartnerHeight: Hashable, Sendable, ContractValue {
    package let partner: String
    package let height: Height

    init(partner: String, height: Height) {
        self.partner = partner
        self.height = height
    }

    package static let shape = Shape.fields(
        "PartnerHeight", ("partner", .text(max: Partner.idBytesMax)), ("height", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(partner)
        encoder.value(height)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partner = try decoder.string(max: Partner.idBytesMax)
        height = try Height(from: &decoder)
    }
}

package struct PartnerCountry: Hashable, Sendable, ContractValue {
    package let partner: String
    package let country: CountryCode

    init(partner: String, country: CountryCode) {
        self.partner = partner
        self.country = country
    }

    package static let shape = Shape.fields(
        "PartnerCountry", ("partner", .text(max: Partner.idBytesMax)), ("country", CountryCode.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(partner)
        encoder.value(country)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partner = try decoder.string(max: Partner.idBytesMax)
        country = try CountryCode(from: &decoder)
    }
}

package struct PartnerID: Hashable, Sendable, ContractValue {
    package let id: String
    package init(_ id: String) { self.id = id }
    package static let shape = Shape.fields("PartnerID", ("id", .text(max: Partner.idBytesMax)))
    package func encode(to encoder: inout BCSEncoder) { encoder.string(id) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        id = try decoder.string(max: Partner.idBytesMax)
    }
}

package struct PartnerPage: Hashable, Sendable, ContractValue {
    /// First identifier, or the next one after it; empty for the start.
    package let from: String
    package init(from: String) { self.from = from }
    package static let shape = Shape.fields("PartnerPage", ("from", .text(max: Partner.idBytesMax)))
    package func encode(to encoder: inout BCSEncoder) { encoder.string(from) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        from = try decoder.string(max: Partner.idBytesMax)
    }
}

package struct PartnerList: Hashable, Sendable, ContractValue {
    package static let countMax = 64
    package let partners: [Partner]
    init(partners: [Partner]) { self.partners = partners }
    package static let shape = Shape.fields("PartnerList", ("partners", .list(Partner.shape, max: countMax)))
    package func encode(to encoder: inout BCSEncoder) { encoder.vector(partners) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partners = try decoder.vector(max: PartnerList.countMax)
    }
}

/// How many validators an epoch has.
package struct EpochCount: Hashable, Sendable, BCSCodable {
    package let count: UInt16
    init(_ count: UInt16) { self.count = count }
    package func encode(to encoder: inout BCSEncoder) { encoder.u16(count) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { count = try decoder.u16() }
}

package struct ValidatorsNotice: Hashable, Sendable, ContractValue {
    package let epoch: Epoch
    package let set: Digest

    init(epoch: Epoch, set: Digest) {
        self.epoch = epoch
        self.set = set
    }

    package static let shape = Shape.fields("ValidatorsNotice", ("epoch", .u64), ("set", .digest))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(epoch)
        encoder.fixed(set)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        epoch = try Epoch(from: &decoder)
        set = try decoder.digest()
    }
}
