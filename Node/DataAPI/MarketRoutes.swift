internal import Accounts
internal import Agreements
internal import Anchors
internal import Billing
internal import ContractKit
internal import LedgerCrypto
internal import NodeClient
internal import Primitives
package import RPC
package import ReadModels

/// The marketplace as this node read it from the blocks: search and lists. On the node's word; what counts is proved by
/// asking for the record's state key.
package struct MarketRoutes: RouteModule {
    private let models: ReadModelStore
    private let page = MarketPage()

    package let tag = "Marketplace"
    package let tagDescription =
        "Accounts, data sets with full-text search, offers, agreements and invoices, as this node read them from final blocks. Answers name the block that they are of. On the node's word: ask for a record's state key with a proof where that is not enough."

    package init(models: ReadModelStore) { self.models = models }

    package var endpoints: [Endpoint] {
        [
            status, search, dataSet, parts, list("/v1/market/accounts", "listAccounts", "Accounts", Account.self),
            one("/v1/market/accounts/{holder}", "getAccount", "An account", MarketPage.holder, Account.self) {
                try models.account($0)
            },
            list(
                "/v1/market/offers", "listOffers", "Offers", Offer.self, by: MarketPage.provider
            ) {
                .offers(provider: $0)
            },
            list(
                "/v1/market/agreements", "listAgreements", "Agreements", Agreement.self, by: MarketPage.party
            ) {
                .agreements(party: $0)
            },
            one(
                "/v1/market/agreements/{number}", "getAgreement", "An agreement", MarketPage.number, Agreement.self
            ) { try models.agreement($0) },
            accesses,
            list(
                "/v1/market/invoices", "listInvoices", "Invoices", Invoice.self, by: MarketPage.party
            ) {
                .invoices(party: $0)
            },
            one("/v1/market/invoices/{number}", "getInvoice", "An invoice", MarketPage.number, Invoice.self) {
                try models.invoice($0)
            },
        ]
    }

    // MARK: forms

    private func list<Record: ContractValue>(
        _ path: String, _ name: String, _ what: String, _ type: Record.Type,
        by filter: ParameterKey<Digest>? = nil,
        _ wanted: @escaping @Sendable (Digest?) -> ReadModelList = { _ in .accounts }
    ) -> Endpoint {
        Endpoint(
            .get, path, operation: name, summary: what,
            parameters: (filter.map { [$0.declaration] } ?? []) + MarketPage.parameters,
            answers: [page.answer("A page of them.", MarketPage.list(Record.self))], problems: [.behind]
        ) { request in
            let position = try page.position(models, request)
            let entries = try models.list(
                wanted(filter.flatMap { request[$0] }), after: request[MarketPage.after] ?? 0,
                limit: Int(request[MarketPage.limit] ?? 50))
            return page.json(try entries.map { try MarketPage.json($0, Record.self) }, entries.last?.place, position)
        }
    }

    private func one<Key: Sendable, Record: ContractValue>(
        _ path: String, _ name: String, _ what: String, _ key: ParameterKey<Key>, _ type: Record.Type,
        _ find: @escaping @Sendable (Key) throws -> ReadModelEntry?
    ) -> Endpoint {
        Endpoint(
            .get, path, operation: name, summary: what,
            parameters: [key.declaration, CommonParameters.minimumHeight.declaration],
            answers: [page.answer("Its newest record.", MarketPage.schema(Record.self))],
            problems: [.notFound, .behind]
        ) { request in
            let position = try page.position(models, request)
            guard let entry = try find(try request.value(key)) else {
                throw Problem(.notFound, "There is none, as far as this node has read the chain.")
            }
            return page.json(try MarketPage.json(entry, Record.self), position)
        }
    }

    // MARK: routes

    private var status: Endpoint {
        Endpoint(
            .get, "/v1/market/status", operation: "getMarketStatus", summary: "How far the chain was read",
            details:
                "`first` is above 1 on a node that began with a state taken over: what was before is in the lists as that state says it.",
            answers: [page.answer("The position.", MarketPage.positionSchema)], problems: [.behind]
        ) { request in
            guard let position = try models.position() else {
                throw Problem(.behind, "This node has not read a block yet. Try again soon.").retrying(afterSeconds: 1)
            }
            return page.json(
                .object([
                    .init("height", .unsigned(position.height.value)),
                    .init("block", .string(position.block.description)),
                    .init("time", .unsigned(position.time.value)), .init("first", .unsigned(position.first.value)),
                ]), position)
        }
    }

    private static let words = ParameterKey<String>(
        "search", .query, .text(max: 256), "Words that all must occur, or begin a word. Lists all when left out.")
    private static let offset = ParameterKey<UInt64>(
        "offset", .query, .number(0...UInt64(ReadModelStore.searchOffsetMax)), "Hits to pass over; with `search`.")

    private var search: Endpoint {
        Endpoint(
            .get, "/v1/market/data-sets", operation: "listDataSets", summary: "Search the catalogue, or list it",
            details: "The best hits first; without words in the order in which they came to the market.",
            parameters: [
                MarketRoutes.words.declaration, MarketRoutes.offset.declaration, MarketPage.provider.declaration,
            ] + MarketPage.parameters,
            answers: [page.answer("A page of data sets.", MarketPage.list(SharedDataSet.self))],
            problems: [.refused, .behind]
        ) { request in
            let position = try page.position(models, request)
            let limit = Int(request[MarketPage.limit] ?? 50)
            guard let words = request[MarketRoutes.words] else {
                let entries = try models.list(
                    .dataSets(provider: request[MarketPage.provider]), after: request[MarketPage.after] ?? 0,
                    limit: limit)
                return page.json(
                    try entries.map { entry in
                        try MarketPage.json(
                            entry, SharedDataSet.self, [.init("title", .string(try models.title(of: entry.place)))])
                    }, entries.last?.place, position)
            }
            let hits: [DataSetHit]
            do {
                hits = try models.search(words, offset: Int(request[MarketRoutes.offset] ?? 0), limit: limit)
            } catch ReadModelError.emptySearch {
                throw Problem(.refused, "The search has no word of letters or digits.")
            }
            return page.json(
                try hits.map { hit in
                    try MarketPage.json(
                        hit.entry, SharedDataSet.self,
                        [.init("title", .string(hit.title)), .init("excerpt", .string(hit.excerpt))])
                }, nil, position)
        }
    }

    private var dataSet: Endpoint {
        one(
            "/v1/market/data-sets/{id}", "getDataSet", "A data set", MarketPage.id, SharedDataSet.self
        ) { try models.dataSet($0) }
    }

    private var parts: Endpoint {
        Endpoint(
            .get, "/v1/market/data-sets/{id}/parts", operation: "listParts", summary: "Anchored parts of a data set",
            parameters: [MarketPage.id.declaration] + MarketPage.parameters,
            answers: [page.answer("A page of anchors.", MarketPage.list(BatchAnchor.self))],
            problems: [.notFound, .behind]
        ) { request in
            let position = try page.position(models, request)
            guard let entry = try models.dataSet(try request.value(MarketPage.id)) else {
                throw Problem(.notFound, "There is no such data set, as far as this node has read the chain.")
            }
            let location = try SharedDataSet(bcs: entry.record).location
            let entries = try models.list(
                .parts(partner: location.partner, anchor: location.anchor), after: request[MarketPage.after] ?? 0,
                limit: Int(request[MarketPage.limit] ?? 50))
            return page.json(
                try entries.map { entry in
                    let fate = try models.fate(ofPart: entry.place)
                    return try MarketPage.json(
                        entry, BatchAnchor.self,
                        [
                            .init("correction", fate.correction.map { .string($0.description) } ?? .null),
                            .init("isDeleted", .bool(fate.isDeleted)),
                        ])
                }, entries.last?.place, position)
        }
    }

    private var accesses: Endpoint {
        Endpoint(
            .get, "/v1/market/agreements/{number}/accesses", operation: "listAccesses",
            summary: "Anchored logs of accesses under an agreement",
            parameters: [MarketPage.number.declaration] + MarketPage.parameters,
            answers: [page.answer("A page of logs.", MarketPage.list(AccessLog.self))], problems: [.behind]
        ) { request in
            let position = try page.position(models, request)
            let entries = try models.list(
                .accessLogs(agreement: try request.value(MarketPage.number)), after: request[MarketPage.after] ?? 0,
                limit: Int(request[MarketPage.limit] ?? 50))
            return page.json(try entries.map { try MarketPage.json($0, AccessLog.self) }, entries.last?.place, position)
        }
    }
}
