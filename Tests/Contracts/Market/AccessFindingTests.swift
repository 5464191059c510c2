import Accounts
import Agreements
import Chain
import ContractHost
import ContractKit
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@Suite struct AccessFindingTests {
    /// A consent is to data at a place; the same words over other batches are other data.
    @Test func aConsentDoesNotFollowToOtherBatches() throws {
        var market = try Market()
        let provider = try market.organisation("provider", .dataProvider)
        let user = try market.organisation("user", .dataUser)
        let ann = try market.person("ann", .serviceUser)
        let description = Market.description(owners: [ann.holder])
        let set = try market.describe("coarse", description, by: provider)
        let number = try market.agree(market.terms([set], Market.plan(.free)), provider, user)
        let grant = GrantConsent(
            dataSet: set, version: 1, purposes: .research, until: market.bench.time.adding(days: UInt32(20)))
        try market.act(Agreements.grantConsent, grant, by: ann, on: WellKnown.agreements)
        #expect(try market.refusal(user, set, number) == nil)
        let body = DescribeDataSet(
            name: "coarse", previous: 1, location: DataLocation(partner: "metrics", anchor: "everything"),
            description: description)
        try market.act(Agreements.describe, body, by: provider, on: WellKnown.agreements, via: "metrics")
        #expect(try market.refusal(user, set, number) == .consentOutdated)
    }

    /// The end of an organisation's DID is the end of its business, reading included.
    @Test func anOrganisationWithoutItsDIDReadsNothing() throws {
        var market = try Market()
        let organisation = Organisation(name: "firm")
        try market.register(organisation)
        let party = Party(organisation)
        let actor = Party("actor", for: party)
        let open = OpenAccount(
            holder: party.holder, kind: .organisation, credential: .zero, roles: .dataUser, administrators: [actor.key])
        try market.bench.send(Accounts.open, to: WellKnown.accounts, open, as: "aurora")
        try market.bench.send(
            Accounts.confirm, to: WellKnown.accounts, try market.confirmation(party), as: "village")
        let signed = organisation.signer(market.bench).deactivate(organisation.did.digest, at: 1, by: party.key)
        #expect(market.bench.identity(Identity.deactivate, signed) == nil)
        #expect(market.code(Asker.ask, .accessData, by: actor, on: Asker.address) == Accounts.holderEnded.code)
        // What a node asks before it serves a read that this key signed.
        let answer = try market.bench.ask(
            Accounts.actorQuery, of: WellKnown.accounts, ActorID(account: party.holder, key: actor.key))
        #expect(!answer.capabilities.contains(.accessData))
    }
}
