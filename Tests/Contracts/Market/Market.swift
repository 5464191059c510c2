import Accounts
import Agreements
import Anchors
import Billing
import Chain
import ContractHost
import ContractKit
import ContractSuite
import Governance
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// A contract of tests that has an act judged for any capabilities.
enum Asker: Contract {
    static let name = "asker"
    static let version: UInt32 = 1
    static let summary = "Asks Accounts."
    static let address = Address(wellKnown: "asker")

    static let ask = Method<Signed<Capabilities>, Nothing>(1, "ask", "Needs the capabilities of the body.") {
        (context, request) throws(Rejection) in
        try context.authorise(request, as: 1, needing: request.body)
        return Nothing()
    }
    static let takeBack = Method<Signed<Capabilities>, Nothing>(2, "takeBack", "The same, while suspended, too.") {
        (context, request) throws(Rejection) in
        try context.authorise(request, as: 2, needing: request.body, scope: .takesBack)
        return Nothing()
    }
    static let takeOut = Method<Signed<Capabilities>, Nothing>(3, "takeOut", "Takes out what is the account's own.") {
        (context, request) throws(Rejection) in
        try context.authorise(request, as: 3, needing: request.body, scope: .windsUp, byAdministrator: true)
        return Nothing()
    }
    static let giveBack = Method<Signed<Capabilities>, Nothing>(4, "giveBack", "Takes back what money goes back for.") {
        (context, request) throws(Rejection) in
        try context.authorise(request, as: 4, needing: request.body, scope: .givesBack)
        return Nothing()
    }
    static var calls: [CallDeclaration] {
        [ask.declaration, takeBack.declaration, takeOut.declaration, giveBack.declaration]
    }
    static var rejections: [RejectionKind] { [] }
}

/// A holder of an account, or somebody who acts for one.
struct Party {
    let holder: Digest
    let key: PublicKey
    let sign: (PublicKey, Digest) -> Signature?

    /// An organisation by a control key of its DID.
    init(_ organisation: Organisation) {
        holder = organisation.did.object.digest
        key = organisation.ed25519()
        sign = organisation.sign
    }

    /// A person by its pairwise `did:key`.
    init(person name: String) {
        let secret = ContractTestBench.key(of: "person/\(name)")
        key = secret.publicKey
        holder = HolderDID.digest(HolderDID.texts(of: key)[0])
        sign = { $0 == secret.publicKey ? secret.sign($1) : nil }
    }

    /// Another key that acts for the same account.
    init(_ name: String, for account: Party) {
        let secret = ContractTestBench.key(of: "actor/\(name)")
        key = secret.publicKey
        holder = account.holder
        sign = { $0 == secret.publicKey ? secret.sign($1) : nil }
    }
}

/// The consortium with the market's contracts, gateways and accounts of tests.
struct Market {
    var bench: ContractTestBench
    static let currency = Currency("EUR")!
    /// Milliseconds from the next block's time to the end of the acts that are signed.
    var actLifetime = Int64(Act.usualLifetimeMilliseconds)

    /// `issuers`: further partners that offer contracts of accounts.
    init(issuers: Int = 0) throws {
        var suite = Consortium.suiteGenesis
        suite.partners =
            suite.partners.map { partner in
                var changed = partner
                if ["aurora", "borealis"].contains(partner.id) { changed.roles.formUnion(.issuer) }
                return changed
            } + [
                Consortium.partner("payco", .paymentGateway), Consortium.partner("zaps", .paymentGateway),
            ] + (0..<issuers).map { Consortium.partner("issuer-\($0)", .issuer) }
        suite.parameters.quotaTransactions = 1_000_000_000
        suite.parameters.quotaWork = 1 << 60
        let contracts = ContractSuite.release.contracts + [ContractDefinition(Asker.self, sources: .zero)]
        let fixed = suite
        let application = ContractApplication(release: Release(contracts)) { genesis throws(Rejection) in
            GenesisPlan(
                versions: fixed.contracts + [ContractVersion(Asker.name, 1, sources: .zero)],
                instances: [
                    GenesisInstance(
                        WellKnown.governance, Governance.name,
                        arguments: GovernanceGenesis(partners: fixed.partners, parameters: fixed.parameters).bcs),
                    GenesisInstance(
                        WellKnown.identity, Identity.name,
                        arguments: IdentityGenesis(network: genesis.name, meters: []).bcs),
                    GenesisInstance(WellKnown.accounts, Accounts.name),
                    GenesisInstance(WellKnown.agreements, Agreements.name),
                    GenesisInstance(WellKnown.billing, Billing.name), GenesisInstance(Asker.address, Asker.name),
                ])
        }
        bench = try ContractTestBench(
            application: application,
            genesis: try ContractTestBench.genesis(validators: Consortium.council, application: suite.bcs))
    }

