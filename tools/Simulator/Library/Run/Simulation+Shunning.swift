internal import Primitives
internal import Replica

/// A peer that sent what no honest node sends loses its link for a while, as a runtime does it.
extension Simulation {
    /// As the links of a node do by default.
    static let shunMicroseconds: UInt64 = 10_000_000

    func shuns(_ number: Int, _ peer: PeerID) -> Bool { (nodes[number].shunned[peer] ?? 0) > now }

    /// From now on nothing passes between them; both notice a moment later.
    mutating func shun(_ peer: PeerID, by number: Int, _ reason: String) throws {
        let accused = nodes.indices.filter { nodes[$0].peer == peer }
        if nodes[number].isHonest, accused.allSatisfy({ nodes[$0].isHonest }) {
            throw Violation(.shunning, "\(name(number)) shuns \(accused.map(name)): \(reason)")
        }
        let end = now + Simulation.shunMicroseconds
        trace.line(now, "\(name(number)) shuns \(accused.map(name)): \(reason)")
        nodes[number].shunned[peer] = end
        outcome.faults.count(.shunnedPeer)
        for other in accused {
            queue.schedule(.cut(node: number, from: other), at: now)
            queue.schedule(.relink(node: number, to: other), at: end)
        }
    }

    mutating func cut(_ number: Int, from other: Int) throws {
        for (near, far) in [(number, other), (other, number)] where nodes[near].links.contains(far) {
            nodes[near].links.remove(far)
            try step(near, .disconnected(nodes[far].peer))
        }
    }

    mutating func relink(_ number: Int, to other: Int) throws {
        guard nodes[number].isUp, nodes[other].isUp, !nodes[number].links.contains(other) else { return }
        try link(number, other)
    }
}
