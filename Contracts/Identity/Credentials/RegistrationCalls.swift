package import ContractKit
package import Primitives

/// Registers an immutable object of a DID. Its DID URL follows from the content.
package struct RegisterObject: Hashable, Sendable, ContractValue {
    package static let contentBytesMax = 32 * 1_024

    /// `<id>` of the issuer's DID as a digest.
    package let owner: Digest
    /// A partner that endorses the issuer; read for schemas only.
    package let endorser: String
    /// Canonical JSON (RFC 8785), exactly as AnonCreds v1 or JSON Schema writes the object.
    package let content: [UInt8]
    /// Over `OperationDigest.object` with the content's digest.
    package let authorisation: Authorisation

    package init(owner: Digest, endorser: String, content: [UInt8], authorisation: Authorisation) {
        self.owner = owner
        self.endorser = endorser
        self.content = content
        self.authorisation = authorisation
    }

    package static let shape = Shape.fields(
        "RegisterObject", ("owner", .digest), ("endorser", .text(max: Partner.idBytesMax)),
        ("content", .bytes(max: contentBytesMax)), ("authorisation", Authorisation.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(owner)
        encoder.string(endorser)
        encoder.blob(content)
        encoder.value(authorisation)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        owner = try decoder.digest()
        endorser = try decoder.string(max: Partner.idBytesMax)
        content = try decoder.blob(max: RegisterObject.contentBytesMax)
        authorisation = try Authorisation(from: &decoder)
    }
}

/// The next state of a revocation registry.
package struct UpdateRevocationList: Hashable, Sendable, ContractValue {
    package static let accumulatorBytesMax = 1_024

    /// `revRegDefId`.
    package let registry: String
    /// Version that it follows; 0 for the first list.
    package let previous: UInt32
    package let list: RevocationState
    /// Over `OperationDigest.object` of the list's DID URL with SHA-256 of the BCS of `list`.
    package let authorisation: Authorisation

    package init(registry: String, previous: UInt32, list: RevocationState, authorisation: Authorisation) {
        self.registry = registry
        self.previous = previous
        self.list = list
        self.authorisation = authorisation
    }

    package static let shape = Shape.fields(
        "UpdateRevocationList", ("registry", .text(max: ObjectNotice.urlBytesMax)), ("previous", .u32),
        ("list", RevocationState.shape), ("authorisation", Authorisation.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(registry)
        encoder.u32(previous)
        encoder.value(list)
        encoder.value(authorisation)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        registry = try decoder.string(max: ObjectNotice.urlBytesMax)
        previous = try decoder.u32()
        list = try RevocationState(from: &decoder)
        authorisation = try Authorisation(from: &decoder)
    }
}

/// What a registry's owner says of its credentials; stored like this, and written as AnonCreds has it when it is read.
package struct RevocationState: Hashable, Sendable, ContractValue {
    package static let credentialsMax = 32_768

    /// `currentAccumulator`.
    package let accumulator: String
    /// Bit `i`, from the low bit of byte 0 on: credential `i` is revoked. Bits past the capacity are 0.
    package let revoked: [UInt8]

    package init(accumulator: String, revoked: [UInt8]) {
        self.accumulator = accumulator
        self.revoked = revoked
    }

    package static let shape = Shape.fields(
        "RevocationState", ("accumulator", .text(max: UpdateRevocationList.accumulatorBytesMax)),
        ("revoked", .bytes(max: credentialsMax / 8)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(accumulator)
        encoder.blob(revoked)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        accumulator = try decoder.string(max: UpdateRevocationList.accumulatorBytesMax)
        revoked = try decoder.blob(max: RevocationState.credentialsMax / 8)
    }
}
