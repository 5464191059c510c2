package import Chain
package import LedgerCrypto
package import Primitives

/// Which partners must have recomputed a result, and how many of them must agree. Part of an instance's rules.
package struct AttestationPolicy: Hashable, Sendable, ContractValue {
    package static let attestersMax = 32

    /// Identifiers of partners, ascending; empty means every validator of the current epoch.
    package let attesters: [String]
    /// How many must agree; 0 means a quorum: n - floor((n - 1) / 3).
    package let threshold: UInt16

    /// Every validator, a quorum of them.
    package static let validators = AttestationPolicy(attesters: [], threshold: 0)

    package init(attesters: [String], threshold: UInt16) {
        self.attesters = attesters
        self.threshold = threshold
    }

    package static let shape = Shape.fields(
        "AttestationPolicy", ("attesters", .list(.text(max: Partner.idBytesMax), max: attestersMax)),
        ("threshold", .u16))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(attesters) { $0.string($1) }
        encoder.u16(threshold)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        attesters = try decoder.vector(max: AttestationPolicy.attestersMax) {
            (decoder: inout BCSDecoder) throws(BCSError) -> String in try decoder.string(max: Partner.idBytesMax)
        }
        threshold = try decoder.u16()
        guard zip(attesters, attesters.dropFirst()).allSatisfy({ $0.utf8.lexicographicallyPrecedes($1.utf8) }) else {
            throw decoder.failure(.invalid("attesters must be in ascending order, each once"))
        }
        guard attesters.isEmpty || Int(threshold) <= attesters.count else {
            throw decoder.failure(.invalid("more attestations are asked for than there are attesters"))
        }
    }

    /// Attestations needed out of `count` attesters.
    package func needed(of count: Int) -> Int { threshold == 0 ? count - (count - 1) / 3 : Int(threshold) }
}

/// One partner's signature under a result that it recomputed.
package struct Attestation: Hashable, Sendable, ContractValue {
    package static let countMax = ValidatorSet.countMax

    package let partner: String
    /// A key of the partner in Governance, or the consensus key of its validator.
    package let key: PublicKey
    package let signature: Signature

    package init(partner: String, key: PublicKey, signature: Signature) {
        self.partner = partner
        self.key = key
        self.signature = signature
    }

    /// What is signed: `SHA-256("commonwatt/attest/1" || network || instance || subject)`; `subject` is the digest of
    /// inputs and claimed result.
    package static func signingDigest(network: Digest, instance: Address, subject: Digest) -> Digest {
        SigningDomain.digest(SigningDomain.attestation, network.bytes + instance.bytes + subject.bytes)
    }

    package init(
        signing subject: Digest, network: Digest, instance: Address, partner: String, key: Secp256k1.SecretKey
    ) {
        let digest = Attestation.signingDigest(network: network, instance: instance, subject: subject)
        self.init(partner: partner, key: key.publicKey, signature: key.sign(digest))
    }

    package static let shape = Shape.fields(
        "Attestation", ("partner", .text(max: Partner.idBytesMax)), ("key", .publicKey), ("signature", .signature))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(partner)
        encoder.value(key)
        encoder.value(signature)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partner = try decoder.string(max: Partner.idBytesMax)
        key = try PublicKey(from: &decoder)
        signature = try Signature(from: &decoder)
    }
}

/// Why attestations do not satisfy a policy.
package enum AttestationRefusal: Hashable, Sendable {
    case tooFew(given: Int, needed: Int)
    /// Partners must be in strictly ascending order.
    case notAscending
    case notNamedByPolicy(String)
    case keyNotOfPartner(String)
    case suspended(String)
    case wrongSignature(String)

    /// For the detail of a contract's own rejection.
    package var text: String {
        switch self {
        case .tooFew(let given, let needed): "\(given) attestations where \(needed) are needed"
        case .notAscending: "attestations must be in ascending order of partner, each once"
        case .notNamedByPolicy(let partner): "\(partner) is no attester of this instance"
        case .keyNotOfPartner(let partner): "the key is none of \(partner)'s"
        case .suspended(let partner): "\(partner) is suspended"
        case .wrongSignature(let partner): "the signature of \(partner) does not fit this result"
        }
    }
}

extension Context {
    /// Work units of one signature check, by the times measured in turn in one run (`SignatureWorkTests`): Ed25519 and P-256
    /// through libcrypto take 2.1 and 2.2 times as long as secp256k1.
    package static func signatureWork(_ scheme: SignatureScheme) -> UInt64 {
        switch scheme {
        case .secp256k1: 30_000
        case .ed25519: 64_000
        case .p256: 65_000
        }
    }

    /// Checks attestations of `subject` for this instance under `policy`; nil when they satisfy it. All of them must be
    /// right, not only enough of them, so that a transaction has one meaning.
    package func check(
        _ attestations: [Attestation], of subject: Digest, under policy: AttestationPolicy
    ) throws(Rejection) -> AttestationRefusal? {
        let attesters = policy.attesters.isEmpty ? block.validators.validators.map(\.partner) : policy.attesters
        let needed = policy.needed(of: attesters.count)
        guard attestations.count >= needed, attestations.count <= attesters.count else {
            return .tooFew(given: attestations.count, needed: needed)
        }
        for (left, right) in zip(attestations, attestations.dropFirst())
        where !left.partner.utf8.lexicographicallyPrecedes(right.partner.utf8) { return .notAscending }
        let digest = Attestation.signingDigest(network: network, instance: instance, subject: subject)
        for attestation in attestations {
            guard attesters.contains(attestation.partner) else { return .notNamedByPolicy(attestation.partner) }
            if let refusal = try check(attestation, digest) { return refusal }
        }
        return nil
    }

    private func check(_ attestation: Attestation, _ digest: Digest) throws(Rejection) -> AttestationRefusal? {
        guard let partner = try partner(attestation.partner) else { return .keyNotOfPartner(attestation.partner) }
        if partner.isSuspended { return .suspended(partner.id) }
        try spend(Context.signatureWork(attestation.key.scheme))
        // The parsed key of a current validator is at hand, which saves the parsing.
        if let index = block.validators.index(ofPartner: partner.id),
            let key = block.validators.verifyingKey(index), key.publicKey == attestation.key
        {
            return key.verify(attestation.signature, digest) ? nil : .wrongSignature(partner.id)
        }
        guard partner.keys.contains(attestation.key) else { return .keyNotOfPartner(partner.id) }
        let isRight = SignatureVerifier.verify(attestation.signature, by: attestation.key, over: digest)
        return isRight ? nil : .wrongSignature(partner.id)
    }
}
