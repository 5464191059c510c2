import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Random payments, reversals, credits, disputes, ends and logs of agreements that are paid first, late or not at all:
/// whatever comes, money is conserved, and who has not paid has no access for longer than the rules give.
@Suite struct ReopenedAccessModelTests {
    static let day = Timestamp.dayMilliseconds

    struct Walk {
        var generator: SeededGenerator
        var shop: Shop
        /// With ten days of notice.
        let noticed: Digest
        var sets: [Digest] = []
        var receipts: UInt64 = 0
        var reference: UInt64 = 0
        /// Since when an unpaid invoice that nobody disputed has been due and its agreement open, summed up.
        var free: [UInt64: UInt64] = [:]
        var disputed: Set<UInt64> = []
        /// Agreements whose access waited for its payment before the last block, and those whose access was ever open.
        var waiting: Set<UInt64> = []
        var opened: Set<UInt64> = []
        /// Invoices as they were before the last block, those whose dispute was decided, and of these those that a decision
        /// spared when they were not paid.
        var known: [UInt64: Invoice] = [:]
        var decided: Set<UInt64> = []
        var spared: Set<UInt64> = []
        /// Whether somebody paid, or a dispute was decided, in the last block: nothing else opens access that waits.
        var mayOpen = false
        var seen: [String: Int] = [:]

        init(seed: UInt64) throws {
            generator = SeededGenerator(seed: seed)
            shop = try Shop()
            noticed = try shop.market.describe("noticed", Market.description(noticeDays: 10), by: shop.provider)
        }

        mutating func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
        mutating func saw(_ step: String, _ code: UInt16?) { seen["\(step) \(code == nil)", default: 0] += 1 }

        mutating func agree() throws {
            let isOnce = pick(2) == 0
            let plan = PricePlan(
                isOnce ? .oneTime : .recurring, currency: Market.currency, price: Amount(1 + pick(5_000)),
                periodDays: isOnce ? 0 : UInt16(7 + pick(24)), dueDays: UInt16(1 + pick(20)), paysFirst: pick(3) > 0)
            let set = pick(2) == 0 ? noticed : shop.set
            let terms = shop.market.terms([set], plan, days: UInt32(30 + pick(150)))
            _ = try shop.market.agree(terms, shop.provider, shop.user)
            sets.append(set)
        }

        mutating func step() throws {
            let invoices = try shop.market.invoiceCount
            let back = UInt64(pick(Int(min(6, invoices))))
            let invoice = try shop.market.invoice(invoices - 1 - back)
            let (number, agreement) = (invoice.number, invoice.agreement)
            switch pick(13) {
            case 0, 1, 2:
                let part = pick(2) == 0 ? invoice.outstanding : Amount(pick(Int(invoice.amount) + 1))
                reference += 1
                let payment = GatewayPayment(
                    invoice: number, currency: Market.currency, amount: part, reference: SHA256.hash(reference.keyBytes)
                )
                let code = shop.market.plainCode(
                    Billing.confirmPayment, payment, as: "payco", on: WellKnown.billing)
                if code == nil { receipts += 1 }
                mayOpen = mayOpen || code == nil
                saw("pay", code)
            case 3, 4:
                guard receipts > 0 else { return }
                let reversal = ReversePayment(receipt: receipts - 1 - UInt64(pick(Int(min(4, receipts)))), reason: 1)
                saw("reverse", shop.market.plainCode(Billing.reverse, reversal, as: "payco", on: WellKnown.billing))
            case 5 where pick(3) == 0:
                let credit = CreditInvoice(invoice: number, amount: Amount(pick(Int(invoice.amount) + 1)), reason: 1)
                saw("credit", shop.code(Billing.credit, credit, by: shop.provider))
            case 6 where pick(3) == 0:
                let amount = pick(2) == 0 ? invoice.amount - invoice.credited : Amount(pick(Int(invoice.amount) + 1))
                let body = DisputeInvoice(invoice: number, amount: amount, reason: 1, text: .zero)
                let code = shop.code(Billing.dispute, body, by: shop.user)
                if code == nil { disputed.insert(number) }
                saw("dispute", code)
            case 7 where pick(2) == 0:
                let credit = [0, invoice.disputed, Amount(pick(Int(invoice.amount) + 1))][pick(3)]
                let body = ResolveDispute(invoice: number, credit: credit)
                saw("resolve", shop.code(Billing.resolve, body, by: pick(3) == 0 ? shop.provider : shop.judge))
            case 8:
                let now = shop.market.bench.time
                let log = LogAccess(
                    agreement: agreement, dataSet: sets[Int(agreement)], root: .zero, accesses: 1, energy: 0,
                    from: Timestamp(now.value - 1), to: now)
                saw("log", shop.market.plainCode(Agreements.logAccess, log, as: "metrics", on: WellKnown.agreements))
            case 9 where pick(4) == 0:
                let isByUser = pick(2) == 0
                let end = EndAgreement(agreement: agreement, reason: 1)
                let method = isByUser || pick(2) == 0 ? Agreements.terminate : Agreements.revoke
                saw(
                    "end",
                    shop.market.code(
                        method, end, by: isByUser ? shop.user : shop.provider, on: WellKnown.agreements))
            case 10 where pick(3) == 0:
                let party = pick(2) == 0 ? shop.user : shop.provider
                let out = PayOut(
                    gateway: "payco", currency: Market.currency, amount: Amount(1 + pick(2_000)), destination: .zero)
                saw("pay out", shop.market.code(Billing.payOut, out, by: party, on: WellKnown.billing, via: "payco"))
            case 11: start(invoice)
            default: shop.market.bench.advance(milliseconds: UInt64(pick(2 * 86_400_000)))
            }
        }

