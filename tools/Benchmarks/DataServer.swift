internal import ArgumentParser
internal import Chain
internal import ContractHost
internal import DataAPI
internal import DataSets
internal import DataWorkload
internal import Foundation
internal import Glibc
internal import LedgerCrypto
internal import LightClient
internal import Logging
internal import NodeClient
internal import Primitives
internal import RPC
internal import ReadModels
internal import Synchronization

/// What a data server tells on its standard output, one line of JSON, when it is ready.
struct DataServerFacts: Codable {
    /// Read requests of each form.
    static let requests = 64

    let port: Int
    /// Content of the data set and of the plain file.
    let bytes: Int
    /// Time of the chain in memory, milliseconds since 1970.
    let time: UInt64
    /// BCS of the read requests for all of the data, in hexadecimal.
    let plain: [String]
    let proved: [String]
    let entriesPerSecond: Double
}

/// The node's HTTP server over a data set and a catalogue in memory, as a process of its own, so that server and client do
/// not share threads and the server ends with its process: when its standard input ends, or by a signal.
struct DataServer: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data-server", abstract: "The server that `data` measures.", shouldDisplay: false)

    @Option(help: "Rows of the data set in thousands.") var rows: Int
    @Option(help: "Data sets in the catalogue.") var entries: Int

    static func folder(of process: Int32) -> URL {
        FileManager.default.temporaryDirectory.appending(path: "commonwatt-data-server-\(process)")
    }

    func run() async throws {
        // The parent holds the other end: when it is gone, so is this.
        Thread.detachNewThread {
            while let data = try? FileHandle.standardInput.read(upToCount: 1_024), !data.isEmpty {}
            try? FileManager.default.removeItem(at: DataServer.folder(of: getpid()))
            Glibc.exit(0)
        }
        let story = try DataStory(csv: Tables.csv(hours: rows * 1_000 / 3))
        let folder = DataServer.folder(of: getpid())
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "plain.csv")
        try Data(story.csv).write(to: file)
        let catalogue = try Catalogue(entries: entries, folder: folder)
        var configuration = APIConfiguration()
        configuration.port = 0
        configuration.rateLimit = nil
        let facts: @Sendable (Int) -> DataServerFacts = { port in
            DataServerFacts(
                port: port, bytes: story.csv.count, time: story.node.market.time.value,
                plain: story.requests(.plain).map { Hex.encode($0.bcs) },
                proved: story.requests(.proved).map { Hex.encode($0.bcs) },
                entriesPerSecond: catalogue.entriesPerSecond)
        }
        let server = try APIServer(
            service: NoChain(),
            modules: [
                DataRoutes(service: story.node.service, models: story.node.models),
                MarketRoutes(models: catalogue.models), PlainFileRoutes(file: file.path),
            ], configuration: configuration, version: "bench",
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        ) { port in
            let line = (try? JSONEncoder().encode(facts(port))) ?? Data()
            FileHandle.standardOutput.write(line + Data("\n".utf8))
        }
        try await server.run()
    }
}

/// A data server that this process started; it ends with it.
final class DataServerProcess {
    static let startSecondsMax = 600.0

    let facts: DataServerFacts
    private let process: Process
    private let input: Pipe

    init(rows: Int, entries: Int) throws {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: own)
        process.arguments = ["data-server", "--rows", "\(rows)", "--entries", "\(entries)"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        self.process = process
        self.input = input
        // One line; nothing comes when the server ends before.
        let timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now() + DataServerProcess.startSecondsMax)
        timer.setEventHandler { process.terminate() }
        timer.resume()
        defer { timer.cancel() }
        var line = Data()
        while !line.contains(10) {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else {
                kill(process.processIdentifier, SIGKILL)
                throw BenchError("the data server ended before it was ready")
            }
            line += more
        }
        facts = try JSONDecoder().decode(DataServerFacts.self, from: line.prefix { $0 != 10 })
    }

    var base: String { "http://127.0.0.1:\(facts.port)" }

    /// Ends the server, at once.
    func stop() {
        try? input.fileHandleForWriting.close()
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: DataServer.folder(of: process.processIdentifier))
    }
}

/// A file as any web server gives it.
struct PlainFileRoutes: RouteModule {
    static let path = "/file"
    let file: String

    let tag = "File"
    let tagDescription = "A plain file."

    var endpoints: [Endpoint] {
        let file = file
        return [
            Endpoint(
                .get, PlainFileRoutes.path, operation: "getFile", summary: "The file",
                answers: [Endpoint.Answer(200, "Its bytes.", [.bytes("The file.")])]
            ) { _ in
                APIAnswer(
                    mediaType: "application/octet-stream",
                    body: .stream { write in
                        guard let handle = FileHandle(forReadingAtPath: file) else { throw BenchError("no file") }
                        defer { try? handle.close() }
                        while let data = try handle.read(upToCount: 65_536), !data.isEmpty {
                            try await write([UInt8](data))
                        }
                    })
            }
        ]
    }
}

/// Answers nothing: the routes that are measured do not ask it.
private struct NoChain: NodeService {
    let genesis: Genesis

    init() throws {
        genesis = try ContractTestBench.genesis(validators: ["bench"], application: [])
    }

    private var nothing: ServiceFailure { .unavailable("there is no chain", retryAfterSeconds: 1) }

    func submit(_ transactions: [Transaction]) async throws(ServiceFailure) -> [Submission] { throw nothing }
    func transactionStatus(_ digest: Digest) async throws(ServiceFailure) -> TransactionStatus { throw nothing }
    func transactionStatus(
        _ digest: Digest, waitingMilliseconds: UInt32
    ) async throws(ServiceFailure) -> TransactionStatus { throw nothing }
    func finalHeight(reaching height: Height, waitingMilliseconds: UInt32) async throws(ServiceFailure) -> Height {
        throw nothing
    }
    func block(_ reference: BlockReference) async throws(ServiceFailure) -> ExecutedBlock? { throw nothing }
    func header(_ reference: BlockReference) async throws(ServiceFailure) -> BlockHeader? { throw nothing }
    func finality(_ height: Height) async throws(ServiceFailure) -> Finality? { throw nothing }
    func value(_ key: [UInt8], at height: Height?) async throws(ServiceFailure) -> StateValue { throw nothing }
    func finalState() async throws(ServiceFailure) -> any FinalState { throw nothing }
    func proof(
        _ keys: [[UInt8]], at height: Height?, from epoch: Epoch
    ) async throws(ServiceFailure) -> ProofBundle { throw nothing }
    func epochs(from epoch: Epoch) async throws(ServiceFailure) -> ProofBundle? { throw nothing }
    func contractInterfaces() async throws(ServiceFailure) -> String { throw nothing }
    func contractInterface(_ instance: Address) async throws(ServiceFailure) -> String? { throw nothing }
    func query(
        _ instance: Address, _ number: UInt16, arguments: [UInt8]
    ) async throws(ServiceFailure) -> QueryAnswer? { throw nothing }
    func validators(_ epoch: Epoch?) async throws(ServiceFailure) -> EpochInfo? { throw nothing }
    func status() async -> NodeStatus {
        NodeStatus(
            ready: false, summary: "There is no chain.", network: .zero, networkName: "bench", version: "bench",
            partner: "bench", validatorIndex: nil, finalHeight: Height(0), finalBlock: .zero, finalTime: Timestamp(0),
            stateRoot: .zero, epoch: Epoch(0), view: View(0), networkHeight: Height(0), poolTransactions: 0,
            uptimeSeconds: 0, peers: [], warnings: [])
    }
    func metrics() async -> [MetricFamily] { [] }
}
