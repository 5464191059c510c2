package import Chain
internal import ContractKit
internal import Primitives
package import Trading

/// Whom and what a statement is about, as its proofs show. That every number is right says nothing of whose they are: this is
/// to be held against what the member knows from elsewhere.
package struct StatementSubject: Hashable, Sendable {
    /// A meter of the member, and the partners that anchored the readings used of it, ascending; none when none was used.
    package struct MeterReadings: Hashable, Sendable {
        package let meter: MeterNumber
        package let providers: [String]
    }

    package let community: Address
    /// Name in the community's rules.
    package let name: String
    /// Partner that created the community and runs it.
    package let administrator: String
    package let member: MemberNumber
    /// All meters of the member, ascending.
    package let meters: [MeterReadings]

    /// What of it is not what the member expects, in words; nil when all is that was given.
    package func difference(community: Address?, administrator: String?, provider: String?) -> String? {
        if let community, community != self.community {
            return "it is of the community \(self.community), not \(community)"
        }
        if let administrator, administrator != self.administrator {
            return "the community's administrator is \(self.administrator), not \(administrator)"
        }
        guard let provider else { return nil }
        for readings in meters {
            if let other = readings.providers.first(where: { $0 != provider }) {
                return "readings of meter \(readings.meter) were anchored by \(other), not \(provider)"
            }
        }
        return nil
    }
}

extension ProvedState {
    /// From records that are proved, and the batches that were found to be anchored.
    func subject(
        _ statement: Statement, _ rules: CommunityRules, _ member: Member, _ batches: [Digest: ReadingBatch]
    ) throws -> StatementSubject {
        let community = try Hex.address(statement.community)
        let head: CommunityHead = try record(StatementKeys.head(community), "the community")
        var owners: [MeterNumber: Set<String>] = [:]
        for (digest, batch) in batches {
            let anchor: BatchAnchor = try record(StatementKeys.anchor(digest), "batch \(digest.short)")
            owners[batch.meter, default: []].insert(anchor.owner)
        }
        return StatementSubject(
            community: community, name: rules.name, administrator: head.administrator, member: member.number,
            meters: member.meters.map {
                StatementSubject.MeterReadings(meter: $0, providers: owners[$0, default: []].sorted())
            })
    }
}
