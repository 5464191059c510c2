import Analytics
import Anchors
import Chain
import ContractKit
import DataLake
import DataSets
import Foundation
import LedgerCrypto
import Primitives
import Results
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// A cluster whose first partner forecasts a community of two homes, with an analysis that three partners attest.
struct Forecasting {
    static let homes = 2
    static let days = 22
    static let dataSet = "forecasts"
    static let library =
        ProcessInfo.processInfo.environment[LightGBMLibrary.environmentVariable]
        ?? LightGBMLibrary.installed(below: Shared.project.path)
    static var canRun: Bool { library != nil && FileManager.default.isExecutableFile(atPath: Shared.program) }
    static let machine = ForecastMachine(library: library, worker: worker)

    @Sendable static func worker(_ library: String) -> WorkerProcess {
        WorkerProcess(
            executable: URL(filePath: Shared.program), arguments: ["forecast", "worker", "--lightgbm", library])
    }

    /// A midnight in California.
    static let first = Timestamp(1_470_034_800_000)
    static let day = first.adding(milliseconds: UInt64(days) * 86_400_000)

    let cluster: Cluster
    let community: Address

    init() throws {
        cluster = try Cluster(machine: Self.machine)
        let rules = Homes.rules(AttestationPolicy(attesters: ["aurora", "borealis", "dawn"], threshold: 2))
        let batches = (1...Self.homes).flatMap { Self.batches(of: $0) }
        community = try cluster.community(
            rules, homes: Self.homes, from: PeriodNumber(Self.first.value / 3_600_000), batches: batches)
        let program = try Self.machine.program()
        try cluster.network.withLock {
            try $0.must(
                Anchors.register, on: WellKnown.anchors,
                RegisterDataSet(name: Self.dataSet, schema: Manifest.schema), by: "aurora")
            try $0.must(
                Results.declare, on: WellKnown.results,
                DeclareAnalysis(
                    name: "day-ahead",
                    analysis: Analysis(
                        program: program, dataSet: Self.dataSet,
                        policy: AttestationPolicy(attesters: ["aurora", "borealis", "corona"], threshold: 2))),
                by: "aurora")
        }
    }

    /// Batches by UTC day: the last one ends with the forecast day's first hour.
    private static func batches(of home: Int) -> [ReadingBatch] {
        var generator = SeededGenerator(seed: UInt64(home))
        let hours = (0..<days * 24).map { first.adding(milliseconds: UInt64($0) * 3_600_000) }
        let readings = hours.flatMap { hour in
            [Direction.load, .production].map { direction in
                Reading(
                    start: hour, direction: direction,
                    energy: Int64(generator.next() % 900) + (hour.value / 3_600_000 % 24 < 12 ? 200 : 1_500),
                    quality: .asProvided, receivedAt: day)
            }
        }
        return Dictionary(grouping: readings) { $0.start.value / 86_400_000 }.sorted { $0.key < $1.key }.map {
            batch(home, $0.key, $0.value)
        }
    }

    private static func batch(_ home: Int, _ day: UInt64, _ readings: [Reading], salt: String = "") -> ReadingBatch {
        ReadingBatch(
            salt: SHA256.hash(Array("\(home) \(day) \(salt)".utf8)), meter: TestNetwork.meter(home),
            resolution: .minutes60, readings: readings)
    }

    func recorder() throws -> ForecastRecorder {
        let cluster = cluster
        return ForecastRecorder(
            partner: "aurora", lake: try cluster.lake("aurora"), machine: Self.machine,
            gate: ForecastGate { Timestamp(0) }
        ) { () throws(StorageFailure) in cluster.chain }
    }

    func prepare() async throws -> PreparedForecast {
        try await recorder().prepare(
            "day-ahead", of: community, day: Self.day, days: UInt16(Self.days), salt: SHA256.hash([42]))
    }

    /// Anchors the output and publishes the result; the code of the rejection.
    func publish(_ prepared: PreparedForecast, _ attestations: [Attestation]) throws -> UInt16? {
        let (claim, manifest) = (prepared.request.claim, prepared.manifest)
        let batch = NewBatch(manifest)
        return try cluster.network.withLock {
            try $0.must(
                Anchors.append, on: WellKnown.anchors, AppendBatches(dataSet: Self.dataSet, batches: [batch]),
                by: "aurora")
            return try $0.code(
                Results.publish, on: WellKnown.results, PublishResult(claim: claim, attestations: attestations),
                by: "aurora")
        }
    }

    /// Corrects the first day of a home, once on the chain, and stores the correction at a lake; its digest.
    @discardableResult
    func correct(home: Int, at partner: String? = nil) throws -> Digest {
        let first = try #require(Self.batches(of: home).first)
        let readings = first.readings.map {
            Reading(
                start: $0.start, direction: $0.direction, energy: $0.energy + 5, quality: .asProvided, revision: 1,
                receivedAt: $0.receivedAt)
        }
        let better = Self.batch(home, 0, readings, salt: "better")
        try cluster.network.withLock {
            if try $0.read(Directory.batches, better.digest, of: WellKnown.anchors) == nil {
                try $0.anchor([better], supersedes: first.digest)
            }
        }
        if let partner { try cluster.lake(partner).store(better.bcs) }
        return better.digest
    }

    // MARK: lies

    /// The same request with parts of the claim replaced.
    func request(
        _ right: ResultRequest, program: Digest? = nil, analysis: String? = nil, root: Digest? = nil,
        parameters: Digest? = nil, output: Digest? = nil
    ) -> ResultRequest {
        let claim = right.claim
        return ResultRequest(
            claim: ResultClaim(
                owner: claim.owner, analysis: analysis ?? claim.analysis, program: program ?? claim.program,
                inputs: root ?? claim.inputs, inputCount: claim.inputCount, parameters: parameters ?? claim.parameters,
                output: output ?? claim.output), parameters: right.parameters, inputs: right.inputs, salt: right.salt,
            output: right.output)
    }

    /// A watt-hour more in the fourth hour, everything else to match.
    func altered(_ right: ResultRequest) throws -> ResultRequest {
        var lines = String(decoding: right.output, as: UTF8.self).split(separator: "\n").map(String.init)
        let fields = lines[4].split(separator: ",")
        let value = try #require(Int64(fields[1]))
        lines[4] = "\(fields[0]),\(value + 1)"
        let output = Array((lines.joined(separator: "\n") + "\n").utf8)
        let manifest = try ForecastOutput.manifest(output, salt: right.salt, inputs: right.inputs)
        let claim = request(right, output: manifest.digest).claim
        return ResultRequest(
            claim: claim, parameters: right.parameters, inputs: right.inputs, salt: right.salt, output: output)
    }

    /// The right output, claimed to come from other inputs.
    func asked(_ right: ResultRequest, inputs: [Digest]) throws -> ResultRequest {
        let manifest = try ForecastOutput.manifest(right.output, salt: right.salt, inputs: inputs)
        let claim = ResultClaim(
            owner: right.claim.owner, analysis: right.claim.analysis, program: right.claim.program,
            inputs: ForecastInputs.root(inputs), inputCount: UInt32(inputs.count), parameters: right.claim.parameters,
            output: manifest.digest)
        return ResultRequest(
            claim: claim, parameters: right.parameters, inputs: inputs, salt: right.salt, output: right.output)
    }
}
