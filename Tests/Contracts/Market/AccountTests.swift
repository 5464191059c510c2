import Accounts
import Chain
import ContractHost
import ContractKit
import Governance
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@Suite struct AccountTests {
    static let instance = WellKnown.accounts

    /// Collects the codes that were seen, and checks each.
    struct Seen {
        var codes: Set<UInt16> = []
        mutating func expect(_ kind: RejectionKind, _ code: UInt16?, _ place: SourceLocation = #_sourceLocation) {
            #expect(code == kind.code, "\(kind.name)", sourceLocation: place)
            if let code { codes.insert(code) }
        }
    }

    @Test func openingAndConfirming() throws {
        var market = try Market()
        var seen = Seen()
        let firm = Organisation(name: "firm")
        let party = Party(firm)
        let stranger = Party(person: "stranger")
        let open = Market.opening(party, .dataProvider, .organisation)
        seen.expect(Accounts.holderWrong, market.plainCode(Accounts.open, open, as: "aurora", on: Self.instance))
        try market.register(firm)
        #expect(
            market.plainCode(Accounts.open, open, as: "village", on: Self.instance) == HostRejection.notAuthorised.code)
        let operatorRole = Market.opening(party, [.dataProvider, .marketOperator], .organisation)
        seen.expect(Accounts.rolesWrong, market.plainCode(Accounts.open, operatorRole, as: "aurora", on: Self.instance))
        let nobody = OpenAccount(
            holder: party.holder, kind: .organisation, credential: .zero, roles: .dataProvider, administrators: [])
        seen.expect(
            Accounts.administratorsWrong, market.plainCode(Accounts.open, nobody, as: "aurora", on: Self.instance))
        let notItself = OpenAccount(
            holder: stranger.holder, kind: .person, credential: .zero, roles: [], administrators: [party.key])
        seen.expect(Accounts.holderWrong, market.plainCode(Accounts.open, notItself, as: "aurora", on: Self.instance))
        #expect(market.plainCode(Accounts.open, open, as: "aurora", on: Self.instance) == nil)
        // Another issuer may have opened it with keys of its own: until the holder confirms, it is nobody's.
        let earlier = try market.confirmation(party)
        let other = OpenAccount(
            holder: party.holder, kind: .organisation, credential: .zero, roles: .dataUser,
            administrators: [stranger.key])
        #expect(market.plainCode(Accounts.open, other, as: "borealis", on: Self.instance) == nil)
        #expect(
            market.plainCode(Accounts.confirm, earlier, as: "village", on: Self.instance)
                == Accounts.signatureWrong.code)
        #expect(market.plainCode(Accounts.open, open, as: "aurora", on: Self.instance) == nil)
        seen.expect(Accounts.notConfirmed, market.code(Asker.ask, .search, by: party, on: Asker.address))
        #expect(try market.account(party).status == .pending)
        #expect(try market.account(party).roles == [])

        let right = try market.confirmation(party)
        func confirm(_ change: ConfirmContract) -> UInt16? {
            market.plainCode(Accounts.confirm, change, as: "village", on: Self.instance)
        }
        seen.expect(
            Accounts.contractUnknown,
            confirm(ConfirmContract(holder: party.holder, number: 5, key: party.key, signature: right.signature)))
        seen.expect(
            Accounts.notHolder,
            confirm(ConfirmContract(holder: party.holder, number: 0, key: stranger.key, signature: right.signature)))
        let wrong = try #require(party.sign(party.key, .zero))
        seen.expect(
            Accounts.signatureWrong,
            confirm(ConfirmContract(holder: party.holder, number: 0, key: party.key, signature: wrong)))
        #expect(confirm(right) == nil)
        seen.expect(Accounts.contractConfirmed, confirm(right))
        seen.expect(Accounts.accountExists, market.plainCode(Accounts.open, open, as: "borealis", on: Self.instance))
        let account = try market.account(party)
        #expect(account.status == .active && account.roles == .dataProvider && account.administrators == 1)
        #expect(account.credential == open.credential && account.sponsor == "aurora")
        seen.expect(Accounts.accountUnknown, market.code(Asker.ask, .search, by: stranger, on: Asker.address))
        #expect(seen.codes.count == 10)
    }

    @Test func everyOtherRejectionIsProvoked() throws {
        var market = try Market()
        var seen = Seen()
        let firm = try market.organisation("firm", [.dataProvider, .dataUser])
        let judge = try market.organisation("judge", .marketOperator)
        let person = try market.person("ann", .serviceUser)
        let member = Party("member", for: firm)
        let stranger = Party("stranger", for: firm)
        func actor(_ change: SetActor, by party: Party) -> UInt16? {
            market.code(Accounts.setActor, change, by: party, on: Self.instance)
        }
        seen.expect(Accounts.capabilityMissing, market.code(Asker.ask, .publish, by: firm, on: Asker.address))
        seen.expect(Accounts.notActor, market.code(Asker.ask, .search, by: stranger, on: Asker.address))
        seen.expect(Accounts.notActor, actor(SetActor(key: member.key, standing: .out), by: firm))
        seen.expect(
            Accounts.actorRolesWrong, actor(SetActor(key: member.key, standing: .member, roles: .serviceUser), by: firm)
        )
        seen.expect(
            Accounts.actorRolesWrong,
            actor(SetActor(key: member.key, standing: .administrator, roles: .dataUser), by: firm))
        #expect(actor(SetActor(key: member.key, standing: .member, roles: .dataUser), by: firm) == nil)
        seen.expect(
            Accounts.administratorNeeded, actor(SetActor(key: stranger.key, standing: .administrator), by: member))
        seen.expect(Accounts.lastAdministrator, actor(SetActor(key: firm.key, standing: .out), by: firm))
        seen.expect(Accounts.personAlone, actor(SetActor(key: member.key, standing: .administrator), by: person))
        // A replay, and a signature of another act.
        let call = try market.call(Asker.ask, .search, by: firm, on: Asker.address)
        try market.bench.send([call], as: "village")
        seen.expect(Accounts.sequenceWrong, rejectionCode { try market.bench.send([call], as: "village") })
        let stale = try market.call(Asker.ask, .billing, by: firm, on: Asker.address)
        let signed = try Signed<Capabilities>(bcs: stale.arguments)
        seen.expect(
            Accounts.signatureWrong,
            market.plainCode(Asker.ask, Signed(.search, by: signed.act), as: "village", on: Asker.address))
        seen.expect(
            Accounts.signatureWrong, market.plainCode(Asker.takeBack, signed, as: "village", on: Asker.address))
        let direct = ActRequest(act: signed.act, method: 1, body: .zero, capabilities: [])
        #expect(
            market.plainCode(Accounts.authorise, direct, as: "village", on: Self.instance)
                == HostRejection.notPermitted.code)

        let target = AccountJudgement(account: firm.holder, reason: 3)
        func step(_ method: Method<Signed<AccountJudgement>, Nothing>, _ target: AccountJudgement, by party: Party)
            -> UInt16?
        { market.code(method, target, by: party, on: Self.instance) }
        seen.expect(Accounts.capabilityMissing, step(Accounts.suspend, target, by: firm))
        seen.expect(Accounts.stepForbidden, step(Accounts.reinstate, target, by: judge))
        seen.expect(
            Accounts.reasonMissing, step(Accounts.suspend, AccountJudgement(account: firm.holder, reason: 0), by: judge)
        )
        #expect(step(Accounts.suspend, target, by: judge) == nil)
        seen.expect(Accounts.accountSuspended, market.code(Asker.ask, .search, by: firm, on: Asker.address))
        #expect(market.code(Asker.takeBack, .search, by: firm, on: Asker.address) == nil)
        seen.expect(Accounts.administratorNeeded, step(Accounts.revoke, target, by: member))
        // A stolen key goes out while the account is suspended.
        #expect(actor(SetActor(key: member.key, standing: .out), by: firm) == nil)
        // It does not lift its own freeze: revoked, it could pay its cash out.
        seen.expect(Accounts.accountSuspended, step(Accounts.revoke, target, by: firm))
        #expect(step(Accounts.revoke, target, by: judge) == nil)
        seen.expect(Accounts.accountRevoked, market.code(Asker.ask, .search, by: firm, on: Asker.address))
        #expect(market.code(Asker.takeBack, .search, by: firm, on: Asker.address) == nil)
        #expect(try market.account(firm).reason == 3)

        func vote(_ isOperator: Bool, as partner: String) -> UInt16? {
            let vote = VoteOperator(account: judge.holder, isOperator: isOperator)
            return market.plainCode(Accounts.voteOperator, vote, as: partner, on: Self.instance)
        }
        seen.expect(Accounts.operatorUnchanged, vote(true, as: "draco"))
        #expect(vote(false, as: "village") == HostRejection.notAuthorised.code)
        #expect(vote(false, as: "draco") == nil)
        seen.expect(Accounts.votedBefore, vote(false, as: "draco"))
        // After 30 days a vote counts no more, and may be cast again.
        try market.pass(days: 31)
        #expect(vote(false, as: "aurora") == nil)
        #expect(vote(false, as: "cygnus") == nil)
        #expect(try market.account(judge).roles == .marketOperator)
        #expect(try market.account(judge).roles == .marketOperator)
        #expect(vote(false, as: "borealis") == nil)
        #expect(try market.account(judge).roles == [])

        let held = AddContract(holder: person.holder, credential: .zero, roles: .serviceUser)
        seen.expect(Accounts.rolesWrong, market.plainCode(Accounts.addContract, held, as: "aurora", on: Self.instance))
        let first: Set<UInt16> = [200, 201, 202, 204, 205, 206, 207, 210, 223, 224, 225, 226, 227, 228, 229, 230]
        #expect(seen.codes.union(first) == Set(Accounts.rejections.map(\.code)))
    }

    @Test func contractsThatWaitAreBounded() throws {
        var market = try Market(issuers: 125)
        var seen = Seen()
        let person = try market.person("ann", .serviceUser)
        // One issuer has eight waiting, and may change its own; all of them reach the account's thousand.
        let more = AddContract(holder: person.holder, credential: .zero, roles: .dataUser)
        for index in 0..<124 {
            for _ in 0..<8 {
                try market.bench.send(Accounts.addContract, to: Self.instance, more, as: "issuer-\(index)")
            }
        }
        func add(_ contract: AddContract, as partner: String) -> UInt16? {
            market.plainCode(Accounts.addContract, contract, as: partner, on: Self.instance)
        }
        seen.expect(Accounts.pendingMax, add(more, as: "issuer-0"))
        func replacing(_ number: UInt16) -> AddContract {
            AddContract(holder: person.holder, credential: .zero, roles: .dataProvider, replaces: number)
        }
        #expect(add(replacing(8), as: "issuer-0") == nil)
        let eighth = ContractID(holder: person.holder, number: 8)
        #expect(
            try market.bench.ask(Accounts.contractQuery, of: Self.instance, eighth).roles == .dataProvider)
        // Another issuer's, a confirmed one, and none.
        for number in [9, 0, 60_000] as [UInt16] {
            seen.expect(Accounts.contractUnknown, add(replacing(number), as: "issuer-0"))
        }
        // A confirmation makes room for another one.
        try market.bench.send(
            Accounts.confirm, to: Self.instance, try market.confirmation(person, number: 1), as: "village")
        let other = AddContract(holder: person.holder, credential: .zero, roles: .serviceProvider)
        #expect(add(other, as: "issuer-0") == nil)
        seen.expect(Accounts.pendingMax, add(other, as: "issuer-0"))
        for _ in 994..<1_000 { #expect(add(other, as: "issuer-124") == nil) }
        #expect(try market.account(person).contracts == 1_000)
        seen.expect(Accounts.contractsMax, add(other, as: "borealis"))
        seen.expect(Accounts.pendingMax, add(other, as: "issuer-0"))
        #expect(seen.codes == [Accounts.pendingMax.code, Accounts.contractUnknown.code, Accounts.contractsMax.code])
    }

    @Test func rolesAreAddedLaterAndCountFromTheConfirmation() throws {
        var market = try Market()
        let firm = try market.organisation("firm", .dataProvider)
        let more = AddContract(holder: firm.holder, credential: SHA256.hash([9]), roles: [.serviceProvider, .dataUser])
        let number = try market.bench.send(Accounts.addContract, to: Self.instance, more, as: "borealis").number
        #expect(number == 1)
        #expect(try market.account(firm).roles == .dataProvider)
        try market.bench.send(
            Accounts.confirm, to: Self.instance, try market.confirmation(firm, number: 1), as: "village")
        let account = try market.account(firm)
        #expect(account.roles == [.dataProvider, .serviceProvider, .dataUser])
        #expect(account.credential == more.credential && account.contracts == 2)
        // The sponsor must be an issuer still.
        let last = AddContract(holder: firm.holder, credential: .zero, roles: .serviceUser)
        try market.bench.send(Accounts.addContract, to: Self.instance, last, as: "borealis")
        let confirmation = try market.confirmation(firm, number: 2)
        #expect(try market.bench.enact(.suspend(id: "borealis")) == .enacted(market.bench.height))
        #expect(
            market.plainCode(Accounts.confirm, confirmation, as: "village", on: Self.instance)
                == Accounts.sponsorGone.code)
    }

    /// A lost administrator's key does not lock an organisation out, and a deactivated DID ends its control keys' power.
    @Test func theKeysOfTheDIDSpeakForAnOrganisation() throws {
        var market = try Market()
        let organisation = Organisation(name: "firm")
        try market.register(organisation)
        let party = Party(organisation)
        let lost = Party("lost", for: party)
        let open = OpenAccount(
            holder: party.holder, kind: .organisation, credential: .zero, roles: .dataUser, administrators: [lost.key])
        try market.bench.send(Accounts.open, to: Self.instance, open, as: "aurora")
        try market.bench.send(Accounts.confirm, to: Self.instance, try market.confirmation(party), as: "village")
        let fresh = Party("fresh", for: party)
        try market.act(
            Accounts.setActor, SetActor(key: fresh.key, standing: .administrator), by: party, on: Self.instance)
        try market.act(Accounts.setActor, SetActor(key: lost.key, standing: .out), by: fresh, on: Self.instance)
        #expect(market.code(Asker.ask, .search, by: lost, on: Asker.address) == Accounts.notActor.code)
        let keys = try market.bench.reading(Self.instance).documentKeys(party.holder)
        let control = try Identity.controls.get(party.holder, in: market.bench.reading(WellKnown.identity))
        #expect(keys?.controlKeys == control?.keys.filter { $0.purposes.contains(.capabilityInvocation) }.map(\.key))
        #expect(keys?.controlKeys == [party.key])
        let signed = organisation.signer(market.bench).deactivate(organisation.did.digest, at: 1, by: party.key)
        #expect(market.bench.identity(Identity.deactivate, signed) == nil)
        #expect(try market.bench.reading(Self.instance).documentKeys(party.holder) == nil)
        #expect(market.code(Asker.ask, .search, by: party, on: Asker.address) == Accounts.holderEnded.code)
        #expect(market.code(Asker.ask, .search, by: fresh, on: Asker.address) == Accounts.holderEnded.code)
        #expect(market.code(Asker.takeBack, .search, by: fresh, on: Asker.address) == nil)
    }
}
