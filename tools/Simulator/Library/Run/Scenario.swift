package import Chain
internal import Primitives

/// What one seed decides before the run starts: the network, its faults, its Byzantine members and its load. Each kind
/// of fault is present in some seeds only, so that runs differ in character and not merely in order.
package struct Scenario: Sendable {
    package struct Traitor: Hashable, Sendable {
        package let node: Int
        package let kind: ByzantineKind
        package init(node: Int, kind: ByzantineKind) {
            self.node = node
            self.kind = kind
        }
    }

    package var seed: UInt64
    /// Validators of the genesis; nodes `0..<validatorCount`.
    package var validatorCount: Int
    /// Nodes that follow without voting; those that may join the set later come first.
    package var followerCount: Int
    /// At most f of the genesis' validators, and any followers.
    package var traitors: [Traitor]
    package var parameters: ChainParameters
    package var conditions: NetworkModel.Conditions
    /// What the network promises after the healing.
    package var healedConditions = NetworkModel.Conditions.calm
    /// Links with an additional delay, all the time.
    package var slowLinks: [NetworkModel.Link: UInt64] = [:]
    /// Proposals are lost until this time: no view succeeds.
    package var proposalsLostUntil: UInt64 = 0
    /// A proposal carries its transactions up to this many bytes.
    package var inlineProposalBytesMax: Int = 64 * 1024
    /// Made by `init(snapshotsWithSeed:)`.
    package var isAboutSnapshots = false
    /// How far behind a node takes over a state, and at which multiples of height all have one to give.
    package var snapshotLagBlocks: UInt64 = 10_000
    package var snapshotBlocks: UInt64 = 256
    /// Nodes whose stored state is damaged on purpose, so that they execute to other results. They count as faulty.
    package var diverging: [Int] = []
    /// Planned faults, ascending by time.
    package var plan: [PlannedFault]
    /// Faults last so long, in microseconds; then all heals, and progress is owed.
    package var chaosMicroseconds: UInt64
    /// Chance, out of 1,000, that a durable write ends in a crash; and that a crash spares some unsynced writes.
    package var crashAtWritePerMille: Int
    package var keepUnsyncedPerMille: Int
    /// Power fails at exactly this durable write, counted over the network.
    package var crashAtWrite: PlannedWrite?
    /// Chance, out of 100,000 steps, that a node reads a damaged block.
    package var corruptedReadPerHundredThousand: Int
    /// Time of a journal flush and of a store flush, in microseconds.
    package var flushMicroseconds: ClosedRange<UInt64>
    package var storeFlushMicroseconds: ClosedRange<UInt64>
    /// Mean time between submitted transactions, in microseconds.
    package var submissionMicroseconds: UInt64
    /// Whether runtimes check the signatures of transactions in proposals and answers before their replicas see them.
    package var checksAhead: Bool
    /// Switched-off rules, for the campaign that shows that the simulator notices.
    package var mutation: Mutation?
    /// A run with more events than this makes no progress but talks without end.
    package var eventsMax = 400_000
    /// Word for runs of a special character.
    package var profile = ""

    /// Clients keep the pool of this node filled, so that it never takes the network for idle; and its patience is checked.
    package var busyNode: Int?
    package static let busyTransactions = 12

    package struct PlannedWrite: Hashable, Sendable {
        package let write: Int
        /// The write itself still counts.
        package let isAfter: Bool
        package init(write: Int, isAfter: Bool) {
            self.write = write
            self.isAfter = isAfter
        }
    }

    package var nodeCount: Int { validatorCount + followerCount }
    package var faultsMax: Int { (validatorCount - 1) / 3 }

    package var faultyValidatorCount: Int { traitors.filter { $0.node < validatorCount }.count }

    package func isTraitor(_ node: Int) -> Bool { traitors.contains { $0.node == node } }
    package func kind(of node: Int) -> ByzantineKind? { traitors.first { $0.node == node }?.kind }

    /// One line: what the network is and who is not to be trusted.
    package var summary: String {
        let actors = traitors.map { "n\($0.node) \($0.kind.name)" }.joined(separator: ", ")
        return "\(validatorCount) validators, \(followerCount) followers" + (profile.isEmpty ? "" : ", \(profile)")
            + (actors.isEmpty ? "" : "; Byzantine: \(actors)")
    }
}

/// A fault with its time, in microseconds since the start.
package struct PlannedFault: Sendable {
    package enum Kind: Sendable {
        case partition([Int], from: [Int], oneWay: Bool)
        case mend
        case crash(Int, downMicroseconds: UInt64)
        case crashAll(downMicroseconds: UInt64)
        case wipe(Int)
        case backUp(Int)
        case restore(Int)
        case slowDisk(Int, factor: UInt64)
        case skewClock(Int, milliseconds: Int64)
        case changeValidators
        /// Another value in the stored state, with a right checksum.
        case changeState(Int)
        case idle(microseconds: UInt64)
    }

    package let time: UInt64
    package let kind: Kind
}
