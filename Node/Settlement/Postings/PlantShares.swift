internal import Primitives
package import Trading

/// What the billing agents of plants that members own by shares owe the owners for a span: for each period the plant's
/// money by largest remainder, summed.
package struct PlantShares: Hashable, Sendable {
    package struct Row: Hashable, Sendable {
        package let plant: UInt32
        package let agent: String
        /// Nil for what no owner has a share of: it is the agent's.
        package let owner: UInt32?
        /// In parts of 10,000.
        package let share: Int64
        /// Micro-units, of either sign.
        package let amount: Int64
    }

    /// By plant; owners ascending, then the agent's rest when there is one.
    package let rows: [Row]

    /// Statements and records of members; those that are no plants are passed over.
    package init(statements: [Statement], members: [Member]) throws {
        var rows: [Row] = []
        let plants = Dictionary(members.map { ($0.number.value, $0) }, uniquingKeysWith: { first, _ in first })
        for statement in statements.sorted(by: { $0.member < $1.member }) {
            guard let plant = plants[statement.member]?.plant else { continue }
            var sums = [Int64](repeating: 0, count: plant.owners.count)
            var income: Int64 = 0
            for line in statement.lines {
                let net = try line.net()
                income = try income.adding(net)
                for (place, owed) in try plant.owed(net, period: PeriodNumber(line.period)).enumerated() {
                    sums[place] = try sums[place].adding(owed.amount)
                }
            }
            rows += zip(plant.owners, sums).map { owner, sum in
                Row(
                    plant: statement.member, agent: plant.agent, owner: owner.member.value, share: Int64(owner.share),
                    amount: sum)
            }
            let rest = AllocationKeys.whole - plant.owners.reduce(Int64(0)) { $0 + Int64($1.share) }
            let left = try sums.reduce(income) { (left, sum) in try left.subtracting(sum) }
            if rest > 0 || left != 0 {
                rows.append(
                    Row(plant: statement.member, agent: plant.agent, owner: nil, share: max(rest, 0), amount: left))
            }
        }
        self.rows = rows
    }

    /// One row an owner; the owner is empty for what is the agent's.
    package func csv(names: [UInt32: String]) -> String {
        let head = "plant,plant_name,agent,owner,owner_name,share_of_10000,amount_micro"
        let lines = rows.map { row in
            [
                "\(row.plant)", PostingList.quoted(names[row.plant] ?? ""), PostingList.quoted(row.agent),
                row.owner.map { "\($0)" } ?? "", PostingList.quoted(row.owner.flatMap { names[$0] } ?? ""),
                "\(row.share)", "\(row.amount)",
            ].joined(separator: ",")
        }
        return ([head] + lines).joined(separator: "\n") + "\n"
    }
}

extension Statement.Line {
    /// Earned less paid, in micro-units.
    fileprivate func net() throws(ArithmeticOverflow) -> Int64 {
        let earned = try earnedForGiven.adding(earnedForSold).adding(charges?.incentive ?? 0)
        let paid = try paidForReceived.adding(paidForBought).adding(charges?.gridFee ?? 0)
            .adding(charges?.fundLevy ?? 0)
        return try earned.subtracting(paid)
    }
}
