import Chain
import ContractKit
import OperatorFiles
import Primitives
import Synchronization
import Testing

@testable import Wiring

/// Forecasts take longer than an answer may.
@Suite("Forecasts that take long", .timeLimit(.minutes(1)))
struct ForecastJobsTests {
    private struct Failure: Error {}

    private static let message = ForecastMessage(
        analysis: "day-ahead", community: WellKnown.results, day: Timestamp(0), days: 22)

    /// A job that ends when it is let go, and counts how often it was begun.
    private final class Gate: Sendable {
        private let state = Mutex((isOpen: false, begun: 0))
        var begun: Int { state.withLock { $0.begun } }
        func open() { state.withLock { $0.isOpen = true } }

        func pass() async {
            state.withLock { $0.begun += 1 }
            // Deaf to cancellation, as a worker process is.
            while !state.withLock({ $0.isOpen }) {
                await Task.detached { try? await Task.sleep(for: .milliseconds(10)) }.value
            }
        }
    }

    @Test func theAnswerDoesNotWaitForTheJob() async throws {
        let gate = Gate()
        let jobs = ForecastJobs(waitMilliseconds: 200, isRecorded: { _ in false }) { _ in
            await gate.pass()
            throw Failure()
        }
        for _ in 0..<3 {
            let began = ContinuousClock.now
            #expect(try await jobs.progress(Self.message).attested == nil)
            #expect(ContinuousClock.now - began < .seconds(5))
        }
        #expect(gate.begun == 1)
        gate.open()
        // The job went on; what it came to is told once, then it is begun anew.
        await #expect(throws: Failure.self) {
            while true { _ = try await jobs.progress(Self.message) }
        }
        await #expect(throws: Failure.self) { try await jobs.progress(Self.message) }
        #expect(gate.begun == 2)
    }
}

/// How a node ends.
@Suite("End of a node")
struct NodeEndTests {
    private struct Failure: Error {}

    @Test func lateWritesAreMadeWhateverEndsIt() async throws {
        for fails in [false, true] {
            let done = Mutex<[String]>([])
            func note(_ word: String) { done.withLock { $0.append(word) } }
            do {
                try await NodeWiring.live {
                    note("run")
                    if fails { throw Failure() }
                } stop: {
                    note("stop")
                } flush: {
                    note("flush")
                }
                #expect(!fails)
            } catch {
                #expect(fails && error is UserError)
            }
            #expect(done.withLock { $0 } == ["run", "stop", "flush"])
        }
    }

    @Test func bothErrorsAreSaid() async throws {
        let error = await #expect(throws: UserError.self) {
            try await NodeWiring.live({ throw Failure() }, stop: {}, flush: { throw Failure() })
        }
        #expect("\(try #require(error))".contains("written last is lost"))
    }
}
