import Primitives

/// What 100,000 random operations of money must come to, in plain arrays.
struct MoneyModel {
    struct Bill {
        let buyer: Int
        let seller: Int
        let amount: Amount
        /// The time that it is for; the agreement's too until its provider ends it.
        let from: UInt64
        let to: UInt64
        /// Whether accesses were anchored under its agreement.
        var isDelivered = false
        var isRevoked = false
        /// When its provider ended its agreement.
        var ended: UInt64?
        var paid: Amount = 0
        var credited: Amount = 0
        var refunded: Amount = 0
        /// Amount and what is held.
        var dispute: (amount: Amount, held: Amount)?
        var wasDisputed = false
        var open: Amount { amount - credited - paid + refunded }
    }

    struct Receipt {
        let bill: Int
        let amount: Amount
        let isGateway: Bool
        let time: UInt64
        var isReversed = false
    }

    struct Debt {
        let seller: Int
        let buyer: Int
        var open: Amount
    }

    /// Cash, held, receivable, payable, income, expense of each party, and the gateway's clearing.
    var cash = [Amount](repeating: 0, count: 4)
    var held = [Amount](repeating: 0, count: 4)
    var receivable = [Amount](repeating: 0, count: 4)
    var payable = [Amount](repeating: 0, count: 4)
    var income = [Amount](repeating: 0, count: 4)
    var expense = [Amount](repeating: 0, count: 4)
    var clearing: Amount = 0
    var bills: [Bill] = []
    var debts: [Debt] = []
    var receipts: [Receipt] = []
    /// Bills with an open dispute, in the order in which they were disputed.
    var disputes: [Int] = []
    var references: Set<UInt64> = []
    /// Of all payments that were taken back.
    var returnedByBuyers: Amount = 0

    func sheet(_ party: Int) -> [Amount] {
        [cash[party], held[party], receivable[party], payable[party], income[party], expense[party], 0]
    }
    func owed(by party: Int) -> Amount { debts.filter { $0.seller == party }.map(\.open).reduce(0, +) }
    /// Cash that no debt waits for.
    func free(_ party: Int) -> Amount { max(0, cash[party] - owed(by: party)) }
    /// Cash that no older debt than this one waits for.
    func free(for debt: Int) -> Amount {
        let seller = debts[debt].seller
        let older = debts[..<debt].filter { $0.seller == seller }.map(\.open).reduce(0, +)
        return max(0, cash[seller] - older)
    }
    func isOldest(_ debt: Int) -> Bool { debts.firstIndex { $0.seller == debts[debt].seller && $0.open > 0 } == debt }
    /// What a party owes of refunds stays in its cash.
    func canSpend(_ party: Int, _ amount: Amount) -> Bool {
        amount <= cash[party] && (owed(by: party) == 0 || cash[party] - amount >= owed(by: party))
    }

    mutating func issue(_ bill: Bill) {
        bills.append(bill)
        receivable[bill.seller] += bill.amount
        income[bill.seller] -= bill.amount
        expense[bill.buyer] += bill.amount
        payable[bill.buyer] -= bill.amount
    }

    mutating func settle(_ index: Int, _ amount: Amount, isGateway: Bool, at now: UInt64) {
        let bill = bills[index]
        receipts.append(Receipt(bill: index, amount: amount, isGateway: isGateway, time: now))
        bills[index].paid += amount
        payable[bill.buyer] += amount
        receivable[bill.seller] -= amount
        cash[bill.seller] += amount
    }

    /// Whether a payment that a gateway may still take back is no longer the seller's as a whole.
    func wentBack(_ index: Int) -> Bool {
        let (receipt, bill) = (receipts[index], bills[receipts[index].bill])
        return receipt.isGateway && !receipt.isReversed && receipt.amount > bill.paid - bill.refunded
    }

