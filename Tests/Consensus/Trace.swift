import Chain
import Consensus
import Primitives

/// A run in words. Blocks are called B and their height, with a letter from the second of a height on.
struct Trace {
    private(set) var lines: [String] = []
    private var names: [Digest: String] = [:]
    private var atHeight: [Height: Int] = [:]
    var isOn = false

    subscript(_ digest: Digest) -> String { names[digest] ?? digest.short }

    mutating func name(_ header: BlockHeader) {
        let count = atHeight[header.height, default: 0]
        atHeight[header.height] = count + 1
        let letter = count == 0 ? "" : String(UnicodeScalar(UInt8(ascii: "a") + UInt8(count % 26)))
        names[header.digest] = "B\(header.height)\(letter)"
    }

    mutating func note(_ time: UInt64, _ node: Int, _ text: String) {
        guard isOn else { return }
        let stamp = String(time)
        lines.append(String(repeating: " ", count: max(0, 5 - stamp.count)) + stamp + " n\(node) " + text)
    }

    mutating func note(_ time: UInt64, _ node: Int, _ output: ConsensusOutput) {
        guard isOn, var text = describe(output) else { return }
        if case .broadcast(.proposal(let proposal)) = output, Int(proposal.vote.signer) != node {
            text = "repeats \(self[proposal.digest]) of view \(proposal.view)"
        }
        note(time, node, text)
    }

    private func describe(_ output: ConsensusOutput) -> String? {
        switch output {
        case .broadcast(.proposal(let proposal)): describe(proposal)
        case .broadcast(.vote(let vote)): describe(vote.kind, vote.view, vote.digest)
        case .broadcast(.certificate(let certificate)): "sends " + describe(certificate)
        case .relay(.certificate(let certificate), let holders):
            "relays \(describe(certificate)) past \(holders.count)"
        case .broadcast(.status(let status)): "stands in view \(status.view)"
        case .broadcast(.statusRequest): "asks where the others stand"
        case .send(.certificate(let certificate), _): "answers with " + describe(certificate)
        case .finalized(let certificate): "final: \(self[certificate.digest])"
        case .evidence(let evidence): "evidence against \(evidence.first.signer) in view \(evidence.first.view)"
        case .recovered(let view): "abstains through view \(view)"
        default: nil
        }
    }

    private func describe(_ proposal: Proposal) -> String {
        var text = "proposes \(self[proposal.digest]) in view \(proposal.view)"
        if proposal.isRepeated { text += " again" } else { text += " on \(self[proposal.header.parent])" }
        var just = proposal.parent.map { [describe($0)] } ?? []
        just += proposal.nullifications.map { describe($0) }
        return just.isEmpty ? text : text + ", just: " + just.joined(separator: " ")
    }

    private func describe(_ kind: VoteKind, _ view: View, _ digest: Digest) -> String {
        kind == .nullify ? "nullify \(view)" : "\(kind) \(view) \(self[digest])"
    }

    func describe(_ certificate: Certificate) -> String {
        switch certificate.kind {
        case .notarize: "Notarization(\(certificate.view), \(self[certificate.digest]))"
        case .nullify: "Nullification(\(certificate.view))"
        case .finalize: "Finalization(\(certificate.view), \(self[certificate.digest]))"
        }
    }
}
