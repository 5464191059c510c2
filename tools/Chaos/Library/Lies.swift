internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import Primitives
internal import Replica

/// Messages that are false where only a costly check shows it, or that ask for what nobody has. Each list is sent again and
/// again.
struct Lies {
    let genesis: Genesis
    let key: Secp256k1.SecretKey

    /// Gossip, every signature wrong.
    func wrongSignatures() throws -> [[UInt8]] {
        try (UInt64(1)...8).map { number in
            let transactions = try (UInt64(0)..<64).map { place -> Transaction in
                let body = TransactionBody(
                    network: genesis.network, sender: key.publicKey,
                    expiry: Timestamp(Watch.wallMilliseconds + 60_000), salt: number << 32 | place,
                    calls: [Call(instance: Address(createdBy: .zero, index: 0), method: 0, arguments: [])])
                var bytes = try Transaction(signing: body, with: key).bytes
                bytes[bytes.count - 1] ^= 1
                return try Transaction(bytes: bytes)
            }
            return PeerMessage.transactions(transactions).bcs
        }
    }

    /// Lists for views far ahead, all signatures by the own key.
    func falseCertificates() -> [[UInt8]] {
        (UInt64(1)...8).map {
            PeerMessage.consensus(.certificates(nullifications(from: $0 << 32)), transactions: []).bcs
        }
    }

    /// Proposals in other leaders' names, whose certificates seem to lead to their views.
    func falseJustifications() -> [[UInt8]] {
        (UInt64(1)...8).map { number in
            let nullifications = nullifications(from: number << 32)
            let view = View((number << 32) + UInt64(nullifications.count))
            let set = genesis.validators
            let leader = UInt16(clamping: set.leader(of: view))
            let header = BlockHeader(
                network: genesis.network, height: Height(number), view: view, epoch: Epoch(0), parent: .zero,
                parentView: View(0), time: Timestamp(Watch.wallMilliseconds), proposer: leader,
                transactionsRoot: Block.transactionsRoot([]), stateRoot: .zero, receiptsRoot: .zero,
                validatorSet: set.digest, nextValidatorSet: set.digest)
            let proposal = Proposal(
                header: header, transactions: [], vote: vote(.notarize, view, header.digest, as: leader), parent: nil,
                nullifications: nullifications)
            return PeerMessage.consensus(.proposal(proposal), transactions: []).bcs
        }
    }

    func unknownTransactions() -> [[UInt8]] {
        (UInt64(1)...8).map { number in
            let digests = (UInt64(0)..<4_096).map { Digest(words: (number, $0, 0, 0)) }
            return PeerMessage.request(.transactions(digests), id: number).bcs
        }
    }

    private func vote(_ kind: VoteKind, _ view: View, _ digest: Digest, as signer: UInt16) -> Vote {
        Vote(
            signing: VotePayload(
                network: genesis.network, epoch: Epoch(0), kind: kind, view: view, digest: digest), signer: signer,
            key: key)
    }

    /// Of 64 views, of all signers.
    private func nullifications(from first: UInt64) -> [Certificate] {
        (first..<first + 64).map { view in
            let vote = vote(.nullify, View(view), .zero, as: 0)
            return Certificate(
                epoch: vote.epoch, kind: vote.kind, view: vote.view, digest: vote.digest,
                entries: genesis.validators.validators.indices.map {
                    Certificate.Entry(signer: UInt16(clamping: $0), signature: vote.signature)
                })
        }
    }
}
