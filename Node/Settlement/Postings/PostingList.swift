internal import Foundation
internal import LightClient
internal import Primitives
package import Trading

/// What every member gets or owes for a span: the balance of its statement, and what the bank is told of it.
///
/// The bank knows cents. A member's sum is rounded once, to the nearest cent with halves away from zero, and the difference
/// is shown; it stays with the community.
package struct PostingList: Codable, Hashable, Sendable {
    package struct Row: Codable, Hashable, Sendable {
        package let member: UInt32
        /// Settled periods, and those of the span that are still open.
        package let periods: Int
        package let open: Int
        /// Sums of the statement in watt-hours.
        package let received: Int64
        package let given: Int64
        package let bought: Int64
        package let sold: Int64
        /// Earned less paid, in micro-units.
        package let balance: Int64
        /// The same in cents, and what rounding left in micro-units (`balance - cents * 10,000`).
        package let cents: Int64
        package let rounding: Int64
        /// Height of the block as of which the statement holds.
        package let height: UInt64

        package init(_ statement: Statement) {
            member = statement.member
            periods = statement.lines.count
            open = statement.open.count
            received = statement.sums.received
            given = statement.sums.given
            bought = statement.sums.bought
            sold = statement.sums.sold
            balance = statement.sums.balance
            cents = PostingList.cents(statement.sums.balance)
            rounding = statement.sums.balance - cents * PostingList.microUnitsPerCent
            height = statement.proofs.first?.header.height ?? 0
        }
    }

    static let microUnitsPerCent: Int64 = 10_000

    package let community: String
    package let currency: String
    /// First start and end after the last period, milliseconds since 1970 UTC.
    package let from: UInt64
    package let to: UInt64
    package let rows: [Row]

    /// Statements of one community over one span, one for each member.
    package init(statements: [Statement], rules: CommunityRules) throws {
        guard let first = statements.first else { throw AdaptorError("there are no statements") }
        guard statements.allSatisfy({ $0.community == first.community }),
            Set(statements.map(\.member)).count == statements.count
        else { throw AdaptorError("the statements are of several communities, or two are of one member") }
        community = first.community
        currency = rules.currency
        let (from, to) = (statements.map(\.from).min() ?? 0, statements.map(\.to).max() ?? 0)
        self.from = rules.period.start(of: PeriodNumber(from))?.value ?? 0
        self.to = rules.period.start(of: PeriodNumber(to))?.value ?? 0
        rows = statements.map(Row.init).sorted { $0.member < $1.member }
    }

    /// Nearest cent, halves away from zero.
    package static func cents(_ micro: Int64) -> Int64 {
        let (quotient, remainder) = micro.quotientAndRemainder(dividingBy: microUnitsPerCent)
        if remainder >= microUnitsPerCent / 2 { return quotient + 1 }
        return remainder <= -microUnitsPerCent / 2 ? quotient - 1 : quotient
    }

    /// One row a member, with the name of its account, or what `others` calls it.
    package func csv(_ accounts: BankAccounts?, others: [UInt32: String] = [:]) -> String {
        let names = Dictionary(
            (accounts?.members ?? []).map { ($0.member, $0.account.name) }, uniquingKeysWith: { first, _ in first })
        let head =
            "member,name,periods,open_periods,received_wh,given_wh,bought_wh,sold_wh,balance_micro,amount,rounding_micro,height"
        let lines = rows.map { row in
            [
                "\(row.member)", PostingList.quoted(names[row.member] ?? others[row.member] ?? ""), "\(row.periods)",
                "\(row.open)",
                "\(row.received)", "\(row.given)", "\(row.bought)", "\(row.sold)", "\(row.balance)",
                PostingList.amount(row.cents), "\(row.rounding)", "\(row.height)",
            ].joined(separator: ",")
        }
        return ([head] + lines).joined(separator: "\n") + "\n"
    }

    /// A field that a spreadsheet neither splits nor runs as a formula.
    static func quoted(_ text: String) -> String {
        let safe = text.first.map { "=+-@\t\r".contains($0) } == true ? "'" + text : text
        return "\"" + safe.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    /// Cents as `-1234.05`.
    package static func amount(_ cents: Int64) -> String {
        let (whole, rest) = cents.magnitude.quotientAndRemainder(dividingBy: 100)
        return "\(cents < 0 ? "-" : "")\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
