import Accounts
import Agreements
import Chain
import ContractHost
import ContractKit
import Governance
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@Suite struct AgreementTests {
    static let on = WellKnown.agreements
    typealias Seen = AccountTests.Seen

    @Test func dataSets() throws {
        var market = try Market()
        var seen = Seen()
        let provider = try market.organisation("provider", .dataProvider)
        let rival = try market.organisation("rival", .dataProvider)
        let user = try market.organisation("user", .dataUser)
        func describe(
            _ name: String, _ description: DataDescription, by party: Party? = nil, previous: UInt32 = 0,
            anchor: String = "readings", copies: [String] = [], via sender: String = "metrics"
        ) -> UInt16? {
            let location = DataLocation(partner: "metrics", anchor: anchor, copies: copies)
            let body = DescribeDataSet(name: name, previous: previous, location: location, description: description)
            return market.code(Agreements.describe, body, by: party ?? provider, on: Self.on, via: sender)
        }
        let plain = Market.description()
        #expect(describe("load", plain, by: user) == Accounts.capabilityMissing.code)
        // The partner that holds the data must carry its description.
        #expect(describe("load", plain, via: "village") == HostRejection.notAuthorised.code)
        seen.expect(Agreements.notStorage, describe("load", plain, via: "readers"))
        for name in ["Mrs Smith", "", "../load", "/load", "a//b", "a/.", ".a/b", "a/.b", "a/"] {
            seen.expect(Agreements.nameWrong, describe(name, plain))
        }
        seen.expect(Agreements.descriptionWrong, describe("load", Market.description(purposes: [])))
        seen.expect(Agreements.locationWrong, describe("load", plain, copies: ["nobody"]))
        seen.expect(Agreements.locationWrong, describe("load", plain, copies: ["readers", "aurora"]))
        seen.expect(Agreements.locationWrong, describe("load", plain, copies: ["metrics"]))
        // Restricted data lies where governance says that the node stands.
        func locate(_ partner: String, _ country: String) throws {
            let code = try #require(CountryCode(country))
            let status = try market.bench.enact(.locate(id: partner, country: code))
            #expect(status == .enacted(market.bench.height))
        }
        let both = Market.description(countries: ["DE", "FR"])
        seen.expect(Agreements.storageForbidden, describe("load", both))
        try locate("metrics", "DE")
        #expect(describe("load", both) == nil)
        seen.expect(Agreements.storageForbidden, describe("load", both, previous: 1, copies: ["readers"]))
        try locate("readers", "IT")
        seen.expect(Agreements.storageForbidden, describe("load", both, previous: 1, copies: ["readers"]))
        try locate("readers", "FR")
        seen.expect(Agreements.versionConflict, describe("load", both, copies: ["readers"]))
        #expect(describe("load", both, previous: 1, copies: ["readers"]) == nil)
        seen.expect(Agreements.versionConflict, describe("other", both, previous: 1, anchor: "other"))
        // One anchor is one data set, and a revision takes nothing back that others rest on.
        seen.expect(Agreements.anchorTaken, describe("other", both))
        seen.expect(Agreements.anchorTaken, describe("load", both, by: rival))
        let owner = Market.description(owners: [user.holder], countries: ["DE"])
        let others = [
            Market.description(countries: ["DE", "FR", "IT"]), plain, owner,
            Market.description(.open, countries: ["DE"]),
        ]
        for other in others { seen.expect(Agreements.revisionWrong, describe("load", other, previous: 2)) }
        let id = DataSetID(provider: provider.holder, name: "load")
        let stored = try market.bench.ask(Agreements.dataSetQuery, of: Self.on, id)
        #expect(stored.version == 2 && stored.description == both && stored.location.copies == ["readers"])
        seen.expect(Agreements.notProvider, market.code(Agreements.withdrawDataSet, id, by: rival, on: Self.on))
        seen.expect(
            Agreements.dataSetUnknown, market.code(Agreements.withdrawDataSet, DataSetID(.zero), by: rival, on: Self.on)
        )
        #expect(market.code(Agreements.withdrawDataSet, id, by: provider, on: Self.on) == nil)
        seen.expect(Agreements.dataSetWithdrawn, describe("load", both, previous: 2))
        #expect(seen.codes.count == 11)
    }

    @Test func offersAndCountersignatures() throws {
        var market = try Market()
        var seen = Seen()
        let provider = try market.organisation("provider", .dataProvider)
        let rival = try market.organisation("rival", [.dataProvider, .dataUser])
        let user = try market.organisation("user", .dataUser)
        let judge = try market.organisation("judge", .marketOperator)
        let sale = try market.describe("sale", Market.description(), by: provider)
        let service = try market.describe("service", Market.description(.service), by: provider)
        let gone = try market.describe("gone", Market.description(), by: provider)
        let free = Market.plan(.free)
        let good = market.terms([sale], free)
        func offer(_ terms: OfferTerms, by party: Party? = nil) -> UInt16? {
            market.code(Agreements.offer, terms, by: party ?? provider, on: Self.on)
        }
        func changed(
            copies: UInt16 = 1, from: UInt64 = 0, days: UInt32 = 1, expiry: Timestamp? = nil, plan: PricePlan? = nil
        )
            -> OfferTerms
        {
            OfferTerms(
                dataSets: [sale], copies: copies, purposes: .research, from: Timestamp(from), durationDays: days,
                expiry: expiry ?? good.expiry, plan: plan ?? free, text: .zero)
        }
        seen.expect(Agreements.termsWrong, offer(market.terms([], free)))
        seen.expect(Agreements.termsWrong, offer(market.terms([sale, sale], free)))
        seen.expect(Agreements.termsWrong, offer(market.terms([sale], free, to: user, copies: 2)))
        seen.expect(Agreements.termsWrong, offer(market.terms([sale], free, purposes: [])))
        for wrong in [
            changed(copies: 0), changed(copies: 10_001), changed(days: 0), changed(days: 3_661), changed(from: .max),
        ] {
            seen.expect(Agreements.termsWrong, offer(wrong))
        }
        seen.expect(Agreements.expiryWrong, offer(changed(expiry: market.bench.time)))
        seen.expect(Agreements.expiryWrong, offer(changed(expiry: Timestamp(.max))))
        seen.expect(Agreements.planWrong, offer(changed(plan: Market.plan(.oneTime, 0))))
        seen.expect(Agreements.purposeWrong, offer(market.terms([sale], free, purposes: .advice)))
        seen.expect(Agreements.purposeWrong, offer(market.terms([service], free, purposes: .research)))
        #expect(offer(market.terms([service], free, purposes: .serviceDelivery)) == nil)
        seen.expect(Agreements.notProvider, offer(good, by: rival))
        seen.expect(Agreements.offerForeign, offer(market.terms([sale], free, to: provider)))

        let number = try market.offer(market.terms([sale], free, to: user), by: provider)
        let terms = try market.offer(number).terms
        func sign(_ offer: UInt64, _ terms: OfferTerms, by party: Party) -> UInt16? {
            market.code(Agreements.countersign, Countersign(offer: offer, terms: terms.digest), by: party, on: Self.on)
        }
        seen.expect(Agreements.offerUnknown, sign(99, terms, by: user))
        seen.expect(Agreements.offerForeign, sign(number, terms, by: rival))
        seen.expect(Agreements.termsDiffer, sign(number, good, by: user))
        #expect(sign(number, terms, by: provider) == Accounts.capabilityMissing.code)
        // The provider's account must be able to keep its word.
        let suspend = AccountJudgement(account: provider.holder, reason: 1)
        try market.act(Accounts.suspend, suspend, by: judge, on: WellKnown.accounts)
        seen.expect(Agreements.providerInactive, sign(number, terms, by: user))
        try market.act(Accounts.reinstate, suspend, by: judge, on: WellKnown.accounts)
        // What was offered is what is signed: a revision in between ends the offer.
        let revised = try market.offer(market.terms([service], free, purposes: .serviceDelivery), by: provider)
        let newer = DescribeDataSet(
            name: "service", previous: 1, location: DataLocation(partner: "metrics", anchor: "service"),
            description: Market.description(.service, noticeDays: 366))
        try market.act(Agreements.describe, newer, by: provider, on: Self.on, via: "metrics")
        seen.expect(Agreements.dataSetRevised, sign(revised, try market.offer(revised).terms, by: user))
        // So does the loss of the key that offered.
        let clerk = Party("clerk", for: provider)
        try market.act(
            Accounts.setActor, SetActor(key: clerk.key, standing: .administrator), by: provider, on: WellKnown.accounts)
        let orphan = try market.offer(market.terms([sale], free), by: clerk)
        try market.act(
            Accounts.setActor, SetActor(key: clerk.key, standing: .out), by: provider, on: WellKnown.accounts)
        seen.expect(Agreements.offerUnbacked, sign(orphan, try market.offer(orphan).terms, by: user))
        // One copy is for one account.
        let twice = try market.offer(market.terms([sale], free, copies: 2), by: provider)
        let twiceTerms = try market.offer(twice).terms
        #expect(sign(twice, twiceTerms, by: user) == nil)
        seen.expect(Agreements.takenBefore, sign(twice, twiceTerms, by: user))
        #expect(sign(twice, twiceTerms, by: rival) == nil)
        #expect(sign(number, terms, by: user) == nil)
        seen.expect(Agreements.offerTaken, sign(number, terms, by: user))
        let late = try market.offer(market.terms([gone], free), by: provider)
        let lateTerms = try market.offer(late).terms
        try market.act(Agreements.withdrawDataSet, DataSetID(gone), by: provider, on: Self.on)
        seen.expect(Agreements.dataSetWithdrawn, sign(late, lateTerms, by: user))
        seen.expect(Agreements.dataSetWithdrawn, offer(market.terms([gone], free)))
        seen.expect(
            Agreements.notProvider, market.code(Agreements.withdrawOffer, OfferID(late), by: rival, on: Self.on))
        #expect(market.code(Agreements.withdrawOffer, OfferID(late), by: provider, on: Self.on) == nil)
        seen.expect(
            Agreements.offerClosed, market.code(Agreements.withdrawOffer, OfferID(late), by: provider, on: Self.on))
        seen.expect(Agreements.offerClosed, sign(late, lateTerms, by: user))
        #expect(seen.codes.count == 15)
        let agreement = try market.agreement(2)
        #expect(
            agreement.provider == provider.holder && agreement.user == user.holder && agreement.terms == terms.digest)
        #expect(agreement.providerKey == provider.key && agreement.userKey == user.key && agreement.payment == .clear)
    }

    @Test func endsConsentsAndLogs() throws {
        var market = try Market()
        var seen = Seen()
        let provider = try market.organisation("provider", .dataProvider)
        let user = try market.organisation("user", .dataUser)
        let rival = try market.organisation("rival", [.dataProvider, .dataUser])
        let ann = try market.person("ann", .serviceUser)
        let description = Market.description(owners: [ann.holder], noticeDays: 10)
        let set = try market.describe("load", description, by: provider, copies: ["readers"])
        let number = try market.agree(market.terms([set], Market.plan(.free)), provider, user)
        let end = EndAgreement(agreement: number, reason: 1)
        seen.expect(
            Agreements.agreementUnknown,
            market.code(Agreements.terminate, EndAgreement(agreement: 9, reason: 1), by: user, on: Self.on))
        seen.expect(Agreements.notParty, market.code(Agreements.terminate, end, by: rival, on: Self.on))
        seen.expect(Agreements.notProvider, market.code(Agreements.revoke, end, by: rival, on: Self.on))
        for method in [Agreements.terminate, Agreements.revoke] {
            let silent = EndAgreement(agreement: number, reason: 0)
            seen.expect(Agreements.reasonMissing, market.code(method, silent, by: provider, on: Self.on))
        }
        let paid = PaymentChange(agreement: number, payment: .overdue)
        seen.expect(Agreements.notBilling, market.plainCode(Agreements.setPayment, paid, as: "aurora", on: Self.on))
        let early = Call(instance: Self.on, method: Agreements.due.number, arguments: UInt64(0).bcs)
        #expect(rejectionCode { try market.bench.send([early], as: "aurora") } == HostRejection.notPermitted.code)

        let now = market.bench.time
        func grant(_ purposes: Purposes, days: UInt32, by party: Party, version: UInt32 = 1) -> UInt16? {
            let body = GrantConsent(
                dataSet: set, version: version, purposes: purposes, until: now.adding(days: days))
            return market.code(Agreements.grantConsent, body, by: party, on: Self.on)
        }
        #expect(try market.refusal(user, set, number) == .consentMissing)
        seen.expect(Agreements.notOwner, grant(.research, days: 9, by: user))
        seen.expect(Agreements.consentVersion, grant(.research, days: 9, by: ann, version: 2))
        seen.expect(Agreements.consentVersion, grant(.research, days: 9, by: ann, version: 0))
        seen.expect(Agreements.consentWrong, grant([], days: 9, by: ann))
        seen.expect(Agreements.consentWrong, grant(.advice, days: 9, by: ann))
        seen.expect(Agreements.consentWrong, grant(.research, days: 3_662, by: ann))
        seen.expect(Agreements.consentWrong, grant(.research, days: 0, by: ann))
        seen.expect(
            Agreements.consentUnknown, market.code(Agreements.withdrawConsent, DataSetID(set), by: ann, on: Self.on))
        #expect(grant([.research, .forecasting], days: 20, by: ann) == nil)
        #expect(try market.refusal(user, set, number) == nil)
        #expect(try market.refusal(user, set, number, .forecasting) == .purposeNotAgreed)
        #expect(market.code(Agreements.withdrawConsent, DataSetID(set), by: ann, on: Self.on) == nil)
        #expect(try market.refusal(user, set, number) == .consentMissing)
        seen.expect(
            Agreements.consentUnknown, market.code(Agreements.withdrawConsent, DataSetID(set), by: ann, on: Self.on))
        #expect(grant(.research, days: 20, by: ann) == nil)

        let from = try market.agreement(number).from.value
        try market.pass(days: 1)
        func log(_ from: UInt64, _ to: UInt64, accesses: UInt32 = 3, energy: Energy = 0, as partner: String = "metrics")
            -> UInt16?
        {
            let body = LogAccess(
                agreement: number, dataSet: set, root: .zero, accesses: accesses, energy: energy,
                from: Timestamp(from), to: Timestamp(to))
            return market.plainCode(Agreements.logAccess, body, as: partner, on: Self.on)
        }
        #expect(log(from, from + 10, as: "payco") == HostRejection.notAuthorised.code)
        seen.expect(Agreements.notStorage, log(from, from + 10, as: "aurora"))
        seen.expect(Agreements.logEmpty, log(from, from))
        seen.expect(Agreements.logEmpty, log(from, from + 10, accesses: 0))
        seen.expect(Agreements.logEmpty, log(from, from + 10, accesses: 1_000_001))
        seen.expect(Agreements.logEmpty, log(from, from + 10, energy: -1))
        seen.expect(Agreements.logEmpty, log(from, from + 10, energy: 1))
        seen.expect(Agreements.logEmpty, log(from, .max))
        seen.expect(Agreements.logOutside, log(from - 1, from + 10))
        #expect(log(from, from + 10) == nil)
        seen.expect(Agreements.logOverlaps, log(from + 9, from + 20))
        #expect(log(from + 9, from + 20, as: "readers") == nil && log(from + 10, from + 30) == nil)
        let agreement = try market.agreement(number)
        #expect(agreement.accesses == 9 && agreement.energy == 0 && agreement.logs == 3)

        #expect(market.code(Agreements.terminate, end, by: user, on: Self.on) == nil)
        seen.expect(Agreements.stepForbidden, market.code(Agreements.terminate, end, by: provider, on: Self.on))
        #expect(try market.agreement(number).state == .noticed)
        try market.pass(days: 9)
        #expect(try market.refusal(user, set, number) == nil)
        try market.pass(days: 1)
        #expect(try market.agreement(number).state == .terminated)
        #expect(try market.refusal(user, set, number) == .ended)
        seen.expect(Agreements.stepForbidden, market.code(Agreements.revoke, end, by: provider, on: Self.on))
        try market.pass(days: 1)
        seen.expect(Agreements.logOutside, log(from + 30, from + 40))
        let others: Set<UInt16> = [
            300, 301, 302, 303, 304, 305, 306, 308, 309, 310, 311, 312, 313, 314, 315, 316, 317, 318, 319, 325, 326,
            327, 328, 329, 333, 339,
        ]
        #expect(seen.codes.union(others) == Set(Agreements.rejections.map(\.code)))
    }

    /// Two users countersign the last copy in one block: exactly one of them has the agreement, whoever comes first.
    @Test func twoUsersRaceForOneSale() throws {
        for round in 0..<8 {
            var market = try Market()
            let provider = try market.organisation("provider", .dataProvider)
            let users = [try market.organisation("anton", .dataUser), try market.organisation("berta", .dataUser)]
            let set = try market.describe("load", Market.description(), by: provider)
            let number = try market.offer(market.terms([set], Market.plan(.oneTime, 5)), by: provider)
            let body = Countersign(offer: number, terms: try market.offer(number).terms.digest)
            let order = round % 2 == 0 ? users : users.reversed()
            let transactions = try order.map { user in
                let call = try market.call(Agreements.countersign, body, by: user, on: Self.on)
                return try market.bench.transaction([call], as: "village")
            }
            let receipts = try market.bench.runBlock(transactions)
            #expect(receipts.map(\.rejection?.code) == [nil, Agreements.offerTaken.code])
            #expect(try market.agreement(0).user == order[0].holder)
            #expect(try market.invoiceCount == 1 && market.offer(number).state == .taken)
            #expect(try market.bench.ask(Agreements.countsQuery, of: Self.on, Nothing()).agreements == 1)
        }
    }

    /// By block time: an offer lapses, an agreement expires, and the rule does not wait for the scheduled call.
    @Test func timeEndsOffersAndAgreements() throws {
        var market = try Market()
        let provider = try market.organisation("provider", .dataProvider)
        let user = try market.organisation("user", .dataUser)
        let set = try market.describe("load", Market.description(), by: provider)
        let offer = try market.offer(market.terms([set], Market.plan(.free)), by: provider)
        let number = try market.agree(market.terms([set], Market.plan(.free), days: 2), provider, user)
        let agreement = try market.agreement(number)
        market.bench.advance(milliseconds: agreement.until.value - market.bench.time.value - 2_000)
        try market.bench.runBlock()
        #expect(market.bench.nextBlock.time == agreement.until)
        // The next block's time is the end: a query over it is refused before that block ran its scheduled calls.
        #expect(try market.refusal(user, set, number) == .ended && market.agreement(number).state == .running)
        try market.bench.runBlock()
        #expect(try market.agreement(number).state == .expired && market.agreement(number).until == agreement.until)
        try market.pass(days: 31)
        #expect(try market.offer(offer).state(at: market.bench.time) == .lapsed)
        let late = Countersign(offer: offer, terms: try market.offer(offer).terms.digest)
        #expect(market.code(Agreements.countersign, late, by: user, on: Self.on) == Agreements.offerClosed.code)
    }

    @Test func everyStepFromEveryState() {
        let agreements: [String: AgreementState] = [
            "running giveNotice": .noticed, "running terminate": .terminated, "running expire": .expired,
            "running revoke": .revoked, "noticed terminate": .terminated, "noticed revoke": .revoked,
        ]
        for state in AgreementState.allCases {
            for step in AgreementStep.allCases { #expect(state.after(step) == agreements["\(state) \(step)"]) }
        }
        let offers: [String: OfferState] = [
            "open takeLast": .taken, "open withdraw": .withdrawn,
        ]
        for state in OfferState.allCases {
            for step in OfferStep.allCases { #expect(state.after(step) == offers["\(state) \(step)"]) }
        }
    }
}

extension UInt64 {
    var bcs: [UInt8] { Height(self).bcs }
}