    /// The gateway takes a payment back; false when it may not.
    mutating func reverse(_ index: Int, at now: UInt64) -> Bool {
        let receipt = receipts[index]
        let bill = bills[receipt.bill]
        // What was credited of it the buyer has, not the seller; all of it, once the seller owes nothing.
        let kept = min(receipt.amount, bill.paid - bill.refunded)
        let returned = receipt.amount - kept
        let mayBe =
            receipt.isGateway && !receipt.isReversed && now <= receipt.time + 14 * 86_400_000
            && (returned == 0 || (owed(by: bill.seller) == 0 && canSpend(bill.buyer, returned)))
        guard mayBe else { return false }
        // What a dispute holds beyond what it needs afterwards pays it, then cash that is not owed.
        let dispute = bill.dispute ?? (0, 0)
        let needed = min(dispute.held, max(0, dispute.amount - bill.open - kept))
        let rest = max(0, kept - (dispute.held - needed))
        guard rest <= free(bill.seller) else { return false }
        let released = release(receipt.bill)
        receipts[index].isReversed = true
        bills[receipt.bill].paid -= receipt.amount
        bills[receipt.bill].refunded -= returned
        cash[bill.seller] -= kept
        receivable[bill.seller] += kept
        payable[bill.buyer] -= kept
        cash[bill.buyer] -= returned
        clearing += receipt.amount
        returnedByBuyers += returned
        if dispute.amount > 0 { hold(receipt.bill, dispute.amount, released: min(released, needed)) }
        return true
    }

    /// What the seller's free cash, and what a dispute of this invoice held, do not reach, it owes.
    mutating func credit(_ index: Int, _ amount: Amount, released: Amount = 0) -> Bool {
        let bill = bills[index]
        guard amount > 0, amount <= bill.amount - bill.credited else { return false }
        let unpaid = min(amount, bill.open)
        let refund = amount - unpaid
        let given = min(refund, released + max(0, cash[bill.seller] - released - owed(by: bill.seller)))
        bills[index].credited += amount
        bills[index].refunded += refund
        income[bill.seller] += amount
        expense[bill.buyer] -= amount
        receivable[bill.seller] -= unpaid
        payable[bill.buyer] += unpaid
        cash[bill.seller] -= given
        cash[bill.buyer] += given
        if refund > given {
            debts.append(Debt(seller: bill.seller, buyer: bill.buyer, open: refund - given))
            payable[bill.seller] -= refund - given
            receivable[bill.buyer] += refund - given
        }
        return true
    }

    mutating func payRefund(_ index: Int, _ amount: Amount) {
        let debt = debts[index]
        debts[index].open -= amount
        cash[debt.seller] -= amount
        payable[debt.seller] += amount
        cash[debt.buyer] += amount
        receivable[debt.buyer] -= amount
    }

    /// `released`: what was held for it before and is bound to it.
    mutating func hold(_ index: Int, _ amount: Amount, released: Amount = 0) {
        let seller = bills[index].seller
        let reach = released + max(0, cash[seller] - released - owed(by: seller))
        let part = min(max(0, amount - bills[index].open), reach)
        cash[seller] -= part
        held[seller] += part
        bills[index].dispute = (amount, part)
    }

    mutating func release(_ index: Int) -> Amount {
        let seller = bills[index].seller
        let part = bills[index].dispute?.held ?? 0
        held[seller] -= part
        cash[seller] += part
        bills[index].dispute = nil
        return part
    }

    mutating func decide(_ index: Int, _ amount: Amount) {
        let released = release(index)
        disputes.removeAll { $0 == index }
        if amount > 0 { _ = credit(index, amount, released: released) }
    }

    /// The provider ends the agreement: what is for the time after goes back, the rest of the division too.
    mutating func revoke(_ index: Int, at now: UInt64) {
        bills[index].isRevoked = true
        let bill = bills[index]
        let kept = now <= bill.from ? 0 : bill.amount * Amount(now - bill.from) / Amount(bill.to - bill.from)
        let rest = bill.amount - kept - bill.credited
        guard rest > 0 else { return }
        guard let dispute = bill.dispute else {
            _ = credit(index, rest)
            return
        }
        let released = release(index)
        let before = cash[bill.seller]
        _ = credit(index, rest, released: released)
        let left = min(dispute.amount, bill.amount - bills[index].credited)
        if left > 0 {
            hold(index, left, released: max(0, released - (before - cash[bill.seller])))
        } else {
            disputes.removeAll { $0 == index }
        }
    }

    /// Nobody decided in 60 days: what was delivered is paid.
    mutating func lapse() {
        for index in disputes { decide(index, bills[index].isDelivered ? 0 : bills[index].dispute?.amount ?? 0) }
    }
}
