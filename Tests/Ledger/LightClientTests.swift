import Chain
import Foundation
import LedgerCrypto
import LedgerState
import LightClient
import Primitives
import TestSupport
import Testing

/// The error that verifying `bundle` gives; nil when it is accepted.
private func refusal(
    _ chain: TestChain, _ bundle: ProofBundle, from anchor: TrustAnchor? = nil, now: Timestamp? = nil,
    ageMax: UInt64 = 60_000
) -> ProofBundleError? {
    do {
        _ = try bundle.verify(
            from: anchor ?? TrustAnchor(chain.genesis), now: now ?? chain.now, ageMillisecondsMax: ageMax)
        return nil
    } catch { return error }
}

@Suite struct LightClientTests {
    @Test(arguments: [(1, 0), (1, 2), (2, 1), (3, 0), (4, 0), (4, 2), (6, 0), (7, 0), (7, 2), (9, 0)])
    func acceptsPresenceAndAbsence(height: Int, descendants: Int) throws {
        let chain = try TestChain()
        let keys = (0..<60).map { "k\($0)" }
        let bundle = try chain.bundle(keys, height: height, descendants: descendants)
        let verified = try bundle.verify(
            from: TrustAnchor(chain.genesis), now: chain.now, ageMillisecondsMax: 60_000)
        #expect(verified.header == chain.headers[height])
        for key in keys {
            let expected = try chain.states[height].value(Array(key.utf8))
            let entry = try #require(verified.entry(Array(key.utf8)))
            #expect(entry.value == expected)
        }
        #expect(verified.entries.contains { $0.value == nil } && verified.entries.contains { $0.value != nil })
        #expect(verified.anchor.height == chain.headers[height + descendants].height)
        #expect(verified.anchor.epoch == chain.headers[height].epoch)

        // The bundle survives both of its forms.
        #expect(try ProofBundle(bcs: bundle.bcs) == bundle)
        let json = try JSONEncoder().encode(ProofBundleDocument(bundle))
        #expect(try JSONDecoder().decode(ProofBundleDocument.self, from: json).bundle() == bundle)
    }

    @Test func continuesFromAVerifiedBundle() throws {
        let chain = try TestChain()
        let first = try chain.bundle(["k1"], height: 5).verify(
            from: TrustAnchor(chain.genesis), now: chain.now, ageMillisecondsMax: .max)
        #expect(first.anchor.epoch == Epoch(1))
        let kept = try TrustAnchor(bcs: first.anchor.bcs)
        let later = try chain.bundle(["k1"], height: 8)
        // Epochs before the trusted one may be there or not.
        let short = later.with(epochEnds: Array(later.epochEnds.dropFirst()))
        for bundle in [later, short] {
            #expect(try bundle.verify(from: kept, now: chain.now, ageMillisecondsMax: .max).anchor.epoch == Epoch(2))
        }
        #expect(refusal(chain, short) == .epochOrder(Epoch(1)))
        let old = try chain.bundle(["k1"], height: 2)
        #expect(refusal(chain, old, from: kept) == .epochBeforeTrusted(Epoch(0), trusted: Epoch(1)))
        // Two final headers at the trusted height: somebody signed both.
        let fork = chain.headers[5].with(stateRoot: .zero)
        let forked = ProofBundle(
            entries: [], header: fork, descendants: [], finalization: try chain.certificate(fork), epochEnds: [])
        #expect(refusal(chain, forked, from: kept) == .contradictsTrusted(height: Height(5)))
    }

    /// A bundle about no key leads to the end of an epoch, and another one from there: so any number of epochs is gone over.
    @Test func anEndOfAnEpochIsAStep() throws {
        let chain = try TestChain()
        let ends = try chain.epochEnds(upTo: 2)
        let step = ProofBundle(
            entries: [], header: ends[1].header, descendants: [], finalization: ends[1].finalization,
            epochEnds: [ends[0]])
        let anchor = try step.verify(from: TrustAnchor(chain.genesis), now: chain.now, ageMillisecondsMax: .max).anchor
        #expect(anchor.epoch == Epoch(1) && anchor.header == ends[1].header.digest)
        #expect(anchor.validators == ends[0].nextValidators)
        let rest = try chain.bundle(["k1"], height: 8).with(epochEnds: [ends[1]])
        #expect(refusal(chain, rest) == .epochOrder(Epoch(1)))
        #expect(refusal(chain, rest, from: anchor) == nil)
    }

