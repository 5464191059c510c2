package import Chain
internal import Primitives
internal import Synchronization

/// Evidence that the consensus found and that is not known to be in the chain. Filled from the replica's thread.
///
/// A hostile validator can contradict itself in every view; `perSignerMax` proofs of an epoch say enough. All nodes count
/// all evidence, whoever reports it, so that they stop at about the same ones.
package final class EvidenceQueue: Sendable {
    package static let countMax = 256
    package static let perSignerMax = 4

    private struct Signer: Hashable {
        let epoch: Epoch
        let index: UInt16
    }

    private struct State {
        var waiting: [(evidence: Evidence, since: ContinuousClock.Instant)] = []
        /// Of the newest epoch that evidence was found in, and the one before.
        var counts: [Signer: Int] = [:]
        var newest = Epoch(0)
    }

    private let state = Mutex(State())

    package init() {}

    package func add(_ evidence: Evidence) { add(evidence, at: .now) }

    func add(_ evidence: Evidence, at now: ContinuousClock.Instant) {
        let signer = Signer(epoch: evidence.first.epoch, index: evidence.first.signer)
        state.withLock { state in
            if signer.epoch > state.newest {
                state.newest = signer.epoch
                state.counts = state.counts.filter { $0.key.epoch.next >= signer.epoch }
            }
            let count = state.counts[signer, default: 0]
            guard count < EvidenceQueue.perSignerMax, state.waiting.count < EvidenceQueue.countMax,
                signer.epoch.next >= state.newest, !state.waiting.contains(where: { $0.evidence == evidence })
            else { return }
            state.counts[signer] = count + 1
            state.waiting.append((evidence, now))
        }
    }

    func remove(_ evidence: Evidence) {
        state.withLock { state in state.waiting.removeAll { $0.evidence == evidence } }
    }

    var waiting: [(evidence: Evidence, since: ContinuousClock.Instant)] { state.withLock { $0.waiting } }
}
