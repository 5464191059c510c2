internal import Chain
internal import LedgerCrypto
internal import Primitives

extension ConsensusMachine {
    /// Takes a certificate in. One that says what is known already costs no signature check. False when it was checked
    /// and is false: whoever sent it is no honest node.
    @discardableResult
    mutating func learn(_ certificate: Certificate, isVerified: Bool = false) -> Bool {
        guard certificate.epoch == epoch, certificate.view > final, certificate.view > View(0), !hasEnded else {
            return true
        }
        let held = state(certificate.view)
        switch certificate.kind {
        case .notarize:
            if let other = held.notarization {
                if other.digest == certificate.digest { return true }
                guard verify(certificate) else { return false }
                accuse(signersOf: other, and: certificate)
                return true
            }
        case .nullify: if held.nullification != nil { return true }
        case .finalize: break
        }
        guard isVerified || verify(certificate) else { return false }
        if certificate.kind != .notarize || !mutated(.finalizeWithoutDurableCertificate) {
            journal(.certificate(certificate))
        }
        for entry in certificate.entries {
            noteActive(entry.signer, in: certificate.view)
            noteShown(entry.signer, certificate.kind, in: certificate.view)
        }
        switch certificate.kind {
        case .notarize: onNotarization(certificate)
        case .nullify: onNullification(certificate)
        case .finalize: onFinalization(certificate)
        }
        return true
    }

    /// A peer's certificate, which also shows that the peer left its view, when it is genuine or says what is known.
    mutating func learn(_ certificate: Certificate, from peer: Digest) {
        guard learn(certificate) else { return blame(peer, "it sent a false certificate") }
        if certificate.epoch == epoch, view > certificate.view { noteShown(peer, in: certificate.view.next) }
    }

    /// A peer's list. The first false one ends it: a list of them costs one check.
    mutating func learn(_ certificates: [Certificate], from peer: Digest) {
        for certificate in certificates where !learn(certificate) {
            return blame(peer, "it sent a false certificate")
        }
    }

    /// Checks a certificate; signatures that were checked as votes are not checked again.
    func verify(_ certificate: Certificate) -> Bool {
        let entries = certificate.entries
        guard entries.count >= set.quorum, entries.count <= set.count,
            certificate.kind != .nullify || certificate.digest == .zero
        else { return false }
        for (left, right) in zip(entries, entries.dropFirst()) where left.signer >= right.signer { return false }
        let votes = state(certificate.view).votes
        let payload = VotePayload(
            network: configuration.network, epoch: epoch, kind: certificate.kind, view: certificate.view,
            digest: certificate.digest)
        let signed = payload.signingDigest
        return entries.allSatisfy { entry in
            votes.contains {
                $0.signer == entry.signer && $0.kind == certificate.kind && $0.digest == certificate.digest
                    && $0.signature == entry.signature
            } || set.verifyingKey(Int(entry.signer))?.verify(entry.signature, signed) ?? false
        }
    }

    private mutating func onNotarization(_ certificate: Certificate) {
        let view = certificate.view
        views[view, default: ViewState()].notarization = certificate
        views[view, default: ViewState()].votes.removeAll { $0.kind == .notarize && $0.digest == certificate.digest }
        if view > highestNotarized { highestNotarized = view }
        if relay.askDue == nil { noteFinality() }
        want(certificate.digest, in: view)
        finalizeVote(in: view)
        enter(view.next, by: certificate)
    }

    private mutating func onNullification(_ certificate: Certificate) {
        let view = certificate.view
        views[view, default: ViewState()].nullification = certificate
        views[view, default: ViewState()].votes.removeAll { $0.kind == .nullify }
        enter(view.next, by: certificate)
    }

    private mutating func onFinalization(_ certificate: Certificate) {
        let nullification = state(certificate.view).nullification
        final = certificate.view
        finalDigest = certificate.digest
        finalization = certificate
        if final > highestNotarized { highestNotarized = final }
        lastFinalAt = now.monotonic
        noteFinality()
        emit(.finalized(certificate))
        if let nullification { accuse(signersOf: nullification, and: certificate) }
        wanted.removeAll { $0.view < final }
        want(finalDigest, in: final)
        settleFinal()
        enter(final.next, by: certificate)
    }

    /// Once the final block is executed here, forgets the blocks that lost, and ends the epoch when it closes it.
    mutating func settleFinal() {
        guard let block = blocks[finalDigest] else { return }
        if finalPoints.last?.view != final {
            finalPoints.append(FinalPoint(height: block.header.height, view: final))
        }
        if mutated(.pruneBeforeSync) { prune(storedUpTo: block.header.height) }
        guard block.isExecuted else { return }
        let height = block.header.height
        let digest = finalDigest
        blocks = blocks.filter { $0.value.header.height > height || $0.key == digest }
        wanted.removeAll { $0.view <= final }
        forgetFinishedVotes()
        // Before `start` the end is only noted: `begin` reports it.
        if hasStarted, !hasEnded, block.header.closesEpoch, let finalization {
            hasEnded = true
            // Nothing of this epoch follows that would show who has it.
            broadcast(.certificate(finalization))
            emit(.epochEnded(block.header, finalization))
        }
    }

    /// Tallies of final views count no more; the views themselves stay until storage covers them.
    private mutating func forgetFinishedVotes() {
        for view in views.keys.filter({ $0 <= final }).sorted() { views[view]?.votes = [] }
    }

    /// Enters `next` when it is higher than the current view.
    private mutating func enter(_ next: View, by certificate: Certificate) {
        guard next > view else { return }
        view = next
        entry = certificate
        timers = Timers(enteredAt: now.monotonic)
        relay(certificate)
        askForProposal()
    }

    /// Finalize for a notarized view, as soon as its block is executed; may come after the view has passed.
    mutating func finalizeVote(in view: View) {
        let state = state(view)
        guard mayVote(in: view), let digest = state.notarization?.digest, !state.nullified, !state.finalized,
            state.notarized == nil || state.notarized == digest, blocks[digest]?.isExecuted ?? false
        else { return }
        vote(.finalize, in: view, digest)
    }
}
