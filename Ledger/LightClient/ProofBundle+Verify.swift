package import Chain
internal import LedgerState
package import Primitives

/// What a proof bundle says, after every check of it has passed. Only `ProofBundle.verify` makes one.
package struct VerifiedProofBundle: Sendable {
    package struct Entry: Hashable, Sendable {
        package let key: [UInt8]
        /// Nil: the key is absent from the state.
        package let value: [UInt8]?
    }

    /// What the state held after the block of `header`.
    package let entries: [Entry]
    /// A final header: its time says how old the statement is.
    package let header: BlockHeader
    /// What to keep, in place of the genesis, for the next bundle.
    package let anchor: TrustAnchor

    /// The statement about `key`; nil when the bundle has none (which is not the key's absence).
    package func entry(_ key: [UInt8]) -> Entry? { entries.first { $0.key == key } }
}

extension ProofBundle {
    /// How far a header's time may lie ahead of the verifier's clock.
    package static let clockSkewMillisecondsMax: UInt64 = 60_000

    /// Checks everything, offline: from `anchor` (the genesis, or what an earlier bundle gave) through the ends of the
    /// epochs between to the header and its finalization, then every proof. `now` is the verifier's own time and
    /// `ageMillisecondsMax` how old the header may be; `UInt64.max` accepts any age.
    ///
    /// Costs q signature checks (some 28 µs each) per certificate, and some 50 hashes per entry.
    package func verify(
        from anchor: TrustAnchor, now: Timestamp, ageMillisecondsMax: UInt64
    ) throws(ProofBundleError) -> VerifiedProofBundle {
        let validators = try validators(from: anchor)
        try verifyChain(anchor.network, validators)
        for known in [header] + descendants + epochEnds.map(\.header) {
            guard known.height != anchor.height || anchor.header == nil || known.digest == anchor.header else {
                throw .contradictsTrusted(height: known.height)
            }
        }
        let limit = now.adding(milliseconds: ProofBundle.clockSkewMillisecondsMax)
        guard header.time <= limit else { throw .fromTheFuture(time: header.time, now: now) }
        let age = now.value > header.time.value ? now.value - header.time.value : 0
        guard age <= ageMillisecondsMax else { throw .tooOld(milliseconds: age, max: ageMillisecondsMax) }
        for entry in entries { try verify(entry) }
        let final = finalizedHeader
        let isNewer = final.epoch > anchor.epoch || final.height > anchor.height
        return VerifiedProofBundle(
            entries: entries.map { VerifiedProofBundle.Entry(key: $0.key, value: $0.value) }, header: header,
            anchor: isNewer
                ? TrustAnchor(
                    network: anchor.network, epoch: final.epoch, validators: validators, height: final.height,
                    header: final.digest) : anchor)
    }

    /// The validators of the header's epoch: each epoch's last header, final by the set before, names the next set.
    private func validators(from anchor: TrustAnchor) throws(ProofBundleError) -> ValidatorSet {
        guard entries.count <= ProofBundle.entriesMax, descendants.count <= ProofBundle.descendantsMax,
            epochEnds.count <= ProofBundle.epochEndsMax
        else { throw .tooLarge }
        guard header.epoch >= anchor.epoch else { throw .epochBeforeTrusted(header.epoch, trusted: anchor.epoch) }
        var epoch = anchor.epoch
        var set = anchor.validators
        var height: Height?
        // Ends of epochs that the verifier is past already are not needed.
        for end in epochEnds.drop(while: { $0.header.epoch < anchor.epoch }) {
            guard end.header.epoch == epoch, epoch < header.epoch else { throw .epochOrder(end.header.epoch) }
            guard end.header.closesEpoch else { throw .notAnEpochEnd(end.header.epoch) }
            if let height, end.header.height <= height { throw .headerOrder(height: end.header.height) }
            try verifyFinal(end.header, by: end.finalization, network: anchor.network, set: set)
            guard end.nextValidators.digest == end.header.nextValidatorSet else {
                throw .validatorSet(epoch: epoch.next)
            }
            set = end.nextValidators
            height = end.header.height
            epoch = epoch.next
        }
        guard epoch == header.epoch else { throw .epochMissing(epoch) }
        if let height, header.height <= height { throw .headerOrder(height: header.height) }
        return set
    }

    /// The header, the headers above it one by one, and the finalization of the last.
    private func verifyChain(_ network: Digest, _ set: ValidatorSet) throws(ProofBundleError) {
        var parent = header
        for child in descendants {
            try verifyContext(child, network, epoch: header.epoch, set)
            guard !parent.closesEpoch, child.parent == parent.digest, child.height == parent.height.next,
                child.height > parent.height
            else { throw .headerOrder(height: child.height) }
            parent = child
        }
        try verifyContext(header, network, epoch: header.epoch, set)
        try verifyFinal(parent, by: finalization, network: network, set: set)
    }

    private func verifyContext(
        _ header: BlockHeader, _ network: Digest, epoch: Epoch, _ set: ValidatorSet
    ) throws(ProofBundleError) {
        guard header.network == network else { throw .network(header.network) }
        guard header.epoch == epoch else { throw .epochOrder(header.epoch) }
        guard header.validatorSet == set.digest else { throw .validatorSet(epoch: epoch) }
    }

    /// Whether `certificate` makes `header` final by a quorum of `set`.
    private func verifyFinal(
        _ header: BlockHeader, by certificate: Certificate, network: Digest, set: ValidatorSet
    ) throws(ProofBundleError) {
        let height = header.height
        try verifyContext(header, network, epoch: header.epoch, set)
        guard certificate.kind == .finalize else { throw .notAFinalization(height: height) }
        guard certificate.epoch == header.epoch else { throw .certificateEpoch(height: height) }
        guard certificate.digest == header.digest else { throw .certificateDigest(height: height) }
        // An epoch's last block is proposed again in later views; any other one is voted on in its own.
        guard header.closesEpoch ? certificate.view >= header.view : certificate.view == header.view else {
            throw .certificateView(height: height)
        }
        let signers = certificate.entries.map(\.signer)
        guard zip(signers, signers.dropFirst()).allSatisfy({ $0 < $1 }), signers.allSatisfy({ $0 < set.count }) else {
            throw .signers(height: height)
        }
        guard signers.count >= set.quorum else {
            throw .tooFewSigners(height: height, found: signers.count, needed: set.quorum)
        }
        guard certificate.verify(network: network, set: set) else { throw .signature(height: height) }
    }

    private func verify(_ entry: Entry) throws(ProofBundleError) {
        let isProved =
            if let value = entry.value {
                entry.proof.verifyMembership(root: header.stateRoot, key: entry.key, value: value)
            } else {
                entry.proof.verifyNonMembership(root: header.stateRoot, key: entry.key)
            }
        guard isProved else { throw .proof(key: entry.key) }
    }
}