        /// What somebody starts that is not due does not run, and what is due runs once.
        mutating func start(_ invoice: Invoice) {
            switch pick(4) {
            case 0:
                let run = BillRun(agreement: invoice.agreement)
                saw("bill", shop.market.plainCode(Billing.bill, run, as: "village", on: WellKnown.billing))
            case 1:
                let reminder = Reminder(invoice: invoice.number, time: invoice.reminder.time)
                saw("remind", shop.market.plainCode(Billing.remind, reminder, as: "village", on: WellKnown.billing))
            case 2:
                let id = DocumentNumber(invoice.number)
                saw("fall", shop.market.plainCode(Billing.disputeDue, id, as: "village", on: WellKnown.billing))
            default:
                let id = AgreementID(invoice.agreement)
                saw("due", shop.market.plainCode(Agreements.due, id, as: "village", on: WellKnown.agreements))
            }
        }

        // MARK: What always holds

        func checkMoney(_ place: Comment) throws {
            let context = shop.market.bench.reading(WellKnown.billing)
            guard let trial = try Billing.trials.get(Market.currency, in: context) else { return }
            #expect(trial.totals.reduce(0, +) == 0, place)
            #expect(trial.total(.cash) + trial.total(.held) == -trial.total(.clearing), place)
            var sums = [Amount](repeating: 0, count: 7)
            for holder in [shop.provider.holder, shop.user.holder, LedgerAccount.gateway("payco")] {
                for (index, amount) in try shop.sheet(holder).enumerated() { sums[index] += amount }
            }
            #expect(sums.map { Int128($0) } == trial.totals, place)
        }

        mutating func checkAccess(since last: Timestamp, _ place: Comment) throws {
            let now = shop.market.bench.time
            var closing: [UInt64: UInt32] = [:]
            try judge(place)
            for number in 0..<(try shop.market.invoiceCount) {
                let invoice = try shop.market.invoice(number)
                #expect((invoice.state == .open) == (invoice.outstanding > 0), place)
                if invoice.isClosing { closing[invoice.agreement, default: 0] += 1 }
                let agreement = try shop.market.agreement(invoice.agreement)
                try checkDispute(invoice, agreement, place)
                guard !agreement.state.isEnded, now < agreement.until, !disputed.contains(number) else { continue }
                let refusal = try shop.market.refusal(shop.user, sets[Int(agreement.number)], agreement.number)
                guard invoice.outstanding > 0, refusal == nil, now > invoice.due else { continue }
                #expect(!invoice.dunning.isLate, place)
                free[number, default: 0] += now.value - max(last, invoice.due).value
                // A week of reminders, a week for the first reversal, and up to two days until each of them runs.
                #expect(free[number, default: 0] <= 20 * ReopenedAccessModelTests.day, place)
            }
            for index in sets.indices { try checkAgreement(UInt64(index), closing[UInt64(index)] ?? 0, place) }
        }

