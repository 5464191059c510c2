package import LedgerCrypto
package import Primitives

/// At least a quorum of signatures by distinct validators over one payload: a notarization, nullification or
/// finalization, by its kind. Bytes from outside give an unverified one: call `verify` before relying on it.
package struct Certificate: Hashable, Sendable {
    package struct Entry: Hashable, Sendable, BCSCodable {
        package let signer: UInt16
        package let signature: Signature

        package init(signer: UInt16, signature: Signature) {
            self.signer = signer
            self.signature = signature
        }

        package func encode(to encoder: inout BCSEncoder) {
            encoder.u16(signer)
            encoder.value(signature)
        }

        package init(from decoder: inout BCSDecoder) throws(BCSError) {
            signer = try decoder.u16()
            signature = try Signature(from: &decoder)
        }
    }

    package let epoch: Epoch
    package let kind: VoteKind
    package let view: View
    package let digest: Digest
    /// Strictly ascending by signer.
    package let entries: [Entry]

    package init(epoch: Epoch, kind: VoteKind, view: View, digest: Digest, entries: [Entry]) {
        self.epoch = epoch
        self.kind = kind
        self.view = view
        self.digest = digest
        self.entries = entries
    }

    /// Whether a quorum of `set` signed exactly this. Costs one signature check per entry, stopping at the first bad one.
    package func verify(network: Digest, set: ValidatorSet) -> Bool {
        guard entries.count >= set.quorum, entries.count <= set.count, kind != .nullify || digest == .zero else {
            return false
        }
        for (left, right) in zip(entries, entries.dropFirst()) where left.signer >= right.signer { return false }
        let payload = VotePayload(network: network, epoch: epoch, kind: kind, view: view, digest: digest)
        let signed = payload.signingDigest
        return entries.allSatisfy { entry in
            set.verifyingKey(Int(entry.signer))?.verify(entry.signature, signed) ?? false
        }
    }
}

extension Certificate: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(epoch)
        encoder.value(kind)
        encoder.value(view)
        encoder.fixed(digest)
        encoder.vector(entries)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        epoch = try Epoch(from: &decoder)
        kind = try VoteKind(from: &decoder)
        view = try View(from: &decoder)
        digest = try decoder.digest()
        entries = try decoder.vector(max: ValidatorSet.countMax)
    }
}

/// Two votes of one validator that an honest one never sends together; anyone can check them.
package struct Evidence: Hashable, Sendable, BCSCodable {
    package let first: Vote
    package let second: Vote

    /// Nil when the two votes do not contradict each other.
    package init?(_ first: Vote, _ second: Vote) {
        guard Evidence.contradict(first, second) else { return nil }
        self.first = first
        self.second = second
    }

    package static func contradict(_ a: Vote, _ b: Vote) -> Bool {
        guard a.epoch == b.epoch, a.view == b.view, a.signer == b.signer else { return false }
        if a.kind == b.kind { return a.digest != b.digest }
        return (a.kind == .finalize && b.kind == .nullify) || (a.kind == .nullify && b.kind == .finalize)
    }

    /// Whether both signatures are right: then the signer is at fault beyond doubt.
    package func verify(network: Digest, set: ValidatorSet) -> Bool {
        first.verify(network: network, set: set) && second.verify(network: network, set: set)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(first)
        encoder.value(second)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        let first = try Vote(from: &decoder)
        let second = try Vote(from: &decoder)
        guard let evidence = Evidence(first, second) else {
            throw decoder.failure(.invalid("the two votes do not contradict each other"))
        }
        self = evidence
    }
}
