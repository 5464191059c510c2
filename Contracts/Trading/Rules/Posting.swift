package import Primitives

/// An account of a community's double entry.
package enum Account: Hashable, Sendable {
    case member(MemberNumber)
    /// The billing agent of a shared plant, for the plant's line.
    case agent(String)
    /// Margin or spread, levies, and incentive without a key.
    case fund
    /// Retailers, for what the grid delivered.
    case retail
    /// Buyers of the energy fed in.
    case feedIn
    /// The grid operator, for fees on traded energy.
    case gridFee
    /// The payer of the incentive.
    case incentive
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
    /// The period's entries: members ascending, then fund, retail, feed-in, grid fee, incentive, rounding. Sum to zero.
    /// The line of a shared plant is the entry of its billing agent; `members` says which those are.
    package func postings(_ members: [Member] = []) throws(SettlementError) -> [Posting] {
        var agents: [MemberNumber: String] = [:]
        for member in members { if let plant = member.plant { agents[member.number] = plant.agent } }
        var postings: [Posting] = []
        for line in lines {
            let account = agents[line.member].map { Account.agent($0) } ?? .member(line.member)
            postings.append(Posting(account: account, amount: try line.net()))
        }
        postings.append(Posting(account: .fund, amount: totals.fund))
        postings.append(Posting(account: .retail, amount: totals.gridPaid))
        postings.append(Posting(account: .feedIn, amount: try sized(Int64(0).subtracting(totals.gridEarned))))
        postings.append(Posting(account: .gridFee, amount: totals.gridFees))
        postings.append(Posting(account: .incentive, amount: try sized(Int64(0).subtracting(totals.incentivePaid))))
        postings.append(Posting(account: .rounding, amount: totals.rounding))
        return postings
    }
}

extension PlantTerms {
    /// What the billing agent owes each owner of the plant's money, of either sign, by largest remainder; what is left of
    /// the whole is the agent's.
    package func owed(
        _ income: Amount, period: PeriodNumber
    ) throws(SettlementError) -> [(owner: MemberNumber, amount: Amount)] {
        let owned = owners.reduce(Int64(0)) { $0 + Int64($1.share) }
        let weights = owners.map { Int64($0.share) } + [max(AllocationKeys.whole - owned, 0)]
        let shares = try Pricing.shares(of: income, by: weights, period: period)
        return zip(owners, shares).map { ($0.member, $1) }
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
        var after: [Account: Amount] = [:]
        for posting in new {
            after[posting.account] = try sized((after[posting.account] ?? 0).adding(posting.amount))
        }
        var delta: [Posting] = []
        var seen: Set<Account> = []
        for account in (new + old).map(\.account) where seen.insert(account).inserted {
            let amount = try sized((after[account] ?? 0).subtracting(before[account] ?? 0))
            if amount != 0 { delta.append(Posting(account: account, amount: amount)) }
        }
        return delta
    }
}
