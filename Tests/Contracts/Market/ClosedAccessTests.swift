import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// What is logged and owed while access is closed, by payment or for want of a consent.
@Suite struct ClosedAccessTests {
    static let on = WellKnown.agreements

    /// Once payment closed access no later access is logged; earlier ones are, also late.
    @Test func noLogsOfClosedAccess() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.perAccess, 10, periodDays: 7), days: 60)
        let from = try shop.market.agreement(number).from
        var logged = from
        func log(to end: Timestamp) -> UInt16? {
            let body = LogAccess(
                agreement: number, dataSet: shop.set, root: .zero, accesses: 1, energy: 0, from: logged, to: end)
            let code = shop.market.plainCode(Agreements.logAccess, body, as: "metrics", on: Self.on)
            if code == nil { logged = end }
            return code
        }
        try shop.market.pass(days: 1)
        #expect(log(to: from.adding(days: 1 as UInt32)) == nil)
        while try shop.refusal(number) == nil { try shop.market.pass(days: 1) }
        let closed = try #require(try shop.market.agreement(number).closed)
        #expect(try closed == shop.market.agreement(number).changed)
        try shop.market.pass(days: 1)
        #expect(log(to: closed.adding(milliseconds: 1)) == Agreements.logClosed.code)
        #expect(log(to: closed.adding(milliseconds: UInt64.max - closed.value)) == Agreements.logEmpty.code)
        #expect(log(to: Timestamp(closed.value - 1)) == nil && log(to: closed) == nil)
        #expect(log(to: closed.adding(milliseconds: 1)) == Agreements.logClosed.code)
        // Notice in the meantime opens nothing.
        try shop.market.act(
            Agreements.terminate, EndAgreement(agreement: number, reason: 1), by: shop.user, on: Self.on)
        #expect(try shop.market.agreement(number).closed == closed)
        #expect(log(to: closed.adding(milliseconds: 1)) == Agreements.logClosed.code)
    }

    /// Access that waits for its payment has no accesses; from the payment on it has.
    @Test func noLogsBeforeThePayment() throws {
        var shop = try Shop()
        let number = try shop.agree(Market.plan(.oneTime, 10, paysFirst: true))
        let from = try shop.market.agreement(number).from
        try shop.market.pass(days: 1)
        let log = LogAccess(
            agreement: number, dataSet: shop.set, root: .zero, accesses: 1, energy: 0, from: from,
            to: from.adding(milliseconds: 1))
        #expect(
            shop.market.plainCode(Agreements.logAccess, log, as: "metrics", on: Self.on) == Agreements.logClosed.code)
        #expect(shop.confirm(0, 10, 1) == nil)
        #expect(try shop.market.agreement(number).closed == nil)
        #expect(shop.market.plainCode(Agreements.logAccess, log, as: "metrics", on: Self.on) == nil)
    }

    /// A user that a data owner's withdrawal cut off ends the agreement without notice, and pays up to the withdrawal.
    @Test func aWithdrawnConsentEndsWhatIsOwed() throws {
        var shop = try Shop()
        let ann = try shop.market.person("ann", .serviceUser)
        let set = try shop.market.describe(
            "owned", Market.description(owners: [ann.holder], noticeDays: 10), by: shop.provider)
        let consent = GrantConsent(
            dataSet: set, version: 1, purposes: .research, until: shop.market.bench.time.adding(days: 90 as UInt32))
        try shop.market.act(Agreements.grantConsent, consent, by: ann, on: Self.on)
        for (index, kind) in [PricePlan.Kind.oneTime, .recurring].enumerated() {
            let plan = Market.plan(kind, 86_400_000 * 30, periodDays: kind == .recurring ? 30 : 0)
            let terms = shop.market.terms([set], plan, days: 30)
            let number = try shop.market.agree(terms, shop.provider, shop.user)
            let from = try shop.market.agreement(number).from
            try shop.market.pass(days: 10)
            try shop.market.act(Agreements.withdrawConsent, DataSetID(set), by: ann, on: Self.on)
            let withdrawn = shop.market.bench.time
            try shop.market.pass(days: 2)
            #expect(try shop.market.refusal(shop.user, set, number) == .consentMissing)
            let end = EndAgreement(agreement: number, reason: 1)
            try shop.market.act(Agreements.terminate, end, by: shop.user, on: Self.on)
            let agreement = try shop.market.agreement(number)
            #expect(agreement.state == .terminated && agreement.until == shop.market.bench.time)
            // A micro-unit for each millisecond.
            let invoice = try shop.market.invoice(UInt64(index))
            #expect(invoice.amount - invoice.credited == Amount(withdrawn.value - from.value))
            try shop.market.act(Agreements.grantConsent, consent, by: ann, on: Self.on)
        }
        // Who is cut off by its own withdrawal gives notice as others do, and keeps what it bought.
        let own = try shop.market.describe(
            "own", Market.description(owners: [shop.user.holder], noticeDays: 10), by: shop.provider)
        let number = try shop.market.agree(
            shop.market.terms([own], Market.plan(.oneTime, 1_000), days: 30), shop.provider, shop.user)
        let end = EndAgreement(agreement: number, reason: 1)
        try shop.market.act(Agreements.terminate, end, by: shop.user, on: Self.on)
        #expect(try shop.market.agreement(number).state == .noticed && shop.market.invoice(2).credited == 0)
    }

    /// Each owner allows something and all together nothing: the user ends without notice, and pays up to the consent that
    /// left no purpose. Where an earlier loss is known, up to that.
    @Test(arguments: [false, true])
    func consentsThatMeetInNothing(isWithdrawn: Bool) throws {
        var shop = try Shop()
        let owners = [try shop.market.person("ann", .serviceUser), try shop.market.person("ben", .serviceUser)]
        let set = try shop.market.describe(
            "owned", Market.description(owners: owners.map(\.holder), noticeDays: 366), by: shop.provider)
        func consent(_ purposes: Purposes, by owner: Party) throws {
            let body = GrantConsent(
                dataSet: set, version: 1, purposes: purposes, until: shop.market.bench.time.adding(days: 90 as UInt32))
            try shop.market.act(Agreements.grantConsent, body, by: owner, on: Self.on)
        }
        let both: Purposes = [.research, .forecasting]
        for owner in owners { try consent(both, by: owner) }
        // A micro-unit for each millisecond.
        let terms = shop.market.terms([set], Market.plan(.oneTime, 86_400_000 * 60), days: 60, purposes: both)
        let number = try shop.market.agree(terms, shop.provider, shop.user)
        let from = try shop.market.agreement(number).from
        let end = EndAgreement(agreement: number, reason: 1)
        try shop.market.pass(days: 5)
        try consent(.research, by: owners[0])
        // One purpose is left.
        var other = shop
        try other.market.act(Agreements.terminate, end, by: shop.user, on: Self.on)
        #expect(try other.market.agreement(number).state == .noticed)
        try shop.market.pass(days: 5)
        try consent(.forecasting, by: owners[1])
        let lost = shop.market.bench.time
        try shop.market.pass(days: 5)
        for purpose in [Purposes.research, .forecasting] {
            #expect(try shop.market.refusal(shop.user, set, number, purpose) == .consentMissing)
        }
        if isWithdrawn { try shop.market.act(Agreements.withdrawConsent, DataSetID(set), by: owners[0], on: Self.on) }
        try shop.market.act(Agreements.terminate, end, by: shop.user, on: Self.on)
        #expect(try shop.market.agreement(number).state == .terminated)
        let invoice = try shop.market.invoice(0)
        #expect(invoice.amount - invoice.credited == Amount(lost.value - from.value))
    }

    /// Who gives its consent again.
    enum Renewal: CaseIterable { case uninvolved, first, last, lastAfterAGap }

    /// A consent that is given again as it was, or by an owner that is in nobody's way, does not move the moment from which
    /// the consents together allow nothing.
    @Test(arguments: Renewal.allCases)
    func aRenewalMovesNoMoment(renewal: Renewal) throws {
        var shop = try Shop()
        let owners = try ["ann", "ben", "cat"].map { name in try shop.market.person(name, .serviceUser) }
        let set = try shop.market.describe(
            "owned", Market.description(owners: owners.map(\.holder), noticeDays: 366), by: shop.provider)
        func consent(_ purposes: Purposes, by owner: Party, days: UInt32 = 90) throws {
            let body = GrantConsent(
                dataSet: set, version: 1, purposes: purposes, until: shop.market.bench.time.adding(days: days))
            try shop.market.act(Agreements.grantConsent, body, by: owner, on: Self.on)
        }
        let both: Purposes = [.research, .forecasting]
        for owner in owners { try consent(owner.key == owners[1].key ? .research : both, by: owner) }
        // A micro-unit for each millisecond.
        let terms = shop.market.terms([set], Market.plan(.oneTime, 86_400_000 * 30), days: 30, purposes: both)
        let number = try shop.market.agree(terms, shop.provider, shop.user)
        #expect(shop.confirm(0, 86_400_000 * 30, 1) == nil)
        let from = try shop.market.agreement(number).from
        try shop.market.pass(days: 5)
        try consent(.forecasting, by: owners[0], days: renewal == .lastAfterAGap ? 10 : 90)
        let lost = shop.market.bench.time
        try shop.market.pass(days: 20)
        switch renewal {
        case .uninvolved: try consent(both, by: owners[2])
        case .first: try consent(.research, by: owners[1])
        case .last, .lastAfterAGap: try consent(.forecasting, by: owners[0])
        }
        let renewed = shop.market.bench.time
        #expect(try shop.market.refusal(shop.user, set, number) == .consentMissing)
        try shop.market.act(
            Agreements.terminate, EndAgreement(agreement: number, reason: 1), by: shop.user, on: Self.on)
        let invoice = try shop.market.invoice(0)
        // What was before a gap the records do not tell.
        let moment = renewal == .lastAfterAGap ? renewed : lost
        #expect(invoice.amount - invoice.credited == Amount(moment.value - from.value))
        try UnpaidAccessTests.checkMoney(shop)
    }

    /// A revision that asks for more than a data owner consented to cuts the user off: it pays up to the revision, whenever
    /// it notices. A consent that was given anew for other purposes was lost then, not from the beginning.
    @Test(arguments: [true, false])
    func anOutdatedConsentEndsWhatIsOwed(isRevised: Bool) throws {
        var shop = try Shop()
        let ann = try shop.market.person("ann", .serviceUser)
        let first = Market.description(owners: [ann.holder], purposes: [.research, .forecasting])
        let set = try shop.market.describe("owned", first, by: shop.provider)
        func consent(_ purposes: Purposes) throws {
            let body = GrantConsent(
                dataSet: set, version: 1, purposes: purposes, until: shop.market.bench.time.adding(days: 90 as UInt32))
            try shop.market.act(Agreements.grantConsent, body, by: ann, on: Self.on)
        }
        try consent(.research)
        let plan = Market.plan(.oneTime, 86_400_000 * 30)
        let number = try shop.market.agree(shop.market.terms([set], plan, days: 30), shop.provider, shop.user)
        let from = try shop.market.agreement(number).from
        try shop.market.pass(days: 10)
        if isRevised {
            let more = DescribeDataSet(
                name: "owned", previous: 1, location: DataLocation(partner: "metrics", anchor: "owned"),
                description: Market.description(
                    owners: [ann.holder], purposes: [.research, .forecasting, .serviceDelivery]))
            try shop.market.act(Agreements.describe, more, by: shop.provider, on: Self.on, via: "metrics")
        } else {
            try consent(.forecasting)
        }
        let lost = shop.market.bench.time
        try shop.market.pass(days: 5)
        #expect(
            try shop.market.refusal(shop.user, set, number) == (isRevised ? .consentOutdated : .consentMissing))
        let end = EndAgreement(agreement: number, reason: 1)
        try shop.market.act(Agreements.terminate, end, by: shop.user, on: Self.on)
        let invoice = try shop.market.invoice(0)
        #expect(invoice.amount - invoice.credited == Amount(lost.value - from.value))
    }
}
