internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import Primitives
internal import Replica

/// Sends as much as its links take: votes for every view ahead, requests for everything, proposals of nothing,
/// transactions that nobody may pool.
package struct Flooder: ByzantineActor {
    package let kind = ByzantineKind.flooder
    private var counter: UInt64 = 0

    package init() {}

    package mutating func tick(_ surroundings: inout Surroundings) {
        guard let victim = surroundings.random.pick(surroundings.others) else { return }
        for _ in 0..<6 {
            counter += 1
            let ahead = surroundings.random.chance(300) ? surroundings.random.next() : surroundings.random.below(200)
            let view = surroundings.view.advanced(by: ahead)
            surroundings.send(message(view, &surroundings), to: [victim])
        }
    }

    private func message(_ view: View, _ surroundings: inout Surroundings) -> PeerMessage {
        let index = surroundings.index ?? 0
        let epoch = surroundings.random.chance(100) ? surroundings.epoch.next : surroundings.epoch
        var junk = Digest.zero
        junk.words.0 = counter
        func consensus(_ message: ConsensusMessage) -> PeerMessage { .consensus(message, transactions: []) }
        switch surroundings.random.below(6) {
        case 0: return consensus(.vote(surroundings.vote(.notarize, view, junk, epoch: epoch, as: index)))
        case 1: return consensus(.vote(surroundings.vote(.nullify, view, .zero, epoch: epoch, as: index)))
        case 2: return consensus(.statusRequest(epoch: epoch, incarnation: counter))
        case 3: return consensus(.certificatesRequest(epoch: epoch, first: View(0), last: View(.max)))
        case 4: return consensus(.proposalRequest(epoch: epoch, view: view, digest: junk))
        default: return .transactions(transactions(surroundings))
        }
    }

    /// Of a sender without an account, the second one with a wrong signature.
    private func transactions(_ surroundings: Surroundings) -> [Transaction] {
        let body = TransactionBody(
            network: surroundings.network, sender: surroundings.key.publicKey,
            expiry: Timestamp(1_700_000_000_000 + surroundings.now / 1_000 + 60_000), salt: counter,
            calls: [Call(instance: LedgerApplication.instance, method: 0, arguments: [])])
        guard let transaction = try? Transaction(signing: body, with: surroundings.key) else { return [] }
        var broken = transaction.bytes
        broken[broken.count - 1] ^= 1
        return [transaction] + ((try? Transaction(bytes: broken)).map { [$0] } ?? [])
    }
}
