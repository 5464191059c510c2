internal import ArgumentParser
internal import Chain
internal import Foundation
internal import NodeClient
internal import Primitives

/// Four validators under steady load for as long as one likes: does memory, open files or disk grow?
struct Soak: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run validators under steady load and watch memory, open files, disk and rate.",
        discussion: "Ends with exit code 1 when memory grew beyond the bound.")

    @Option(help: "How long.") var minutes = 10.0
    @Option(help: "Transactions per second, over all validators.") var rate = 200
    @Option(help: "Distinct registry names that the load writes in turn.") var names = 20_000
    @Option(help: "Seconds between two samples.") var every = 10.0
    @Option(help: "The heap grew when its trend over the second half is above this, MB per hour and validator.")
    var growthMax = 30.0
    @Option(help: "Validators.") var validators = 4
    @Option(help: "Blocks whose states stay readable, or 'all'.") var keepStates = "1024"
    @Option(help: "Peers listen on this port and the following ones, the HTTP APIs 1000 above.") var basePort = 48_400
    @Option(help: "Folder for soak.json and soak.html.") var out = ".run/soak"
    @Flag(help: "Keep the network's folder, for its logs.") var keep = false

    func validate() throws {
        guard minutes > 0, (1...5_000).contains(rate), names > 0, every >= 1, growthMax > 0,
            (1...16).contains(validators), (1_024...60_000).contains(basePort)
        else {
            throw ValidationError("all numbers are above 0, the rate is at most 5000, validators are at most 16")
        }
    }

    func run() async throws {
        let folder = Scratch.folder("soak", keep: keep)
        defer { if !keep { try? FileManager.default.removeItem(atPath: folder) } }
        let network = try LocalNetwork.start(
            in: folder, basePort: basePort, validators: validators, settings: "keep-states: \(keepStates)\n")
        defer { network.stop() }
        let load = SteadyLoad(network: network, id: try await network.id(), rate: rate, names: names)
        let count = SoakCount()
        let seconds = minutes * 60
        async let follower: Void = load.follow(count)
        async let writer: Void = load.write(seconds: seconds, count)
        let samples = try await watch(network, seconds, count)
        try await writer
        try await follower
        let report = SoakReport(
            machine: Report.Machine.here(), minutes: minutes, rate: rate, names: names, keepStates: keepStates,
            growthMaxMegabytesPerHour: growthMax, nodes: network.partners, samples: samples,
            refused: await count.refused)
        try report.write(to: out)
        print(report.text + "\n\nWrote \(out)/soak.json and \(out)/soak.html.")
        if report.hasGrown { throw ExitCode(1) }
    }

    private func watch(_ network: LocalNetwork, _ seconds: Double, _ count: SoakCount) async throws -> [SoakSample] {
        let clients = try network.nodes.map { try NodeClient(nodes: [$0]) }
        var samples: [SoakSample] = []
        let began = Stopwatch.now()
        var last = (time: began, transactions: 0)
        while true {
            try await Task.sleep(for: .seconds(every))
            let now = Stopwatch.now()
            let (transactions, height) = await (count.transactions, count.height)
            var heaps: [Int] = []
            for client in clients { heaps.append(try await Soak.heapBytes(client)) }
            samples.append(
                SoakSample(
                    seconds: now - began, height: height,
                    transactionsPerSecond: Double(transactions - last.transactions) / (now - last.time),
                    nodes: try network.processIDs.enumerated().map { index, id in
                        guard let usage = ProcessUsage(of: id) else {
                            throw BenchError("the validator of \(network.partners[index]) has ended; see its log")
                        }
                        return SoakSample.Node(
                            memoryBytes: usage.ownBytes, heapBytes: heaps[index],
                            mappedBytes: usage.residentBytes - usage.ownBytes,
                            openFiles: ProcessUsage.openFiles(of: id),
                            diskBytes: FolderSize.bytes(of: "\(folder(network, index))"))
                    }))
            last = (now, transactions)
            if now - began >= seconds { break }
        }
        for client in clients { try await client.shutdown() }
        return samples
    }

    private static func heapBytes(_ client: NodeClient) async throws -> Int {
        let page = String(decoding: try await client.get("/metrics", accept: "text/plain"), as: UTF8.self)
        let line = page.split(separator: "\n").first { $0.hasPrefix("process_heap_bytes ") }
        guard let value = line?.split(separator: " ").last.flatMap({ Double($0) }) else {
            throw BenchError("a validator's /metrics has no process_heap_bytes")
        }
        return Int(value)
    }

    private func folder(_ network: LocalNetwork, _ index: Int) -> String {
        "\(network.folder)/\(network.partners[index])/data"
    }
}

/// What a run has seen become final.
actor SoakCount {
    private(set) var transactions = 0
    private(set) var refused = 0
    private(set) var height: UInt64 = 0
    private(set) var isOver = false

    func final(_ count: Int, at height: UInt64) {
        transactions += count
        self.height = max(self.height, height)
    }
    func refuse(_ count: Int) { refused += count }
    func end() { isOver = true }
}

enum FolderSize {
    /// Bytes that the files take on the disk, which for preallocated ones is not their length.
    static func bytes(of folder: String) -> Int {
        let files = FileManager.default.enumerator(atPath: folder)
        var sum = 0
        while let name = files?.nextObject() as? String {
            var status = stat()
            if lstat(folder + "/" + name, &status) == 0 { sum += Int(status.st_blocks) * 512 }
        }
        return sum
    }
}
