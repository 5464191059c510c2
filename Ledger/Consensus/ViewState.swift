internal import Chain
internal import Primitives

/// What is known of one view.
struct ViewState: Sendable {
    /// Held at once: the first from the leader, and the certified one when that is another.
    static let proposalsMax = 2

    /// Own flags; they say the same as `ownVotes`, except that Finalize implies `notarized`.
    var notarized: Digest?
    var nullified = false
    var finalized = false
    /// Journal record that lets this node, the leader, propose before the proposal is durable: its number in this run, 0 when it
    /// is of an earlier run, which may then have proposed what this one does not know.
    var reservation: UInt64?
    /// Own votes with the number of their journal record in this run (0: of an earlier run).
    var ownVotes: [OwnVote] = []

    /// Without the nullifications of their justification, which are kept once per view.
    var proposals: [Proposal] = []
    var notarization: Certificate?
    var nullification: Certificate?
    /// Checked votes that no certificate covers, at most one per signer and kind.
    var votes: [Vote] = []
    /// Validators whose contradicting votes were reported.
    var accused: [UInt16] = []
    /// The proposal was asked for.
    var hasAsked = false

    func vote(_ kind: VoteKind, of signer: UInt16) -> Vote? {
        votes.first { $0.signer == signer && $0.kind == kind }
    }

    func proposal(_ digest: Digest) -> Proposal? { proposals.first { $0.digest == digest } }

    /// Votes of `signer`, those inside certificates included.
    func known(of signer: UInt16) -> [Vote] {
        var known = votes.filter { $0.signer == signer }
        for certificate in [notarization, nullification] {
            if let certificate, let vote = certificate.vote(of: signer) { known.append(vote) }
        }
        return known
    }

    mutating func apply(own vote: Vote, sequence: UInt64) {
        switch vote.kind {
        case .notarize: notarized = notarized ?? vote.digest
        case .nullify: nullified = true
        case .finalize:
            notarized = notarized ?? vote.digest
            finalized = true
        }
        if !ownVotes.contains(where: { $0.vote.kind == vote.kind && $0.vote.digest == vote.digest }) {
            ownVotes.append(OwnVote(vote: vote, sequence: sequence))
        }
    }
}

struct OwnVote: Sendable {
    let vote: Vote
    let sequence: UInt64
}

/// A block whose header is known here.
struct KnownBlock: Sendable {
    enum Status: Hashable, Sendable {
        case known
        case judging
        case executed
        case invalid(String)
    }

    let header: BlockHeader
    let transactions: [Digest]
    var status: Status
    var isExecuted: Bool { status == .executed }
}

/// A certified block that is not executed here, with the newest view that certified it.
struct WantedBlock: Sendable {
    let digest: Digest
    var view: View
}

struct FinalPoint: Sendable {
    let height: Height
    let view: View
}

extension Certificate {
    /// The vote of `signer` inside, nil when it is not among the signers.
    func vote(of signer: UInt16) -> Vote? {
        guard let entry = entries.first(where: { $0.signer == signer }) else { return nil }
        return Vote(
            epoch: epoch, kind: kind, view: view, digest: digest, signer: signer, signature: entry.signature)
    }
}

extension Proposal {
    func with(nullifications: [Certificate]) -> Proposal { with(parent: parent, nullifications: nullifications) }

    func with(parent: Certificate?, nullifications: [Certificate]) -> Proposal {
        Proposal(
            header: header, transactions: transactions, vote: vote, parent: parent, nullifications: nullifications)
    }
}
