import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// 100,000 random operations of money against an independent model; every balance is compared, and the sum of all
/// balances is zero, after every block.
@Suite struct BillingModelTests {
    struct Bill {
        let buyer: Int
        let seller: Int
        let amount: Amount
        var paid: Amount = 0
        var credited: Amount = 0
        var refunded: Amount = 0
        /// Amount and what is held.
        var dispute: (amount: Amount, held: Amount)?
        var wasDisputed = false
        var open: Amount { amount - credited - paid + refunded }
    }

    /// Cash, held, receivable, payable, income, expense of each party, and the gateway's clearing.
    struct Model {
        var cash = [Amount](repeating: 0, count: 4)
        var held = [Amount](repeating: 0, count: 4)
        var receivable = [Amount](repeating: 0, count: 4)
        var payable = [Amount](repeating: 0, count: 4)
        var income = [Amount](repeating: 0, count: 4)
        var expense = [Amount](repeating: 0, count: 4)
        var clearing: Amount = 0
        var bills: [Bill] = []
        var references: Set<UInt64> = []

        func sheet(_ party: Int) -> [Amount] {
            [cash[party], held[party], receivable[party], payable[party], income[party], expense[party], 0]
        }

        mutating func issue(_ bill: Bill) {
            bills.append(bill)
            receivable[bill.seller] += bill.amount
            income[bill.seller] -= bill.amount
            expense[bill.buyer] += bill.amount
            payable[bill.buyer] -= bill.amount
        }

        mutating func settle(_ index: Int, _ amount: Amount) {
            let bill = bills[index]
            bills[index].paid += amount
            payable[bill.buyer] += amount
            receivable[bill.seller] -= amount
            cash[bill.seller] += amount
        }

        /// Whether the seller could give back what was paid.
        mutating func credit(_ index: Int, _ amount: Amount) -> Bool {
            let bill = bills[index]
            let unpaid = min(amount, bill.open)
            let refund = amount - unpaid
            guard amount > 0, amount <= bill.amount - bill.credited, refund <= cash[bill.seller] else { return false }
            bills[index].credited += amount
            bills[index].refunded += refund
            income[bill.seller] += amount
            expense[bill.buyer] -= amount
            receivable[bill.seller] -= unpaid
            payable[bill.buyer] += unpaid
            cash[bill.seller] -= refund
            cash[bill.buyer] += refund
            return true
        }
    }

    /// Parties 0 and 1 sell, 2 and 3 buy.
    struct World {
        var market: Market
        var model = Model()
        let parties: [Party]
        let judge: Party
        var sequences: [UInt64]
        var judgeSequence: UInt64
        var sets: [Digest] = []

        init() throws {
            market = try Market()
            parties = [
                try market.person("s0", .dataProvider), try market.person("s1", .dataProvider),
                try market.person("b2", .dataUser), try market.person("b3", .dataUser),
            ]
            judge = try market.organisation("judge", .marketOperator)
            for seller in 0..<2 {
                sets.append(try market.describe("set\(seller)", Market.description(), by: parties[seller]))
            }
            sequences = try parties.map { [market] in try market.sequence($0) }
            judgeSequence = try market.sequence(judge)
        }

        mutating func sell(_ amount: Amount, _ seller: Int, _ buyer: Int) throws {
            let terms = market.terms([sets[seller]], Market.plan(.oneTime, amount), days: 1)
            _ = try market.agree(terms, parties[seller], parties[buyer])
            sequences[seller] += 1
            sequences[buyer] += 1
            model.issue(Bill(buyer: buyer, seller: seller, amount: amount))
        }

        /// The call as a party signs it, with the sequence number that counts when all before went as predicted.
        func call<Body, Output>(_ method: Method<Signed<Body>, Output>, _ body: Body, by party: Int) -> Call? {
            let who = party < 0 ? judge : parties[party]
            let signer = ActSigner(
                network: market.bench.network, account: who.holder, key: who.key,
                sequence: party < 0 ? judgeSequence : sequences[party], sign: who.sign)
            return method.call(on: WellKnown.billing, body, by: signer)
        }

        mutating func count(_ party: Int) { if party < 0 { judgeSequence += 1 } else { sequences[party] += 1 } }

        /// One random operation: the call, who sends it, and whether the model lets it happen.
        mutating func operation(_ generator: inout SeededGenerator) -> (call: Call?, sender: String, happens: Bool) {
            func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
            let index = pick(model.bills.count)
            let bill = model.bills[index]
            // Around what makes a difference: nothing, a little, exactly what is open, one too much, anything.
            let amounts = [0, 1, bill.open, bill.open + 1, Amount(pick(2_000))]
            let amount = amounts[pick(5)]
            let stranger = pick(4)
            let buyer = pick(8) == 0 ? stranger : bill.buyer
            let seller = pick(8) == 0 ? stranger : bill.seller
            switch pick(8) {
            case 0: return deposit(pick(4), amount, UInt64(pick(400)), isPayment: nil)
            case 1: return deposit(0, amount, UInt64(pick(400)), isPayment: index)
            case 2, 3:
                let call = call(Billing.pay, PayInvoice(invoice: UInt64(index), amount: amount), by: buyer)
                let happens =
                    buyer == bill.buyer && amount > 0 && amount <= bill.open && amount <= model.cash[buyer]
                if happens {
                    model.cash[buyer] -= amount
                    model.settle(index, amount)
                    count(buyer)
                }
                return (call, "village", happens)
            case 4:
                let party = pick(4)
                let out = PayOut(gateway: "payco", currency: Market.currency, amount: amount)
                let call = call(Billing.payOut, out, by: party)
                let happens = amount > 0 && amount <= model.cash[party]
                if happens {
                    model.cash[party] -= amount
                    model.clearing += amount
                    count(party)
                }
                return (call, "payco", happens)
            case 5:
                let body = CreditInvoice(invoice: UInt64(index), amount: amount, reason: 1)
                let call = call(Billing.credit, body, by: seller)
                let happens = seller == bill.seller && bill.dispute == nil && model.credit(index, amount)
                if happens { count(seller) }
                return (call, "village", happens)
            case 6: return dispute(index, amount, by: buyer)
            default: return resolve(index, amount, by: [-1, -1, bill.buyer, bill.seller, stranger][pick(5)])
            }
        }

