import Accounts
import Agreements
import Billing
import Chain
import ContractHost
import ContractKit
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// What an organisation has when its DID or its account has ended: it comes out, to nobody alone, and nothing more comes in.
@Suite struct WindUpTests {
    struct Ending {
        var shop: Shop
        let clerk: Party
        let second: Party

        init() throws {
            shop = try Shop()
            clerk = Party("clerk", for: shop.provider)
            second = try shop.market.organisation("assessor", .marketOperator)
            try shop.market.act(
                Accounts.setActor, SetActor(key: clerk.key, standing: .administrator), by: shop.provider,
                on: WellKnown.accounts)
            try shop.market.deposit(100, to: shop.provider, reference: 1)
        }

        mutating func endDID() {
            let organisation = Organisation(name: "provider")
            let signed = organisation.signer(shop.market.bench).deactivate(
                organisation.did.digest, at: 1, by: organisation.ed25519())
            #expect(shop.market.bench.identity(Identity.deactivate, signed) == nil)
        }
        mutating func endAccount() throws {
            let body = AccountJudgement(account: shop.provider.holder, reason: 1)
            try shop.market.act(Accounts.revoke, body, by: shop.judge, on: WellKnown.accounts)
        }
        mutating func payOut(_ amount: Amount, by party: Party) -> UInt16? {
            let out = PayOut(gateway: "payco", currency: Market.currency, amount: amount, destination: .zero)
            return shop.market.code(Billing.payOut, out, by: party, on: WellKnown.billing, via: "payco")
        }
        mutating func release(_ key: PublicKey, by party: Party, reason: UInt16 = 3) -> UInt16? {
            let body = ReleaseAccount(account: shop.provider.holder, key: key, reason: reason)
            return shop.market.code(Accounts.release, body, by: party, on: WellKnown.accounts)
        }
    }

    /// A user whose payments no longer arrive ends the agreement at once, and owes nothing for the time after.
    @Test func aUserLeavesWhomItCannotPay() throws {
        var ending = try Ending()
        let set = try ending.shop.market.describe(
            "noticed", Market.description(noticeDays: 10), by: ending.shop.provider)
        // A micro-unit for each millisecond.
        let plan = Market.plan(.oneTime, Amount(30 * Timestamp.dayMilliseconds))
        let terms = ending.shop.market.terms([set], plan, days: 30)
        let number = try ending.shop.market.agree(terms, ending.shop.provider, ending.shop.user)
        try ending.shop.market.pass(days: 22)
        #expect(try ending.shop.market.refusal(ending.shop.user, set, number) == .paymentOverdue)
        ending.endDID()
        #expect(ending.shop.confirm(0, 1, 3) == Billing.payeeEnded.code)
        let end = EndAgreement(agreement: number, reason: 1)
        try ending.shop.market.act(Agreements.terminate, end, by: ending.shop.user, on: WellKnown.agreements)
        let agreement = try ending.shop.market.agreement(number)
        #expect(agreement.state == .terminated && agreement.until == ending.shop.market.bench.time)
        let invoice = try ending.shop.market.invoice(0)
        #expect(invoice.outstanding == Amount(agreement.until.value - agreement.from.value))
    }

