package import Chain
internal import Primitives
package import Trading

/// What an audit found: each check with what is wrong, and sums over the open totals.
package struct AuditReport: Sendable {
    package enum Check: String, Hashable, Sendable, CaseIterable {
        case rules = "rules on the chain"
        case members = "members"
        case periods = "every period settled"
        case counts = "members of each period"
        case energy = "energy adds up"
        case money = "money adds up"
        case corrections = "corrections chain up"
    }

    package struct Outcome: Sendable {
        package var checked = 0
        package var failed = 0
        /// At most 50, in words.
        package var findings: [String] = []

        package init() {}
    }

    package let community: Address
    package let administrator: String
    package internal(set) var rules: CommunityRules?
    package internal(set) var members = 0
    /// The audited periods, the second one not included.
    package internal(set) var span: (from: PeriodNumber, to: PeriodNumber)?
    package internal(set) var settled = 0
    package internal(set) var stages: [SettlementStage: Int] = [:]
    /// Settlements that replaced another one.
    package internal(set) var corrected = 0
    /// Settlements whose totals are salted hashes, since few members were active.
    package internal(set) var sealed = 0
    /// Sums over the current settlements with open totals; wider than 64 bits, since anybody may have written them.
    package internal(set) var production: Int128 = 0
    package internal(set) var consumption: Int128 = 0
    package internal(set) var traded: Int128 = 0
    package internal(set) var fund: Int128 = 0
    package internal(set) var rounding: Int128 = 0
    package private(set) var outcomes: [Check: Outcome] = [:]
    /// Periods without a settlement one after the other, not told yet.
    private var run: (first: PeriodNumber, last: PeriodNumber, isDue: Bool)?

    init(community: Address, head: CommunityHead) {
        self.community = community
        administrator = head.administrator
    }

    package var isRight: Bool { outcomes.values.allSatisfy { $0.failed == 0 } }

    mutating func expect(_ check: Check, _ condition: Bool, _ finding: () -> String) {
        outcomes[check, default: Outcome()].checked += 1
        if condition { return }
        outcomes[check, default: Outcome()].failed += 1
        if (outcomes[check]?.findings.count ?? 0) < ChainAudit.findingsMax {
            outcomes[check, default: Outcome()].findings.append(finding())
        }
    }

    /// That a period without a settlement needs none. Those that do are told as runs, whose deadline is over or not.
    mutating func expectSettled(_ period: PeriodNumber, _ condition: Bool, isDue: Bool) {
        outcomes[.periods, default: Outcome()].checked += 1
        guard !condition else { return endRun() }
        outcomes[.periods, default: Outcome()].failed += 1
        if let run, run.isDue == isDue {
            self.run = (run.first, period, isDue)
        } else {
            endRun()
            run = (period, period, isDue)
        }
    }

    /// Tells of the run of unsettled periods that ended, if there is one.
    mutating func endRun() {
        guard let run else { return }
        self.run = nil
        guard (outcomes[.periods]?.findings.count ?? 0) < ChainAudit.findingsMax else { return }
        let count = run.last.distance(above: run.first) + 1
        let which =
            count == 1
            ? "period \(run.first) is not settled"
            : "period \(run.first) and those after it up to period \(run.last), \(count) in all, are not settled"
        outcomes[.periods, default: Outcome()].findings.append(
            "\(which)\(run.isDue ? count == 1 ? ", and its deadline is over" : ", and their deadlines are over" : "")")
    }

    mutating func add(_ totals: PublishedTotals) {
        guard case .open(let totals) = totals else { return }
        production += Int128(totals.production)
        consumption += Int128(totals.consumption)
        traded += Int128(totals.traded)
        fund += Int128(totals.fund)
        rounding += Int128(totals.rounding)
    }

    /// Checks that had nothing to check are there, too.
    func finished() -> AuditReport {
        var copy = self
        for check in Check.allCases where copy.outcomes[check] == nil { copy.outcomes[check] = Outcome() }
        return copy
    }
}
