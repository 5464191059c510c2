internal import ArgumentParser
internal import Chain
internal import ContractHost
internal import DataSets
internal import DataWorkload
internal import Foundation
internal import LedgerCrypto
internal import LightClient
internal import NodeClient
internal import Primitives

/// The data market in one run: contracts and payments through four validator processes; downloads beside a plain file of
/// the same server process; searches of a large catalogue by HTTP.
struct DataBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Contracts and payments, downloads beside a plain file, searches.")

    @Option(help: "Pairs of provider and user that make a contract each.") var pairs = 2_000
    @Option(help: "Rows of the data set in thousands.") var rows = 600
    @Option(help: "Rounds; in each, every way to download is measured once.") var rounds = 5
    @Option(help: "Data sets in the catalogue that is searched.") var entries = 100_000
    @Option(help: "Searches, one after the other.") var searches = 2_000
    @Option(help: "Peers listen on this port and the following ones, the HTTP APIs 1000 above.") var basePort = 45_400
    @Option(help: "Write the figures to this file as JSON.") var json: String?

    func validate() throws {
        guard (1...50_000).contains(pairs), (1...600).contains(rows), (1...100).contains(rounds),
            (1...1_000_000).contains(entries),
            searches > 0, (1_024...60_000).contains(basePort)
        else {
            throw ValidationError(
                "1 to 50,000 pairs, 1 to 600 thousand rows, 1 to 100 rounds, at most a million entries, other counts above 0"
            )
        }
    }

    struct Figures: Codable {
        struct Phase: Codable {
            let name: String
            let operationsPerSecond: Double
            let latencyMilliseconds: Quantiles
            let validatorMicrosecondsPerOperation: Double
        }
        struct Way: Codable {
            let name: String
            /// Median of the rounds.
            let megabytesPerSecond: Double
            let ofPlainFile: Double
        }
        let machine: Report.Machine
        let pairs: Int
        let phases: [Phase]
        let bytes: Int
        let ways: [Way]
        let entries: Int
        let entriesPerSecond: Double
        let searchMilliseconds: Quantiles
    }

    func run() async throws {
        let phases = try await market()
        let server = try DataServerProcess(rows: rows, entries: entries)
        defer { server.stop() }
        let (ways, latencies) = try await NodeClient.with([server.base]) { client in
            (try await downloads(server.facts, client), try await search(client))
        }
        let figures = Figures(
            machine: .here(), pairs: pairs, phases: phases, bytes: server.facts.bytes, ways: ways, entries: entries,
            entriesPerSecond: server.facts.entriesPerSecond, searchMilliseconds: Quantiles(latencies))
        print(text(figures))
        try JSONResult.write(figures, to: json)
    }

    private func text(_ figures: Figures) -> String {
        var lines = ["\(figures.pairs) contracts through 4 validators, one kind of act after the other:"]
        for phase in figures.phases {
            lines.append(
                String(
                    format: "  \(padded(phase.name, 40)) %6.0f/s   final after p50 %5.0f ms, p99 %5.0f ms",
                    phase.operationsPerSecond, phase.latencyMilliseconds.p50, phase.latencyMilliseconds.p99))
        }
        lines.append("download of \(figures.bytes) bytes, one connection, server in a process of its own:")
        for way in figures.ways {
            lines.append(
                String(
                    format: "  \(padded(way.name, 30)) %8.1f MB/s  %5.2f of the plain file", way.megabytesPerSecond,
                    way.ofPlainFile))
        }
        let found = figures.searchMilliseconds
        lines.append(
            String(
                format:
                    "search in %d data sets over HTTP: p50 %.2f ms, p99 %.2f ms, max %.2f ms; %.0f data sets read a second",
                figures.entries, found.p50, found.p99, found.max, figures.entriesPerSecond))
        return lines.joined(separator: "\n")
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    // MARK: contracts

    private func market() async throws -> [Figures.Phase] {
        let folder = Scratch.folder("data-bench")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let network = try LocalNetwork.start(
            in: folder, basePort: basePort, settings: "requests-per-second-max: 1000000\n")
        defer { network.stop() }
        let load = MarketLoad(network: network, id: try await network.id(), pairs: pairs)
        let runner = LoadRun(network: network, inFlight: 256, batch: 32, names: 1)
        var phases: [Figures.Phase] = []
        func run(_ name: String, _ transactions: [Transaction]) async throws {
            let result = try await runner.run(transactions)
            guard result.rejected + result.refused == 0 else {
                throw BenchError("\(name): \(result.rejected) were rejected, \(result.refused) refused")
            }
            phases.append(
                Figures.Phase(
                    name: name, operationsPerSecond: result.transactionsPerSecond,
                    latencyMilliseconds: result.latencyMilliseconds,
                    validatorMicrosecondsPerOperation: result.validatorMicrosecondsPerTransaction))
        }
        try await run("accounts opened", try load.opens())
        try await run("accounts confirmed", try load.confirmations())
        try await run("data sets described", try load.descriptions())
        try await run("offers", try load.offers())
        let client = try NodeClient(nodes: [network.nodes[0]])
        do {
            let offers = try await load.offerNumbers(client)
            try await run("countersignatures, each with an invoice", try load.countersignatures(offers))
            try await run("deposits", try load.deposits())
            let invoices = try await load.invoiceNumbers(client)
            try await run("payments of invoices, each with a receipt", try load.payments(invoices))
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
        return phases
    }

    // MARK: downloads

    private func downloads(_ facts: DataServerFacts, _ client: NodeClient) async throws -> [Figures.Way] {
        func request(_ hex: String) throws -> ReadRequest {
            guard let bytes = Hex.decode(hex) else { throw BenchError("the server gave no request") }
            return try ReadRequest(bcs: bytes)
        }
        // A request serves two ways in a round, and at most two rounds.
        let (plain, proved) = (try facts.plain.map(request), try facts.proved.map(request))
        let ways: [(name: String, requests: [ReadRequest], verifies: Bool)] = [
            ("plain file", [], false), ("plain slice", plain, false), ("slice with proofs", proved, false),
            ("slice with proofs, verified", proved, true),
        ]
        var seconds = [[Double]](repeating: [], count: ways.count)
        for round in 0..<rounds {
            for (index, way) in ways.enumerated() {
                var path = PlainFileRoutes.path
                let request = way.requests.isEmpty ? nil : way.requests[round % way.requests.count]
                if let request {
                    path =
                        try JSONValue(parsing: try await client.post("/v1/data/links", request.bcs))["path"]?.text ?? ""
                }
                let started = Stopwatch.now()
                try await download(path, way.verifies ? request : nil, facts, client)
                seconds[index].append(Stopwatch.now() - started)
            }
        }
        let rates = seconds.map { Double(facts.bytes) / Stopwatch.median($0) / 1_000_000 }
        return zip(ways, rates).map {
            Figures.Way(name: $0.name, megabytesPerSecond: $1, ofPlainFile: $1 / rates[0])
        }
    }

    /// Checks everything as a reader does when there is a request to check against.
    private func download(
        _ path: String, _ request: ReadRequest?, _ facts: DataServerFacts, _ client: NodeClient
    ) async throws {
        let genesis = try ContractTestBench.genesis(validators: Market.partners, application: [])
        var verifier = request.map {
            SliceVerifier($0, trust: TrustAnchor(genesis), now: Timestamp(facts.time))
        }
        var count = 0
        try await client.download(path) { bytes in
            if verifier == nil { count += bytes.count }
            try verifier?.append(bytes) { _, chunk in count += chunk.count }
        }
        try verifier?.finish()
        guard count >= facts.bytes - 1_024 else { throw BenchError("only \(count) of \(facts.bytes) bytes came") }
    }

    // MARK: search

    private func search(_ client: NodeClient) async throws -> [Double] {
        var latencies: [Double] = []
        for text in Catalogue.searches(searches, of: entries) {
            let words = text.replacing(" ", with: "%20")
            let began = Stopwatch.now()
            let answer = try await client.result(
                "/v1/market/data-sets?limit=20&search=\(words)", accept: "application/json")
            latencies.append((Stopwatch.now() - began) * 1_000)
            guard answer.starts(with: Array("{".utf8)) else { throw BenchError("a search had no answer") }
        }
        return latencies
    }
}
