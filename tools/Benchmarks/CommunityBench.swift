internal import Anchors
internal import ArgumentParser
internal import Chain
internal import ContractHost
internal import ContractKit
internal import DataLake
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import Primitives
internal import Trading

/// One community of many members, settled period after period by four validator processes: from the request to the
/// administrator's node to the final block, with all readings in the lakes beforehand.
struct CommunityBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "community", abstract: "Time from the start of a settlement to its final block.")

    @Option(help: "Members, with one meter each.") var members = 10_000
    @Option(help: "Hours of readings of each meter, in one batch; up to a day.") var hours = 24
    @Option(help: "Periods that are settled, one after the other.") var periods = 4
    @Option(help: "Seconds before the first period, in which nodes read ahead.") var rest = 0
    @Option(help: "Peers listen on this port and the following ones, the HTTP APIs 1000 above.") var basePort = 45_400
    @Option(help: "Write the figures to this file as JSON.") var json: String?
    @Flag(help: "Keep the network's folder, for its logs.") var keep = false

    func validate() throws {
        guard (10...131_072).contains(members), (1...24).contains(hours), (1...hours).contains(periods),
            (0...600).contains(rest)
        else {
            throw ValidationError(
                "10 to 131,072 members, 1 to 24 hours, at most as many periods as hours, up to 600 seconds of rest")
        }
    }

    struct Figures: Codable {
        struct Period: Codable {
            /// The node's answer: computed, and attested by a quorum.
            let attestedMilliseconds: Double
            /// From there to the final block.
            let finalMilliseconds: Double
            let totalMilliseconds: Double
            /// Processor time of all validators together.
            let validatorMilliseconds: Double
            let transactionBytes: Int
        }
        let members: Int
        let readingsPerMeter: Int
        let residentMegabytes: Int
        let periods: [Period]
        /// What the nodes' logs say of each.
        let phases: [String]
    }

    func run() async throws {
        let folder = Scratch.folder("community-bench", keep: keep)
        defer { if !keep { LocalNetwork.discard(folder) } }
        let load = CommunityLoad(members: members, hours: hours)
        var anchors: [NewBatch] = []
        note("filling the lakes")
        let network = try LocalNetwork.start(
            in: folder, basePort: basePort,
            settings: "requests-per-second-max: 1000000\n"
        ) { partners in
            anchors = try load.fill(partners.map { "\(folder)/\($0)" })
        }
        defer { network.stop() }
        let session = try await CommunitySession(network, load)
        var periods: [Figures.Period] = []
        do {
            try await session.found(anchors, note)
            try await Task.sleep(for: .seconds(rest))
            for offset in 0..<self.periods {
                let period = try await settle(load.first.advanced(by: UInt64(offset)), session)
                note("period \(offset + 1): \(Int(period.totalMilliseconds)) ms")
                periods.append(period)
            }
        } catch {
            note("\(error)")
            for line in network.settlementLog { note(line) }
            try await session.client.shutdown()
            throw error
        }
        let figures = Figures(
            members: members, readingsPerMeter: load.batch(0).readings.count,
            residentMegabytes: network.residentBytes / 1_048_576, periods: periods, phases: network.settlementLog)
        FileHandle.standardOutput.write(Data((text(figures) + "\n").utf8))
        try JSONResult.write(figures, to: json)
        try await session.client.shutdown()
    }

    /// The first period finds nothing in memory, and may take longer than a node lets a request take: then it is asked
    /// again, as an administrator would.
    private func settle(_ period: PeriodNumber, _ session: CommunitySession) async throws -> Figures.Period {
        for _ in 0..<5 {
            do { return try await session.settle(period) } catch { note("again: \(error)") }
            try await Task.sleep(for: .seconds(8))
        }
        return try await session.settle(period)
    }

    private func note(_ text: String) {
        let seconds = String(format: "%.0f", Stopwatch.now() - CommunityBench.began)
        FileHandle.standardError.write(Data("\(seconds) s: \(text)\n".utf8))
    }
    private static let began = Stopwatch.now()

    private func text(_ figures: Figures) -> String {
        var lines = ["\(figures.members) members, four validators, \(figures.residentMegabytes) MB resident:"]
        for (index, period) in figures.periods.enumerated() {
            lines.append(
                "  period \(index + 1): \(Int(period.totalMilliseconds)) ms to the final block (attested after \(Int(period.attestedMilliseconds)), final \(Int(period.finalMilliseconds)) later), \(Int(period.validatorMilliseconds)) ms of processor, \(period.transactionBytes) bytes on chain"
            )
        }
        return (lines + figures.phases.map { "  " + $0 }).joined(separator: "\n")
    }
}

/// The administrator's side of the benchmark.
private struct CommunitySession {
    let network: LocalNetwork
    let load: CommunityLoad
    let client: NodeClient
    let id: Digest
    let own: Secp256k1.SecretKey
    let grid: Secp256k1.SecretKey
    let community: Address

