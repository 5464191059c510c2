internal import Agreements
internal import ArgumentParser
internal import Billing
internal import ContractKit
internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives

/// Lists of the marketplace, as a node read them from final blocks: on its word.
enum MarketLists {
    /// A list that is longer than this is cut.
    static let entriesMax = 10_000

    /// All entries of a list, page by page, in the order of the node.
    static func entries(_ client: NodeClient, _ path: String, _ filters: [String] = []) async throws -> [JSONValue] {
        var all: [JSONValue] = []
        var after: UInt64?
        repeat {
            let query = filters + ["limit=200"] + (after.map { ["after=\($0)"] } ?? [])
            let page = try await client.json("/v1/market/\(path)?\(query.joined(separator: "&"))")
            guard case .array(let entries)? = page["entries"] else { throw UserError("The node gave no list.") }
            all += entries
            after = entries.isEmpty ? nil : page["next"]?.number
        } while after != nil && all.count < entriesMax
        return all
    }

    /// Numbers of the invoices of an agreement, which one of the parties is named of, ascending; empty when the node's lists
    /// cannot be had. `height` is that of a block that the lists must have.
    static func invoices(
        _ client: NodeClient, agreement: UInt64, party: Digest, height: Height = Height(0)
    ) async -> [UInt64] {
        let filters = ["party=\(party)", "minimumHeight=\(height)"]
        let entries = (try? await entries(client, "invoices", filters)) ?? []
        return entries.filter { $0["agreement"]?.number == agreement }.compactMap { $0["number"]?.number }.sorted()
    }

    /// The filter of a list by an account, which is given by its DID or digest; none when it is not given.
    static func filter(_ name: String, _ account: String?) throws -> [String] {
        try account.map { ["\(name)=\(try MarketWords.holder($0))"] } ?? []
    }

    /// `holders` are the members that name accounts.
    static func show(
        _ entries: [JSONValue], _ names: HolderNames, holders: [String], _ options: ReadOptions,
        _ table: () -> TextTable
    ) {
        if options.output.json {
            let named = JSONValue.array(entries.map { names.adding(to: $0, holders) })
            return print(String(decoding: named.pretty, as: UTF8.self))
        }
        print(entries.isEmpty ? "There are none, as far as this node has read the chain." : table().text())
    }

    /// `saleOnly` as `sale-only`.
    static func word(_ value: JSONValue?) -> String {
        (value?.text ?? "").map { $0.isUppercase ? "-\($0.lowercased())" : "\($0)" }.joined()
    }

    static func money(_ micro: JSONValue?, _ currency: JSONValue?) -> String {
        guard let amount = micro?.number, let currency = currency.flatMap({ Currency($0.text ?? "") }) else {
            return ""
        }
        return MarketWords.money(Amount(clamping: amount), currency)
    }

    static func time(_ value: JSONValue?) -> String { value?.number.map { TimeArgument.minute(Timestamp($0)) } ?? "" }

    static func number(_ value: JSONValue?) -> String { value?.number.map(String.init) ?? "" }

    static func names(_ value: JSONValue?) -> String {
        guard case .array(let names)? = value else { return "" }
        return names.compactMap(\.text).joined(separator: ", ")
    }

    /// The beginning of a digest; --json has it whole.
    static func short(_ value: JSONValue?) -> String { value?.text.map { $0.prefix(12) + "…" } ?? "" }

    static func plan(_ plan: JSONValue?) -> String {
        let kind = word(plan?["kind"])
        return kind == "free" ? kind : "\(kind) \(money(plan?["price"], plan?["currency"]))"
    }
}

extension JSONValue {
    var number: UInt64? { if case .unsigned(let number) = self { number } else { nil } }
}

struct InvoiceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List invoices: of an account, of an agreement, or all.")
    @Option(help: "DID of an account, or its digest: those that it issued or has to pay.") var party: String?
    @Option(help: "Number of an agreement.") var agreement: UInt64?
    @OptionGroup var options: ReadOptions

    func run() async throws {
        let filters = try MarketLists.filter("party", party)
        let holders = ["seller", "buyer"]
        let (entries, names) = try await options.nodes.with { client in
            let entries = try await MarketLists.entries(client, "invoices", filters).filter {
                agreement == nil || $0["agreement"]?.number == agreement
            }
            return (entries, await HolderNames.find(in: entries, holders, named: [party], client))
        }
        MarketLists.show(entries, names, holders: holders, options) {
            var table = TextTable([
                ("invoice", .right), ("agreement", .right), ("amount", .right), ("paid", .right), ("credited", .right),
                ("state", .left), ("due", .left), ("seller", .left), ("buyer", .left),
            ])
            for entry in entries {
                let currency = entry["currency"]
                table.add([
                    MarketLists.number(entry["number"]), MarketLists.number(entry["agreement"]),
                    MarketLists.money(entry["amount"], currency), MarketLists.money(entry["paid"], currency),
                    MarketLists.money(entry["credited"], currency), MarketLists.word(entry["state"]),
                    MarketLists.time(entry["due"]), names.short(entry["seller"]), names.short(entry["buyer"]),
                ])
            }
            return table
        }
    }
}

