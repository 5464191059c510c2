internal import Chain
internal import Consensus
internal import Primitives
internal import Replica

/// One line per step, at log level trace: what went in and what came out.
enum Trace {
    static func text(_ event: ReplicaEvent) -> String {
        switch event {
        case .tick: "tick"
        case .message(let message, let peer): "\(peer.short): \(text(message))"
        case .gossiped(let transactions, let peer): "\(peer.short): gossip of \(transactions.count)"
        case .checked(let transactions): "checked \(transactions.count)"
        case .connected(let peer): "connected \(peer.short)"
        case .disconnected(let peer): "disconnected \(peer.short)"
        case .submitted(let transactions, _): "submitted \(transactions.count)"
        case .journaled(let sequence): "journaled \(sequence)"
        case .stored(let sequence): "stored \(sequence)"
        }
    }

    static func text(_ effect: ReplicaEffect) -> String {
        switch effect {
        case .journal(let bytes, let sequence, let sync):
            "journal \(sequence) (\(bytes.count) B\(sync ? ", sync" : ""))"
        case .pruneJournal(let sequence): "prune \(sequence)"
        case .store(_, let sequence): "store \(sequence)"
        case .serve(let read, let peer): "serve leaves of version \(read.version) to \(peer.short)"
        case .adopted(let header, _): "adopted the state of height \(header.height)"
        case .send(let message, let peers): "send \(text(message)) to \(peers.count)"
        case .finalized(let block): "final \(block.height) (\(block.block.transactions.count) tx)"
        case .answered(_, let refusals): "answered \(refusals.count)"
        case .dropped(let dropped): "dropped \(dropped.count)"
        case .evidence: "evidence"
        case .shun(let peer, let reason): "shun \(peer.short): \(reason)"
        case .wake(let at): "wake at \(at)"
        case .note(let note): "note" + (note.text.isEmpty ? "" : " \(note.text)")
        case .halt(let reason): "halt: \(reason)"
        }
    }

    static func text(_ message: PeerMessage) -> String {
        switch message {
        case .hello(let hello): "hello \(hello.height)"
        case .consensus(let message, let transactions):
            text(message) + (transactions.isEmpty ? "" : " with \(transactions.count) tx")
        case .transactions(let transactions): "transactions \(transactions.count)"
        case .request(let request, let id): "request \(id) \(text(request))"
        case .response(_, let id): "response \(id)"
        }
    }

    private static func text(_ request: FetchRequest) -> String {
        if case .transactions(let digests) = request { return "for \(digests.count) transactions" }
        if case .block(let digest) = request { return "for block \(digest.short)" }
        if case .range(let height) = request { return "for blocks from \(height)" }
        return "for a part of the state"
    }

    private static func text(_ message: ConsensusMessage) -> String {
        switch message {
        case .vote(let vote): "\(vote.kind) \(vote.view) by \(vote.signer)"
        case .certificate(let certificate): "certificate of \(certificate.kind) \(certificate.view)"
        case .proposal(let proposal):
            "proposal \(proposal.view) of height \(proposal.header.height) with \(proposal.transactions.count)"
        case .status(let status): "status in view \(status.view)"
        case .statusRequest: "status request"
        case .certificatesRequest(_, let first, let last): "certificates request \(first)...\(last)"
        case .certificates(let certificates): "\(certificates.count) certificates"
        case .proposalRequest(_, let view, _): "proposal request \(view)"
        }
    }
}
