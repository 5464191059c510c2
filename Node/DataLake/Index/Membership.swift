internal import Chain
internal import ContractKit
internal import Primitives
internal import Synchronization
package import Trading

/// Members that count in a period, with their settings in it.
package struct ActiveMembers: Sendable {
    /// Ascending.
    package let members: [Member]
    /// Their meters, ascending.
    package let meters: [MeterNumber]
}

/// Members of a community and their amendments, as the digest of its `MemberLog` names them.
struct Membership: Sendable {
    /// `CommunityHead.members`.
    let digest: Digest
    /// Members ever admitted, ascending.
    let members: [Member]
    let changes: [MemberNumber: [SettingsChange]]
    private let spans = ActiveSpans()
    private let places = MeterPlaces()

    init(digest: Digest, members: [Member], changes: [MemberNumber: [SettingsChange]]) {
        self.digest = digest
        self.members = members
        self.changes = changes
    }

    func active(in period: PeriodNumber) -> ActiveMembers {
        if let known = spans[period] { return known }
        // Between two of these numbers nobody comes, goes or gets other settings.
        var (from, until) = (UInt64(0), UInt64.max)
        func bound(_ number: PeriodNumber) {
            if number <= period { from = max(from, number.value) } else { until = min(until, number.value) }
        }
        var active: [Member] = []
        active.reserveCapacity(members.count)
        for member in members {
            bound(member.from)
            if let end = member.until { bound(end) }
            if member.amendments == 0 {
                if member.isActive(in: period) { active.append(member) }
                continue
            }
            let own = changes[member.number] ?? []
            for change in own { bound(change.from) }
            if member.isActive(in: period) { active.append(member.in(period, changes: own)) }
        }
        let made = ActiveMembers(members: active, meters: active.flatMap(\.meters).sorted())
        spans.keep(made, from, until)
        return made
    }

    /// Memberships with a meter, ascending.
    func members(with meter: MeterNumber) -> [Member] { places.of(meter, in: members).map { members[$0] } }

    /// The members after these changes, when they lead to `digest`: each of them is an entry of the log that it is the
    /// digest of.
    func applying(_ events: [Event], to digest: Digest) -> Membership? {
        var (members, changes, reached) = (members, changes, self.digest)
        for event in events {
            guard reached != digest else { break }
            guard let next = try? Membership.apply(event, &members, &changes, reached) else { return nil }
            reached = next
        }
        return reached == digest ? Membership(digest: digest, members: members, changes: changes) : nil
    }

    /// The digest after an event; nil when it does not follow.
    private static func apply(
        _ event: Event, _ members: inout [Member], _ changes: inout [MemberNumber: [SettingsChange]], _ log: Digest
    ) throws -> Digest? {
        func place(_ number: MemberNumber) -> Int? {
            let place = Int(number.value) - 1
            return members.indices.contains(place) ? place : nil
        }
        switch event.kind {
        case Community.admitted.number:
            let member = try Community.admitted.payload(of: event)
            guard Int(member.number.value) == members.count + 1 else { return nil }
            members.append(member)
            return MemberLog.appending(member, to: log)
        case Community.ended.number:
            let member = try Community.ended.payload(of: event)
            guard let place = place(member.number) else { return nil }
            members[place] = member
            return MemberLog.appending(member, to: log)
        case Community.amended.number:
            let change = try Community.amended.payload(of: event)
            guard let place = place(change.member) else { return nil }
            members[place].amendments += 1
            changes[change.member, default: []].append(change)
            return MemberLog.appending(change, to: log)
        case Community.published.number:
            return MemberLog.appending(try Community.published.payload(of: event), to: log)
        default: return nil
        }
    }
}

/// Active members of the spans that were asked for last.
private final class ActiveSpans: Sendable {
    private static let countMax = 4
    private let spans = Mutex<[(from: UInt64, until: UInt64, active: ActiveMembers)]>([])

    subscript(_ period: PeriodNumber) -> ActiveMembers? {
        spans.withLock { spans in spans.first { $0.from <= period.value && period.value < $0.until }?.active }
    }

    func keep(_ active: ActiveMembers, _ from: UInt64, _ until: UInt64) {
        spans.withLock { $0 = ($0 + [(from, until, active)]).suffix(ActiveSpans.countMax) }
    }
}

/// Where each meter stands among the members: made when it is first asked for, 16 bytes a meter.
private final class MeterPlaces: Sendable {
    private typealias Place = (meter: MeterNumber, member: Int)
    /// Ascending by meter, then by member.
    private let places = Mutex<[Place]?>(nil)

    /// Ascending.
    func of(_ meter: MeterNumber, in members: [Member]) -> [Int] {
        places.withLock { known in
            let all = known ?? MeterPlaces.made(of: members)
            known = all
            var (low, high) = (0, all.count)
            while low < high {
                let middle = (low + high) / 2
                if all[middle].meter < meter { low = middle + 1 } else { high = middle }
            }
            return all[low...].prefix { $0.meter == meter }.map(\.member)
        }
    }

    private static func made(of members: [Member]) -> [Place] {
        let all = members.enumerated().flatMap { index, member in
            member.meters.map { Place(meter: $0, member: index) }
        }
        return all.sorted { ($0.meter, $0.member) < ($1.meter, $1.member) }
    }
}
