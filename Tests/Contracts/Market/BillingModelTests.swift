import Agreements
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
    typealias Step = (call: Call?, sender: String, happens: Bool)

    /// Parties 0 and 1 sell, 1, 2 and 3 buy.
    struct World {
        var market: Market
        var model = MoneyModel()
        let parties: [Party]
        let judge: Party
        var sequences: [UInt64]
        var judgeSequence: UInt64
        var sets: [Digest] = []
        var seen: [String: Int] = [:]

        init() throws {
            market = try Market()
            parties = [
                try market.person("s0", .dataProvider), try market.person("s1", [.dataProvider, .dataUser]),
                try market.person("b2", .dataUser), try market.person("b3", .dataUser),
            ]
            judge = try market.organisation("judge", .marketOperator)
            for seller in 0..<2 {
                sets.append(try market.describe("set\(seller)", Market.description(), by: parties[seller]))
            }
            sequences = try parties.map { [market] in try market.sequence($0) }
            judgeSequence = try market.sequence(judge)
        }

        mutating func sell(_ amount: Amount, _ seller: Int, _ buyer: Int, isDelivered: Bool) throws {
            let terms = market.terms([sets[seller]], Market.plan(.oneTime, amount), days: 1)
            let number = try market.agree(terms, parties[seller], parties[buyer])
            sequences[seller] += 1
            sequences[buyer] += 1
            let agreement = try market.agreement(number)
            model.issue(
                MoneyModel.Bill(
                    buyer: buyer, seller: seller, amount: amount, from: agreement.from.value, to: agreement.until.value,
                    isDelivered: isDelivered))
            guard isDelivered else { return }
            try market.bench.send([log(Int(number))], as: "metrics")
        }

        func log(_ index: Int) -> Call {
            let bill = model.bills[index]
            let log = LogAccess(
                agreement: UInt64(index), dataSet: sets[bill.seller], root: .zero, accesses: 1, energy: 0,
                from: Timestamp(bill.from), to: Timestamp(bill.from + 1))
            return Agreements.logAccess.call(on: WellKnown.agreements, log)
        }

        /// A late log, which decides a dispute that is open by then, too.
        private mutating func deliver(_ index: Int) -> Step {
            let bill = model.bills[index]
            let latest = (bill.ended ?? bill.to) + Timestamp.dayMilliseconds
            let happens = !bill.isDelivered && market.bench.nextBlock.time.value <= latest
            if happens { model.bills[index].isDelivered = true }
            seen["log \(happens)", default: 0] += 1
            return (log(index), "metrics", happens)
        }

        /// The call as a party signs it, with the sequence number that counts when all before went as predicted.
        func call<Body, Output>(
            _ method: Method<Signed<Body>, Output>, _ body: Body, by party: Int,
            on instance: Address = WellKnown.billing
        ) -> Call? {
            let who = party < 0 ? judge : parties[party]
            let signer = ActSigner(
                network: market.bench.network, account: who.holder, key: who.key,
                sequence: party < 0 ? judgeSequence : sequences[party],
                until: market.bench.nextBlock.time.adding(milliseconds: 1), sign: who.sign)
            return method.call(on: instance, body, by: signer)
        }

        /// Notes what the model says of an act.
        mutating func acted(_ name: String, by party: Int, _ happens: Bool) {
            seen["\(name) \(happens)", default: 0] += 1
            guard happens else { return }
            if party < 0 { judgeSequence += 1 } else { sequences[party] += 1 }
        }

        /// One random operation: the call, who sends it, and whether the model lets it happen.
        mutating func operation(_ generator: inout SeededGenerator) -> Step {
            func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
            let index = pick(model.bills.count)
            let bill = model.bills[index]
            // Around what makes a difference: nothing, a little, exactly what is open, one too much, anything.
            let amounts = [0, 1, bill.open, bill.open + 1, Amount(pick(2_000))]
            let amount = amounts[pick(5)]
            let stranger = pick(4)
            let buyer = pick(8) == 0 ? stranger : bill.buyer
            let seller = pick(8) == 0 ? stranger : bill.seller
            switch pick(12) {
            case 0: return deposit(pick(4), amount, UInt64(pick(3_000)), isPayment: nil)
            case 1: return deposit(0, amount, UInt64(pick(3_000)), isPayment: index)
            case 2, 3: return pay(index, amount, by: buyer)
            case 4:
                let party = pick(4)
                // All of it now and then, so that refunds find no cash.
                let amount = pick(2) == 0 ? model.cash[party] : amount
                let out = PayOut(gateway: "payco", currency: Market.currency, amount: amount, destination: .zero)
                let call = call(Billing.payOut, out, by: party)
                let happens = amount > 0 && model.canSpend(party, amount)
                if happens {
                    model.cash[party] -= amount
                    model.clearing += amount
                }
                acted("pay out", by: party, happens)
                return (call, "payco", happens)
            case 5:
                let body = CreditInvoice(invoice: UInt64(index), amount: amount, reason: 1)
                let call = call(Billing.credit, body, by: seller)
                let happens = seller == bill.seller && bill.dispute == nil && model.credit(index, amount)
                acted("credit", by: seller, happens)
                return (call, "village", happens)
            case 6: return dispute(index, amount, by: buyer)
            case 7:
                guard !model.debts.isEmpty else { return deposit(pick(4), amount, UInt64(pick(3_000)), isPayment: nil) }
                return refund(pick(model.debts.count), pick(5), by: [seller, buyer, stranger][pick(3)])
            case 10:
                // Now and then one of which something went back to the buyer.
                let credited = model.receipts.indices.suffix(200).filter { model.wentBack($0) }
                let newest = pick(max(1, min(12, model.receipts.count)))
                guard pick(2) == 0, !credited.isEmpty else { return reverse(newest) }
                return reverse(model.receipts.count - 1 - credited[pick(credited.count)])
            case 9: return deliver(model.bills.count - 1 - pick(min(8, model.bills.count)))
            case 8: return pick(4) == 0 ? revoke(index, by: seller) : pay(index, amount, by: buyer)
            default: return resolve(index, amount, by: [-1, -1, bill.buyer, bill.seller, stranger][pick(5)])
            }
        }

        private mutating func pay(_ index: Int, _ amount: Amount, by party: Int) -> Step {
            let bill = model.bills[index]
            let call = call(Billing.pay, PayInvoice(invoice: UInt64(index), amount: amount), by: party)
            let happens =
                party == bill.buyer && amount > 0 && amount <= bill.open && model.canSpend(party, amount)
            if happens {
                model.cash[party] -= amount
                model.settle(index, amount, isGateway: false, at: market.bench.nextBlock.time.value)
            }
            acted("pay", by: party, happens)
            return (call, "village", happens)
        }

        private mutating func deposit(
            _ party: Int, _ amount: Amount, _ reference: UInt64, isPayment index: Int?
        ) -> Step {
            let digest = SHA256.hash(reference.keyBytes)
            var happens = amount > 0 && !model.references.contains(reference)
            let call: Call
            if let index {
                happens = happens && amount <= model.bills[index].open
                call = Billing.confirmPayment.call(
                    on: WellKnown.billing,
                    GatewayPayment(
                        invoice: UInt64(index), currency: Market.currency, amount: amount, reference: digest))
                if happens {
                    model.settle(index, amount, isGateway: true, at: market.bench.nextBlock.time.value)
                }
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

        private mutating func dispute(_ index: Int, _ amount: Amount, by party: Int) -> Step {
            let bill = model.bills[index]
            let body = DisputeInvoice(invoice: UInt64(index), amount: amount, reason: 1, text: .zero)
            let call = call(Billing.dispute, body, by: party)
            // No invoice is issued after the end of what it is for, which a revocation brings forward.
            let latest = (bill.ended ?? bill.to) + 60 * Timestamp.dayMilliseconds
            let happens =
                party == bill.buyer && !bill.wasDisputed && amount > 0 && amount <= bill.amount - bill.credited
                && market.bench.nextBlock.time.value <= latest
            if happens {
                model.hold(index, amount)
                model.bills[index].wasDisputed = true
                model.disputes.append(index)
            }
            acted("dispute", by: party, happens)
            return (call, "village", happens)
        }

        private mutating func resolve(_ index: Int, _ amount: Amount, by party: Int) -> Step {
            let bill = model.bills[index]
            let call = call(Billing.resolve, ResolveDispute(invoice: UInt64(index), credit: amount), by: party)
            let isAll = amount == bill.dispute?.amount
            let isJudge = party < 0 || (party == bill.buyer && amount == 0) || (party == bill.seller && isAll)
            let happens = isJudge && bill.dispute.map { (0...$0.amount).contains(amount) } ?? false
            if happens { model.decide(index, amount) }
            acted("resolve", by: party, happens)
            return (call, "village", happens)
        }

        private mutating func refund(_ index: Int, _ choice: Int, by party: Int) -> Step {
            let debt = model.debts[index]
            let amount = [0, 1, debt.open, debt.open + 1, model.cash[debt.seller]][choice]
            let call = call(Billing.payRefund, PayRefund(debt: UInt64(index), amount: amount), by: party)
            let happens =
                (party == debt.seller || party == debt.buyer || model.isOldest(index)) && amount > 0
                && amount <= debt.open && amount <= model.free(for: index)
            if happens { model.payRefund(index, amount) }
            acted("refund", by: party, happens)
            return (call, "village", happens)
        }

        /// One of the newest receipts, now and then by a gateway that did not book it.
        private mutating func reverse(_ back: Int) -> Step {
            let index = model.receipts.count - 1 - back
            let call = Billing.reverse.call(
                on: WellKnown.billing, ReversePayment(receipt: UInt64(max(0, index)), reason: 1))
            let isOwn = index % 5 > 0
            let happens = index >= 0 && isOwn && model.reverse(index, at: market.bench.nextBlock.time.value)
            seen["reverse \(happens)", default: 0] += 1
            return (call, isOwn ? "payco" : "zaps", happens)
        }

        private mutating func revoke(_ index: Int, by party: Int) -> Step {
            let bill = model.bills[index]
            let now = market.bench.nextBlock.time.value
            let body = EndAgreement(agreement: UInt64(index), reason: 9)
            let call = call(Agreements.revoke, body, by: party, on: WellKnown.agreements)
            let happens = party == bill.seller && !bill.isRevoked && now < bill.to
            if happens {
                model.revoke(index, at: now)
                model.bills[index].ended = now
            }
            acted("revoke", by: party, happens)
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
                let seller = Int(generator.next() % 2)
                let buyer = seller + 1 + Int(generator.next() % UInt64(3 - seller))
                try world.sell(amount, seller, buyer, isDelivered: generator.next() % 2 == 0)
            }
            // Agreements and disputes run out; a quarter of a day lets revocations cut spans.
            if block == 600 {
                world.market.bench.advance(milliseconds: 61 * Timestamp.dayMilliseconds)
                repeat { try world.market.bench.runBlock() } while !world.market.bench.scheduledReceipts.isEmpty
                world.model.lapse()
                try check(world, "seed \(seed), 61 days later")
            } else if block % 50 == 25 {
                world.market.bench.advance(milliseconds: Timestamp.dayMilliseconds / 4)
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
        #expect(operations == 10_000 && happened > 1_200)
        for step in ["pay", "pay out", "credit", "dispute", "resolve", "refund", "revoke", "log", "reverse"] {
            let (done, refused) = (world.seen["\(step) true"] ?? 0, world.seen["\(step) false"] ?? 0)
            #expect(done > 0 && refused > 0, "\(step): \(done) times, refused \(refused) times")
        }
        #expect(!world.model.debts.isEmpty && world.model.returnedByBuyers > 0)
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
