internal import Agreements
internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import DataAPI
internal import DataLake
internal import DataSets
internal import DataWorkload
internal import Foundation
internal import LedgerCrypto
internal import Logging
internal import NodeClient
internal import Primitives
internal import RPC
internal import ReadModels

/// How fast data under contract is downloaded beside a plain file of the same server, and how long a search takes.
struct DataBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Downloads of slices beside a plain file, and searches of the catalogue.")

    @Option(help: "Rows of the data set in thousands.") var rows = 600
    @Option(help: "Rounds; in each, every way to download is measured once.") var rounds = 5
    @Option(help: "Data sets in the catalogue that is searched.") var entries = 100_000
    @Option(help: "Searches.") var searches = 1_000
    @Option(help: "Write the figures to this file as JSON.") var json: String?

    func validate() throws {
        guard (1...600).contains(rows), rounds > 0, (1...1_000_000).contains(entries), searches > 0 else {
            throw ValidationError("1 to 600 thousand rows, at most a million entries, other counts above 0")
        }
    }

    struct Figures: Codable {
        struct Way: Codable {
            let name: String
            /// Median of the rounds.
            let megabytesPerSecond: Double
            let ofPlainFile: Double
        }
        let bytes: Int
        let ways: [Way]
        let entries: Int
        let entriesPerSecond: Double
        let searchMilliseconds: Quantiles
    }

    func run() async throws {
        let (bytes, ways) = try await downloads()
        let (rate, latencies) = try search()
        let figures = Figures(
            bytes: bytes, ways: ways, entries: entries, entriesPerSecond: rate, searchMilliseconds: Quantiles(latencies)
        )
        print(text(figures))
        try JSONResult.write(figures, to: json)
    }

    private func text(_ figures: Figures) -> String {
        var lines = ["download of \(figures.bytes) bytes, one connection, client and server in one process"]
        for way in figures.ways {
            lines.append(
                String(
                    format: "  %-34@ %8.1f MB/s  %5.2f of the plain file", way.name as NSString, way.megabytesPerSecond,
                    way.ofPlainFile))
        }
        let found = figures.searchMilliseconds
        lines.append(
            String(
                format: "search in %d data sets: p50 %.2f ms, p99 %.2f ms, max %.2f ms; %.0f data sets read a second",
                figures.entries, found.p50, found.p99, found.max, figures.entriesPerSecond))
        return lines.joined(separator: "\n")
    }

    // MARK: downloads

    private func downloads() async throws -> (bytes: Int, ways: [Figures.Way]) {
        let story = try DataStory(csv: Tables.csv(hours: rows * 1_000 / 3))
        let file = FileManager.default.temporaryDirectory.appending(path: "commonwatt-data-bench-\(getpid())")
        try Data(story.csv).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let modules: [any RouteModule] = [
            DataRoutes(service: story.node.service, models: story.node.models), PlainFileRoutes(file: file.path),
        ]
        let names = ["plain file", "plain slice", "slice with proofs", "slice with proofs, verified"]
        let (rounds, count) = (rounds, names.count)
        let seconds = try await BenchServer.with(modules) { base in
            try await NodeClient.with([base]) { client in
                var seconds = [[Double]](repeating: [], count: count)
                for _ in 0..<rounds {
                    for index in 0..<count {
                        let request = story.request(index == 1 ? .plain : .proved)
                        let path =
                            index == 0
                            ? PlainFileRoutes.path
                            : try JSONValue(parsing: try await client.post("/v1/data/links", request.bcs))["path"]?.text
                        let started = ContinuousClock.now
                        try await story.download(path ?? "", request, verifying: index == 3, client)
                        seconds[index].append((ContinuousClock.now - started) / .seconds(1))
                    }
                }
                return seconds
            }
        }
        let rates = seconds.map { Double(story.csv.count) / $0.sorted()[$0.count / 2] / 1_000_000 }
        return (
            story.csv.count,
            zip(names, rates).map { Figures.Way(name: $0, megabytesPerSecond: $1, ofPlainFile: $1 / rates[0]) }
        )
    }

    // MARK: search

    private static let words = [
        "load", "solar", "wind", "battery", "heat", "pump", "charging", "station", "feeder", "transformer", "village",
        "quarter", "school", "hospital", "hourly", "yearly", "forecast", "price", "weather", "river", "alpine", "coast",
    ]

    private func search() throws -> (entriesPerSecond: Double, milliseconds: [Double]) {
        let folder = FileManager.default.temporaryDirectory.appending(path: "commonwatt-search-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var generator = SystemRandomNumberGenerator()
        func word() -> String { DataBench.words[Int(generator.next() % UInt64(DataBench.words.count))] }
        var documents: [Digest: [UInt8]] = [:]
        var events: [Event] = []
        for number in 0..<entries {
            let title = (0..<5).map { _ in word() }.joined(separator: " ") + " \(number)"
            let text = (0..<30).map { _ in word() }.joined(separator: " ")
            let document = Array(#"{"title":"\#(title)","description":"\#(text)","keywords":["\#(word())"]}"#.utf8)
            documents[SHA256.hash(document)] = document
            events.append(DataStory.described("set-\(number)", text: SHA256.hash(document)))
        }
        let known = documents
        let models = try ReadModelStore(path: folder.appending(path: "models.sqlite").path, network: .zero) {
            known[$0]
        }
        let blocks = DataStory.blocks(of: events, each: 200)
        let started = ContinuousClock.now
        for start in stride(from: 0, to: blocks.count, by: 256) {
            try models.apply(Array(blocks[start..<min(start + 256, blocks.count)]))
        }
        let elapsed = (ContinuousClock.now - started) / .seconds(1)
        var latencies: [Double] = []
        for index in 0..<searches {
            // One word, two, the beginning of one, and one that few have.
            let text =
                switch index % 4 {
                case 0: word()
                case 1: "\(word()) \(word())"
                case 2: "\(word()) \(word().prefix(3))"
                default: "\(generator.next() % UInt64(entries))"
                }
            let began = ContinuousClock.now
            _ = try models.search(text, limit: 20)
            latencies.append((ContinuousClock.now - began) / .milliseconds(1))
        }
        return (Double(entries) / elapsed, latencies)
    }
}