    @Test func refusesWrongHeaders() throws {
        let chain = try TestChain()
        let good = try chain.bundle(["k1"], height: 7, descendants: 2)
        #expect(refusal(chain, good) == nil)
        let other = SHA256.hash([1])
        #expect(refusal(chain, good.with(header: good.header.with(network: other))) != nil)
        func alone(_ header: BlockHeader) throws -> ProofBundle {
            ProofBundle(
                entries: [], header: header, descendants: [],
                finalization: try chain.certificate(header, memberEpoch: 2), epochEnds: good.epochEnds)
        }
        #expect(refusal(chain, try alone(good.header)) == nil)
        #expect(refusal(chain, try alone(good.header.with(network: other))) == .network(other))
        #expect(refusal(chain, try alone(good.header.with(validatorSet: other))) == .validatorSet(epoch: Epoch(2)))
        #expect(refusal(chain, try alone(good.header.with(epoch: Epoch(3)))) == .epochMissing(Epoch(2)))
        #expect(refusal(chain, try alone(good.header.with(epoch: Epoch(1)))) == .epochOrder(Epoch(1)))
        #expect(refusal(chain, try alone(good.header.with(height: Height(6)))) == .headerOrder(height: Height(6)))
        // A chain with a gap, a foreign parent, or anything above the end of an epoch.
        let gap = good.with(descendants: [good.descendants[1]])
        #expect(refusal(chain, gap) == .headerOrder(height: Height(9)))
        let closing = chain.headers[7].with(nextValidatorSet: other)
        let child = chain.headers[8].with(parent: closing.digest)
        let above = good.with(header: closing, descendants: [child], finalization: try chain.certificate(child))
        #expect(refusal(chain, above) == .headerOrder(height: Height(8)))
        let nextEpoch = try chain.bundle([], height: 2, descendants: 1)
        let across = nextEpoch.with(
            descendants: nextEpoch.descendants + [chain.headers[4]],
            finalization: try chain.certificate(chain.headers[4]))
        #expect(refusal(chain, across) == .epochOrder(Epoch(1)))
    }