    /// While the account itself is active its administrators take out what it has; nothing comes in.
    @Test func theDIDHasEnded() throws {
        var ending = try Ending()
        _ = try ending.shop.agree(Market.plan(.oneTime, 1_000))
        _ = try ending.shop.agree(Market.plan(.recurring, 500, periodDays: 10))
        let member = Party("member", for: ending.shop.provider)
        let change = SetActor(key: member.key, standing: .member, roles: .dataProvider)
        try ending.shop.market.act(Accounts.setActor, change, by: ending.shop.provider, on: WellKnown.accounts)
        try ending.shop.market.deposit(1_000, to: ending.shop.user, reference: 2)
        ending.endDID()
        #expect(ending.shop.confirm(0, 1, 3) == Billing.payeeEnded.code)
        #expect(
            ending.shop.code(Billing.pay, PayInvoice(invoice: 0, amount: 1), by: ending.shop.user)
                == Billing.payeeEnded.code)
        let deposit = GatewayDeposit(
            account: ending.shop.provider.holder, currency: Market.currency, amount: 1, reference: .zero)
        #expect(
            ending.shop.market.plainCode(Billing.deposit, deposit, as: "payco", on: WellKnown.billing)
                == Billing.payeeEnded.code)
        // Nobody is reminded of what cannot be paid, and nothing more is billed.
        try ending.shop.market.pass(days: 40)
        #expect(try ending.shop.market.invoice(0).dunning == .none && ending.shop.refusal(0) == nil)
        #expect(try ending.shop.market.invoiceCount == 2)
        #expect(ending.payOut(1, by: member) == Accounts.administratorNeeded.code)
        #expect(ending.release(ending.clerk.key, by: ending.shop.judge) == Accounts.stepForbidden.code)
        #expect(ending.payOut(60, by: ending.clerk) == nil)
        // A suspended account takes nothing out.
        let body = AccountJudgement(account: ending.shop.provider.holder, reason: 1)
        try ending.shop.market.act(Accounts.suspend, body, by: ending.shop.judge, on: WellKnown.accounts)
        #expect(ending.payOut(1, by: ending.clerk) == Accounts.accountSuspended.code)
        try ending.shop.market.act(Accounts.reinstate, body, by: ending.shop.judge, on: WellKnown.accounts)
        #expect(ending.payOut(40, by: ending.shop.provider) == nil)
        #expect(try ending.shop.sheet(ending.shop.provider.holder)[0] == 0)
    }

    /// An administrator's stolen key, for which the account was revoked, puts nobody out, before and after the DID ended.
    @Test func aStolenKeyPutsNobodyOut() throws {
        var ending = try Ending()
        let thief = Party("thief", for: ending.shop.provider)
        let change = SetActor(key: thief.key, standing: .administrator)
        try ending.shop.market.act(Accounts.setActor, change, by: ending.shop.provider, on: WellKnown.accounts)
        func out(_ key: PublicKey, by party: Party) -> UInt16? {
            ending.shop.market.code(
                Accounts.setActor, SetActor(key: key, standing: .out), by: party, on: WellKnown.accounts)
        }
        try ending.endAccount()
        #expect(out(ending.clerk.key, by: thief) == Accounts.notHolder.code)
        ending.endDID()
        #expect(out(ending.clerk.key, by: thief) == Accounts.notHolder.code)
        #expect(ending.release(ending.clerk.key, by: ending.shop.judge) == nil)
        #expect(ending.release(ending.clerk.key, by: ending.second) == nil)
        #expect(out(ending.clerk.key, by: thief) == Accounts.notHolder.code)
        #expect(out(thief.key, by: ending.clerk) == nil)
        #expect(ending.payOut(100, by: ending.clerk) == nil)
    }

    /// A key that was stolen from a revoked seller gives its cash to no buyer: by giving in, or by ending what was paid for.
    /// While the account is suspended nobody gives in, and what was shared is taken back.
    @Test(arguments: [true, false])
    func aStolenKeyGivesNothingBack(isEnded: Bool) throws {
        var ending = try Ending()
        let thief = Party("thief", for: ending.shop.provider)
        let change = SetActor(key: thief.key, standing: .administrator)
        try ending.shop.market.act(Accounts.setActor, change, by: ending.shop.provider, on: WellKnown.accounts)
        for number in 0..<4 as Range<UInt64> {
            _ = try ending.shop.agree(Market.plan(.oneTime, 1_000), days: 100)
            #expect(ending.shop.confirm(number, 1_000, UInt8(2 + number)) == nil)
        }
        #expect(UnpaidAccessTests.dispute(&ending.shop, 0, 1_000) == nil)
        func giveIn(by party: Party) -> UInt16? {
            ending.shop.code(Billing.resolve, ResolveDispute(invoice: 0, credit: 1_000), by: party)
        }
        func end(_ method: Method<Signed<EndAgreement>, Nothing>, _ number: UInt64, by party: Party) -> UInt16? {
            let body = EndAgreement(agreement: number, reason: 1)
            return ending.shop.market.code(method, body, by: party, on: WellKnown.agreements)
        }
        let body = AccountJudgement(account: ending.shop.provider.holder, reason: 1)
        try ending.shop.market.act(Accounts.suspend, body, by: ending.shop.judge, on: WellKnown.accounts)
        for party in [thief, ending.shop.provider] { #expect(giveIn(by: party) == Accounts.accountSuspended.code) }
        #expect(end(Agreements.revoke, 3, by: ending.clerk) == nil)
        try ending.endAccount()
        if isEnded { ending.endDID() }
        let before = try ending.shop.sheet(ending.shop.provider.holder)
        #expect(giveIn(by: thief) == Accounts.notHolder.code)
        for number in 1..<3 as Range<UInt64> {
            #expect(end(Agreements.revoke, number, by: thief) == Accounts.notHolder.code)
            #expect(end(Agreements.terminate, number, by: thief) == Accounts.notHolder.code)
        }
        #expect(try ending.shop.sheet(ending.shop.provider.holder) == before)
        // Whoever takes its cash out does all of it.
        var owner = ending.shop.provider
        if isEnded {
            for judge in [ending.shop.judge, ending.second] {
                #expect(ending.release(ending.clerk.key, by: judge) == nil)
            }
            owner = ending.clerk
        }
        #expect(giveIn(by: owner) == nil)
        #expect(end(Agreements.revoke, 1, by: owner) == nil && end(Agreements.terminate, 2, by: owner) == nil)
        #expect(try ending.shop.sheet(ending.shop.user.holder)[0] > 2_900)
        try UnpaidAccessTests.checkMoney(ending.shop)
        // The user's side moves none of its cash: any of its keys ends what it agreed to.
        let other = try ending.shop.market.organisation("other", .dataProvider)
        let set = try ending.shop.market.describe("other", Market.description(), by: other)
        let another = try ending.shop.market.agree(
            ending.shop.market.terms([set], Market.plan(.oneTime, 10)), other, ending.shop.user)
        let member = Party("member", for: ending.shop.user)
        let more = SetActor(key: member.key, standing: .member, roles: .dataUser)
        try ending.shop.market.act(Accounts.setActor, more, by: ending.shop.user, on: WellKnown.accounts)
        let user = AccountJudgement(account: ending.shop.user.holder, reason: 1)
        try ending.shop.market.act(Accounts.revoke, user, by: ending.shop.judge, on: WellKnown.accounts)
        #expect(end(Agreements.terminate, another, by: member) == nil)
    }

    /// A member's stolen key uses up no dispute of a revoked buyer: whoever takes its cash out disputes. While the account is
    /// suspended any of its keys for billing does.
    @Test func aStolenKeyDisputesNothing() throws {
        var ending = try Ending()
        let member = Party("member", for: ending.shop.user)
        let more = SetActor(key: member.key, standing: .member, roles: .dataUser)
        try ending.shop.market.act(Accounts.setActor, more, by: ending.shop.user, on: WellKnown.accounts)
        for number in 0..<2 as Range<UInt64> {
            _ = try ending.shop.agree(Market.plan(.oneTime, 1_000), days: 100)
            #expect(ending.shop.confirm(number, 1_000, UInt8(2 + number)) == nil)
        }
        func dispute(_ invoice: UInt64, _ amount: Amount, by party: Party) -> UInt16? {
            let body = DisputeInvoice(invoice: invoice, amount: amount, reason: 1, text: .zero)
            return ending.shop.code(Billing.dispute, body, by: party)
        }
        let body = AccountJudgement(account: ending.shop.user.holder, reason: 1)
        try ending.shop.market.act(Accounts.suspend, body, by: ending.shop.judge, on: WellKnown.accounts)
        #expect(dispute(1, 1_000, by: member) == nil)
        try ending.shop.market.act(Accounts.revoke, body, by: ending.shop.judge, on: WellKnown.accounts)
        #expect(dispute(0, 1, by: member) == Accounts.notHolder.code)
        #expect(dispute(0, 1_000, by: ending.shop.user) == nil)
        #expect(UnpaidAccessTests.decide(&ending.shop, 0, 1_000) == nil)
        #expect(try ending.shop.sheet(ending.shop.user.holder)[0] == 1_000)
    }

    /// Where both have ended, two operators name the administrator that takes out what is there.
    @Test func bothHaveEnded() throws {
        var ending = try Ending()
        try ending.endAccount()
        #expect(ending.release(ending.clerk.key, by: ending.shop.judge) == Accounts.stepForbidden.code)
        ending.endDID()
        for party in [ending.clerk, ending.shop.provider] {
            #expect(ending.payOut(1, by: party) == Accounts.notHolder.code)
        }
        let stranger = Party("stranger", for: ending.shop.provider)
        #expect(ending.release(stranger.key, by: ending.shop.judge) == Accounts.notActor.code)
        #expect(ending.release(ending.clerk.key, by: ending.shop.judge, reason: 0) == Accounts.reasonMissing.code)
        #expect(ending.release(ending.clerk.key, by: ending.shop.user) == Accounts.capabilityMissing.code)
        #expect(ending.release(ending.clerk.key, by: ending.shop.judge) == nil)
        #expect(ending.payOut(1, by: ending.clerk) == Accounts.notHolder.code)
        #expect(ending.release(ending.clerk.key, by: ending.shop.judge) == Accounts.judgedBefore.code)
        #expect(ending.release(ending.clerk.key, by: ending.second, reason: 4) == Accounts.reasonDiffers.code)
        #expect(ending.release(ending.shop.provider.key, by: ending.second) == Accounts.reasonDiffers.code)
        // A first word waits seven days for the second.
        try ending.shop.market.pass(days: 8)
        #expect(ending.release(ending.clerk.key, by: ending.second) == nil)
        #expect(ending.payOut(1, by: ending.clerk) == Accounts.notHolder.code)
        #expect(ending.release(ending.clerk.key, by: ending.shop.judge) == nil)
        #expect(ending.payOut(1, by: ending.shop.provider) == Accounts.notHolder.code)
        #expect(ending.payOut(101, by: ending.clerk) == Billing.fundsMissing.code)
        #expect(ending.payOut(100, by: ending.clerk) == nil)
        // Nothing else is open to it.
        #expect(
            ending.shop.code(Billing.credit, CreditInvoice(invoice: 0, amount: 1, reason: 1), by: ending.clerk)
                == Accounts.accountRevoked.code)
    }
}
