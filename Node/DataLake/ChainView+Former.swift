package import Chain
internal import ContractKit
package import Primitives
package import Trading

/// Readings of memberships that are over. Their meters are free, but the periods of the membership are still settled and
/// corrected under the consent that held for them.
extension ChainView {
    /// Whether a partner may have readings of [from, to) of a meter since it was a member's of this community then, and the
    /// community's policy names the partner.
    package func mayHold(
        _ meter: MeterNumber, from: Timestamp, to: Timestamp, of community: CommunityView, partner: String
    ) throws(StorageFailure) -> Bool {
        guard mayHold(community, partner: partner), from < to else { return false }
        let resolution = community.rules.period
        let (first, last) = (resolution.period(at: from), resolution.period(at: Timestamp(to.value - 1)))
        for member in try members(of: community) where member.meters.contains(meter) {
            if member.from <= last, member.until.map({ first < $0 }) ?? true { return true }
        }
        return false
    }
}

extension ChainView {
    /// Meters of all who were ever members, as far as they are in memory; none when they were not read yet.
    package func knownMeters(of community: CommunityView) throws(StorageFailure) -> [MeterNumber] {
        cache.membership(of: community.address)?.membership.members.flatMap(\.meters) ?? []
    }
}
