import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import Primitives
import TestSupport
import Testing

/// Scheduled calls that were refused, or still wait behind others: any partner starts what is due, and it runs once.
@Suite struct DueCallTests {
    /// How the scheduled calls of some days do not run.
    enum Hindrance: CaseIterable { case refused, waiting }

    struct Late {
        var shop: Shop
        let hindrance: Hindrance

        init(_ hindrance: Hindrance) throws {
            shop = try Shop()
            self.hindrance = hindrance
        }

        /// Days in which nothing runs by itself, and afterwards a block in which it may.
        mutating func pass(days: Int) throws {
            let key = Directory.parameters.stateKey(at: WellKnown.governance)
            let parameters = shop.market.bench.state.values[key]
            if hindrance == .refused {
                var none = NetworkParameters()
                none.transactionWorkMax = 1
                shop.market.bench.overwrite(key, none.bcs)
            } else {
                shop.market.bench.parameters.scheduledCallsMax = 0
            }
            var refused = 0
            for _ in 0..<days {
                try shop.market.pass(days: 1)
                for receipt in shop.market.bench.scheduledReceipts {
                    #expect(receipt.rejection?.code == HostRejection.workExceeded.code)
                    refused += 1
                }
            }
            #expect((refused > 0) == (hindrance == .refused))
            shop.market.bench.overwrite(key, parameters)
            // A refused one is gone, one that waits comes in the next block: what follows is in its place.
            if hindrance == .refused {
                try shop.market.bench.runBlock()
                #expect(shop.market.bench.scheduledReceipts.isEmpty)
            }
        }

        mutating func release() { shop.market.bench.parameters.scheduledCallsMax = ChainParameters().scheduledCallsMax }

        mutating func start<Body>(
            _ method: Method<Body, Nothing>, _ body: Body, on instance: Address = WellKnown.billing
        ) -> UInt16? {
            shop.market.plainCode(method, body, as: "village", on: instance)
        }
    }

    static let early = HostRejection.notPermitted.code

