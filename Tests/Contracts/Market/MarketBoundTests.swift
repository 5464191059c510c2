import Accounts
import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import Governance
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Bounds of what one account may have, at the bound; and how long things hold.
@Suite struct MarketBoundTests {
    static let on = WellKnown.agreements

    @Test func openOffersOfAnAccount() throws {
        var market = try Market()
        let provider = try market.organisation("provider", .dataProvider)
        let rival = try market.organisation("rival", .dataProvider)
        let user = try market.organisation("user", .dataUser)
        let set = try market.describe("load", Market.description(), by: provider)
        let start = market.bench.time
        func offer(_ days: UInt32) -> UInt16? {
            let terms = OfferTerms(
                dataSets: [set], copies: 2, purposes: .research, durationDays: 1, expiry: start.adding(days: days),
                plan: Market.plan(.free), text: .zero)
            return market.code(Agreements.offer, terms, by: provider, on: Self.on)
        }
        for index in 0..<1_000 as Range<UInt32> { #expect(offer(1 + index % 100) == nil) }
        #expect(offer(100) == Agreements.offersMax.code)
        // Others are not bound by it.
        let other = try market.describe("other", Market.description(), by: rival)
        _ = try market.offer(market.terms([other], Market.plan(.free)), by: rival)
        // A withdrawn and a taken one make room each; one of two copies does not.
        #expect(market.code(Agreements.withdrawOffer, OfferID(999), by: provider, on: Self.on) == nil)
        #expect(offer(100) == nil)
        #expect(offer(100) == Agreements.offersMax.code)
        let body = Countersign(offer: 998, terms: try market.offer(998).terms.digest)
        #expect(market.code(Agreements.countersign, body, by: user, on: Self.on) == nil)
        #expect(offer(100) == Agreements.offersMax.code)
        let second = try market.organisation("second", .dataUser)
        #expect(market.code(Agreements.countersign, body, by: second, on: Self.on) == nil)
        #expect(offer(100) == nil)
        #expect(offer(100) == Agreements.offersMax.code)
        // Those that lapse make room by themselves: ten of each day.
        try market.pass(days: 1)
        for _ in 0..<10 { #expect(offer(100) == nil) }
        #expect(offer(100) == Agreements.offersMax.code)
        try market.pass(days: 100)
        let after = market.bench.time
        let late = OfferTerms(
            dataSets: [set], purposes: .research, durationDays: 1, expiry: after.adding(days: 1 as UInt32),
            plan: Market.plan(.free), text: .zero)
        for _ in 0..<500 { #expect(market.code(Agreements.offer, late, by: provider, on: Self.on) == nil) }
        // By then the lapsed ones are all counted: 500 are open.
        let count = try Agreements.openOfferCounts.get(provider.holder, in: market.bench.reading(Self.on))
        #expect(count?.value == 500)
    }

    @Test func runningAgreementsOfAUser() throws {
        var market = try Market()
        let provider = try market.organisation("provider", .dataProvider)
        let user = try market.organisation("user", .dataUser)
        let set = try market.describe("load", Market.description(), by: provider)
        func sign() throws -> UInt16? {
            let number = try market.offer(market.terms([set], Market.plan(.free), days: 2), by: provider)
            let body = Countersign(offer: number, terms: try market.offer(number).terms.digest)
            let code = market.code(Agreements.countersign, body, by: user, on: Self.on)
            if code != nil {
                try market.act(Agreements.withdrawOffer, OfferID(number), by: provider, on: Self.on)
            }
            return code
        }
        for _ in 0..<1_000 { #expect(try sign() == nil) }
        #expect(try sign() == Agreements.agreementsMax.code)
        let end = EndAgreement(agreement: 5, reason: 1)
        try market.act(Agreements.terminate, end, by: user, on: Self.on)
        #expect(try sign() == nil)
        #expect(try sign() == Agreements.agreementsMax.code)
        // Agreements whose time is over count no longer once their scheduled calls have run: 64 a block.
        try market.pass(days: 3)
        for _ in 0..<20 { try market.bench.runBlock() }
        let count = try Agreements.runningCounts.get(user.holder, in: market.bench.reading(Self.on))
        #expect(count == Height(0))
        #expect(try sign() == nil)
    }

    /// An act counts up to its time, and never for more than 30 days.
    @Test func actsExpire() throws {
        var market = try Market()
        let firm = try market.organisation("firm", .dataUser)
        let month = Int64(Act.lifetimeMillisecondsMax)
        for (lifetime, code) in [
            (0, nil), (-1, Accounts.actExpired.code), (month, nil), (month + 1, Accounts.actLasting.code),
        ] as [(Int64, UInt16?)] {
            market.actLifetime = lifetime
            #expect(market.code(Asker.ask, .search, by: firm, on: Asker.address) == code)
        }
        // Kept back and carried later; the sequence is free for another act then.
        market.actLifetime = 600_000
        let kept = try market.call(Asker.ask, .search, by: firm, on: Asker.address)
        market.bench.advance(milliseconds: 600_001)
        #expect(
            rejectionCode { try market.bench.send([kept], as: "village") } == Accounts.actExpired.code)
        #expect(market.code(Asker.ask, .search, by: firm, on: Asker.address) == nil)
        // The time is signed: nobody gives it more.
        let signed = try Signed<Capabilities>(
            bcs: try market.call(Asker.ask, .search, by: firm, on: Asker.address).arguments)
        let act = signed.act
        let longer = Act(
            account: act.account, key: act.key, sequence: act.sequence, until: act.until.next, signature: act.signature)
        #expect(
            market.plainCode(Asker.ask, Signed(.search, by: longer), as: "village", on: Asker.address)
                == Accounts.signatureWrong.code)
    }

    /// No operator alone judges another; two do, or the council takes the role first.
    @Test func operatorsJudgeEachOtherInPairs() throws {
        var market = try Market()
        let names = ["one", "two", "three"]
        var judges: [Party] = []
        for name in names { judges.append(try market.organisation(name, .marketOperator)) }
        func step(
            _ method: Method<Signed<AccountJudgement>, Nothing>, on target: Int, by judge: Int, reason: UInt16 = 4
        ) -> UInt16? {
            let body = AccountJudgement(account: judges[target].holder, reason: reason)
            return market.code(method, body, by: judges[judge], on: WellKnown.accounts)
        }
        #expect(step(Accounts.revoke, on: 0, by: 1) == nil)
        #expect(try market.account(judges[0]).status == .active)
        #expect(step(Accounts.revoke, on: 0, by: 1) == Accounts.judgedBefore.code)
        // Another judgement is another question.
        #expect(step(Accounts.suspend, on: 0, by: 2) == nil)
        #expect(try market.account(judges[0]).status == .active)
        // Nor is another reason the same judgement.
        #expect(step(Accounts.suspend, on: 0, by: 1, reason: 5) == Accounts.reasonDiffers.code)
        #expect(try market.account(judges[0]).status == .active)
        #expect(step(Accounts.suspend, on: 0, by: 1) == nil)
        #expect(try market.account(judges[0]).status == .suspended)
        #expect(step(Accounts.reinstate, on: 0, by: 1) == nil)
        #expect(try market.account(judges[0]).status == .suspended)
        #expect(step(Accounts.reinstate, on: 0, by: 2) == nil)
        #expect(try market.account(judges[0]).status == .active)
        // After seven days the first judgement is void; the next one is a first one again.
        try market.pass(days: 8)
        #expect(step(Accounts.revoke, on: 0, by: 2) == nil)
        #expect(try market.account(judges[0]).status == .active)
        // So it is when its operator has lost the role.
        for member in ["aurora", "borealis", "cygnus"] {
            try market.bench.send(
                Accounts.voteOperator, to: WellKnown.accounts,
                VoteOperator(account: judges[2].holder, isOperator: false), as: member)
        }
        #expect(step(Accounts.revoke, on: 0, by: 1) == nil)
        #expect(try market.account(judges[0]).status == .active)
        // Without the role one operator is enough; an operator may always revoke itself.
        #expect(step(Accounts.revoke, on: 2, by: 1) == nil)
        #expect(try market.account(judges[2]).status == .revoked)
        #expect(step(Accounts.revoke, on: 0, by: 0) == nil)
        #expect(try market.account(judges[0]).status == .revoked)
    }

    /// A consent holds for later versions of the description that ask for no more, and for no others.
    @Test func consentsNameTheVersion() throws {
        var market = try Market()
        let provider = try market.organisation("provider", .dataProvider)
        let user = try market.organisation("user", .dataUser)
        let ann = try market.person("ann", .serviceUser)
        func described(
            text: UInt8 = 1, volume: UInt64 = 10, purposes: Purposes = [.research, .forecasting],
            velocity: DataVelocity = .hourly, keptDays: UInt16 = 30, origin: DataOrigin = .measured
        ) -> DataDescription {
            DataDescription(
                origin: origin, type: .timeSeries, sharingClass: .saleOnly, privacy: .pseudonymised, velocity: velocity,
                volume: volume, authority: .consent, owners: [ann.holder], purposes: purposes, deletionDays: keptDays,
                text: SHA256.hash([text]))
        }
        let set = try market.describe("load", described(), by: provider)
        let number = try market.agree(market.terms([set], Market.plan(.free)), provider, user)
        var version: UInt32 = 1
        func revise(_ description: DataDescription) throws {
            let body = DescribeDataSet(
                name: "load", previous: version, location: DataLocation(partner: "metrics", anchor: "load"),
                description: description)
            try market.act(Agreements.describe, body, by: provider, on: Self.on, via: "metrics")
            version += 1
        }
        func grant() throws {
            let body = GrantConsent(
                dataSet: set, version: version, purposes: .research, until: market.bench.time.adding(days: 30 as UInt32)
            )
            try market.act(Agreements.grantConsent, body, by: ann, on: Self.on)
        }
        try grant()
        #expect(try market.refusal(user, set, number) == nil)
        // Less of everything, and then nothing more than that: the consent holds.
        let less = described(volume: 9, purposes: .research, velocity: .daily, keptDays: 20)
        try revise(less)
        #expect(try market.refusal(user, set, number) == nil)
        for more in [
            described(text: 2, volume: 9, purposes: .research, velocity: .daily, keptDays: 20),
            described(volume: 10, purposes: .research, velocity: .daily, keptDays: 20),
            described(volume: 9, velocity: .daily, keptDays: 20),
            described(volume: 9, purposes: .research, velocity: .hourly, keptDays: 20),
            described(volume: 9, purposes: .research, velocity: .daily, keptDays: 21),
            described(volume: 9, purposes: .research, velocity: .daily, keptDays: 20, origin: .derived),
        ] {
            try revise(more)
            #expect(try market.refusal(user, set, number) == .consentOutdated)
            // Going back to what was consented to asks for a new one, too: the owner reads one description.
            try revise(less)
            if try market.refusal(user, set, number) != nil { try grant() }
            #expect(try market.refusal(user, set, number) == nil)
        }
    }

    /// A suspended partner stores nothing new.
    @Test func suspendedPartnersStoreNothing() throws {
        var market = try Market()
        let provider = try market.organisation("provider", .dataProvider)
        #expect(try market.bench.enact(.suspend(id: "readers")) == .enacted(market.bench.height))
        let body = DescribeDataSet(
            name: "load", location: DataLocation(partner: "metrics", anchor: "load", copies: ["readers"]),
            description: Market.description())
        #expect(
            market.code(Agreements.describe, body, by: provider, on: Self.on, via: "metrics")
                == Agreements.locationWrong.code)
        #expect(try market.bench.enact(.reinstate(id: "readers")) == .enacted(market.bench.height))
        #expect(market.code(Agreements.describe, body, by: provider, on: Self.on, via: "metrics") == nil)
    }
}
