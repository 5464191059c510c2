package import Chain
internal import ContractKit
internal import LedgerCrypto
package import Primitives
package import Trading

/// What anybody can check of a community from the chain alone, without any reading: that no period was left out, that
/// energy and money of the totals add up, that corrections name what they replace and nothing was overwritten.
///
/// Reads state records one by one; `read` should prove each from the genesis, all at one height.
package struct ChainAudit: Sendable {
    /// A record of the state, nil when it is absent.
    package typealias Read = @Sendable ([UInt8]) async throws -> [UInt8]?

    /// Periods of one run.
    package static let periodsMax = 100_000
    /// Findings that are listed of one check.
    package static let findingsMax = 50

    private let community: Address
    private let read: Read

    package init(community: Address, read: @escaping Read) {
        self.community = community
        self.read = read
    }

    private func record<Value: BCSDecodable>(_ key: [UInt8]) async throws -> Value? {
        try await read(key).map { try Value(bcs: $0) }
    }

    /// Audits the settled periods, or those in [from, to). `now` is the time of the state.
    package func run(
        from: PeriodNumber? = nil, to: PeriodNumber? = nil, now: Timestamp, progress: (Int) -> Void = { _ in }
    ) async throws -> AuditReport {
        try await run(now, progress) { _ in (from, to) }
    }

    /// The same for the settled periods between two times.
    package func run(
        since: Timestamp?, before: Timestamp?, now: Timestamp, progress: (Int) -> Void = { _ in }
    ) async throws -> AuditReport {
        try await run(now, progress) { rules in
            (since.map { rules.period.period(at: $0) }, before.map { rules.period.period(at: $0) })
        }
    }

    private func run(
        _ now: Timestamp, _ progress: (Int) -> Void,
        _ span: (CommunityRules) -> (from: PeriodNumber?, to: PeriodNumber?)
    ) async throws -> AuditReport {
        guard let head: CommunityHead = try await record(Community.head.stateKey(at: community)) else {
            throw AdaptorError("the chain has no community \(community)")
        }
        var report = AuditReport(community: community, head: head)
        guard let rules = try await rules(head, &report) else { return report.finished() }
        report.rules = rules
        let members = try await members(head, &report)
        guard let first = members.map(\.from).min(), let last = head.lastSettled else { return report.finished() }
        let asked = span(rules)
        let begin = max(asked.from ?? first, first)
        let end = min(asked.to ?? last.next, last.next)
        guard begin < end else { return report.finished() }
        guard end.distance(above: begin) <= UInt64(ChainAudit.periodsMax) else {
            throw AdaptorError("more than \(ChainAudit.periodsMax) periods; audit a shorter span")
        }
        report.span = (begin, end)
        for number in begin.value..<end.value {
            let period = PeriodNumber(number)
            let active = members.filter { $0.isActive(in: period) }
            try await audit(period, active: active.count, rules, now, &report)
            progress(Int(number - begin.value) + 1)
        }
        report.endRun()
        return report.finished()
    }

    private func rules(_ head: CommunityHead, _ report: inout AuditReport) async throws -> CommunityRules? {
        var bytes: [UInt8] = []
        var part: UInt16 = 0
        while bytes.count == Int(part) * RulesPart.bytesMax, bytes.count <= CommunityRules.byteCountMax,
            let next: RulesPart = try await record(Community.rulesParts.stateKey(part, at: community))
        {
            bytes.append(contentsOf: next.bytes)
            part += 1
        }
        report.expect(.rules, SHA256.hash(bytes) == head.rules) {
            "the rules on the chain have another digest than the community's"
        }
        do {
            return try CommunityRules(bcs: bytes)
        } catch {
            report.expect(.rules, false) { "the rules on the chain do not decode: \(error)" }
            return nil
        }
    }

    private func members(_ head: CommunityHead, _ report: inout AuditReport) async throws -> [Member] {
        var members: [Member] = []
        for number in 0..<min(head.memberCount, Community.membersMax) {
            let expected = MemberNumber(number + 1)
            guard let member: Member = try await record(Community.members.stateKey(expected, at: community)) else {
                report.expect(.members, false) { "member \(expected) has no record" }
                continue
            }
            report.expect(.members, member.number == expected) {
                "the record of member \(expected) is of member \(member.number)"
            }
            for other in members where !Set(other.meters).isDisjoint(with: member.meters) {
                let overlaps =
                    other.from < (member.until ?? PeriodNumber(.max))
                    && member.from < (other.until ?? PeriodNumber(.max))
                report.expect(.members, !overlaps) {
                    "members \(other.number) and \(member.number) have a meter at the same time"
                }
            }
            members.append(member)
        }
        report.members = members.count
        return members
    }

    private func audit(
        _ period: PeriodNumber, active: Int, _ rules: CommunityRules, _ now: Timestamp, _ report: inout AuditReport
    ) async throws {
        guard let current: SettlementRecord = try await record(Community.settlements.stateKey(period, at: community))
        else {
            let isDue = rules.period.end(of: period).map { now >= rules.deadline(afterEnd: $0) } ?? false
            report.expectSettled(period, active == 0, isDue: isDue)
            return
        }
        report.endRun()
        report.settled += 1
        report.stages[current.claim.stage, default: 0] += 1
        let versions = try await versions(of: current, period, &report)
        for record in versions { check(record, active: active, rules, &report) }
        report.add(current.claim.totals)
    }

    /// Every version of a period from the first to the current one.
    private func versions(
        of current: SettlementRecord, _ period: PeriodNumber, _ report: inout AuditReport
    ) async throws -> [SettlementRecord] {
        report.expect(.periods, current.claim.period == period) {
            "the record of period \(period) is of period \(current.claim.period)"
        }
        report.expect(.corrections, current.claim.version >= 1) { "period \(period) has version 0" }
        var versions: [SettlementRecord] = []
        for version in 1..<max(1, min(current.claim.version, 10_000)) {
            let key = Community.replaced.stateKey(Pair(period, version), at: community)
            guard let older: SettlementRecord = try await record(key) else {
                report.expect(.corrections, false) {
                    "period \(period): version \(version) was replaced and is not kept"
                }
                continue
            }
            report.expect(.corrections, older.claim.version == version && older.claim.period == period) {
                "period \(period): what is kept as version \(version) is another record"
            }
            versions.append(older)
        }
        versions.append(current)
        if let first = versions.first, first.claim.version == 1 {
            report.expect(.corrections, first.previous == nil) {
                "period \(period): version 1 says that it replaced another settlement"
            }
        }
        for (older, newer) in zip(versions, versions.dropFirst()) where newer.claim.version == older.claim.version &+ 1
        {
            report.expect(.corrections, newer.previous == older.digest) {
                "period \(period): version \(newer.claim.version) replaced another settlement than the one that is kept as version \(older.claim.version)"
            }
            report.expect(.corrections, ChainAudit.mayFollow(newer.claim.stage, older.claim.stage)) {
                "period \(period): \(newer.claim.stage) replaced \(older.claim.stage)"
            }
            report.expect(.corrections, older.inputs != newer.inputs) {
                "period \(period): version \(newer.claim.version) was computed from the same inputs as the one before"
            }
            report.corrected += 1
        }
        return versions
    }

    /// Provisional and final settlements may be followed by final ones or corrections; nothing goes back.
    private static func mayFollow(_ newer: SettlementStage, _ older: SettlementStage) -> Bool {
        switch older {
        case .provisional: newer != .corrected
        case .final, .corrected: newer == .corrected
        }
    }

    private func check(
        _ record: SettlementRecord, active: Int, _ rules: CommunityRules, _ report: inout AuditReport
    ) {
        let claim = record.claim
        func place() -> String { "period \(claim.period), version \(claim.version)" }
        report.expect(.counts, Int(claim.members) == active) {
            "\(place()): \(claim.members) members were settled where \(active) belong"
        }
        report.expect(.counts, UInt64(claim.missing) + UInt64(claim.estimated) <= UInt64(claim.members)) {
            "\(place()): more members lack readings than there are"
        }
        switch claim.totals {
        case .open(let totals):
            report.expect(.corrections, claim.stage == .final) {
                "\(place()): a \(claim.stage) version shows its totals"
            }
            report.expect(.energy, totals.energyProblem == nil) { "\(place()): \(totals.energyProblem ?? "")" }
            let problem = totals.energyProblem == nil ? totals.problem(rules.model) : nil
            report.expect(.money, problem == nil) { "\(place()): \(problem ?? "")" }
        case .sealed: report.sealed += 1
        }
    }
}
