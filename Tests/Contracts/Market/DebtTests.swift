import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Whom a seller's cash is bound to: no later creditor overtakes an earlier one.
@Suite struct DebtTests {
    /// A provider that owes the first of three buyers 1,000 and has 600 that the second one paid.
    struct Debtor {
        var shop: Shop
        let buyers: [Party]

        init() throws {
            shop = try Shop()
            buyers = [
                shop.user, try shop.market.organisation("second", .dataUser),
                try shop.market.organisation("third", .dataUser),
            ]
            for (index, price) in [1_000, 600, 400].enumerated() {
                let terms = shop.market.terms([shop.set], Market.plan(.oneTime, Amount(price)))
                _ = try shop.market.agree(terms, shop.provider, buyers[index])
            }
            #expect(shop.confirm(0, 1_000, 1) == nil)
            let out = PayOut(gateway: "payco", currency: Market.currency, amount: 1_000, destination: .zero)
            #expect(
                shop.market.code(Billing.payOut, out, by: shop.provider, on: WellKnown.billing, via: "payco") == nil)
            #expect(credit(0, 1_000) == nil)
            #expect(shop.confirm(1, 600, 2) == nil)
        }

        mutating func credit(_ invoice: UInt64, _ amount: Amount) -> UInt16? {
            shop.code(Billing.credit, CreditInvoice(invoice: invoice, amount: amount, reason: 1), by: shop.provider)
        }
        mutating func refund(_ debt: UInt64, _ amount: Amount, by party: Party) -> UInt16? {
            shop.code(Billing.payRefund, PayRefund(debt: debt, amount: amount), by: party)
        }
        mutating func dispute(_ invoice: UInt64, _ amount: Amount, by party: Party) -> UInt16? {
            shop.code(
                Billing.dispute, DisputeInvoice(invoice: invoice, amount: amount, reason: 1, text: .zero), by: party)
        }
        func cash(_ party: Party) throws -> Amount { try shop.sheet(party.holder)[0] }
    }

    @Test func aCreditTakesNoCashThatIsOwed() throws {
        var debtor = try Debtor()
        #expect(debtor.credit(1, 600) == nil)
        #expect(try debtor.cash(debtor.buyers[1]) == 0 && debtor.cash(debtor.shop.provider) == 600)
        let note = try debtor.shop.market.bench.ask(Billing.creditNoteQuery, of: WellKnown.billing, DocumentNumber(1))
        #expect(note.refunded == 600 && note.owed == 600)
        // The later debt waits for the older one, whoever asks.
        #expect(debtor.refund(1, 1, by: debtor.buyers[1]) == Billing.refundOwed.code)
        #expect(debtor.refund(1, 1, by: debtor.shop.provider) == Billing.refundOwed.code)
        #expect(debtor.refund(0, 600, by: debtor.buyers[0]) == nil)
        try debtor.shop.market.deposit(700, to: debtor.shop.provider, reference: 9)
        #expect(debtor.refund(1, 301, by: debtor.buyers[1]) == Billing.refundOwed.code)
        #expect(debtor.refund(1, 300, by: debtor.buyers[1]) == nil)
        #expect(debtor.refund(0, 400, by: debtor.buyers[0]) == nil)
        #expect(debtor.refund(1, 300, by: debtor.buyers[1]) == Billing.fundsMissing.code)
    }

    @Test func aDisputeHoldsNoCashThatIsOwed() throws {
        var debtor = try Debtor()
        #expect(debtor.dispute(1, 600, by: debtor.buyers[1]) == nil)
        #expect(try debtor.shop.sheet(debtor.shop.provider.holder)[1] == 0)
        #expect(debtor.refund(0, 600, by: debtor.buyers[0]) == nil)
        #expect(
            debtor.shop.code(Billing.resolve, ResolveDispute(invoice: 1, credit: 600), by: debtor.shop.judge) == nil)
        #expect(try debtor.cash(debtor.buyers[0]) == 600 && debtor.cash(debtor.buyers[1]) == 0)
    }

    /// What a dispute held before stays its buyer's, whatever the seller comes to owe in the meantime.
    @Test func whatWasHeldBeforeStaysHeld() throws {
        var debtor = try Debtor()
        #expect(debtor.refund(0, 600, by: debtor.buyers[0]) == nil)
        #expect(debtor.shop.confirm(2, 400, 3) == nil)
        #expect(debtor.refund(0, 400, by: debtor.buyers[0]) == nil)
        try debtor.shop.market.deposit(350, to: debtor.shop.provider, reference: 9)
        #expect(debtor.dispute(2, 300, by: debtor.buyers[2]) == nil)
        // Of 600 that go back to the second buyer, 50 are there.
        #expect(debtor.credit(1, 600) == nil)
        #expect(try debtor.shop.sheet(debtor.shop.provider.holder)[..<2] == [0, 300])
        // The agreement ends while the dispute is open: part of what was held goes back, the rest stays held.
        let agreement = try debtor.shop.market.agreement(2)
        let half = (agreement.until.value - agreement.from.value) / 2
        debtor.shop.market.bench.advance(
            milliseconds: agreement.from.value + half - debtor.shop.market.bench.nextBlock.time.value)
        try debtor.shop.market.act(
            Agreements.revoke, EndAgreement(agreement: 2, reason: 1), by: debtor.shop.provider,
            on: WellKnown.agreements)
        #expect(try debtor.cash(debtor.buyers[2]) == 200)
        #expect(try debtor.shop.sheet(debtor.shop.provider.holder)[..<2] == [0, 100])
        #expect(
            debtor.shop.code(Billing.resolve, ResolveDispute(invoice: 2, credit: 100), by: debtor.shop.judge) == nil)
        #expect(try debtor.cash(debtor.buyers[2]) == 300 && debtor.cash(debtor.buyers[1]) == 50)
    }

    /// Many small debts of one seller: the next one and the payment of any cost the same, and the oldest stays the first
    /// when others go.
    @Test func manyDebtsCostNoMore() throws {
        var debtor = try Debtor()
        #expect(debtor.shop.confirm(2, 400, 3) == nil)
        func work() -> UInt64 { debtor.shop.market.bench.lastReceipt?.workUsed ?? 0 }
        var costs: [UInt64] = []
        for _ in 0..<60 {
            #expect(debtor.credit(2, 1) == nil)
            costs.append(work())
        }
        #expect(costs[0] > 0 && Set(costs[1...]).count <= 2, "\(costs)")
        try debtor.shop.market.deposit(5_000, to: debtor.shop.provider, reference: 9)
        let stranger = debtor.buyers[1]
        // Debt 0 is the oldest, so a stranger has it paid; then 1 is, also when 2, 30 and the newest went before.
        for debt in [2, 30, 60] as [UInt64] { #expect(debtor.refund(debt, 1, by: debtor.buyers[2]) == nil) }
        #expect(debtor.refund(1, 1, by: stranger) == Billing.debtForeign.code)
        #expect(debtor.refund(0, 1_000, by: stranger) == nil)
        for debt in [1, 3, 4] as [UInt64] { #expect(debtor.refund(debt, 1, by: stranger) == nil) }
        #expect(debtor.refund(29, 1, by: stranger) == Billing.debtForeign.code)
        for debt in (5...59).filter({ $0 != 30 }) { #expect(debtor.refund(UInt64(debt), 1, by: stranger) == nil) }
        // All are paid: the next one is the oldest at once.
        #expect(try debtor.shop.sheet(debtor.shop.provider.holder)[3] == 0)
        let rest = PayOut(gateway: "payco", currency: Market.currency, amount: 4_940, destination: .zero)
        #expect(
            debtor.shop.market.code(Billing.payOut, rest, by: debtor.shop.provider, on: WellKnown.billing, via: "payco")
                == nil)
        #expect(debtor.credit(2, 2) == nil)
        try debtor.shop.market.deposit(2, to: debtor.shop.provider, reference: 10)
        #expect(debtor.refund(61, 2, by: stranger) == nil)
    }
}
