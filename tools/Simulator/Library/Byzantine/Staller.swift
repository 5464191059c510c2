internal import Chain
internal import LedgerState
internal import LightClient
internal import Primitives
package import Replica

/// Keeps who is behind from catching up without a false word: claims to be far ahead, offers a true state, and then says that one must
/// wait, answers late, has nothing, or is silent. Votes like an honest one.
package struct Staller: ByzantineActor {
    private enum Manner: Int, CaseIterable { case busy, silent, late, vain, helpful }

    /// More answers are not held back.
    private static let heldMax = 64

    package let kind = ByzantineKind.staller
    private var manner: Manner?
    /// Above its height; nil for a claim that no state can be near.
    private var claimedBlocks: UInt64? = 0
    /// Late answers, with the simulated microseconds when they leave.
    private var held: [(message: PeerMessage, to: [PeerID], due: UInt64)] = []

    package init() {}

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        choose(&surroundings.random)
        switch message {
        case .hello(let hello):
            let height = claimedBlocks.map { hello.height.advanced(by: $0) } ?? Height(1 << 40)
            surroundings.send(
                .hello(Hello(network: hello.network, height: height, tip: hello.tip, epoch: hello.epoch)), to: peers)
        case .response(.snapshot, _) where surroundings.random.chance(600): surroundings.send(message, to: peers)
        case .response(let response, let id) where response.isOfUseToWhoIsBehind:
            answer(message, id, to: peers, &surroundings)
        default: surroundings.send(message, to: peers)
        }
    }

    package mutating func tick(_ surroundings: inout Surroundings) {
        for answer in held where answer.due <= surroundings.now { surroundings.send(answer.message, to: answer.to) }
        held.removeAll { $0.due <= surroundings.now }
    }

    /// For a while, so that one who waits for a state meets the same manner again and again.
    private mutating func choose(_ random: inout SeededRandom) {
        guard manner == nil || random.below(2_000) == 0 else { return }
        manner = random.pick(Manner.allCases)
        claimedBlocks = random.chance(700) ? random.below(1_000) : nil
    }

    private mutating func answer(
        _ message: PeerMessage, _ id: UInt64, to peers: [PeerID], _ surroundings: inout Surroundings
    ) {
        // Now and then another manner, so that right parts come between.
        switch surroundings.random.chance(900) ? manner : surroundings.random.pick(Manner.allCases) {
        case .busy: surroundings.send(.response(.busy, id: id), to: peers)
        case .vain: surroundings.send(.response(.unavailable, id: id), to: peers)
        case .late where held.count < Staller.heldMax:
            // Before and after those who asked stop waiting for it.
            let delay = surroundings.random.within(200_000...6_000_000)
            held.append((message, peers, surroundings.now + delay))
        case .late, .silent: break
        case .helpful, nil: surroundings.send(message, to: peers)
        }
    }
}

extension FetchResponse {
    fileprivate var isOfUseToWhoIsBehind: Bool {
        switch self {
        case .snapshot, .leaves, .ancestors, .range: true
        default: false
        }
    }
}
