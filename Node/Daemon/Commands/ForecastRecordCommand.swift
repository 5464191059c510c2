internal import Analytics
internal import Anchors
internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import DataLake
internal import DataSets
internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Results
internal import Trading
internal import Wiring

extension ForecastCommand {
    struct Declare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Declare an analysis of the own partner: the program, where outputs go, who recomputes them.",
            discussion: """
                The program is this version's model with LightGBM's library as it is on this machine; the nodes of the \
                attesters need the same file. An analysis never changes: a new library is a new analysis.
                """)
        @Argument(help: "Name: 1 to 64 characters a-z, 0-9, hyphen, dot and slash.") var name: String
        @Option(help: "Data set of the own partner for the outputs; registered when it is new.") var dataSet: String
        @Option(help: "Partner whose node recomputes results; repeat for more. Every validator when left out.")
        var attester: [String] = []
        @Option(help: "How many must have recomputed a result; 0 is a quorum.") var threshold: UInt16 = 0
        @OptionGroup var options: ForecastOptions
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let program = DayAheadForecast.program(library: try LightGBMLibrary.digest(of: try options.library()))
            let signer = try connection.signer()
            let policy = AttestationPolicy(attesters: Set(attester).sorted(), threshold: threshold)
            try await connection.nodes.with { client in
                let session = try await ChainSession(client, signer)
                let register = RegisterDataSet(name: dataSet, schema: Manifest.schema)
                let made = try await session.finish(
                    try session.transaction([Anchors.register.call(on: WellKnown.anchors, register)]))
                if let rejection = made.receipt.rejection, rejection.code != Anchors.dataSetExists.code {
                    throw ChainRefusal(what: "registering the data set", rejection: rejection)
                }
                let request = DeclareAnalysis(
                    name: name, analysis: Analysis(program: program, dataSet: dataSet, policy: policy))
                try await session.run(
                    [Results.declare.call(on: WellKnown.results, request)], doing: "declaring the analysis")
            }
            try output.show(["analysis": name, "program": "\(program)", "dataSet": dataSet]) {
                "Analysis '\(name)' is declared: program \(program), outputs in '\(dataSet)'."
            }
        }
    }

    struct Record: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have the own node forecast a day, other partners' nodes recompute it, and the chain record it.",
            discussion: """
                Forecasts from the anchored readings in the node's lake. Every partner that the analysis names is asked over \
                the peer links; one that gets something else refuses and says what differs. --keep writes a file that \
                `forecast verify` checks offline.
                """)
        @Option(help: "Name of the own partner's analysis.") var analysis: String
        @Option(help: "The day to forecast by the community's clock, such as 2016-11-10.") var day: String
        @Option(help: "Days before it that the model sees.") var days: UInt16 = 60
        @Option(name: .customLong("file"), help: "The community file.") var path = "community.json"
        @Option(help: "Address of the community, in place of its file.") var community: String?
        @Option(help: "Seconds to wait for computing and attestations.") var seconds = 300
        @Option(help: "File to write the forecast to, as CSV.") var out: String?
        @Option(help: "File to keep question, output and proofs in.") var keep: String?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        struct Report: Encodable {
            let output: String
            let attestedBy: [String]
            let inputs: Int
            let height: UInt64
            let forecast: [String]
        }

        func run() async throws {
            let address = try address()
            let signer = try connection.signer()
            let report = try await connection.nodes.with { client in
                let session = try await ChainSession(client, signer)
                let rules = try await session.ask(Community.rulesQuery, of: address, Nothing())
                let message = ForecastMessage(
                    analysis: analysis, community: address, day: try start(of: day, rules.clock), days: days)
                let attested = try await attested(message, session)
                let height = try await publish(attested, session)
                if let out { try Data(attested.request.output).write(to: URL(filePath: out)) }
                if let keep { try await kept(attested.request, client, height).write(to: URL(filePath: keep)) }
                return Report(
                    output: "\(attested.request.claim.output)", attestedBy: attested.attestations.map(\.partner),
                    inputs: attested.request.inputs.count, height: height.value,
                    forecast: String(decoding: attested.request.output, as: UTF8.self).split(separator: "\n").map(
                        String.init))
            }
            try output.show(report) {
                report.forecast.joined(separator: "\n")
                    + "\n\nRecorded in block \(report.height): output \(report.output),\nfrom \(report.inputs) anchored batches, recomputed and signed by \(report.attestedBy.joined(separator: ", "))."
            }
        }

        private func address() throws -> Address {
            try CommunityFile.address(try community ?? CommunityFile.read(path).community)
        }

        private func start(of day: String, _ clock: LocalClock) throws -> Timestamp {
            let local = try TimeArgument.parse(day + "T00:00Z")
            guard let start = clock.instants(ofLocalMinutes: Int64(clamping: local.value / 60_000)).first else {
                throw UserError("The community's clock has no midnight on \(day).")
            }
            return start
        }

        /// Asks the own node until it is done.
        private func attested(
            _ message: ForecastMessage, _ session: ChainSession
        ) async throws -> ForecastProgress.Attested {
            let end = ContinuousClock.now + .seconds(max(1, seconds))
            repeat {
                let answer = try await session.admin(.forecast, message.bcs, accept: "application/octet-stream")
                if let attested = try ForecastProgress(bcs: answer).attested { return attested }
                output.progress("the forecast is being computed and attested")
            } while ContinuousClock.now < end
            throw UserError("It is not done after \(seconds) s; the node goes on with it: ask again.")
        }

        /// Anchors the output and records the result, in one transaction.
        private func publish(_ attested: ForecastProgress.Attested, _ session: ChainSession) async throws -> Height {
            try await session.run(
                [
                    Anchors.append.call(
                        on: WellKnown.anchors, AppendBatches(dataSet: attested.dataSet, batches: [attested.batch])),
                    Results.publish.call(
                        on: WellKnown.results,
                        PublishResult(claim: attested.request.claim, attestations: attested.attestations)),
                ], doing: "recording the result"
            ).height
        }

        private func kept(_ request: ResultRequest, _ client: NodeClient, _ height: Height) async throws -> Data {
            var proofs: [[UInt8]] = []
            for key in RecordedForecast.keys(request.claim) {
                proofs.append(try await client.proof(key, minimumHeight: height).bcs)
            }
            return Data(RecordedForecast(request: request, proofs: proofs).bcs)
        }
    }
}
