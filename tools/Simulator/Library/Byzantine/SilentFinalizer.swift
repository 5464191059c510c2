internal import Chain
internal import Consensus
internal import Primitives
package import Replica

/// Silent, but for a Finalize (or the certificate made with it) to one node now and then: some views are final for one
/// node only, while the others wait for their timers.
package struct SilentFinalizer: ByzantineActor {
    package let kind = ByzantineKind.silentFinalizer

    package init() {}

    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        let lucky = surroundings.random.pick(peers)
        let speaks = surroundings.random.chance(350)
        guard let lucky, speaks else { return }
        switch message {
        case .consensus(.vote(let vote), _) where vote.kind == .finalize: surroundings.send(message, to: [lucky])
        case .consensus(.certificate(let certificate), _) where certificate.kind == .finalize:
            surroundings.send(message, to: [lucky])
        default: break
        }
    }
}
