import Analytics
import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@Suite(.enabled(if: Forecasts.canRun, "LightGBM is not installed: tools/install-lightgbm"))
struct ForecastTests {
    func forecast(_ series: NetLoadSeries) throws -> DayAheadForecast {
        try ForecastWorker.forecast(after: series, by: Forecasts.worker())
    }

    @Test func theSameInAnyProcess() throws {
        let series = Forecasts.series(days: 40)
        let first = try forecast(series)
        #expect(try forecast(series) == first)
        let library = try LightGBMLibrary(path: try #require(Forecasts.libraryPath))
        #expect(try DayAheadForecast(after: series, with: library) == first)
        #expect(first.values.count == 24 && first.start == series.end)
        #expect(try forecast(Forecasts.series(days: 40, seed: 2)) != first)
        #expect(try DayAheadForecast(bcs: first.bcs) == first)
        #expect(DayAheadForecast.program(library: library.digest) != DayAheadForecast.program(library: .zero))
    }

    /// A known shape with little noise is found: far better than its range, and better than yesterday's values.
    @Test func findsWhatIsThere() throws {
        let all = Forecasts.series(days: 61)
        let comparison = try ForecastComparison(all, from: 58, every: 1) {
            (before) throws(WorkerError) in try ForecastWorker.forecast(after: before, by: Forecasts.worker())
        }
        #expect(comparison.days.count == 3 && comparison.skippedDays == 0)
        #expect(comparison.forecast.meanAbsolute < 1_000, "\(comparison.forecast)")
        #expect(comparison.forecast.meanAbsolute < comparison.persistence.meanAbsolute)
    }

    /// Every eighth day of the real year from the ninth week on, each from the days before it alone.
    @Test(.enabled(if: Shared.isPresent, "the real year lies in ../shared"))
    func beatsYesterdayOnTheRealYear() throws {
        let series = try Forecasts.realYear()
        #expect(series.problem == nil && series.days == 364)
        let worker = Forecasts.worker()
        let comparison = try ForecastComparison(series, from: 60, every: 8) {
            (before) throws(WorkerError) in try ForecastWorker.forecast(after: before, by: worker)
        }
        #expect(comparison.days.count == 38)
        #expect(comparison.improvement > 0.05, "\(comparison.forecast) against \(comparison.persistence)")
        #expect(comparison.forecast.rootMeanSquare < comparison.persistence.rootMeanSquare)
    }

    /// Whatever the day itself brings does not change its forecast.
    @Test func looksAtDaysBeforeOnly() throws {
        let series = Forecasts.series(days: 30)
        let before = series.prefix(days: 29)
        let other = NetLoadSeries(
            start: series.start, weekday: series.weekday, values: before.values + Array(repeating: 5, count: 24))
        #expect(try forecast(other.prefix(days: 29)) == forecast(before))
    }

    @Test func refusesWhatItCannotForecast() throws {
        func complaint(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return "nothing"
        }
        #expect(complaint { _ = try forecast(Forecasts.series(days: 20)) }.contains("14 complete days"))
        let series = Forecasts.series(days: 30)
        var values = series.values
        values[29 * 24 + 3] = nil
        let gap = NetLoadSeries(start: series.start, weekday: 0, values: values)
        #expect(complaint { _ = try forecast(gap) }.contains("one is missing"))
        #expect(complaint { _ = try Forecasts.worker().run([1, 2, 3]) }.contains("malformed"))
        #expect(complaint { _ = try Forecasts.worker().run([]) }.contains("question"))
        #expect(
            complaint { _ = try Forecasts.worker("/nowhere/lib.so").run(series.bcs) }.contains("install-lightgbm"))
        #expect(complaint { _ = try Forecasts.worker("/etc/passwd").run(series.bcs) }.contains("opened as a library"))
    }

    @Test func aWorkerThatTakesTooLongIsEnded() throws {
        var limits = WorkerLimits()
        limits.wallSeconds = 0.3
        let sleeper = WorkerProcess(executable: URL(filePath: "/bin/sleep"), arguments: ["60"], limits: limits)
        let started = Date()
        #expect(throws: WorkerError.self) { try sleeper.run([]) }
        #expect(Date().timeIntervalSince(started) < 20)
        let nobody = WorkerProcess(executable: URL(filePath: "/nowhere"), arguments: [])
        #expect(throws: WorkerError.self) { try nobody.run([]) }
    }

    /// The bounds hold for what the process itself does, libraries included: the second program would take 8 GiB.
    @Test func theBoundsAreTheProcess() throws {
        let script = "import sys; sys.stdout.buffer.write(b'x' * (1 << 20))"
        let python = WorkerProcess(executable: URL(filePath: "/usr/bin/python3"), arguments: ["-c", script])
        #expect(try python.run([]).count == 1 << 20)
        let series = Forecasts.series(days: 1_096)
        let small = WorkerProcess(
            executable: URL(filePath: "/bin/sh"),
            arguments: [
                "-c",
                "ulimit -v 60000; exec \(Forecasts.program) forecast worker --lightgbm \(try #require(Forecasts.libraryPath))",
            ])
        #expect(throws: WorkerError.self) { try small.run(series.bcs) }
    }
}
