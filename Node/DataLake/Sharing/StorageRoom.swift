internal import Chain
internal import ContractKit
internal import Primitives
internal import Synchronization

/// What a node stores for other partners, and how much.
package struct StorageRoom: Hashable, Sendable {
    /// Owners whose parts this node copies; nil copies those of every partner that names it.
    package var owners: Set<String>?
    /// Bytes of content that another owner's parts may take up here.
    package var copyBytesMax: UInt64 = 8_192 * 1_048_576
    /// Bytes of content of one owner, the own partner included, that wait for their anchor. They go after an hour.
    package var waitingBytesMax: UInt64 = 1_024 * 1_048_576

    package init(
        owners: Set<String>? = nil, copyBytesMax: UInt64? = nil, waitingBytesMax: UInt64? = nil
    ) {
        self.owners = owners
        if let copyBytesMax { self.copyBytesMax = copyBytesMax }
        if let waitingBytesMax { self.waitingBytesMax = waitingBytesMax }
    }
}

/// Parts that were refused for want of room, by owner, since the start.
package final class RoomCounter: Sendable {
    private let counts = Mutex<[String: UInt64]>([:])
    package var page: [(owner: String, refused: UInt64)] {
        counts.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
    func count(_ owner: String) { counts.withLock { $0[owner, default: 0] += 1 } }
}

extension DataService {
    /// Throws unless this node copies parts of an owner.
    func requireCopies(of owner: String) throws {
        guard owner != partner, let owners = room.owners, !owners.contains(owner) else { return }
        refused.count(owner)
        throw LakeRefusal(
            .notPermitted, "\(partner) takes no copies of \(owner)'s parts (setting 'copies-for' of its node)")
    }

    /// Throws unless there is room for `byteCount` more bytes of an owner; `isAnchored` says whether the chain has them.
    func requireRoom(_ byteCount: UInt64, of owner: String, isAnchored: Bool, _ chain: ChainView) throws {
        func require(_ max: UInt64, waiting: Bool, _ what: String, _ setting: String) throws {
            let (sum, overflow) = try parts.bytes(of: owner, waiting: waiting).addingReportingOverflow(byteCount)
            guard overflow || sum > max else { return }
            refused.count(owner)
            throw LakeRefusal(
                .busy,
                "\(partner) has no room for \(byteCount) more bytes: \(owner)'s parts \(what) may take \(max) (setting '\(setting)' of its node)"
            )
        }
        if owner != partner {
            try require(room.copyBytesMax, waiting: false, "here", "copies-megabytes-max")
        }
        guard !isAnchored else { return }
        if try parts.bytes(of: owner, waiting: true) > room.waitingBytesMax / 2 { try noteAnchors(of: owner, chain) }
        try require(room.waitingBytesMax, waiting: true, "without an anchor", "waiting-megabytes-max")
    }

    /// What was anchored since it was handed in waits no longer.
    private func noteAnchors(of owner: String, _ chain: ChainView) throws {
        for entry in try parts.waiting(of: owner) where try chain.anchor(entry.digest)?.owner == owner {
            try parts.markAnchored(entry.digest)
        }
    }
}
