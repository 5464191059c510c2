internal import Dispatch
internal import Foundation
internal import LedgerCrypto
package import Primitives
internal import Synchronization

/// Computes forecasts by a worker, off the threads that serve others, and remembers the last ones: the same question again
/// costs nothing.
package final class ForecastMachine: Sendable {
    static let rememberedMax = 32

    private let library: String?
    private let worker: @Sendable (String) -> WorkerProcess
    private let queue = DispatchQueue(label: "commonwatt.forecast")
    private let remembered = Mutex<[(question: Digest, answer: DayAheadForecast)]>([])

    /// `library` is LightGBM's file, nil where it is not installed; `worker` makes the process that computes with it.
    package init(library: String?, worker: @escaping @Sendable (String) -> WorkerProcess) {
        self.library = library
        self.worker = worker
    }

    private func file() throws(WorkerError) -> String {
        guard let library else {
            throw WorkerError(
                "LightGBM is not installed here: run tools/install-lightgbm, or name its library in the setting 'lightgbm'"
            )
        }
        return library
    }

    /// What names the program in a claim, by the library's file as it is now.
    package func program() throws(WorkerError) -> Digest {
        let path = try file()
        do { return DayAheadForecast.program(library: try LightGBMLibrary.digest(of: path)) } catch {
            throw WorkerError(error.description)
        }
    }

    package func forecast(after series: NetLoadSeries) async throws(WorkerError) -> DayAheadForecast {
        let path = try file()
        let question = SHA256.hash(try program().bytes + series.bcs)
        if let known = remembered.withLock({ $0.first { $0.question == question } }) { return known.answer }
        let process = worker(path)
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<_, WorkerError>, Never>) in
            queue.async {
                continuation.resume(
                    returning: Result { () throws(WorkerError) in
                        try ForecastWorker.forecast(after: series, by: process)
                    })
            }
        }
        let answer = try result.get()
        remembered.withLock { list in
            list.append((question, answer))
            if list.count > ForecastMachine.rememberedMax { list.removeFirst() }
        }
        return answer
    }
}
