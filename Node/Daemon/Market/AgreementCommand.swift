internal import Agreements
internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives

struct AgreementCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agreement",
        abstract:
            "Share data under contract: describe, offer, offers, countersign, consent, revoke, terminate, list, show, check.",
        subcommands: [
            AgreementDescribeCommand.self, WithdrawDataSet.self, AgreementOfferCommand.self, WithdrawOffer.self,
            AgreementCountersignCommand.self, AgreementConsentCommand.self, Revoke.self, Terminate.self,
            AgreementShowCommand.self, AgreementCheckCommand.self, AgreementListCommand.self,
            AgreementOffersCommand.self,
        ])

    struct WithdrawDataSet: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "withdraw-data-set", abstract: "Take a data set out of the market; agreements run on.")
        @Argument(help: "Identifier of the data set.") var dataSet: String
        @OptionGroup var options: ActOptions

        func run() async throws {
            let id = DataSetID(try MarketWords.digest(dataSet, "data set"))
            try await options.act(
                Agreements.withdrawDataSet, on: WellKnown.agreements, doing: "withdrawing the data set", { _ in id },
                tell: { _ in (nil, "The data set is out of the market.") })
        }
    }

    struct WithdrawOffer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "withdraw-offer", abstract: "Take an open offer back.")
        @Argument(help: "Number of the offer.") var offer: UInt64
        @OptionGroup var options: ActOptions

        func run() async throws {
            try await options.act(
                Agreements.withdrawOffer, on: WellKnown.agreements, doing: "withdrawing the offer",
                { _ in OfferID(offer) }, tell: { _ in (nil, "Withdrew offer \(offer).") })
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The provider ends an agreement at once; access stops with that block.")
        @Argument(help: "Number of the agreement.") var agreement: UInt64
        @Option(help: "Number of the reason, above 0.") var reason: UInt16 = 1
        @OptionGroup var options: ActOptions

        func run() async throws {
            try await options.act(
                Agreements.revoke, on: WellKnown.agreements, doing: "the revocation",
                { _ in EndAgreement(agreement: agreement, reason: reason) },
                tell: { _ in (nil, "Revoked agreement \(agreement); access has stopped.") })
        }
    }

    struct Terminate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give notice; without a notice period the agreement ends at once.")
        @Argument(help: "Number of the agreement.") var agreement: UInt64
        @Option(help: "Number of the reason, above 0.") var reason: UInt16 = 1
        @OptionGroup var options: ActOptions

        func run() async throws {
            try await options.act(
                Agreements.terminate, on: WellKnown.agreements, doing: "the termination",
                { _ in EndAgreement(agreement: agreement, reason: reason) },
                tell: { _ in
                    (
                        nil,
                        "Gave notice of agreement \(agreement); `commonwatt agreement show \(agreement)` says when it ends."
                    )
                })
        }
    }
}

