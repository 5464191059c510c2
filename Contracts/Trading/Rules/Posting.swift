package import Primitives

/// An account of a community's double entry.
package enum Account: Hashable, Sendable {
    case member(MemberNumber)
    /// c - p on the traded energy.
    case fund
    /// Retailers, for what the grid delivered.
    case retail
    /// Buyers of the energy fed in.
    case feedIn
    /// What rounding left.
    case rounding
}

/// One side of an entry in micro-units: positive is received, negative is owed.
package struct Posting: Hashable, Sendable {
    package let account: Account
    package let amount: Amount

    package init(account: Account, amount: Amount) {
        self.account = account
        self.amount = amount
    }
}

extension PeriodSettlement {
    /// The period's entries: members ascending, then fund, retail, feed-in, rounding. Sum to zero.
    package func postings() throws(SettlementError) -> [Posting] {
        var postings: [Posting] = []
        for line in lines { postings.append(Posting(account: .member(line.member), amount: try line.net())) }
        postings.append(Posting(account: .fund, amount: totals.fund))
        postings.append(Posting(account: .retail, amount: totals.gridPaid))
        postings.append(Posting(account: .feedIn, amount: try sized(Int64(0).subtracting(totals.gridEarned))))
        postings.append(Posting(account: .rounding, amount: totals.rounding))
        return postings
    }
}

extension Posting {
    /// What a correction posts: new less old for every account of either, in the order of the new ones.
    package static func difference(
        from old: [Posting], to new: [Posting]
    ) throws(SettlementError) -> [Posting] {
        var before: [Account: Amount] = [:]
        for posting in old {
            before[posting.account] = try sized((before[posting.account] ?? 0).adding(posting.amount))
        }
        var delta: [Posting] = []
        var seen: Set<Account> = []
        for posting in new {
            let amount = try sized(posting.amount.subtracting(before[posting.account] ?? 0))
            if amount != 0 { delta.append(Posting(account: posting.account, amount: amount)) }
            seen.insert(posting.account)
        }
        for posting in old where !seen.contains(posting.account) && posting.amount != 0 {
            delta.append(Posting(account: posting.account, amount: try sized(Int64(0).subtracting(posting.amount))))
        }
        return delta
    }
}