    // MARK: Acts

    func sequence(_ party: Party) throws(Rejection) -> UInt64 {
        try Directory.actCounts.get(Pair(party.holder, party.key), in: bench.reading(WellKnown.accounts))?.value ?? 0
    }

    func signer(_ party: Party) throws(Rejection) -> ActSigner {
        ActSigner(
            network: bench.network, account: party.holder, key: party.key, sequence: try sequence(party),
            until: Timestamp(UInt64(Int64(bench.nextBlock.time.value) + actLifetime)), sign: party.sign)
    }

    func call<Body, Output>(
        _ method: Method<Signed<Body>, Output>, _ body: Body, by party: Party, on instance: Address
    ) throws(Rejection) -> Call {
        guard let call = method.call(on: instance, body, by: try signer(party)) else {
            throw HostRejection.notAuthorised("the party does not hold its key")
        }
        return call
    }

    /// A signed call in a block of its own, carried by a partner that has no part in it.
    @discardableResult
    mutating func act<Body, Output>(
        _ method: Method<Signed<Body>, Output>, _ body: Body, by party: Party, on instance: Address,
        via partner: String = "village"
    ) throws(Rejection) -> Output {
        let call = try call(method, body, by: party, on: instance)
        let outputs = try bench.send([call], as: partner)
        do throws(BCSError) { return try method.output(outputs.first ?? []) } catch {
            throw HostRejection.malformedState(error.description)
        }
    }

    /// The number of the rejection; nil when it succeeded.
    mutating func code<Body, Output>(
        _ method: Method<Signed<Body>, Output>, _ body: Body, by party: Party, on instance: Address,
        via partner: String = "village"
    ) -> UInt16? {
        do throws(Rejection) {
            _ = try act(method, body, by: party, on: instance, via: partner)
            return nil
        } catch { return error.code }
    }

    mutating func plainCode<Body, Output>(
        _ method: Method<Body, Output>, _ body: Body, as partner: String, on instance: Address
    ) -> UInt16? {
        do throws(Rejection) {
            _ = try bench.send(method, to: instance, body, as: partner)
            return nil
        } catch { return error.code }
    }

    // MARK: Accounts

    /// Creates the DID of an organisation.
    mutating func register(_ organisation: Organisation) throws {
        let signed = organisation.signer(bench).create(organisation.content)
        #expect(bench.identity(Identity.create, signed) == nil)
    }

    static func opening(_ party: Party, _ roles: MarketRoles, _ kind: AccountKind) -> OpenAccount {
        OpenAccount(
            holder: party.holder, kind: kind, credential: SHA256.hash(party.holder.bytes), roles: roles,
            administrators: [party.key])
    }

