import Chain
import LedgerCrypto
import LedgerState
import LightClient
import Primitives
import TestSupport

/// A small certified chain with real keys, signatures and state, made from a seed: two epochs ends (heights 3 and 6)
/// and blocks up to height 9. Everything in it is deterministic, so golden files can be compared byte by byte.
struct TestChain {
    struct Member {
        let secret: Secp256k1.SecretKey
        let validator: Validator
    }

    let genesis: Genesis
    let store = MemoryStore()
    private(set) var headers: [BlockHeader] = []
    private(set) var states: [StateSnapshot] = []
    /// Members of each epoch.
    let epochs: [[Member]]

    static let members: [Member] = (0..<8).compactMap { number in
        let seed = SHA256.hash(Array("member \(number)".utf8)).bytes
        guard let secret = Secp256k1.SecretKey(seed) else { return nil }
        let transport = SHA256.hash(Array("transport \(number)".utf8))
        return Member(
            secret: secret,
            validator: Validator(partner: "partner-\(number)", consensusKey: secret.publicKey, transportKey: transport))
    }

    static func set(_ members: [Member]) throws -> ValidatorSet { try ValidatorSet(members.map(\.validator)) }

    static func epochIndex(of height: Int) -> Int { height <= 3 ? 0 : height <= 6 ? 1 : 2 }

    init() throws {
        let all = TestChain.members
        epochs = [Array(all[0..<4]), Array(all[0..<5]), Array(all[1..<8])]
        genesis = Genesis(
            name: "test-net", time: Timestamp(1_767_225_600_000), parameters: ChainParameters(),
            validators: try TestChain.set(epochs[0]), application: Array("application".utf8))
        var state = StateSnapshot.empty(over: store)
        for height in 0..<10 {
            let changes = (0..<20).map { number in
                StateChange(
                    key: Array("k\((height * 7 + number) % 50)".utf8),
                    value: number == 13 ? nil : Array("value \(number) at \(height)".utf8))
            }
            state = try state.applying(
                changes.sorted { $0.key.lexicographicallyPrecedes($1.key) }, version: Height(UInt64(height)))
            states.append(state)
            headers.append(try header(height, stateRoot: state.root))
        }
    }

    private func header(_ height: Int, stateRoot: Digest) throws -> BlockHeader {
        if height == 0 { return genesis.header(stateRoot: stateRoot) }
        let epoch = TestChain.epochIndex(of: height)
        let set = try TestChain.set(epochs[epoch])
        let closes = height == 3 || height == 6
        return BlockHeader(
            network: genesis.network, height: Height(UInt64(height)), view: View(UInt64(height)),
            epoch: Epoch(UInt64(epoch)), parent: headers[height - 1].digest, parentView: View(UInt64(height - 1)),
            time: genesis.time.adding(milliseconds: UInt64(height) * 5_000), proposer: UInt16(height % set.count),
            transactionsRoot: Block.transactionsRoot([]), stateRoot: stateRoot, receiptsRoot: Receipt.root([]),
            validatorSet: set.digest,
            nextValidatorSet: closes ? try TestChain.set(epochs[epoch + 1]).digest : set.digest)
    }

    /// A certificate over any header by chosen signers of its epoch; a quorum when nil.
    func certificate(
        _ header: BlockHeader, kind: VoteKind = .finalize, epoch: Epoch? = nil, view: View? = nil,
        digest: Digest? = nil, network: Digest? = nil, signers: [Int]? = nil, memberEpoch: Int? = nil
    ) throws -> Certificate {
        let members = epochs[memberEpoch ?? Int(header.epoch.value)]
        let payload = VotePayload(
            network: network ?? genesis.network, epoch: epoch ?? header.epoch, kind: kind, view: view ?? header.view,
            digest: digest ?? header.digest)
        let quorum = try TestChain.set(members).quorum
        let entries = (signers ?? Array(0..<quorum)).map { index in
            Certificate.Entry(
                signer: UInt16(index),
                signature: members[index % members.count].secret.sign(payload.signingDigest))
        }
        return Certificate(
            epoch: payload.epoch, kind: kind, view: payload.view, digest: payload.digest, entries: entries)
    }

    func epochEnds(upTo epoch: Int) throws -> [ProofBundle.EpochEnd] {
        try (0..<epoch).map { number in
            let header = headers[number == 0 ? 3 : 6]
            // The first epoch's end was voted on again in a later view.
            let view = number == 0 ? View(header.view.value + 2) : header.view
            return ProofBundle.EpochEnd(
                header: header, finalization: try certificate(header, view: view),
                nextValidators: try TestChain.set(epochs[number + 1]))
        }
    }

    /// The bundle about `keys` at `height`, final by the header `descendants` above it.
    func bundle(_ keys: [String], height: Int, descendants: Int = 0) throws -> ProofBundle {
        let entries = try keys.compactMap { key in
            try states[height].prove(Array(key.utf8)).map { ProofBundle.Entry(key: Array(key.utf8), proof: $0) }
        }
        let above = Array(headers[(height + 1)..<(height + 1 + descendants)])
        return ProofBundle(
            entries: entries, header: headers[height], descendants: above,
            finalization: try certificate(above.last ?? headers[height]),
            epochEnds: try epochEnds(upTo: TestChain.epochIndex(of: height)))
    }

    /// A moment at which every header is at most a minute old.
    var now: Timestamp { genesis.time.adding(milliseconds: 60_000) }
}

extension BlockHeader {
    /// The same header with some fields changed.
    func with(
        network: Digest? = nil, height: Height? = nil, epoch: Epoch? = nil, parent: Digest? = nil,
        time: Timestamp? = nil, stateRoot: Digest? = nil, validatorSet: Digest? = nil, nextValidatorSet: Digest? = nil
    ) -> BlockHeader {
        BlockHeader(
            network: network ?? self.network, height: height ?? self.height, view: view, epoch: epoch ?? self.epoch,
            parent: parent ?? self.parent, parentView: parentView, time: time ?? self.time, proposer: proposer,
            transactionsRoot: transactionsRoot, stateRoot: stateRoot ?? self.stateRoot, receiptsRoot: receiptsRoot,
            validatorSet: validatorSet ?? self.validatorSet,
            nextValidatorSet: nextValidatorSet ?? self.nextValidatorSet)
    }
}

extension ProofBundle {
    /// The same bundle with some parts changed.
    func with(
        entries: [Entry]? = nil, header: BlockHeader? = nil, descendants: [BlockHeader]? = nil,
        finalization: Certificate? = nil, epochEnds: [EpochEnd]? = nil
    ) -> ProofBundle {
        ProofBundle(
            entries: entries ?? self.entries, header: header ?? self.header,
            descendants: descendants ?? self.descendants, finalization: finalization ?? self.finalization,
            epochEnds: epochEnds ?? self.epochEnds)
    }
}
