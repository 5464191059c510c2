internal import Agreements
internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import LightClient
internal import NodeClient
internal import OperatorFiles
internal import Primitives

struct AgreementShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an agreement, an offer or a data set.")
    @Argument(help: "Number of the agreement, or with --offer of the offer.") var number: UInt64?
    @Flag(help: "The number is that of an offer.") var offer = false
    @Option(help: "Identifier of a data set to show instead.") var dataSet: String?
    @OptionGroup var options: ReadOptions

    func run() async throws {
        var fields: [(String, String)]
        if let dataSet {
            let id = DataSetID(try MarketWords.digest(dataSet, "data set"))
            let found = try await options.ask(Agreements.dataSetQuery, of: WellKnown.agreements, id)
            let named = [("provider", found.provider)] + found.description.owners.map { ("owner", $0) }
            fields = try await Self.fields(found) + dids(named)
        } else if let number {
            fields = try await offer ? offered(number) : agreement(number)
        } else {
            throw UserError("Name the number of an agreement, or a data set with --data-set.")
        }
        try options.output.show(Dictionary(fields) { first, _ in first }) { Self.lines(fields) }
    }

    /// DIDs of accounts that the fields above name by digest, as far as they are known: `provider` has its one in
    /// `providerDID`.
    private func dids(_ accounts: [(String, Digest)]) async throws -> [(String, String)] {
        let names = try await options.names(accounts.map(\.1))
        return accounts.compactMap { name, holder in names[holder].map { ("\(name)DID", $0) } }
    }

    private func offered(_ number: UInt64) async throws -> [(String, String)] {
        let found = try await options.ask(Agreements.offerQuery, of: WellKnown.agreements, OfferID(number))
        let user = found.terms.user.map { [("user", $0)] } ?? []
        return try await Self.fields(found) + dids([("provider", found.provider)] + user)
    }

    private func agreement(_ number: UInt64) async throws -> [(String, String)] {
        let found = try await options.ask(Agreements.agreementQuery, of: WellKnown.agreements, AgreementID(number))
        let invoices = try await options.nodes.with {
            await MarketLists.invoices($0, agreement: number, party: found.user)
        }
        let numbers = invoices.map(String.init).joined(separator: ", ")
        let parties = try await dids([("provider", found.provider), ("user", found.user)])
        return Self.fields(found) + parties + [("invoices", numbers.isEmpty ? "none yet" : numbers)]
    }

    static func text(_ offer: Offer) -> String { lines(fields(offer)) }
    static func text(_ dataSet: SharedDataSet) -> String { lines(fields(dataSet)) }

    private static func lines(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0): \($0.1)" }.joined(separator: "\n")
    }

    static func plan(_ plan: PricePlan) -> String {
        guard plan.kind != .free else { return "free" }
        let period = plan.periodDays > 0 ? ", every \(plan.periodDays) days" : ""
        let first = plan.paysFirst ? ", access opens when it is paid" : ""
        let most = plan.ceiling > 0 ? ", at most \(MarketWords.money(plan.ceiling, plan.currency)) a period" : ""
        return
            "\(MarketWords.word(plan.kind)) \(MarketWords.money(plan.price, plan.currency))\(period)\(most), due after \(plan.dueDays) days\(first)"
    }

    private static func fields(_ offer: Offer) -> [(String, String)] {
        let terms = offer.terms
        return [
            ("offer", "\(offer.number)"), ("state", MarketWords.word(offer.state(at: .wallClock))),
            ("provider", offer.provider.description), ("user", terms.user?.description ?? "whoever comes first"),
            ("taken", "\(offer.taken) of \(terms.copies)"),
            ("dataSets", terms.dataSets.map(\.description).joined(separator: ", ")),
            ("purposes", terms.purposes.names.joined(separator: ", ")), ("days", "\(terms.durationDays)"),
            ("noticeDays", "\(offer.noticeDays)"), ("price", plan(terms.plan)), ("expires", terms.expiry.text),
            ("text", terms.text.description),
        ]
    }

    private static func fields(_ agreement: Agreement) -> [(String, String)] {
        [
            ("agreement", "\(agreement.number)"), ("state", MarketWords.word(agreement.state)),
            ("payment", MarketWords.word(agreement.payment)), ("provider", agreement.provider.description),
            ("user", agreement.user.description),
            ("dataSets", agreement.dataSets.map(\.description).joined(separator: ", ")),
            ("purposes", agreement.purposes.names.joined(separator: ", ")), ("price", plan(agreement.plan)),
            ("from", agreement.from.text), ("until", agreement.until.text), ("accesses", "\(agreement.accesses)"),
            ("energy", Human.energy(agreement.energy)), ("terms", agreement.terms.description),
        ]
    }

    private static func fields(_ dataSet: SharedDataSet) -> [(String, String)] {
        let description = dataSet.description
        let places = description.countries.map(\.text).joined(separator: ", ")
        return [
            ("dataSet", dataSet.id.description), ("name", dataSet.name), ("version", "\(dataSet.version)"),
            ("market", dataSet.isWithdrawn ? "withdrawn" : "offered"), ("provider", dataSet.provider.description),
            ("lies at", dataSet.location.partners.joined(separator: ", ")), ("anchor", dataSet.location.anchor),
            ("origin", MarketWords.word(description.origin)), ("type", MarketWords.word(description.type)),
            ("class", MarketWords.word(description.sharingClass)),
            ("stored in", places.isEmpty ? "any country" : places),
            ("privacy", MarketWords.word(description.privacy)), ("velocity", MarketWords.word(description.velocity)),
            ("volume", "\(description.volume) bytes a year"), ("authority", MarketWords.word(description.authority)),
            ("owners", description.owners.map(\.description).joined(separator: ", ")),
            ("purposes", description.purposes.names.joined(separator: ", ")),
            ("noticeDays", "\(description.noticeDays)"), ("deletionDays", "\(description.deletionDays)"),
            ("text", description.text.description),
        ]
    }
}