        /// A decision about what is not paid spares the buyer the price where it leaves less than it credits: as it is now, not
        /// by what becomes of the payment later.
        private mutating func judge(_ place: Comment) throws {
            for number in 0..<(try shop.market.invoiceCount) {
                let invoice = try shop.market.invoice(number)
                let before = known.updateValue(invoice, forKey: number) ?? invoice
                let id = DocumentNumber(number)
                guard !decided.contains(number),
                    let dispute = try? shop.market.bench.ask(Billing.disputeQuery, of: WellKnown.billing, id),
                    dispute.resolved != nil
                else { continue }
                decided.insert(number)
                mayOpen = true
                let wasPaid = before.amount - before.credited == before.paid - before.refunded
                let isAwaited = try waiting.contains(invoice.agreement) && firstInvoice(of: invoice.agreement) == number
                let isEnd = try shop.market.agreement(invoice.agreement).state != .running
                if !wasPaid || isAwaited, dispute.credit > invoice.amount - invoice.credited { spared.insert(number) }
                if !isEnd { #expect(dispute.spares == spared.contains(number), place) }
            }
        }

        /// The number of the oldest invoice of an agreement that is paid first.
        private func firstInvoice(of agreement: UInt64) throws -> UInt64? {
            guard try shop.market.agreement(agreement).plan.paysFirst else { return nil }
            return known.values.filter { $0.agreement == agreement }.map(\.number).min()
        }

        private func checkDispute(_ invoice: Invoice, _ agreement: Agreement, _ place: Comment) throws {
            guard invoice.isDisputed else { return }
            let id = DocumentNumber(invoice.number)
            let dispute = try shop.market.bench.ask(Billing.disputeQuery, of: WellKnown.billing, id)
            let known = min(invoice.to, agreement.until).adding(milliseconds: Agreement.usageDelayMilliseconds)
            let latest = max(known, dispute.opened.adding(days: 60 as UInt32))
            #expect(dispute.due.time <= latest && dispute.resolved == nil, place)
        }

        private mutating func checkAgreement(_ number: UInt64, _ closing: UInt32, _ place: Comment) throws {
            let agreement = try shop.market.agreement(number)
            let wasWaiting = waiting.remove(number) != nil
            let invoices = known.values.filter { $0.agreement == number }.sorted { $0.number < $1.number }
            let isOver = agreement.state.isEnded || shop.market.bench.time >= agreement.until
            if agreement.payment == .clear, !isOver { opened.insert(number) }
            if agreement.plan.paysFirst, agreement.state.isEnded, !opened.contains(number) {
                // What never opened costs nothing.
                for invoice in [invoices.first, invoices.last].compactMap({ $0 }) {
                    #expect(invoice.outstanding == 0 && invoice.paid == invoice.refunded, place)
                }
            }
            guard !isOver else { return }
            let bill = try shop.market.bench.ask(Billing.billQuery, of: WellKnown.billing, DocumentNumber(number))
            #expect(bill.overdue == closing && agreement.payment == bill.standing, place)
            if bill.awaits { waiting.insert(number) }
            guard agreement.plan.paysFirst, let first = invoices.first else { return }
            let later = invoices.dropFirst().count { $0.state == .paid && !spared.contains($0.number) }
            #expect(bill.first == first.number && bill.paidLater == UInt32(later), place)
            if wasWaiting, !mayOpen { #expect(bill.awaits, place) }
            guard invoices.count == 1 else { return }
            // As long as a first payment is not whole, nothing is open; once it is, and nothing is late, it is.
            if first.outstanding > 0 { #expect(agreement.payment != .clear, place) }
            let isSpared = spared.contains(first.number)
            if first.state == .paid, !isSpared, agreement.state == .running {
                #expect(agreement.payment == .clear, place)
            }
            // A decision that credits more than it leaves opens nothing that waits.
            if isSpared, wasWaiting { #expect(agreement.payment != .clear, place) }
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func whoHasNotPaidHasNoAccess(seed: UInt64) throws {
        var walk = try Walk(seed: seed)
        for step in 0..<700 {
            let last = walk.shop.market.bench.time
            if step % 50 == 0 { try walk.agree() }
            let place: Comment = "seed \(seed), step \(step)"
            walk.mayOpen = false
            try walk.step()
            let between = walk.shop.market.bench.time
            try walk.checkAccess(since: last, place)
            walk.mayOpen = false
            try walk.shop.market.bench.runBlock()
            try walk.checkMoney(place)
            try walk.checkAccess(since: between, place)
        }
        for step in ["pay", "reverse", "credit", "dispute", "resolve", "log", "end", "remind", "due", "bill", "fall"] {
            #expect(walk.seen["\(step) true"] ?? 0 > 0 || walk.seen["\(step) false"] ?? 0 > 0, "seed \(seed): \(step)")
        }
        #expect(walk.seen["reverse true"] ?? 0 > 5 && walk.seen["pay true"] ?? 0 > 20, "seed \(seed): \(walk.seen)")
    }
}