    @Test func refusesWrongCertificates() throws {
        let chain = try TestChain()
        let good = try chain.bundle(["k1"], height: 2)
        let header = good.header
        func with(_ certificate: Certificate) -> ProofBundleError? {
            refusal(chain, good.with(finalization: certificate))
        }
        let height = header.height
        #expect(with(try chain.certificate(header)) == nil)
        #expect(with(try chain.certificate(header, signers: [1, 2, 3])) == nil)
        #expect(with(try chain.certificate(header, signers: [0, 1, 2, 3])) == nil)
        #expect(with(try chain.certificate(header, kind: .notarize)) == .notAFinalization(height: height))
        #expect(with(try chain.certificate(header, kind: .nullify, digest: .zero)) == .notAFinalization(height: height))
        #expect(with(try chain.certificate(header, epoch: Epoch(1))) == .certificateEpoch(height: height))
        #expect(with(try chain.certificate(header, view: View(3))) == .certificateView(height: height))
        #expect(with(try chain.certificate(chain.headers[1])) == .certificateDigest(height: height))
        #expect(
            with(try chain.certificate(header, signers: [0, 1])) == .tooFewSigners(height: height, found: 2, needed: 3))
        #expect(with(try chain.certificate(header, signers: [])) == .tooFewSigners(height: height, found: 0, needed: 3))
        #expect(with(try chain.certificate(header, signers: [0, 0, 1])) == .signers(height: height))
        #expect(with(try chain.certificate(header, signers: [2, 1, 0])) == .signers(height: height))
        #expect(with(try chain.certificate(header, signers: [0, 1, 4])) == .signers(height: height))
        #expect(with(try chain.certificate(header, signers: [0, 1, 65_535])) == .signers(height: height))
        #expect(with(try chain.certificate(header, network: .zero)) == .signature(height: height))
        #expect(with(try chain.certificate(header, memberEpoch: 2)) != nil)
        // The end of an epoch may be final in a later view, not in an earlier one.
        let end = try chain.bundle(["k1"], height: 3)
        #expect(refusal(chain, end.with(finalization: try chain.certificate(end.header, view: View(9)))) == nil)
        let early = end.with(finalization: try chain.certificate(end.header, view: View(2)))
        #expect(refusal(chain, early) == .certificateView(height: end.header.height))
    }

    @Test func refusesWrongEpochEnds() throws {
        let chain = try TestChain()
        let good = try chain.bundle(["k1"], height: 8)
        let ends = good.epochEnds
        func with(_ ends: [ProofBundle.EpochEnd]) -> ProofBundleError? { refusal(chain, good.with(epochEnds: ends)) }
        #expect(with([]) == .epochMissing(Epoch(0)))
        #expect(with([ends[0]]) == .epochMissing(Epoch(1)))
        #expect(with([ends[1], ends[0]]) == .epochOrder(Epoch(1)))
        #expect(with([ends[0], ends[0], ends[1]]) == .epochOrder(Epoch(0)))
        let surplus = ProofBundle.EpochEnd(
            header: chain.headers[9].with(nextValidatorSet: .zero), finalization: ends[1].finalization,
            nextValidators: ends[1].nextValidators)
        #expect(with(ends + [surplus]) == .epochOrder(Epoch(2)))
        // An end that the old set did not certify, or whose set has another digest.
        let usurped = ProofBundle.EpochEnd(
            header: ends[1].header, finalization: try chain.certificate(ends[1].header, memberEpoch: 2),
            nextValidators: ends[1].nextValidators)
        #expect(
            with([ends[0], usurped]) == .signers(height: Height(6))
                || with([ends[0], usurped]) == .signature(height: Height(6)))
        let swapped = ProofBundle.EpochEnd(
            header: ends[1].header, finalization: ends[1].finalization, nextValidators: ends[0].nextValidators)
        #expect(with([ends[0], swapped]) == .validatorSet(epoch: Epoch(2)))
        let inner = chain.headers[5]
        let notAnEnd = ProofBundle.EpochEnd(
            header: inner, finalization: try chain.certificate(inner), nextValidators: ends[0].nextValidators)
        #expect(with([ends[0], notAnEnd]) == .notAnEpochEnd(Epoch(1)))
    }

    @Test func refusesOldAndFutureHeaders() throws {
        let chain = try TestChain()
        let bundle = try chain.bundle(["k1"], height: 7, descendants: 2)
        let time = bundle.header.time
        #expect(refusal(chain, bundle, now: time.adding(milliseconds: 1_000), ageMax: 1_000) == nil)
        #expect(
            refusal(chain, bundle, now: time.adding(milliseconds: 1_001), ageMax: 1_000)
                == .tooOld(milliseconds: 1_001, max: 1_000))
        #expect(refusal(chain, bundle, now: Timestamp(time.value - 60_000), ageMax: 0) == nil)
        let early = Timestamp(time.value - 60_001)
        #expect(refusal(chain, bundle, now: early) == .fromTheFuture(time: time, now: early))
        #expect(refusal(chain, bundle, now: Timestamp(.max), ageMax: .max) == nil)
    }

    @Test func refusesWrongEntries() throws {
        let chain = try TestChain()
        let bundle = try chain.bundle(["k1", "nobody"], height: 7)
        let (present, absent) = (bundle.entries[0], bundle.entries[1])
        let value = try #require(present.value)
        func with(_ key: [UInt8], _ value: [UInt8]?, _ proof: CommitmentProof) -> ProofBundleError? {
            refusal(chain, bundle.with(entries: [ProofBundle.Entry(key: key, value: value, proof: proof)]))
        }
        #expect(with(present.key, value, present.proof) == nil)
        #expect(with(present.key, value + [0], present.proof) == .proof(key: present.key))
        #expect(with(present.key, nil, present.proof) == .proof(key: present.key))
        #expect(with(present.key, nil, absent.proof) == .proof(key: present.key))
        #expect(with([1], value, present.proof) == .proof(key: [1]))
        #expect(with(absent.key, value, absent.proof) == .proof(key: absent.key))
        let other = try chain.bundle(["k1"], height: 8)
        #expect(refusal(chain, bundle.with(entries: other.entries)) == .proof(key: present.key))
        let many = [ProofBundle.Entry](repeating: present, count: ProofBundle.entriesMax + 1)
        #expect(refusal(chain, bundle.with(entries: many)) == .tooLarge)
    }

    /// No single changed byte of a bundle passes, save where the change is a matter of form that is refused earlier.
    @Test func noDamagedBundlePasses() throws {
        let chain = try TestChain()
        var random = SeededGenerator(seed: 5)
        let bundle = try chain.bundle(["k1", "nobody"], height: 4, descendants: 1)
        let bytes = bundle.bcs
        for round in 0..<Fuzz.count(400) {
            let damaged = random.damage(bytes)
            guard damaged != bytes, let decoded = try? ProofBundle(bcs: damaged) else { continue }
            #expect(decoded.bcs == damaged, "round \(round): a second encoding of one bundle")
            if refusal(chain, decoded) == nil {
                // Only the informative key of an absence proof is not covered by any check.
                #expect(decoded.entries.map(\.value) == bundle.entries.map(\.value), "round \(round)")
                #expect(decoded.with(entries: []) == bundle.with(entries: []), "round \(round)")
            }
        }
    }
}