    init(_ network: LocalNetwork, _ load: CommunityLoad) async throws {
        guard let place = network.partners.firstIndex(of: CommunityLoad.administrator),
            let gridPlace = network.partners.firstIndex(of: CommunityLoad.gridOperator)
        else { throw BenchError("the local network lacks a partner") }
        var configuration = NodeClientConfiguration()
        configuration.requestMilliseconds = 120_000
        client = try NodeClient(nodes: [network.nodes[place]], configuration: configuration)
        (self.network, self.load) = (network, load)
        (own, grid) = (network.keys[place], network.keys[gridPlace])
        id = try await client.nodeStatus().network
        let create = InstanceService.create.call(
            on: WellKnown.instances, CreateInstance(contract: Community.name, arguments: load.rules))
        let result = try await client.run(try CommunitySession.sign([create], own, id, 0))
        guard let output = result.receipt.outputs.first else {
            throw BenchError("no community: \(result.receipt.rejection?.text ?? "?")")
        }
        community = try InstanceService.create.output(output)
    }

    private static func sign(
        _ calls: [Call], _ key: Secp256k1.SecretKey, _ id: Digest, _ salt: Int
    ) throws -> Transaction {
        try Transaction(
            signing: TransactionBody(
                network: id, sender: key.publicKey, expiry: Timestamp.wallClock.adding(milliseconds: 540_000),
                salt: UInt64.random(in: 0...UInt64.max / 2) + UInt64(salt), calls: calls), with: key)
    }

    func found(_ anchors: [NewBatch], _ note: (String) -> Void) async throws {
        note("registering meters")
        try await send(load.registrations(), 32, grid)
        note("admitting members")
        try await send(load.admissions(to: community, network: id), 32, own)
        note("anchoring readings")
        let register = Anchors.register.call(
            on: WellKnown.anchors, RegisterDataSet(name: CommunityLoad.dataSet, schema: ReadingBatch.schema))
        _ = try await client.run(try CommunitySession.sign([register], own, id, 0))
        try await send(load.anchoring(anchors), 1, own)
        note("storing member keys")
        for start in stride(from: 0, to: load.members, by: 1_024) {
            var encoder = BCSEncoder()
            encoder.value(community)
            encoder.option(start == 0 ? load.saltKey(MemberNumber(0)) : nil)
            let numbers = (start..<min(start + 1_024, load.members)).map { MemberNumber(UInt32($0 + 1)) }
            encoder.vector(numbers) { encoder, number in
                encoder.value(number)
                encoder.fixed(load.saltKey(number))
            }
            _ = try await ask("member-keys", encoder.bytes)
        }
    }

    private func send(_ calls: [Call], _ each: Int, _ key: Secp256k1.SecretKey) async throws {
        var signed: [Transaction] = []
        for start in stride(from: 0, to: calls.count, by: each) {
            let part = Array(calls[start..<min(start + each, calls.count)])
            signed.append(try CommunitySession.sign(part, key, id, start))
        }
        let result = try await LoadRun(network: network, inFlight: 64, batch: 8, names: 1).run(signed)
        guard result.rejected + result.refused == 0 else { throw BenchError("calls were refused: \(result)") }
    }

    func settle(_ period: PeriodNumber) async throws -> CommunityBench.Figures.Period {
        let before = ProcessUsage.cpuSeconds(of: network.processIDs)
        let began = Stopwatch.now()
        var encoder = BCSEncoder()
        encoder.value(community)
        encoder.value(period)
        let attested = try AttestedSettlement(
            bcs: try await ask("settlement", encoder.bytes, "application/octet-stream"))
        let answered = Stopwatch.now()
        let transaction = try CommunitySession.sign([Community.settle.call(on: community, attested)], own, id, 0)
        let result = try await client.run(transaction)
        let final = Stopwatch.now()
        guard result.receipt.rejection == nil else {
            throw BenchError("not settled: \(result.receipt.rejection?.text ?? "?")")
        }
        // Attesters beyond the quorum end later.
        try await Task.sleep(for: .milliseconds(500))
        return CommunityBench.Figures.Period(
            attestedMilliseconds: (answered - began) * 1_000, finalMilliseconds: (final - answered) * 1_000,
            totalMilliseconds: (final - began) * 1_000,
            validatorMilliseconds: (ProcessUsage.cpuSeconds(of: network.processIDs) - before) * 1_000,
            transactionBytes: transaction.bytes.count)
    }

    private func ask(
        _ operation: String, _ payload: [UInt8], _ accept: String = "application/json"
    ) async throws -> [UInt8] {
        let audience = try AdminAudience(
            bcs: try await client.readFromOwn(AdminAudience.path, accept: "application/octet-stream"))
        let request = AdminRequest(signing: payload, operation: operation, audience: audience, key: own)
        return try await client.post("/v1/admin/\(operation)", request.bcs, accept: accept)
    }
}

extension LocalNetwork {
    /// Lines of the nodes' logs that say where the time of a settlement went.
    fileprivate var settlementLog: [String] {
        partners.flatMap { partner in
            let text = (try? String(contentsOfFile: "\(folder)/\(partner)/node.log", encoding: .utf8)) ?? ""
            return text.split(separator: "\n").filter { $0.contains(" members in ") }.compactMap { line in
                line.firstMatch(of: /(computed|attested) period.*/).map { "\(partner) \($0.0)" }
            }
        }
    }
}
