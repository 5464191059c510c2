package import LedgerCrypto
package import Primitives

/// What a vote says. Any two votes of one validator, epoch and view that an honest one cannot send together
/// (two different Notarize, or Finalize with Nullify, or two different Finalize) are evidence.
package enum VoteKind: UInt8, Hashable, Sendable, CaseIterable {
    case notarize = 0
    case nullify = 1
    case finalize = 2
}

/// The payload under a vote's signature. A nullify vote has digest zero.
package struct VotePayload: Hashable, Sendable {
    package let network: Digest
    package let epoch: Epoch
    package let kind: VoteKind
    package let view: View
    package let digest: Digest

    package init(network: Digest, epoch: Epoch, kind: VoteKind, view: View, digest: Digest) {
        self.network = network
        self.epoch = epoch
        self.kind = kind
        self.view = view
        self.digest = digest
    }

    /// `SHA-256("commonwatt/vote/1" || BCS(network, epoch, kind, view, digest))`.
    package var signingDigest: Digest {
        var encoder = BCSEncoder(reserving: 96)
        encoder.fixed(network)
        encoder.value(epoch)
        encoder.u8(kind.rawValue)
        encoder.value(view)
        encoder.fixed(digest)
        return SigningDomain.digest(SigningDomain.vote, encoder.bytes)
    }
}

/// A signed vote as it travels. Its signature is checked against the validator set before it is used.
package struct Vote: Hashable, Sendable {
    package let epoch: Epoch
    package let kind: VoteKind
    package let view: View
    package let digest: Digest
    /// Index in the validator set of the epoch.
    package let signer: UInt16
    package let signature: Signature

    package init(epoch: Epoch, kind: VoteKind, view: View, digest: Digest, signer: UInt16, signature: Signature) {
        self.epoch = epoch
        self.kind = kind
        self.view = view
        self.digest = digest
        self.signer = signer
        self.signature = signature
    }

    package init(signing payload: VotePayload, signer: UInt16, key: Secp256k1.SecretKey) {
        self.init(
            epoch: payload.epoch, kind: payload.kind, view: payload.view, digest: payload.digest, signer: signer,
            signature: key.sign(payload.signingDigest))
    }

    package func payload(network: Digest) -> VotePayload {
        VotePayload(network: network, epoch: epoch, kind: kind, view: view, digest: digest)
    }

    package func verify(network: Digest, set: ValidatorSet) -> Bool {
        guard kind != .nullify || digest == .zero, let key = set.verifyingKey(Int(signer)) else { return false }
        return key.verify(signature, payload(network: network).signingDigest)
    }
}

extension Vote: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(epoch)
        encoder.u8(kind.rawValue)
        encoder.value(view)
        encoder.fixed(digest)
        encoder.u16(signer)
        encoder.value(signature)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        epoch = try Epoch(from: &decoder)
        kind = try VoteKind(from: &decoder)
        view = try View(from: &decoder)
        digest = try decoder.digest()
        signer = try decoder.u16()
        signature = try Signature(from: &decoder)
    }
}

extension VoteKind: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        let tag = try decoder.u8()
        guard let kind = VoteKind(rawValue: tag) else { throw decoder.failure(.unknownTag(UInt32(tag))) }
        self = kind
    }
}
