package import Chain
internal import LedgerState
package import LightClient
internal import Primitives
internal import Replica

/// Real bytes out of a run: what to begin from when decoders are given damaged ones.
package struct Recording: Sendable {
    /// Of one kind of message so many are kept, the first ones.
    package static let kindMax = 6

    package let genesis: Genesis
    package var packets: [[UInt8]] = []
    package var journal: [[UInt8]] = []
    package var stored: [[UInt8]] = []
    package var receipts: [Receipt] = []
    package var bundles: [ProofBundle] = []
}

extension Simulation {
    /// Keeps the packets of a run by their first bytes, which tell the kind.
    struct PacketSamples {
        private var counts: [[UInt8]: Int] = [:]
        private(set) var packets: [[UInt8]] = []
        private(set) var receipts: [Receipt] = []

        mutating func note(_ more: [Receipt]) {
            if receipts.count < 100 { receipts += more }
        }

        mutating func note(_ bytes: [UInt8]) {
            let kind = Array(bytes.prefix(3))
            guard counts[kind, default: 0] < Recording.kindMax else { return }
            counts[kind, default: 0] += 1
            packets.append(bytes)
        }
    }

    /// Runs the scenario and keeps messages, journals, stored values and proofs. Throws when a promise was broken.
    package static func record(_ scenario: Scenario) throws -> Recording {
        var simulation = try Simulation(scenario)
        simulation.samples = PacketSamples()
        if let violation = simulation.run().violation { throw violation }
        var recording = Recording(genesis: simulation.genesis)
        recording.packets = simulation.samples?.packets ?? []
        recording.receipts = simulation.samples?.receipts ?? []
        for node in simulation.nodes {
            recording.journal += node.disk.journal.suffix(40).map(\.bytes)
            guard let view = node.replica?.view else { continue }
            let contents = node.disk.store.contents
            recording.stored += (0..<contents.count).compactMap { contents.key(at: $0) }.filter {
                $0.first ?? 0 >= 0x10
            }
            .compactMap { contents.values[$0] }.prefix(200)
            let keys = [LedgerApplication.setKey, LedgerApplication.accountKey(1), [0x7a]]
            guard let finalization = view.finalization else { continue }
            recording.bundles.append(
                ProofBundle(
                    entries: try keys.compactMap { key in
                        try view.state.prove(key).map { ProofBundle.Entry(key: key, proof: $0) }
                    }, header: view.tip, descendants: [], finalization: finalization, epochEnds: []))
        }
        return recording
    }
}