    func confirmation(_ party: Party, number: UInt16 = 0) throws -> ConfirmContract {
        let id = ContractID(holder: party.holder, number: number)
        let statement = try bench.ask(Accounts.contractQuery, of: WellKnown.accounts, id).statement
        let digest = ConfirmContract.signingDigest(
            network: bench.network, holder: party.holder, number: number, statement: statement)
        return ConfirmContract(
            holder: party.holder, number: number, key: party.key,
            signature: try #require(party.sign(party.key, digest)))
    }

    /// An active account of an organisation.
    mutating func organisation(_ name: String, _ roles: MarketRoles) throws -> Party {
        let organisation = Organisation(name: name)
        try register(organisation)
        let party = Party(organisation)
        try bench.send(
            Accounts.open, to: WellKnown.accounts,
            Market.opening(party, roles.subtracting(.marketOperator), .organisation), as: "aurora")
        try bench.send(Accounts.confirm, to: WellKnown.accounts, try confirmation(party), as: "village")
        if roles.contains(.marketOperator) {
            for member in ["aurora", "borealis", "cygnus"] {
                try bench.send(
                    Accounts.voteOperator, to: WellKnown.accounts,
                    VoteOperator(account: party.holder, isOperator: true), as: member)
            }
        }
        return party
    }

    /// An active account of a person.
    mutating func person(_ name: String, _ roles: MarketRoles) throws -> Party {
        let party = Party(person: name)
        try bench.send(Accounts.open, to: WellKnown.accounts, Market.opening(party, roles, .person), as: "aurora")
        try bench.send(Accounts.confirm, to: WellKnown.accounts, try confirmation(party), as: "village")
        return party
    }

    func account(_ party: Party) throws -> Account {
        try bench.ask(Accounts.accountQuery, of: WellKnown.accounts, party.holder)
    }

    // MARK: Agreements

    static func description(
        _ sharingClass: SharingClass = .saleOnly, owners: [Digest] = [], countries: [String] = [],
        noticeDays: UInt16 = 0, purposes: Purposes = [.research, .forecasting, .serviceDelivery]
    ) -> DataDescription {
        DataDescription(
            origin: .measured, type: .timeSeries, sharingClass: sharingClass,
            sovereignty: countries.isEmpty ? .open : .restricted,
            countries: countries.sorted().compactMap(CountryCode.init),
            privacy: .pseudonymised, velocity: .hourly, volume: 1_000_000,
            authority: owners.isEmpty ? .ownership : .consent, owners: owners.sorted(), purposes: purposes,
            noticeDays: noticeDays, deletionDays: 30, text: SHA256.hash([1]))
    }

    mutating func describe(
        _ name: String, _ description: DataDescription, by provider: Party, copies: [String] = []
    ) throws -> Digest {
        let body = DescribeDataSet(
            name: name, location: DataLocation(partner: "metrics", anchor: name, copies: copies),
            description: description)
        return try act(Agreements.describe, body, by: provider, on: WellKnown.agreements, via: "metrics").id
    }

    func terms(
        _ dataSets: [Digest], _ plan: PricePlan, to user: Party? = nil, copies: UInt16 = 1, days: UInt32 = 90,
        purposes: Purposes = .research
    ) -> OfferTerms {
        OfferTerms(
            dataSets: dataSets, user: user?.holder, copies: copies, purposes: purposes, durationDays: days,
            expiry: bench.time.adding(days: UInt32(30)), plan: plan, text: SHA256.hash([2]))
    }

    mutating func offer(_ terms: OfferTerms, by provider: Party) throws -> UInt64 {
        try act(Agreements.offer, terms, by: provider, on: WellKnown.agreements).number
    }

    func offer(_ number: UInt64) throws -> Offer {
        try bench.ask(Agreements.offerQuery, of: WellKnown.agreements, OfferID(number))
    }

    /// Both signatures.
    mutating func agree(_ terms: OfferTerms, _ provider: Party, _ user: Party) throws -> UInt64 {
        let number = try offer(terms, by: provider)
        let body = Countersign(offer: number, terms: terms.digest)
        return try act(Agreements.countersign, body, by: user, on: WellKnown.agreements).number
    }

    func agreement(_ number: UInt64) throws -> Agreement {
        try bench.ask(Agreements.agreementQuery, of: WellKnown.agreements, AgreementID(number))
    }

    func refusal(
        _ user: Party, _ dataSet: Digest, _ agreement: UInt64?, _ purpose: Purposes = .research
    ) throws -> AccessRefusal? {
        try bench.ask(
            Agreements.mayReadQuery, of: WellKnown.agreements,
            AccessQuestion(user: user.holder, dataSet: dataSet, purpose: purpose, agreement: agreement)
        ).refusal
    }

    // MARK: Billing

    static func plan(
        _ kind: PricePlan.Kind, _ price: Amount = 0, periodDays: UInt16 = 0, paysFirst: Bool = false,
        ceiling: Amount = 1_000_000_000
    ) -> PricePlan {
        PricePlan(
            kind, currency: currency, price: price, periodDays: periodDays, dueDays: kind == .free ? 0 : 14,
            paysFirst: paysFirst, ceiling: kind == .perAccess || kind == .perEnergy ? ceiling : 0)
    }

    mutating func deposit(_ amount: Amount, to party: Party, reference: UInt64) throws {
        try bench.send(
            Billing.deposit, to: WellKnown.billing,
            GatewayDeposit(
                account: party.holder, currency: Market.currency, amount: amount,
                reference: SHA256.hash(reference.keyBytes)), as: "payco")
    }

    func invoice(_ number: UInt64) throws -> Invoice {
        try bench.ask(Billing.invoiceQuery, of: WellKnown.billing, DocumentNumber(number))
    }

    func balances(_ holder: Digest) throws -> BalanceSheet {
        try bench.ask(
            Billing.balancesQuery, of: WellKnown.billing, LedgerOwner(holder: holder, currency: Market.currency))
    }

    var invoiceCount: UInt64 {
        get throws { try bench.ask(Billing.countsQuery, of: WellKnown.billing, Nothing()).invoices }
    }

    /// Blocks of a day each, so that scheduled calls run when they are due.
    mutating func pass(days: Int) throws {
        for _ in 0..<days {
            bench.advance(milliseconds: Timestamp.dayMilliseconds)
            try bench.runBlock()
        }
    }
}