struct AgreementDescribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Describe a data set, or revise its description.",
        discussion: """
            The description is signed and stays on the chain: what the data is about (--privacy), by what right it is shared \
            (--authority) and how (--class) has no default. Readings of homes are personal data, which need the consent of \
            their owners: --privacy personal --authority consent --owner DID.
            """)
    @Argument(help: "Name: a-z, 0-9, hyphen, dot and slash.") var name: String
    @Option(help: "Partner under which its batches are anchored.") var partner: String
    @Option(help: "Name of the data set there; the same name when left out.") var anchor: String?
    @Option(name: .customLong("copy"), help: "Partner that holds a copy; repeat for more.") var copies: [String] = []
    @Option(help: "Version that a revision follows; 0 for a new data set.") var previous: UInt32 = 0
    @Option(
        help: "measured, reported, derived, simulated or third-party. (default: measured)",
        transform: { try MarketWords.code($0, "origin") as DataOrigin })
    var origin: DataOrigin = .measured
    @Option(
        help: "time-series, table, document, model or events. (default: time-series)",
        transform: { try MarketWords.code($0, "type of data") as DataType })
    var type: DataType = .timeSeries
    @Option(
        name: .customLong("class"), help: "service, sale-only or open.",
        transform: { try MarketWords.code($0, "class") as SharingClass })
    var sharingClass: SharingClass
    @Option(name: .customLong("country"), help: "Country where it may be stored; repeat for more. None: anywhere.")
    var countries: [String] = []
    @Option(
        help: "non-personal, anonymised, pseudonymised or personal.",
        transform: { try MarketWords.code($0, "privacy status") as PrivacyStatus })
    var privacy: PrivacyStatus
    @Option(
        help: "once, yearly, monthly, daily, hourly, quarter-hourly or real-time. (default: once)",
        transform: { try MarketWords.code($0, "velocity") as DataVelocity })
    var velocity: DataVelocity = .once
    @Option(help: "Bytes in a year, about.") var volume: UInt64 = 0
    @Option(
        help: "ownership, licence, consent or law.",
        transform: { try MarketWords.code($0, "authority") as SharingAuthority })
    var authority: SharingAuthority
    @Option(name: .customLong("owner"), help: "DID of a data owner that must consent; repeat for more.")
    var owners: [String] = []
    @Option(name: .customLong("purpose"), help: "What it may be used for; repeat for more.") var purposes: [String] = []
    @Option(help: "Days of notice of a termination.") var noticeDays: UInt16 = 0
    @Option(help: "Days within which a user deletes its copies afterwards.") var deletionDays: UInt16 = 30
    @Option(help: "File of the full text; its digest goes on chain.") var text: String
    @OptionGroup var options: ActOptions

    func run() async throws {
        let places = try countries.map { text in
            guard let code = CountryCode(text) else {
                throw UserError("'\(text)' is no country code: two capital letters by ISO 3166-1, e.g. DE.")
            }
            return code
        }
        let description = DataDescription(
            origin: origin, type: type, sharingClass: sharingClass,
            sovereignty: places.isEmpty ? .open : .restricted, countries: Set(places).sorted(), privacy: privacy,
            velocity: velocity, volume: volume, authority: authority,
            owners: try Set(owners.map(MarketWords.holder)).sorted(),
            purposes: try MarketWords.bits(purposes, "purpose"), noticeDays: noticeDays, deletionDays: deletionDays,
            text: try MarketWords.fileDigest(text))
        if let problem = description.problem { throw UserError("The description contradicts itself: \(problem).") }
        let location = DataLocation(partner: partner, anchor: anchor ?? name, copies: Set(copies).sorted())
        let body = DescribeDataSet(name: name, previous: previous, location: location, description: description)
        try await options.act(
            Agreements.describe, on: WellKnown.agreements, doing: "the description", { _ in body },
            tell: { ("\($0.id)", "Described \(name) as data set \($0.id).") })
    }
}

struct AgreementOfferCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offer", abstract: "Sign an offer of data sets.")
    @Option(name: .customLong("data-set"), help: "Identifier of a data set; repeat for more.") var dataSets: [String] =
        []
    @Option(help: "DID of the one user that may countersign; whoever comes first when left out.") var user: String?
    @Option(help: "Agreements that may be made.") var copies: UInt16 = 1
    @Option(name: .customLong("purpose"), help: "Purpose; repeat for more.") var purposes: [String] = []
    @Option(help: "Days that the agreement runs.") var days: UInt32
    @Option(help: "Days until the offer expires.") var expiresDays: UInt32 = 30
    @Option(
        help: "free, one-time, recurring, per-access or per-energy (per kWh). (default: free)",
        transform: { try MarketWords.code($0, "price plan") as PricePlan.Kind })
    var plan: PricePlan.Kind = .free
    @Option(help: "Price, e.g. 12.50.") var price = "0"
    @Option(help: "Currency by ISO 4217.") var currency = "EUR"
    @Option(help: "Days of a billing period.") var periodDays: UInt16 = 0
    @Option(help: "Days until an invoice is due.") var dueDays: UInt16 = 14
    @Flag(help: "Access opens when the first invoice is paid.") var paysFirst = false
    @Option(help: "What usage of one period may come to, e.g. 100.00: for plans per access and per energy.")
    var ceiling = "0"
    @Option(help: "File of the contract's full text; its digest goes on chain.") var text: String
    @Flag(help: "Append a line of random salt to the file first, so that nobody finds a short text by its digest.")
    var salt = false
    @OptionGroup var options: ActOptions

    func run() async throws {
        let plan = PricePlan(
            plan, currency: try MarketWords.currency(currency), price: try MarketWords.amount(price),
            periodDays: periodDays, dueDays: plan == .free ? 0 : dueDays, paysFirst: paysFirst,
            ceiling: try MarketWords.amount(ceiling))
        if let problem = plan.problem { throw UserError("The price plan does not work: \(problem).") }
        let terms = OfferTerms(
            dataSets: try dataSets.map { try MarketWords.digest($0, "data set") },
            user: try user.map(MarketWords.holder), copies: copies, purposes: try MarketWords.bits(purposes, "purpose"),
            durationDays: days, expiry: Timestamp.wallClock.adding(days: expiresDays), plan: plan,
            text: try MarketWords.fileDigest(text, salting: salt))
        try await options.act(
            Agreements.offer, on: WellKnown.agreements, doing: "the offer", { _ in terms },
            tell: {
                (
                    "\($0.number)",
                    "Offer \($0.number); a user takes it with `commonwatt agreement countersign \($0.number)`."
                )
            })
    }
}