/// The rule of the contract over records that are proved from the genesis, or on the node's word without one.
struct AgreementCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Whether an account may read a data set for a purpose now, and why not.",
        discussion: """
            With --genesis every record that decides is proved; the node is not trusted. Exit code 0: it may; 2: it may not.
            """)
    @Argument(help: "DID of the reading account.") var did: String
    @Option(help: "Identifier of the data set.") var dataSet: String
    @Option(help: "Purpose.") var purpose: String
    @Option(help: "Number of the agreement; none for an open data set.") var agreement: UInt64?
    @OptionGroup var options: ReadOptions

    struct Answer: Encodable {
        let mayRead: Bool
        let refusal: String?
        let reason: String?
        let verified: Bool
        let height: UInt64
    }

    func run() async throws {
        let question = AccessQuestion(
            user: try MarketWords.holder(did), dataSet: try MarketWords.digest(dataSet, "data set"),
            purpose: try MarketWords.bits([purpose], "purpose"), agreement: agreement)
        let answer: Answer
        if let trust = try options.nodes.trust.trust() {
            answer = try await proved(question, trust)
        } else {
            let told = try await options.ask(Agreements.mayReadQuery, of: WellKnown.agreements, question)
            let height = try await options.nodes.with { try await $0.nodeStatus().finalHeight }
            answer = Self.answer(told.refusal, isVerified: false, height)
        }
        try options.output.show(answer) {
            let how = answer.verified ? "proved" : "on the node's word"
            return answer.mayRead
                ? "It may read, as of block \(answer.height), \(how)."
                : "It may NOT read, as of block \(answer.height), \(how): \(answer.reason ?? "")."
        }
        if !answer.mayRead { throw ExitCode(2) }
    }

    private static func answer(_ refusal: AccessRefusal?, isVerified: Bool, _ height: Height) -> Answer {
        Answer(
            mayRead: refusal == nil, refusal: refusal.map { MarketWords.word($0) }, reason: refusal?.text,
            verified: isVerified, height: height.value)
    }

    private func proved(_ question: AccessQuestion, _ trust: Trust) async throws -> Answer {
        try await options.nodes.with(trust) { client in
            let reader = ProvedReader(client: client, anchor: trust.anchor)
            var keys = AccessRule.keys(question, owners: [])
            let header = try await reader.begin(keys.removeFirst())
            var records = AccessRecords(account: nil, dataSet: nil, agreement: nil)
            let account = Directory.accounts.stateKey(question.user, at: WellKnown.accounts)
            records.account = try await reader.value(account).map { try Account(bcs: $0) }
            let set = Agreements.dataSets.stateKey(question.dataSet, at: WellKnown.agreements)
            records.dataSet = try await reader.value(set).map { try SharedDataSet(bcs: $0) }
            if let number = question.agreement {
                let key = Directory.agreements.stateKey(number, at: WellKnown.agreements)
                records.agreement = try await reader.value(key).map { try Agreement(bcs: $0) }
            }
            for owner in records.dataSet?.description.owners ?? [] {
                let key = Agreements.consents.stateKey(Pair(question.dataSet, owner), at: WellKnown.agreements)
                records.consents.append(try await reader.value(key).map { try Consent(bcs: $0) })
            }
            let refusal = AccessRule.refusal(question, records, at: header.time)
            return Self.answer(refusal, isVerified: true, header.height)
        }
    }
}
