internal import Chain
internal import ContractKit
package import Primitives

/// An open debt's neighbours in its queue.
package struct DebtLinks: Hashable, Sendable, BCSCodable {
    package var older: UInt64?
    package var newer: UInt64?

    init(older: UInt64?, newer: UInt64?) {
        self.older = older
        self.newer = newer
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.option(older.map { DocumentNumber($0) })
        encoder.option(newer.map { DocumentNumber($0) })
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        older = try decoder.option(DocumentNumber.self)?.number
        newer = try decoder.option(DocumentNumber.self)?.number
    }
}

/// Debts come in order of their numbers and go anywhere: a linked list does that in constant work. An index by key would be
/// searched, and whoever makes debts, a stranger or the seller itself, could make that search so long that no call that
/// touches the debts of the seller fits into a transaction.
extension Billing {
    static func isOldest(_ debt: RefundDebt, _ context: Context) throws(Rejection) -> Bool {
        try debtQueues.get(Pair(debt.seller, debt.currency), in: context)?.first == debt.number
    }

    /// The open debts of its seller that are older, from the oldest on, at most `limit`; and whether those are all.
    static func older(
        than debt: RefundDebt, limit: Int, _ context: Context
    ) throws(Rejection) -> (sum: Int128, isComplete: Bool) {
        var sum: Int128 = 0
        var number = try debtQueues.get(Pair(debt.seller, debt.currency), in: context)?.first
        for _ in 0..<limit {
            guard let older = number, older < debt.number else { return (sum, true) }
            sum += Int128(try debts.get(older, in: context)?.outstanding ?? 0)
            number = try debtLinks.get(older, in: context)?.newer
        }
        return (sum, number.map { $0 >= debt.number } ?? true)
    }

    /// At the end of its queue: it is the newest of all.
    static func enqueue(_ debt: RefundDebt, _ context: Context) throws(Rejection) {
        let key = Pair(debt.seller, debt.currency)
        let queue = try debtQueues.get(key, in: context)
        if let last = queue?.last { try link(last, context) { $0.newer = debt.number } }
        try debtLinks.set(debt.number, DebtLinks(older: queue?.last, newer: nil), in: context)
        try debtQueues.set(key, QueueEnds(queue, appending: debt.number), in: context)
    }

    static func dequeue(_ debt: RefundDebt, _ context: Context) throws(Rejection) {
        let key = Pair(debt.seller, debt.currency)
        guard let links = try debtLinks.get(debt.number, in: context), let queue = try debtQueues.get(key, in: context)
        else { return }
        if let older = links.older { try link(older, context) { $0.newer = links.newer } }
        if let newer = links.newer { try link(newer, context) { $0.older = links.older } }
        try debtLinks.remove(debt.number, in: context)
        guard let rest = queue.without(entryBetween: links.older, and: links.newer) else {
            return try debtQueues.remove(key, in: context)
        }
        try debtQueues.set(key, rest, in: context)
    }

    private static func link(
        _ number: UInt64, _ context: Context, _ change: (inout DebtLinks) -> Void
    ) throws(Rejection) {
        var links = try debtLinks.get(number, in: context) ?? DebtLinks(older: nil, newer: nil)
        change(&links)
        try debtLinks.set(number, links, in: context)
    }
}