struct AgreementCountersignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "countersign", abstract: "Sign the terms of an offer: the agreement is made.",
        discussion: """
            Signs exactly the terms that the node shows, which are printed; with --text their text must be that file. The \
            chain refuses when the offer has others.
            """)
    @Argument(help: "Number of the offer.") var offer: UInt64
    @Option(help: "File of the contract's text that you read.") var text: String?
    @OptionGroup var options: ActOptions

    func run() async throws {
        try await options.act(
            Agreements.countersign, on: WellKnown.agreements, doing: "the countersignature",
            { session in
                let found = try await session.ask(Agreements.offerQuery, of: WellKnown.agreements, OfferID(offer))
                if let text, try MarketWords.fileDigest(text) != found.terms.text {
                    throw UserError("\(text) is not the text of offer \(offer); ask the provider for the right one.")
                }
                options.output.progress(AgreementShowCommand.text(found))
                return Countersign(offer: offer, terms: found.terms.digest)
            },
            tell: {
                ("\($0.number)", "Agreement \($0.number); see it with `commonwatt agreement show \($0.number)`.")
            },
            more: { client, made, height in
                let agreement = try? Agreement(
                    bcs: try await client.query(
                        WellKnown.agreements, Agreements.agreementQuery.number,
                        arguments: AgreementID(made.number).bcs, minimumHeight: height))
                guard let agreement, agreement.plan.kind != .free else { return nil }
                // What is paid once or first is billed at once, though perhaps in the next block.
                let isBilled = agreement.plan.paysFirst || agreement.plan.kind == .oneTime
                var invoices: [UInt64] = []
                for _ in 0..<(isBilled ? 8 : 1) where invoices.isEmpty {
                    invoices = await MarketLists.invoices(
                        client, agreement: made.number, party: agreement.user, height: height)
                    if invoices.isEmpty, isBilled { try? await Task.sleep(for: .milliseconds(300)) }
                }
                return invoices.first.map { "Its invoice is \($0); pay it with `commonwatt invoice pay \($0)`." }
            })
    }
}

struct AgreementConsentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent", abstract: "A data owner consents to the use of a data set, or withdraws that.")
    @Argument(help: "Identifier of the data set.") var dataSet: String
    @Option(name: .customLong("purpose"), help: "Purpose; repeat for more.") var purposes: [String] = []
    @Option(help: "Days that the consent holds.") var days: UInt32 = 365
    @Option(help: "Version of the description that you read; the newest when left out.") var version: UInt32?
    @Flag(help: "Withdraw the consent, at once.") var withdraw = false
    @OptionGroup var options: ActOptions

    func run() async throws {
        let id = try MarketWords.digest(dataSet, "data set")
        if withdraw {
            return try await options.act(
                Agreements.withdrawConsent, on: WellKnown.agreements, doing: "the withdrawal", { _ in DataSetID(id) },
                tell: { _ in (nil, "Withdrew the consent; access has stopped.") })
        }
        let (until, purposes) = (
            Timestamp.wallClock.adding(days: days), try MarketWords.bits(purposes, "purpose") as Purposes
        )
        try await options.act(
            Agreements.grantConsent, on: WellKnown.agreements, doing: "the consent",
            { session in
                var named = version
                if named == nil {
                    let newest = try await session.ask(
                        Agreements.dataSetQuery, of: WellKnown.agreements, DataSetID(id))
                    options.output.progress(AgreementShowCommand.text(newest))
                    named = newest.version
                }
                return GrantConsent(dataSet: id, version: named ?? 0, purposes: purposes, until: until)
            }, tell: { _ in (nil, "Consented until \(until.text).") })
    }
}
