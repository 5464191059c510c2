internal import Analytics
internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Trading
internal import Wiring

struct ForecastCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forecast", abstract: "Forecast a community's net load of the next day.",
        discussion: """
            The model is trained with LightGBM on the community's own past, in a process of its own with bounds on time and \
            memory. tools/install-lightgbm fetches the library once. `record` has other partners' nodes recompute a forecast \
            from the anchored readings and puts it on the chain with their signatures; `verify` checks it offline.
            """,
        subcommands: [
            Day.self, Compare.self, Declare.self, Record.self, Show.self, Verify.self, Worker.self,
        ])
}

/// Where LightGBM is, and how long a forecast may take.
struct ForecastOptions: ParsableArguments {
    @Option(help: "LightGBM's library file (default: COMMONWATT_LIGHTGBM, or where tools/install-lightgbm puts it).")
    var lightgbm: String?

    func library() throws -> String {
        if let lightgbm { return lightgbm }
        if let named = ProcessInfo.processInfo.environment[LightGBMLibrary.environmentVariable] { return named }
        guard let found = LightGBMLibrary.installed(below: FileManager.default.currentDirectoryPath) else {
            throw UserError("LightGBM is not here: run tools/install-lightgbm, or name its library with --lightgbm.")
        }
        return found
    }

    /// This program again, as a worker.
    func worker() throws -> WorkerProcess {
        ForecastWiring.worker(try library())
    }
}

/// The past that forecasts are made from.
struct ForecastPast: ParsableArguments {
    @Option(help: "File of readings in a form that `cec ingest` takes; repeat for more.") var readings: [String]
    @Option(help: "File of quarter hours that are production; repeat for more.") var productionReadings: [String] = []
    @OptionGroup var source: CecCommand.SourceOptions
    @Option(
        name: .customLong("file"),
        help:
            "The community file: which meters count, and the clock. Without it every meter counts, and --zone is the clock."
    )
    var path: String?

    /// Whole days by the community's standard time.
    func series() throws -> NetLoadSeries {
        let past = try PastReadings.files(
            readings, productions: productionReadings, community: path, source: source.source)
        let spans = past.batches.compactMap(\.span)
        guard let first = spans.map(\.from).min(), let last = spans.map(\.to).max() else {
            throw UserError("There are no readings to forecast from.")
        }
        let clock = try PastReadings.clock(community: path, zone: source.zone)
        let day = UInt64(NetLoadSeries.hoursPerDay) * NetLoadSeries.hourMilliseconds
        // Days keep the offset of the first reading, so that each has 24 hours.
        let offset = Int64(clock.offsetMinutes(at: first)) * 60_000
        let local = Int64(clamping: first.milliseconds) + offset
        let startOfDay = (local + Int64(day) - 1) / Int64(day) * Int64(day)
        let start = Timestamp(UInt64(max(0, startOfDay - offset)))
        // 1970-01-01 was a Thursday.
        let weekday = UInt8((startOfDay / Int64(day) + 3) % 7)
        return NetLoadSeries(
            readings: past.batches, start: start, weekday: weekday, days: Int(last.distance(above: start) / day))
    }
}

extension ForecastCommand {
    struct Day: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forecast the day after the last whole day of a file of readings.")

        @OptionGroup var past: ForecastPast
        @OptionGroup var options: ForecastOptions
        @OptionGroup var output: OutputOptions

        struct Answer: Encodable {
            let start: UInt64
            let wattHours: [Int64]
            let program: String
        }

        func run() async throws {
            let series = try past.series()
            let library = try LightGBMLibrary(path: options.library())
            let forecast = try ForecastWorker.forecast(after: series, by: options.worker())
            let program = DayAheadForecast.program(library: library.digest)
            let answer = Answer(
                start: forecast.start.milliseconds, wattHours: forecast.values, program: program.description)
            try output.show(answer) {
                var table = TextTable([("hour from (UTC)", .left), ("net load", .right)])
                for (hour, value) in forecast.values.enumerated() {
                    let time = forecast.start.adding(milliseconds: UInt64(hour) * NetLoadSeries.hourMilliseconds)
                    table.add([time.text, Human.energy(value)])
                }
                return table.text() + "\n\nprogram \(program)"
            }
        }
    }

    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hold forecasts of a past against what came, and against yesterday's values.",
            discussion: "Each day is forecast from the days before it only.")

        @OptionGroup var past: ForecastPast
        @OptionGroup var options: ForecastOptions
        @Option(help: "First day that is forecast, counted from the start of the file.") var fromDay = 60
        @Option(help: "Forecast every so many days.") var every = 7
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard fromDay >= 0, every >= 1 else { throw ValidationError("--from-day is 0 or more, --every 1 or more") }
        }

        func run() async throws {
            let series = try past.series()
            let worker = try options.worker()
            let comparison = try ForecastComparison(series, from: fromDay, every: every) {
                (before) throws(WorkerError) in try ForecastWorker.forecast(after: before, by: worker)
            }
            guard !comparison.days.isEmpty else {
                throw UserError("No day could be forecast: \(series.days) days, \(comparison.skippedDays) with gaps.")
            }
            try output.show(comparison) {
                var table = TextTable([("", .left), ("mean absolute error", .right), ("root mean square", .right)])
                for (name, errors) in [("yesterday again", comparison.persistence), ("forecast", comparison.forecast)] {
                    table.add([
                        name, Human.energy(Int64(errors.meanAbsolute.rounded())),
                        Human.energy(Int64(errors.rootMeanSquare.rounded())),
                    ])
                }
                let better = (comparison.improvement * 1_000).rounded() / 10
                return
                    "\(comparison.days.count) days of \(series.days), \(comparison.skippedDays) left out for gaps; errors "
                    + "by the hour.\n\n" + table.text()
                    + "\n\nThe forecast errs \(better) % less than yesterday's values."
            }
        }
    }

    struct Worker: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Answers one question on standard input.", shouldDisplay: false)

        @Option(help: "LightGBM's library file.") var lightgbm: String

        func run() throws {
            guard WorkerLimits().bindThisProcess() else {
                throw UserError("The bounds on this worker's time and memory could not be set.")
            }
            let bound = WorkerLimits.inputBytesMax
            guard let input = try FileHandle.standardInput.read(upToCount: bound + 1), input.count <= bound else {
                throw UserError("A worker's question has 1 to \(bound) bytes.")
            }
            let answer = try ForecastWorker.answer(Array(input), libraryPath: lightgbm)
            try FileHandle.standardOutput.write(contentsOf: Data(answer))
        }
    }
}
