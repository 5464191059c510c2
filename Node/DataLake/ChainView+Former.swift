package import Chain
internal import ContractKit
package import Primitives
package import Trading

/// Communities beside a meter's present one in which it may have been: those whose policy names this node's partner or that
/// it runs, also ended ones. Nil while not all of them are known yet.
package typealias CommunitySource = @Sendable (ChainView) throws(StorageFailure) -> [CommunityView]?

/// Who may hold readings. A community's policy never changes, and a membership that moves to another one begins anew with a
/// consent of its own: so the right to readings is that of the membership that they are of, whatever the meter's present one is.
/// Meters of memberships that are over are free, but the periods of the membership are still settled and corrected.
extension ChainView {
    /// Whether a partner may have a meter's readings of [from, to): it provides them, or the meter was a member's then, of a
    /// community whose policy names the partner (which the member's consent does, too) or which it administrates. Readings of
    /// no membership are their provider's only. `others` is asked when the present community does not decide.
    package func mayHold(
        _ meter: MeterNumber, from: Timestamp, to: Timestamp, partner: String,
        others: () throws -> [CommunityView]
    ) throws -> Bool {
        guard let record = try self.meter(meter) else { return false }
        if record.dataProvider == partner { return true }
        if let address = record.community, let present = try community(address),
            try mayHold(meter, from: from, to: to, of: present, partner: partner)
        {
            return true
        }
        for other in try others() where other.address != record.community {
            if try mayHold(meter, from: from, to: to, of: other, partner: partner) { return true }
        }
        return false
    }

    /// Whether a partner may have readings of [from, to) of a meter since it was a member's of this community then, and the
    /// community's policy names the partner.
    package func mayHold(
        _ meter: MeterNumber, from: Timestamp, to: Timestamp, of community: CommunityView, partner: String
    ) throws(StorageFailure) -> Bool {
        guard mayHold(community, partner: partner) else { return false }
        return try membership(of: community).members(with: meter).contains { member in
            community.reaches(from: from, to: to, into: member)
        }
    }
}

extension CommunityView {
    /// Whether readings of [from, to) reach into a membership: batches are not cut where one begins or ends.
    package func reaches(from: Timestamp, to: Timestamp, into member: Member) -> Bool {
        guard from < to else { return false }
        let (first, last) = (rules.period.period(at: from), rules.period.period(at: Timestamp(to.value - 1)))
        return member.from <= last && member.until.map { first < $0 } ?? true
    }

    /// [from, to) of a membership; of one that lasts to the end of time.
    func span(of member: Member) -> (from: Timestamp, to: Timestamp) {
        let end = member.until.flatMap { rules.period.start(of: $0) } ?? Timestamp(.max)
        return (rules.period.start(of: member.from) ?? Timestamp(0), end)
    }
}

extension ChainView {
    /// Meters of all who were ever members, as far as they are in memory; none when they were not read yet.
    package func knownMeters(of community: CommunityView) throws(StorageFailure) -> [MeterNumber] {
        cache.membership(of: community.address)?.membership.members.flatMap(\.meters) ?? []
    }
}

extension ChainView {
    /// Memberships that a meter is or was in: of the given communities, and of the one that has it now.
    package func memberships(
        with meter: MeterNumber, in communities: [CommunityView]
    ) throws(StorageFailure) -> [(community: CommunityView, member: Member)] {
        var all = communities
        if let present = try self.meter(meter)?.community, !all.contains(where: { $0.address == present }),
            let view = try community(present)
        {
            all.append(view)
        }
        var found: [(community: CommunityView, member: Member)] = []
        for view in all {
            found += try membership(of: view).members(with: meter).map { (view, $0) }
        }
        return found
    }
}
