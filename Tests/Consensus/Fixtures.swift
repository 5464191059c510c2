import Chain
import Consensus
import LedgerCrypto
import Primitives

/// Keys, sets and headers that all consensus tests share. Deterministic: key i is the scalar i + 1 of a set.
struct Fixture {
    let keys: [Secp256k1.SecretKey]
    let set: ValidatorSet
    let genesis: BlockHeader
    var parameters: ChainParameters

    static let network = SHA256.hash(Array("consensus tests".utf8))

    init(_ count: Int) throws {
        keys = (0..<count).compactMap { Fixture.key($0) }
        set = try Fixture.validators(keys)
        parameters = ChainParameters()
        genesis = BlockHeader(
            network: Fixture.network, height: Height(0), view: View(0), epoch: Epoch(0), parent: .zero,
            parentView: View(0), time: Timestamp(1_000_000), proposer: 0,
            transactionsRoot: Block.transactionsRoot([]), stateRoot: .zero, receiptsRoot: .zero,
            validatorSet: set.digest, nextValidatorSet: set.digest)
    }

    static func key(_ index: Int) -> Secp256k1.SecretKey? {
        Secp256k1.SecretKey([UInt8](repeating: 0, count: 30) + [UInt8(index / 255), UInt8(index % 255) + 1])
    }

    static func validators(_ keys: [Secp256k1.SecretKey]) throws -> ValidatorSet {
        try ValidatorSet(
            keys.enumerated().map { index, key in
                let number = String(index)
                let partner = "p" + String(repeating: "0", count: 3 - number.count) + number
                return Validator(
                    partner: partner, consensusKey: key.publicKey, transportKey: SHA256.hash(key.publicKey.bytes))
            })
    }

    func configuration(_ key: Secp256k1.SecretKey?, mutations: ConsensusMutation = []) -> ConsensusConfiguration {
        var configuration = ConsensusConfiguration(
            network: Fixture.network, epoch: Epoch(0), validators: set, parameters: parameters, root: genesis,
            key: key, incarnation: 1)
        configuration.mutations = mutations
        return configuration
    }

    func vote(_ kind: VoteKind, _ view: UInt64, _ digest: Digest, by signer: Int, epoch: UInt64 = 0) -> Vote {
        let payload = VotePayload(
            network: Fixture.network, epoch: Epoch(epoch), kind: kind, view: View(view), digest: digest)
        return Vote(signing: payload, signer: UInt16(signer), key: keys[signer])
    }

    func certificate(_ kind: VoteKind, _ view: UInt64, _ digest: Digest, by signers: [Int]) -> Certificate {
        Certificate(
            epoch: Epoch(0), kind: kind, view: View(view), digest: digest,
            entries: signers.sorted().map {
                Certificate.Entry(signer: UInt16($0), signature: vote(kind, view, digest, by: $0).signature)
            })
    }

    func peer(_ index: Int) -> Digest { set.validators[index].transportKey }

    /// A child of `parent` with one transaction named by `salt`, as the test application executes it.
    func block(
        view: UInt64, on parent: BlockHeader, parentView: UInt64, salt: String = "", time: UInt64? = nil
    ) -> (header: BlockHeader, transactions: [Digest]) {
        let transactions = salt.isEmpty ? [] : [SHA256.hash(Array(salt.utf8))]
        let header = TestApplication.header(
            view: View(view), on: parent, parentView: View(parentView),
            time: time.map { Timestamp($0) } ?? parent.time.next, proposer: UInt16(set.leader(of: View(view))),
            transactions: transactions, set: set, next: set)
        return (header, transactions)
    }

    func proposal(
        _ block: (header: BlockHeader, transactions: [Digest]), view: UInt64? = nil, parent: Certificate? = nil,
        nullifications: [Certificate] = []
    ) -> Proposal {
        let view = view ?? block.header.view.value
        return Proposal(
            header: block.header, transactions: block.transactions,
            vote: vote(.notarize, view, block.header.digest, by: set.leader(of: View(view))), parent: parent,
            nullifications: nullifications)
    }
}

/// The smallest application with a state that depends on all history: the root hashes the parent's root and the
/// transactions.
enum TestApplication {
    static func stateRoot(after parent: Digest, _ transactionsRoot: Digest) -> Digest {
        SHA256.hash(parent.bytes + transactionsRoot.bytes)
    }

    static func header(
        view: View, on parent: BlockHeader, parentView: View, time: Timestamp, proposer: UInt16,
        transactions: [Digest], set: ValidatorSet, next: ValidatorSet, epoch: Epoch? = nil
    ) -> BlockHeader {
        let root = Block.transactionsRoot(transactions)
        return BlockHeader(
            network: parent.network, height: parent.height.next,
            view: view, epoch: epoch ?? parent.epoch, parent: parent.digest,
            parentView: parentView, time: time, proposer: proposer, transactionsRoot: root,
            stateRoot: stateRoot(after: parent.stateRoot, root), receiptsRoot: root, validatorSet: set.digest,
            nextValidatorSet: next.digest)
    }
}
