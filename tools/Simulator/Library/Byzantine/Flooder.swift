internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import Primitives
internal import Replica

/// Sends as much as its links take, each one of another kind: votes for every view ahead, requests for everything and
/// transactions that nobody may pool; or what costs its receivers signature checks or searches.
package struct Flooder: ByzantineActor {
    enum Flood: CaseIterable, Sendable {
        case mixed, wrongSignatures, falseCertificates, falseJustification, unknownTransactions
    }

    package let kind = ByzantineKind.flooder
    private var counter: UInt64 = 0
    private var flood: Flood?

    package init() {}
    init(_ flood: Flood) { self.flood = flood }

    package mutating func tick(_ surroundings: inout Surroundings) {
        let flood = flood ?? surroundings.random.pick(Flood.allCases) ?? .mixed
        self.flood = flood
        guard let victim = surroundings.random.pick(surroundings.others) else { return }
        for _ in 0..<6 {
            counter += 1
            let ahead = surroundings.random.chance(300) ? surroundings.random.next() : surroundings.random.below(200)
            let view = surroundings.view.advanced(by: ahead)
            surroundings.send(message(flood, view, &surroundings), to: [victim])
        }
    }

    private var junk: Digest {
        var junk = Digest.zero
        junk.words.0 = counter
        return junk
    }

    private func message(_ flood: Flood, _ view: View, _ surroundings: inout Surroundings) -> PeerMessage {
        switch flood {
        case .mixed: return mixed(view, &surroundings)
        case .wrongSignatures: return .transactions(transactions(surroundings, isWrong: true))
        case .falseCertificates:
            let certificates = falseCertificates(below: surroundings.view.advanced(by: 64), surroundings)
            return .consensus(.certificates(certificates), transactions: [])
        case .falseJustification:
            return .consensus(.proposal(falseProposal(surroundings)), transactions: [])
        case .unknownTransactions:
            let digests = (0..<1_000).map { place in
                var digest = junk
                digest.words.1 = UInt64(place)
                return digest
            }
            return .request(.transactions(digests), id: counter)
        }
    }

    /// Of all signers, all signed with the own key, for the views below `end`.
    private func falseCertificates(below end: View, _ surroundings: Surroundings) -> [Certificate] {
        let first = end.value - min(end.value, 64)
        return (first..<end.value).map { view in
            let vote = surroundings.vote(.nullify, View(view), .zero, epoch: surroundings.epoch, as: 0)
            return Certificate(
                epoch: vote.epoch, kind: vote.kind, view: vote.view, digest: vote.digest,
                entries: surroundings.validators.validators.indices.map {
                    Certificate.Entry(signer: UInt16(clamping: $0), signature: vote.signature)
                })
        }
    }

    /// Of the view's leader, whose signature is another's, with false nullifications up to its view.
    private func falseProposal(_ surroundings: Surroundings) -> Proposal {
        let view = surroundings.view.advanced(by: 1 + counter % 64)
        let leader = UInt16(clamping: surroundings.validators.leader(of: view))
        let header = BlockHeader(
            network: surroundings.network, height: Height(counter), view: view, epoch: surroundings.epoch, parent: junk,
            parentView: View(0), time: Timestamp(counter), proposer: leader,
            transactionsRoot: Block.transactionsRoot([]), stateRoot: junk, receiptsRoot: junk,
            validatorSet: surroundings.validators.digest, nextValidatorSet: surroundings.validators.digest)
        return Proposal(
            header: header, transactions: [],
            vote: surroundings.vote(.notarize, view, header.digest, epoch: surroundings.epoch, as: leader), parent: nil,
            nullifications: falseCertificates(below: view, surroundings))
    }

    private func mixed(_ view: View, _ surroundings: inout Surroundings) -> PeerMessage {
        let index = surroundings.index ?? 0
        let epoch = surroundings.random.chance(100) ? surroundings.epoch.next : surroundings.epoch
        func consensus(_ message: ConsensusMessage) -> PeerMessage { .consensus(message, transactions: []) }
        switch surroundings.random.below(6) {
        case 0: return consensus(.vote(surroundings.vote(.notarize, view, junk, epoch: epoch, as: index)))
        case 1: return consensus(.vote(surroundings.vote(.nullify, view, .zero, epoch: epoch, as: index)))
        case 2: return consensus(.statusRequest(epoch: epoch, incarnation: counter))
        case 3: return consensus(.certificatesRequest(epoch: epoch, first: View(0), last: View(.max)))
        case 4: return consensus(.proposalRequest(epoch: epoch, view: view, digest: junk))
        default: return .transactions(transactions(surroundings, isWrong: false))
        }
    }

    /// Of a sender without an account, a second one with a wrong signature.
    private func transactions(_ surroundings: Surroundings, isWrong: Bool) -> [Transaction] {
        let body = TransactionBody(
            network: surroundings.network, sender: surroundings.key.publicKey,
            expiry: Timestamp(1_700_000_000_000 + surroundings.now / 1_000 + 60_000), salt: counter,
            calls: [Call(instance: LedgerApplication.instance, method: 0, arguments: [])])
        guard let transaction = try? Transaction(signing: body, with: surroundings.key) else { return [] }
        if !isWrong { return [transaction] }
        var broken = transaction.bytes
        broken[broken.count - 1] ^= 1
        return [transaction] + ((try? Transaction(bytes: broken)).map { [$0] } ?? [])
    }
}
