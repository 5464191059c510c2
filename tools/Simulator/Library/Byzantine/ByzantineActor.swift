package import Chain
package import LedgerCrypto
package import Primitives
package import Replica

/// A validator that does not keep the rules. It runs a real replica, so that it knows the protocol's state, and decides
/// what leaves the machine. It holds its own key only: it cannot sign for others.
package protocol ByzantineActor: Sendable {
    var kind: ByzantineKind { get }

    /// Its own replica wants to send this; by default it leaves unchanged.
    mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings)

    /// A message arrived; the result says whether the own replica gets it.
    mutating func incoming(_ message: PeerMessage, from peer: PeerID, _ surroundings: inout Surroundings) -> Bool

    /// Called every `Surroundings.tickMicroseconds`.
    mutating func tick(_ surroundings: inout Surroundings)
}

extension ByzantineActor {
    package mutating func outgoing(_ message: PeerMessage, to peers: [PeerID], _ surroundings: inout Surroundings) {
        surroundings.send(message, to: peers)
    }

    package mutating func incoming(
        _ message: PeerMessage, from peer: PeerID, _ surroundings: inout Surroundings
    ) -> Bool { true }

    package mutating func tick(_ surroundings: inout Surroundings) {}
}

/// What an actor knows and can do.
package struct Surroundings: Sendable {
    package static let tickMicroseconds: UInt64 = 150_000

    /// Simulated microseconds.
    package let now: UInt64
    package let network: Digest
    package let peer: PeerID
    package let key: Secp256k1.SecretKey
    /// All other nodes.
    package let others: [PeerID]
    package let validators: ValidatorSet
    package let epoch: Epoch
    package let view: View
    package var random: SeededRandom
    package private(set) var outbox: [(message: PeerMessage, to: [PeerID])] = []

    package init(
        now: UInt64, network: Digest, peer: PeerID, key: Secp256k1.SecretKey, others: [PeerID],
        validators: ValidatorSet, epoch: Epoch, view: View, random: SeededRandom
    ) {
        self.now = now
        self.network = network
        self.peer = peer
        self.key = key
        self.others = others
        self.validators = validators
        self.epoch = epoch
        self.view = view
        self.random = random
    }

    package mutating func send(_ message: PeerMessage, to peers: [PeerID]) {
        if !peers.isEmpty { outbox.append((message, peers)) }
    }

    /// Own index in the current set, nil outside.
    package var index: UInt16? { validators.index(of: key.publicKey).map { UInt16(clamping: $0) } }

    /// A vote with the own key, in the name of `signer`.
    package func vote(_ kind: VoteKind, _ view: View, _ digest: Digest, epoch: Epoch, as signer: UInt16) -> Vote {
        Vote(
            signing: VotePayload(network: network, epoch: epoch, kind: kind, view: view, digest: digest),
            signer: signer, key: key)
    }

    /// About half of the peers.
    package mutating func someOf(_ peers: [PeerID]) -> [PeerID] {
        var chosen: [PeerID] = []
        for peer in peers where random.chance(500) { chosen.append(peer) }
        return chosen
    }
}
