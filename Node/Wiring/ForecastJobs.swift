internal import Analytics
internal import Anchors
internal import Chain
internal import ContractKit
internal import DataLake
internal import DataSets
internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Results

/// Forecasts that the own partner asked for: computing and attesting takes longer than an answer may, so the partner asks
/// again until one is done. The same question again is the same work.
actor ForecastJobs {
    /// Questions remembered, done ones too; the oldest goes.
    static let jobsMax = 8
    static let answerMilliseconds: UInt64 = 5_000

    private struct Job {
        let message: ForecastMessage
        let task: Task<ForecastProgress.Attested, any Error>
    }

    typealias Work = @Sendable (ForecastMessage) async throws -> ForecastProgress.Attested

    private let work: Work
    private let isRecorded: @Sendable (Digest) throws -> Bool
    private let waitMilliseconds: UInt64
    private var jobs: [Job] = []

    /// `work` computes a forecast and has it attested; `isRecorded` tells whether the chain has an output.
    init(
        waitMilliseconds: UInt64 = ForecastJobs.answerMilliseconds,
        isRecorded: @escaping @Sendable (Digest) throws -> Bool, work: @escaping Work
    ) {
        self.waitMilliseconds = waitMilliseconds
        self.isRecorded = isRecorded
        self.work = work
    }

    init(recorder: ForecastRecorder, ask: @escaping ForecastRecorder.Ask) {
        self.init(isRecorded: { try recorder.isRecorded($0) }) { message in
            let prepared = try await recorder.prepare(
                message.analysis, of: message.community, day: message.day, days: message.days, salt: Draw.digest())
            try recorder.store(prepared, now: .wallClock)
            return ForecastProgress.Attested(prepared, try await recorder.attest(prepared, ask: ask))
        }
    }

    /// Waits a while; nil when it is not done by then. A failure is forgotten once it was told.
    func progress(_ message: ForecastMessage) async throws -> ForecastProgress {
        let task = task(message)
        do {
            // The job is not part of the wait: it goes on when the wait ends.
            let attested = try await withTimeLimit(milliseconds: waitMilliseconds) { try await task.value }
            guard try isRecorded(attested.request.claim.output) else { return ForecastProgress(attested) }
        } catch is TimeLimitExceeded {
            return ForecastProgress(nil)
        } catch is CancellationError where Task.isCancelled {
            // Whoever asked is gone; the job is not.
            throw CancellationError()
        } catch {
            jobs.removeAll { $0.message == message }
            throw error
        }
        // That one is done with: the chain has it. The question is a new one, which readings since then may answer.
        jobs.removeAll { $0.message == message }
        _ = self.task(message)
        return ForecastProgress(nil)
    }

    private func task(_ message: ForecastMessage) -> Task<ForecastProgress.Attested, any Error> {
        if let known = jobs.first(where: { $0.message == message }) { return known.task }
        let task = Task { [work] in try await work(message) }
        if jobs.count >= ForecastJobs.jobsMax { jobs.removeFirst().task.cancel() }
        jobs.append(Job(message: message, task: task))
        return task
    }
}
