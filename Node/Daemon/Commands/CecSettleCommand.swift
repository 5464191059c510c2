internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading

extension CecCommand {
    struct Settle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Settle hours: compute, have attested, put on the chain.",
            discussion: """
                A node with the setting `settler: true` does this by itself; `cec watch` shows what it waits for. Refused are a \
                period that leaves earlier ones unsettled, since memberships, terms and prices before it can no longer change, \
                and one in which every member lacks a reading; --force settles them all the same. A period that is settled \
                already is corrected when its readings changed.
                """)
        @Option(help: "First hour, UTC, such as 2016-10-17T07:00Z.") var from: String
        @Option(help: "Number of hours, 1 to 8,784.") var hours = 1
        @Flag(help: "Settle also what leaves earlier periods unsettled, or has no readings at all.") var force = false
        @OptionGroup var office: Office

        func validate() throws {
            guard (1...24 * 366).contains(hours) else { throw ValidationError("--hours is 1 to 8,784") }
        }

        struct Row: Encodable {
            let period: UInt64
            let start: String
            let stage: String
            let attestations: Int
            let missing: UInt32
            let root: String
        }

        func run() async throws {
            let output = office.output
            let force = force
            let rows = try await office.opened { office, _, address in
                let rules = try await office.rules(of: address)
                let first = try rules.period.beginning(at: from)
                if !force { try await SettlementOrder(office: office, rules: rules).check(first, in: address) }
                var rows: [Row] = []
                let count = UInt64(hours) * (60 / rules.period.minutes)
                for offset in 0..<count {
                    let settled = try await office.settle(address, first.advanced(by: offset), rules.period) { claim in
                        guard !force, claim.members > 0, claim.missing == claim.members else { return }
                        throw UserError(
                            "Every one of the \(claim.members) members lacks a reading in the period from \(rules.period.text(claim.period)), so it was not settled (\(offset) before it were). Hand the readings in with `commonwatt cec ingest`, or settle it without any with --force: then it is final, and costs and earns nobody anything."
                        )
                    }
                    if count > 1 { output.progress("settled \(offset + 1) of \(count)") }
                    let claim = settled.claim
                    rows.append(
                        Row(
                            period: claim.period.value, start: rules.period.text(claim.period),
                            stage: "\(claim.stage)", attestations: settled.attestations.count,
                            missing: claim.missing, root: claim.root.description))
                }
                return rows
            }
            try output.show(rows) { Settle.text(rows) }
        }

        private static func text(_ rows: [Row]) -> String {
            guard let first = rows.first, let last = rows.last else { return "There was nothing to settle." }
            let lacking = rows.count { $0.missing > 0 }
            return
                (rows.count == 1
                ? "Settled the period from \(first.start): \(first.stage)."
                : "Settled \(rows.count) periods, from \(first.start) to the one from \(last.start).")
                + (lacking > 0 ? " In \(Human.count(lacking, "period")) of them readings lack." : "")
        }
    }
}

/// Periods are settled in their order: after one, memberships, terms and prices before it stay as they are.
struct SettlementOrder {
    let office: CommunityOffice
    let rules: CommunityRules

    /// Refuses a period that leaves an earlier one unsettled in which somebody is a member.
    func check(_ period: PeriodNumber, in community: Address) async throws {
        let head = try await office.session.ask(Community.headQuery, of: community, Nothing())
        let next = head.lastSettled?.next ?? PeriodNumber(0)
        guard period > next, let open = try await firstOpen(from: next, before: period, head, community) else { return }
        throw UserError(
            "The period from \(rules.period.text(period)) is not the next one: that from \(rules.period.text(open)) is not settled yet. Once a later one is, memberships, terms and prices before it can no longer change. Settle from there on, or give --force when the times are meant so."
        )
    }

    /// The first period in [from, before) with a member.
    private func firstOpen(
        from: PeriodNumber, before: PeriodNumber, _ head: CommunityHead, _ community: Address
    ) async throws -> PeriodNumber? {
        var found: PeriodNumber?
        guard head.memberCount > 0 else { return nil }
        for number in 1...head.memberCount {
            let member = try await office.session.ask(Community.memberQuery, of: community, MemberNumber(number))
            let start = max(member.from, from)
            guard start < before, start < member.until ?? before else { continue }
            found = min(found ?? start, start)
            if found == from { break }
        }
        return found
    }
}

extension Resolution {
    /// The period that begins at a time of the command line; any other time is refused.
    func beginning(at text: String) throws -> PeriodNumber {
        let time = try TimeArgument.parse(text)
        let period = period(at: time)
        guard start(of: period) == time else {
            throw UserError(
                "'\(text)' is not the beginning of a period: those are of \(minutes) minutes, and the nearest before it begins at \(self.text(period))."
            )
        }
        return period
    }

    /// Beginning of a period, as command lines have it.
    func text(_ period: PeriodNumber) -> String {
        start(of: period).map(TimeArgument.minute) ?? "period \(period)"
    }
}
