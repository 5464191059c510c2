internal import Foundation
internal import Primitives

/// The day-ahead forecast as a worker: a series comes in, a forecast goes out, both as BCS.
package enum ForecastWorker {
    /// What the worker's process does. Returns the bytes of the answer.
    package static func answer(_ input: [UInt8], libraryPath: String) throws(WorkerError) -> [UInt8] {
        let series: NetLoadSeries
        do { series = try NetLoadSeries(bcs: input) } catch { throw WorkerError("the series is malformed: \(error)") }
        do {
            let library = try LightGBMLibrary(path: libraryPath)
            return try DayAheadForecast(after: series, with: library).bcs
        } catch {
            throw WorkerError("\(error)")
        }
    }

    /// Asks a worker. Blocks the calling thread.
    package static func forecast(
        after series: NetLoadSeries, by worker: WorkerProcess
    ) throws(WorkerError) -> DayAheadForecast {
        let bytes = try worker.run(series.bcs)
        do { return try DayAheadForecast(bcs: bytes) } catch {
            throw WorkerError("the worker's answer is malformed: \(error)")
        }
    }
}
