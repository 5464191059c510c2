internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import Identity
internal import LedgerCrypto
internal import NodeClient
internal import Primitives

/// Resolutions a second over HTTP beside an empty route of the same server, and registry operations a second, in one run
/// against four validator processes.
struct IdentityBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity", abstract: "Resolutions and registry operations, beside an empty route.")

    @Option(help: "DIDs that are created, updated and resolved in turn.") var dids = 2_000
    @Option(help: "Connections that ask in a closed loop.") var connections = 8
    @Option(help: "Seconds of each measurement.") var seconds = 3.0
    @Option(help: "Rounds; in each, every kind of request is measured once.") var rounds = 3
    @Option(help: "Peers listen on this port and the following ones, the HTTP APIs 1000 above.") var basePort = 46_400
    @Option(help: "Write the figures to this file as JSON.") var json: String?

    func validate() throws {
        guard (1...100_000).contains(dids), (1...100).contains(connections), seconds > 0, rounds > 0 else {
            throw ValidationError("counts and seconds are above 0, DIDs at most 100,000, connections at most 100")
        }
    }

    struct Figures: Codable {
        struct Route: Codable {
            let name: String
            /// Median of the rounds.
            let requestsPerSecond: Double
            let ofEmptyRoute: Double
            let bytesPerAnswer: Int
        }
        let dids: Int
        let connections: Int
        let createsPerSecond: Double
        let updatesPerSecond: Double
        let routes: [Route]
    }

    func run() async throws {
        let folder = Scratch.folder("identity-bench")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let network = try LocalNetwork.start(
            in: folder, basePort: basePort, settings: "requests-per-second-max: 1000000\n")
        defer { network.stop() }
        let load = IdentityLoad(network: network, id: try await network.id(), name: "devnet")
        let runner = LoadRun(network: network, inFlight: 256, batch: 32, names: 1)
        let organisations = (0..<dids).map { IdentityLoad.Organisation(index: $0) }
        let creates = try await runner.run(load.creates(organisations))
        let updates = try await runner.run(load.updates(organisations))
        guard creates.rejected + creates.refused + updates.rejected + updates.refused == 0 else {
            throw BenchError("operations were refused: \(creates) \(updates)")
        }
        let names = organisations.map { load.did($0).description }
        let routes = try measure(names)
        let figures = Figures(
            dids: dids, connections: connections, createsPerSecond: creates.transactionsPerSecond,
            updatesPerSecond: updates.transactionsPerSecond, routes: routes)
        print(text(figures))
        try JSONResult.write(figures, to: json)
    }

    private func measure(_ names: [String]) throws -> [Figures.Route] {
        let kinds: [(name: String, requests: [[UInt8]])] = [
            ("empty route", [HTTPLoad.request("/healthz", accept: "application/json")]),
            ("bare document", names.map { HTTPLoad.request("/1.0/identifiers/\($0)", accept: "application/did") }),
            (
                "resolution result",
                names.map {
                    HTTPLoad.request("/1.0/identifiers/\($0)?proof=0", accept: "application/did-resolution")
                }
            ),
            (
                "result with proof",
                names.map { HTTPLoad.request("/1.0/identifiers/\($0)", accept: "application/did-resolution") }
            ),
        ]
        let server = HTTPLoad(port: UInt16(basePort + 1_000), connections: connections)
        var rates = [[Double]](repeating: [], count: kinds.count)
        var sizes = [Int](repeating: 0, count: kinds.count)
        for _ in 0..<rounds {
            for (index, kind) in kinds.enumerated() {
                let result = try server.run(kind.requests, seconds: seconds)
                rates[index].append(result.perSecond)
                sizes[index] = result.bytesPerAnswer
            }
        }
        let medians = rates.map(Stopwatch.median)
        let warm = kinds.indices.map {
            Figures.Route(
                name: kinds[$0].name, requestsPerSecond: medians[$0], ofEmptyRoute: medians[$0] / medians[0],
                bytesPerAnswer: sizes[$0])
        }
        // Nodes that were never asked: nothing is remembered there. Their own empty route is measured around it.
        let cold = try [(1, 2), (2, 3)].map { node, kind in
            let server = HTTPLoad(port: UInt16(basePort + 1_000 + node), connections: connections)
            let before = try server.run(kinds[0].requests, seconds: seconds).perSecond
            let result = try server.once(kinds[kind].requests) { index, answer in
                try check(answer, of: names[index], hasProof: kind == 3)
            }
            let after = try server.run(kinds[0].requests, seconds: seconds).perSecond
            return Figures.Route(
                name: "\(kinds[kind].name), first time", requestsPerSecond: result.perSecond,
                ofEmptyRoute: result.perSecond * 2 / (before + after), bytesPerAnswer: result.bytesPerAnswer)
        }
        return warm + cold
    }

    /// What a first answer must carry; every DID has two versions.
    private func check(_ answer: HTTPLoad.Answer, of did: String, hasProof: Bool) throws {
        let fields = ["\netag: \"", "\ncache-control: public, max-age=", "\ncontent-type: application/did-resolution"]
        let json = try JSONValue(parsing: answer.body)
        let metadata = json["didDocumentMetadata"]
        guard fields.allSatisfy({ answer.head.contains($0) }), json["didDocument"]?["id"]?.text == did,
            metadata?["versionId"]?.text == "2", metadata?["created"]?.text != nil, metadata?["updated"]?.text != nil,
            (metadata?["proof"] != nil) == hasProof,
            json["didResolutionMetadata"]?["freshness"]?["network"]?.text != nil
        else { throw BenchError("the answer for \(did) lacks something: \(answer.head.prefix(500))") }
    }

    private func text(_ figures: Figures) -> String {
        var lines = [
            "registry: \(Int(figures.createsPerSecond)) creates/s, \(Int(figures.updatesPerSecond)) updates/s (4 validators)",
            "resolution of \(figures.dids) DIDs in turn, \(figures.connections) connections, one node of the network:",
        ]
        for route in figures.routes {
            let share = String(format: "%.0f %%", route.ofEmptyRoute * 100)
            lines.append(
                "  \(route.name): \(Int(route.requestsPerSecond))/s, \(share) of the empty route, \(route.bytesPerAnswer) bytes"
            )
        }
        return lines.joined(separator: "\n")
    }
}
