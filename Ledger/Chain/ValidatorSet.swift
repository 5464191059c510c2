package import LedgerCrypto
package import Primitives

/// A validator as the ledger sees it.
package struct Validator: Hashable, Sendable, BCSCodable {
    package static let partnerBytesMax = 64

    /// The partner that runs it: its identifier in Governance. One partner runs at most one validator.
    package let partner: String
    /// secp256k1 key of votes and proposals.
    package let consensusKey: PublicKey
    /// SHA-256 of the DER SubjectPublicKeyInfo of its TLS certificate: peers pin it.
    package let transportKey: Digest

    package init(partner: String, consensusKey: PublicKey, transportKey: Digest) {
        self.partner = partner
        self.consensusKey = consensusKey
        self.transportKey = transportKey
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(partner)
        encoder.value(consensusKey)
        encoder.fixed(transportKey)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partner = try decoder.string(max: Validator.partnerBytesMax)
        consensusKey = try PublicKey(from: &decoder)
        transportKey = try decoder.digest()
        guard consensusKey.scheme == .secp256k1 else {
            throw decoder.failure(.invalid("a validator's consensus key must be secp256k1"))
        }
    }
}

/// The validators of one epoch, equal weight, in the order of their partner identifiers.
///
/// Invariants (checked by `init`): 1 to 256 validators, partners strictly ascending by UTF-8 bytes, consensus keys and
/// transport keys distinct, every consensus key a point of the curve.
package struct ValidatorSet: Sendable, Hashable {
    package static let countMax = 256

    package let validators: [Validator]
    /// SHA-256 of the BCS bytes.
    package let digest: Digest
    private let keys: [Secp256k1.VerifyingKey]

    package init(_ validators: [Validator]) throws(BCSError) {
        func refuse(_ why: String) -> BCSError { BCSError(.invalid(why), at: 0) }
        guard !validators.isEmpty, validators.count <= ValidatorSet.countMax else {
            throw refuse("a validator set has 1 to \(ValidatorSet.countMax) validators")
        }
        for (left, right) in zip(validators, validators.dropFirst()) {
            guard left.partner.utf8.lexicographicallyPrecedes(right.partner.utf8) else {
                throw refuse("validators must be in ascending order of partner, each once")
            }
        }
        guard Set(validators.map(\.consensusKey)).count == validators.count,
            Set(validators.map(\.transportKey)).count == validators.count
        else { throw refuse("two validators share a key") }
        keys = validators.compactMap { Secp256k1.VerifyingKey($0.consensusKey) }
        guard keys.count == validators.count else { throw refuse("a consensus key is no point of the curve") }
        self.validators = validators
        var encoder = BCSEncoder()
        encoder.vector(validators)
        digest = SHA256.hash(encoder.bytes)
    }

    package var count: Int { validators.count }
    /// Faults tolerated: floor((n - 1) / 3).
    package var faultsMax: Int { (count - 1) / 3 }
    /// Distinct signers that a certificate needs: n - f.
    package var quorum: Int { count - faultsMax }

    /// Index of the leader of `view`: view mod n.
    package func leader(of view: View) -> Int { Int(view.value % UInt64(count)) }

    package func index(of key: PublicKey) -> Int? { validators.firstIndex { $0.consensusKey == key } }
    package func index(ofTransport key: Digest) -> Int? { validators.firstIndex { $0.transportKey == key } }
    package func index(ofPartner partner: String) -> Int? { validators.firstIndex { $0.partner == partner } }

    /// Parsed key of the validator at `index`, nil outside the set.
    package func verifyingKey(_ index: Int) -> Secp256k1.VerifyingKey? {
        keys.indices.contains(index) ? keys[index] : nil
    }

    package static func == (left: ValidatorSet, right: ValidatorSet) -> Bool { left.digest == right.digest }
    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

extension ValidatorSet: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) { encoder.vector(validators) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        let start = decoder.offset
        do {
            try self.init(try decoder.vector(max: ValidatorSet.countMax))
        } catch {
            throw BCSError(error.reason, at: error.offset == 0 ? start : error.offset)
        }
    }
}