        private mutating func deposit(
            _ party: Int, _ amount: Amount, _ reference: UInt64, isPayment index: Int?
        ) -> (call: Call?, sender: String, happens: Bool) {
            let digest = SHA256.hash(reference.keyBytes)
            var happens = amount > 0 && !model.references.contains(reference)
            let call: Call
            if let index {
                happens = happens && amount <= model.bills[index].open
                call = Billing.confirmPayment.call(
                    on: WellKnown.billing,
                    GatewayPayment(
                        invoice: UInt64(index), currency: Market.currency, amount: amount, reference: digest))
                if happens { model.settle(index, amount) }
            } else {
                call = Billing.deposit.call(
                    on: WellKnown.billing,
                    GatewayDeposit(
                        account: parties[party].holder, currency: Market.currency, amount: amount, reference: digest))
                if happens { model.cash[party] += amount }
            }
            if happens {
                model.clearing -= amount
                model.references.insert(reference)
            }
            return (call, "payco", happens)
        }

        private mutating func dispute(
            _ index: Int, _ amount: Amount, by party: Int
        ) -> (call: Call?, sender: String, happens: Bool) {
            let bill = model.bills[index]
            let body = DisputeInvoice(invoice: UInt64(index), amount: amount, reason: 1, text: .zero)
            let call = call(Billing.dispute, body, by: party)
            let happens =
                party == bill.buyer && !bill.wasDisputed && amount > 0 && amount <= bill.amount - bill.credited
            if happens {
                let held = min(max(0, amount - bill.open), model.cash[bill.seller])
                model.cash[bill.seller] -= held
                model.held[bill.seller] += held
                model.bills[index].dispute = (amount, held)
                model.bills[index].wasDisputed = true
                count(party)
            }
            return (call, "village", happens)
        }

        private mutating func resolve(
            _ index: Int, _ amount: Amount, by party: Int
        ) -> (call: Call?, sender: String, happens: Bool) {
            let bill = model.bills[index]
            let call = call(Billing.resolve, ResolveDispute(invoice: UInt64(index), credit: amount), by: party)
            let isAll = amount == bill.dispute?.amount
            let isJudge = party < 0 || (party == bill.buyer && amount == 0) || (party == bill.seller && isAll)
            guard isJudge, let dispute = bill.dispute, (0...dispute.amount).contains(amount) else {
                return (call, "village", false)
            }
            let before = model
            model.held[bill.seller] -= dispute.held
            model.cash[bill.seller] += dispute.held
            model.bills[index].dispute = nil
            let happens = amount == 0 || model.credit(index, amount)
            if happens { count(party) } else { model = before }
            return (call, "village", happens)
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func moneyIsConserved(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var world = try World()
        var happened = 0
        var operations = 0
        for block in 0..<1_000 {
            if block % 10 == 0 {
                let amount = Amount(1 + generator.next() % 2_000)
                try world.sell(amount, Int(generator.next() % 2), 2 + Int(generator.next() % 2))
            }
            var transactions: [Transaction] = []
            var expected: [Bool] = []
            for _ in 0..<10 {
                let (call, sender, happens) = world.operation(&generator)
                transactions.append(try world.market.bench.transaction([try #require(call)], as: sender))
                expected.append(happens)
            }
            let receipts = try world.market.bench.runBlock(transactions)
            operations += receipts.count
            happened += expected.count { $0 }
            let codes = receipts.map { $0.rejection?.code }
            #expect(codes.map { $0 == nil } == expected, "seed \(seed), block \(block): \(codes)")
            try check(world, "seed \(seed), block \(block)")
        }
        #expect(operations == 10_000 && happened > 1_500)
        // All balances that the state has, not only those that the model knows.
        let prefix = StateKeys.prefix(WellKnown.billing, Billing.balances.number)
        let all = try world.market.bench.state.values.filter { $0.key.starts(with: prefix) }.map { pair in
            try Balance(bcs: pair.value).amount
        }
        #expect(all.count >= 15 && all.reduce(0, +) == 0)
    }

    func check(_ world: World, _ place: Comment) throws {
        var sum: Amount = 0
        for (index, party) in world.parties.enumerated() {
            let sheet = try world.market.balances(party.holder).amounts
            #expect(sheet == world.model.sheet(index), place)
            sum += sheet.reduce(0, +)
        }
        let clearing = try world.market.balances(LedgerAccount.gateway("payco")).amounts
        #expect(clearing == [0, 0, 0, 0, 0, 0, world.model.clearing], place)
        #expect(sum + world.model.clearing == 0, place)
        let context = world.market.bench.reading(WellKnown.billing)
        let trial = try #require(try Billing.trials.get(Market.currency, in: context))
        #expect(trial.totals.reduce(0, +) == 0 && trial.total(.clearing) == Int128(world.model.clearing), place)
        #expect(trial.total(.cash) + trial.total(.held) == -trial.total(.clearing), place)
        for (index, bill) in world.model.bills.enumerated() where index % 7 == 0 {
            let invoice = try world.market.invoice(UInt64(index))
            #expect(invoice.outstanding == bill.open && invoice.isDisputed == (bill.dispute != nil), place)
            #expect((invoice.state == .open) == (bill.open > 0), place)
        }
    }
}