struct AgreementListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List agreements: of an account, or all.")
    @Option(help: "DID of an account, or its digest: those that it gives or takes.") var party: String?
    @OptionGroup var options: ReadOptions

    func run() async throws {
        let filters = try MarketLists.filter("party", party)
        let holders = ["provider", "user"]
        let (entries, names) = try await options.nodes.with { client in
            let entries = try await MarketLists.entries(client, "agreements", filters)
            return (entries, await HolderNames.find(in: entries, holders, named: [party], client))
        }
        MarketLists.show(entries, names, holders: holders, options) {
            var table = TextTable([
                ("agreement", .right), ("state", .left), ("payment", .left), ("price", .left), ("purposes", .left),
                ("until", .left), ("provider", .left), ("user", .left),
            ])
            for entry in entries {
                table.add([
                    MarketLists.number(entry["number"]), MarketLists.word(entry["state"]),
                    MarketLists.word(entry["payment"]), MarketLists.plan(entry["plan"]),
                    MarketLists.names(entry["purposes"]), MarketLists.time(entry["until"]),
                    names.short(entry["provider"]), names.short(entry["user"]),
                ])
            }
            return table
        }
    }
}

struct AgreementOffersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "offers", abstract: "List offers: of a provider, of a data set, or all.")
    @Option(help: "DID of the provider, or its digest.") var provider: String?
    @Option(name: .customLong("data-set"), help: "Identifier of a data set.") var dataSet: String?
    @OptionGroup var options: ReadOptions

    func run() async throws {
        let filters = try MarketLists.filter("provider", provider)
        let wanted = try dataSet.map { try MarketWords.digest($0, "data set").description }
        let (entries, names) = try await options.nodes.with { client in
            let entries = try await MarketLists.entries(client, "offers", filters).filter { entry in
                guard let wanted, case .array(let sets)? = entry["terms"]?["dataSets"] else { return wanted == nil }
                return sets.contains { $0.text == wanted }
            }
            return (entries, await HolderNames.find(in: entries, ["provider"], named: [provider], client))
        }
        MarketLists.show(entries, names, holders: ["provider"], options) {
            var table = TextTable([
                ("offer", .right), ("state", .left), ("left", .left), ("price", .left), ("purposes", .left),
                ("days", .right),
                ("expires", .left), ("data sets", .left), ("provider", .left),
            ])
            for entry in entries {
                let (terms, taken) = (entry["terms"], entry["taken"]?.number ?? 0)
                let copies = terms?["copies"]?.number ?? 0
                table.add([
                    MarketLists.number(entry["number"]),
                    AgreementOffersCommand.state(entry), "\(copies - min(copies, taken)) of \(copies) left",
                    MarketLists.plan(terms?["plan"]), MarketLists.names(terms?["purposes"]),
                    MarketLists.number(terms?["durationDays"]), MarketLists.time(terms?["expiry"]),
                    MarketLists.names(terms?["dataSets"]),
                    names.short(entry["provider"]),
                ])
            }
            return table
        }
    }
}

extension AgreementOffersCommand {
    /// As the contract has it, or that its time is over.
    static func state(_ offer: JSONValue) -> String {
        let state = MarketLists.word(offer["state"])
        guard state == "open", let expiry = offer["terms"]?["expiry"]?.number, Timestamp(expiry) < .wallClock else {
            return state
        }
        return "expired"
    }
}

struct AccountListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List marketplace accounts.")
    @OptionGroup var options: ReadOptions

    func run() async throws {
        let (entries, names) = try await options.nodes.with { client in
            let entries = try await MarketLists.entries(client, "accounts")
            return (entries, await HolderNames.find(in: entries, ["holder"], client))
        }
        MarketLists.show(entries, names, holders: ["holder"], options) {
            var table = TextTable([
                ("holder (a person's: SHA-256 of the DID)", .left), ("kind", .left), ("status", .left),
                ("roles", .left),
                ("sponsor", .left), ("opened", .left),
            ])
            for entry in entries {
                table.add([
                    entry["holder"]?.text.flatMap { Digest(hex: $0) }.map(names.text) ?? "",
                    MarketLists.word(entry["kind"]), MarketLists.word(entry["status"]),
                    MarketLists.names(entry["roles"]), entry["sponsor"]?.text ?? "", MarketLists.time(entry["opened"]),
                ])
            }
            return table
        }
    }
}
