/// Kinds of faults that a run injects.
package enum Fault: Int, CaseIterable, Sendable {
    case lostMessage, delayedMessage, duplicatedMessage, partitionedMessage
    case symmetricPartition, asymmetricPartition
    case clockSkew
    case crash, crashAtWrite
    case lostWrites, keptPrefix, keptHistory, keptSubset, tornWrite, corruptedRead, slowDisk, wipedDisk, restoredBackup
    case epochChange, idlePhase, shunnedPeer

    /// As written in summaries.
    package var name: String {
        switch self {
        case .lostMessage: "messages lost"
        case .delayedMessage: "messages held back"
        case .duplicatedMessage: "messages doubled"
        case .partitionedMessage: "messages cut off"
        case .symmetricPartition: "partitions"
        case .asymmetricPartition: "one-way partitions"
        case .clockSkew: "clocks skewed"
        case .crash: "crashes"
        case .crashAtWrite: "crashes at a durable write"
        case .lostWrites: "unsynced writes all lost"
        case .keptPrefix: "unsynced writes: prefix kept"
        case .keptHistory: "store batches: history kept, index lost"
        case .keptSubset: "unsynced writes: subset kept"
        case .tornWrite: "torn writes"
        case .corruptedRead: "corrupted reads"
        case .slowDisk: "slow disks"
        case .wipedDisk: "wiped disks"
        case .restoredBackup: "restored backups"
        case .epochChange: "validator set changes"
        case .idlePhase: "idle phases"
        case .shunnedPeer: "peers shunned"
        }
    }
}

/// How often each fault was injected.
package struct FaultCounts: Sendable, Hashable {
    private var counts = [Int](repeating: 0, count: Fault.allCases.count)

    package init() {}

    package mutating func count(_ fault: Fault, by amount: Int = 1) { counts[fault.rawValue] += amount }
    package subscript(_ fault: Fault) -> Int { counts[fault.rawValue] }
    package var total: Int { counts.reduce(0, +) }

    package mutating func add(_ other: FaultCounts) {
        for (index, value) in other.counts.enumerated() { counts[index] += value }
    }
}
