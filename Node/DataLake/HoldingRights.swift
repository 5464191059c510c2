internal import Chain
internal import ContractKit
internal import Primitives
internal import Trading

/// What of readings one partner may hold, by one final state: what it provides, and that of members of its communities in the
/// time of their memberships. The same as `ChainView.mayHold`, for a look at many batches: each community is read once.
struct HoldingRights {
    /// How long a copy stays after the right to it ended, by the chain's time: a validator that leaves the set and comes back, or
    /// an operator who asks why, finds it.
    static let graceMilliseconds: UInt64 = 7 * 86_400_000

    private let partner: String
    private let chain: ChainView
    private let communities: [CommunityView]
    private var memberships: [Address: Membership] = [:]

    /// `communities` are all that name `partner` or that it runs.
    init(partner: String, communities: [CommunityView], chain: ChainView) {
        self.partner = partner
        self.chain = chain
        self.communities = communities.filter { chain.mayHold($0, partner: partner) }
    }

    /// In their order; nil for batches of meters that the chain does not have.
    mutating func mayHold(_ entries: [BatchEntry]) throws -> [Bool?] {
        let providers = try chain.dataProviders(of: entries.map(\.meter))
        var rights: [Bool?] = []
        for (entry, provider) in zip(entries, providers) {
            guard let provider else {
                rights.append(nil)
                continue
            }
            rights.append(try provider == partner || isOfMember(entry))
        }
        return rights
    }

    private mutating func isOfMember(_ entry: BatchEntry) throws -> Bool {
        for community in communities {
            let membership = try memberships[community.address] ?? chain.membership(of: community)
            memberships[community.address] = membership
            for member in membership.members(with: entry.meter)
            where community.reaches(from: entry.from, to: entry.to, into: member) {
                return true
            }
        }
        return false
    }
}

extension DataLake {
    /// Begins to count from the chain's time on what of `entries`, a whole folder's, may not lie here, stops for what may
    /// again, and gives what has lain here without right for longer than the grace.
    func followRights(
        of entries: [BatchEntry], in folder: UInt8, _ rights: inout HoldingRights, at time: Timestamp
    ) throws -> [BatchEntry] {
        let known = try catalogue.withdrawn(in: folder)
        var (withdrawn, restored, over): ([Digest], [Digest], [BatchEntry]) = ([], [], [])
        for (entry, right) in zip(entries, try rights.mayHold(entries)) {
            let since = known[entry.digest]
            if right == false {
                if let since {
                    if time.distance(above: since) > HoldingRights.graceMilliseconds { over.append(entry) }
                } else {
                    withdrawn.append(entry.digest)
                }
            } else if since != nil {
                restored.append(entry.digest)
            }
        }
        try catalogue.change(withdrawn: withdrawn, since: time, restored: restored)
        return over
    }
}
