internal import Chain
package import Consensus
internal import Primitives
package import Replica

/// Messages in the words of the protocol, for traces.
package enum Words {
    package static func describe(_ message: PeerMessage) -> String {
        switch message {
        case .hello: "Hello"
        case .consensus(let content, let transactions):
            describe(content) + (transactions.isEmpty ? "" : " with \(transactions.count) transactions")
        case .transactions(let transactions): "Transactions \(transactions.map(\.digest.short))"
        case .request(let request, let id): "Request \(id): \(short(request))"
        case .response(let response, let id): "Response \(id): \(short(response))"
        }
    }

    package static func describe(_ message: ConsensusMessage) -> String {
        switch message {
        case .vote(let vote): describe(vote)
        case .certificate(let certificate): describe(certificate)
        case .proposal(let proposal):
            "Propose(view \(proposal.view), height \(proposal.header.height), \(proposal.digest.short), parent"
                + " \(proposal.header.parent.short)@\(proposal.header.parentView)"
                + (proposal.nullifications.isEmpty ? "" : ", \(proposal.nullifications.count) nullifications")
                + (proposal.isRepeated ? ", again" : "") + ", \(proposal.transactions.count) transactions)"
        case .status(let status):
            "Status(epoch \(status.epoch), view \(status.view)"
                + (status.finalization.map { ", final \($0.digest.short)@\($0.view)" } ?? "")
                + (status.isRecovering ? ", recovering" : "")
                + (status.answers == 0 ? "" : ", answers \(status.answers)")
                + ")"
        case .statusRequest(let epoch, let incarnation): "StatusRequest(epoch \(epoch), run \(incarnation))"
        case .certificatesRequest(let epoch, let first, let last):
            "CertificatesRequest(epoch \(epoch), views \(first) to \(last))"
        case .certificates(let certificates):
            "Certificates(" + certificates.map(describe).joined(separator: ", ") + ")"
        case .proposalRequest(let epoch, let view, let digest):
            "ProposalRequest(epoch \(epoch), view \(view), \(digest.short))"
        }
    }

    static func describe(_ vote: Vote) -> String {
        let name = ["Notarize", "Nullify", "Finalize"][Int(vote.kind.rawValue)]
        let block = vote.kind == .nullify ? "" : ", \(vote.digest.short)"
        return "\(name)(view \(vote.view)\(block))" + (vote.epoch.value == 0 ? "" : " in epoch \(vote.epoch)")
            + " of v\(vote.signer)"
    }

    static func describe(_ certificate: Certificate) -> String {
        let name = ["Notarization", "Nullification", "Finalization"][Int(certificate.kind.rawValue)]
        let block = certificate.kind == .nullify ? "" : ", \(certificate.digest.short)"
        return "\(name)(view \(certificate.view)\(block))"
            + (certificate.epoch.value == 0 ? "" : " in epoch \(certificate.epoch)")
    }

    /// The first words of a value's description.
    private static func short(_ value: some Any) -> String {
        let text = "\(value)"
        return text.count > 120 ? String(text.prefix(117)) + "..." : text
    }
}