    @Test(arguments: Hindrance.allCases)
    func aBill(hindrance: Hindrance) throws {
        var late = try Late(hindrance)
        let plan = PricePlan(.recurring, currency: Market.currency, price: 100, periodDays: 7, dueDays: 90)
        let number = try late.shop.agree(plan, days: 30)
        let from = try late.shop.market.agreement(number).from
        // The first period is billed, and nothing else is due.
        #expect(late.start(Billing.bill, BillRun(agreement: number)) == nil)
        #expect(try late.shop.market.invoiceCount == 1)
        #expect(late.start(Billing.bill, BillRun(agreement: 9)) == Billing.documentUnknown.code)
        let usage = try late.shop.agree(Market.plan(.perAccess, 10, periodDays: 30), days: 300)
        #expect(late.start(Billing.bill, BillRun(agreement: usage)) == Self.early)
        try late.pass(days: 8)
        #expect(try late.shop.market.invoiceCount == 1)
        for _ in 0..<2 { #expect(late.start(Billing.bill, BillRun(agreement: number)) == nil) }
        late.release()
        try late.shop.market.bench.runBlock()
        #expect(try late.shop.market.invoiceCount == 2)
        #expect(try late.shop.market.invoice(1).from == from.adding(days: 7 as UInt32))
        // From then on they come by themselves again, and stop with the agreement.
        try late.shop.market.pass(days: 30)
        #expect(try late.shop.market.invoiceCount == 5)
        #expect(late.start(Billing.bill, BillRun(agreement: number)) == nil)
        #expect(try late.shop.market.invoiceCount == 5)
    }

    @Test(arguments: Hindrance.allCases)
    func aReminder(hindrance: Hindrance) throws {
        var late = try Late(hindrance)
        let number = try late.shop.agree(Market.plan(.oneTime, 1_000), days: 300)
        let reminder = Reminder(invoice: 0, time: try late.shop.market.invoice(0).due)
        #expect(late.start(Billing.remind, reminder) == Self.early)
        try late.pass(days: 15)
        #expect(try late.shop.market.invoice(0).dunning == .none)
        // Another one than the one that is due neither runs nor takes its place.
        #expect(late.start(Billing.remind, Reminder(invoice: 0, time: Timestamp(5))) == nil)
        #expect(try late.shop.market.invoice(0).dunning == .none)
        if hindrance == .waiting {
            var waiting = late
            waiting.release()
            try waiting.shop.market.bench.runBlock()
            #expect(try waiting.shop.market.invoice(0).dunning == .reminded)
        }
        var paid = late
        #expect(late.start(Billing.remind, reminder) == nil)
        // The next one is not due, and this one is done.
        let next = Reminder(invoice: 0, time: try late.shop.market.invoice(0).reminder.time)
        #expect(late.start(Billing.remind, next) == Self.early)
        #expect(late.start(Billing.remind, reminder) == nil)
        late.release()
        try late.shop.market.bench.runBlock()
        #expect(try late.shop.market.invoice(0).dunning == .reminded)
        try late.shop.market.pass(days: 8)
        #expect(try late.shop.market.invoice(0).dunning == .overdue && late.shop.refusal(number) == .paymentOverdue)
        // Of what is paid nobody is reminded.
        #expect(paid.shop.confirm(0, 1_000, 1) == nil)
        #expect(paid.start(Billing.remind, reminder) == nil)
        #expect(try paid.shop.market.invoice(0).dunning == .none)
    }

    @Test(arguments: Hindrance.allCases)
    func theEndOfAnAgreement(hindrance: Hindrance) throws {
        var late = try Late(hindrance)
        let number = try late.shop.agree(Market.plan(.oneTime, 1_000, paysFirst: true), days: 10)
        #expect(late.start(Agreements.due, AgreementID(number), on: WellKnown.agreements) == Self.early)
        try late.pass(days: 11)
        #expect(try late.shop.market.agreement(number).state == .running)
        for _ in 0..<2 { #expect(late.start(Agreements.due, AgreementID(number), on: WellKnown.agreements) == nil) }
        late.release()
        try late.shop.market.bench.runBlock()
        #expect(try late.shop.market.agreement(number).state == .expired)
        #expect(try late.shop.market.invoice(0).state == .credited && late.shop.market.invoice(0).credited == 1_000)
    }

    @Test(arguments: Hindrance.allCases)
    func aDispute(hindrance: Hindrance) throws {
        var late = try Late(hindrance)
        _ = try late.shop.agree(Market.plan(.oneTime, 1_000), days: 20)
        #expect(late.shop.confirm(0, 1_000, 1) == nil)
        let dispute = DisputeInvoice(invoice: 0, amount: 400, reason: 1, text: .zero)
        #expect(late.start(Billing.disputeDue, DocumentNumber(0)) == Billing.noDispute.code)
        #expect(late.shop.code(Billing.dispute, dispute, by: late.shop.user) == nil)
        try late.shop.market.pass(days: 55)
        #expect(late.start(Billing.disputeDue, DocumentNumber(0)) == Self.early)
        try late.pass(days: 6)
        #expect(try late.shop.market.invoice(0).isDisputed)
        for _ in 0..<2 { #expect(late.start(Billing.disputeDue, DocumentNumber(0)) == nil) }
        late.release()
        try late.shop.market.bench.runBlock()
        let invoice = try late.shop.market.invoice(0)
        #expect(!invoice.isDisputed && invoice.credited == 400)
        #expect(try late.shop.sheet(late.shop.user.holder)[0] == 400)
    }

    /// A dispute that waits was looked at: who asks again until it is looked at anew is not refused, and changes nothing.
    @Test(arguments: Hindrance.allCases)
    func aDisputeThatWaits(hindrance: Hindrance) throws {
        var late = try Late(hindrance)
        _ = try late.shop.agree(Market.plan(.oneTime, 1_000), days: 300)
        let dispute = DisputeInvoice(invoice: 0, amount: 400, reason: 1, text: .zero)
        #expect(late.shop.code(Billing.dispute, dispute, by: late.shop.user) == nil)
        try late.shop.market.pass(days: 59)
        try late.pass(days: 2)
        var due: [ScheduleID] = []
        for _ in 0..<3 {
            #expect(late.start(Billing.disputeDue, DocumentNumber(0)) == nil)
            let known = try late.shop.market.bench.ask(Billing.disputeQuery, of: WellKnown.billing, DocumentNumber(0))
            due.append(known.due)
        }
        #expect(Set(due).count == 1 && due[0].time > late.shop.market.bench.time)
    }

    /// An agreement that ended sooner is over: nothing is left to do, also before the time that was agreed.
    @Test func anEndThatCameSooner() throws {
        var late = try Late(.refused)
        let number = try late.shop.agree(Market.plan(.oneTime, 1_000), days: 100)
        try late.shop.market.act(
            Agreements.terminate, EndAgreement(agreement: number, reason: 1), by: late.shop.user,
            on: WellKnown.agreements)
        #expect(late.start(Agreements.due, AgreementID(number), on: WellKnown.agreements) == nil)
        #expect(try late.shop.market.agreement(number).state == .terminated)
    }
}
