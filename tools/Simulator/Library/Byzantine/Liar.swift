internal import Chain
internal import Consensus
internal import LedgerState
internal import LightClient
internal import Primitives
package import Replica

/// Answers what it is asked with something else: cut ranges, other blocks, foreign finalizations, broken bytes. Claims to
/// be far ahead.
package struct Liar: ByzantineActor {
    package let kind = ByzantineKind.liar

    package init() {}

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        switch message {
        case .hello(let hello) where surroundings.random.chance(600):
            let height = hello.height.advanced(by: surroundings.random.below(1_000))
            let lie = Hello(network: hello.network, height: height, tip: hello.tip, epoch: hello.epoch)
            surroundings.send(.hello(lie), to: peers)
        case .response(let response, let id) where surroundings.random.chance(700):
            surroundings.send(.response(lie(response, &surroundings.random), id: id), to: peers)
        case .consensus(.status(let status), _) where surroundings.random.chance(300):
            // A view without its proof.
            let lie = ConsensusStatus(
                epoch: status.epoch, view: status.view.advanced(by: 1_000), entry: status.entry,
                finalization: status.finalization, isRecovering: status.isRecovering, answers: status.answers)
            surroundings.send(.consensus(.status(lie), transactions: []), to: peers)
        default:
            surroundings.send(message, to: peers)
        }
    }

    private func lie(_ response: FetchResponse, _ random: inout SeededRandom) -> FetchResponse {
        switch response {
        case .range(let range):
            switch random.below(4) {
            case 0:
                return .range(
                    BlockRange(
                        blocks: Array(range.blocks.dropFirst()), headers: range.headers,
                        finalization: range.finalization))
            case 1: return .range(BlockRange(blocks: range.blocks, headers: [], finalization: range.finalization))
            case 2:
                let broken = range.blocks.map { Array($0.dropLast()) }
                return .range(BlockRange(blocks: broken, headers: range.headers, finalization: range.finalization))
            default:
                return .range(
                    BlockRange(
                        blocks: range.blocks.reversed(), headers: range.headers, finalization: range.finalization))
            }
        case .block(let bytes): return .block(random.chance(500) ? Array(bytes.dropLast()) : bytes.map { $0 ^ 1 })
        case .snapshot(let bundle): return .snapshot(lie(bundle, &random))
        case .ancestors(let blocks):
            return .ancestors(random.chance(500) ? Array(blocks.dropFirst()) : blocks.reversed())
        case .leaves(let chunk): return .leaves(lie(chunk, &random))
        case .transactions(let transactions): return .transactions(Array(transactions.dropFirst()))
        default: return .unavailable
        }
    }

    /// A header with another state root, a finalization with fewer signatures, or without the ends of epochs.
    private func lie(_ bundle: ProofBundle, _ random: inout SeededRandom) -> ProofBundle {
        let header = bundle.header
        let certificate = bundle.finalization
        let draw = random.below(3)
        let other = BlockHeader(
            network: header.network, height: header.height, view: header.view, epoch: header.epoch,
            parent: header.parent, parentView: header.parentView, time: header.time, proposer: header.proposer,
            transactionsRoot: header.transactionsRoot, stateRoot: header.parent, receiptsRoot: header.receiptsRoot,
            validatorSet: header.validatorSet, nextValidatorSet: header.nextValidatorSet)
        let fewer = Certificate(
            epoch: certificate.epoch, kind: certificate.kind, view: certificate.view, digest: certificate.digest,
            entries: Array(certificate.entries.dropLast()))
        return ProofBundle(
            entries: [], header: draw == 0 ? other : header, descendants: [],
            finalization: draw == 1 ? fewer : certificate, epochEnds: draw == 2 ? [] : bundle.epochEnds)
    }

    /// A leaf more, less or other, or other siblings.
    private func lie(_ chunk: StateChunk, _ random: inout SeededRandom) -> StateChunk {
        switch random.below(5) {
        case 0: return StateChunk(leaves: Array(chunk.leaves.dropLast()), siblings: chunk.siblings)
        case 1: return StateChunk(leaves: Array(chunk.leaves.dropFirst()), siblings: chunk.siblings)
        case 2:
            let changed = chunk.leaves.map { StateLeaf(key: $0.key, value: $0.value + [0]) }
            return StateChunk(leaves: changed, siblings: chunk.siblings)
        case 3: return StateChunk(leaves: chunk.leaves, siblings: Array(chunk.siblings.dropLast()))
        default: return StateChunk(leaves: [], siblings: [])
        }
    }
}
