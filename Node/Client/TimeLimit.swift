internal import Synchronization

/// The work did not end within its time.
package struct TimeLimitExceeded: Error, CustomStringConvertible {
    package var description: String { "it did not end in time" }
}

/// Runs `work`, at most so long (and up to a tenth of a second more: all limits share one timer). At the limit the work's
/// task is cancelled and not waited for: a call that ignores cancellation cannot hold the answer back.
package func withTimeLimit<Value: Sendable>(
    milliseconds: UInt64, _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let race = Race<Value>()
    let limit = Deadlines.shared.add(afterMilliseconds: milliseconds) { race.finish(.failure(TimeLimitExceeded())) }
    defer { Deadlines.shared.remove(limit) }
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            race.begin(continuation)
            race.add(
                Task {
                    do { race.finish(.success(try await work())) } catch { race.finish(.failure(error)) }
                })
        }
    } onCancel: {
        race.finish(.failure(CancellationError()))
    }
}

/// The first result wins; then the work's task is cancelled.
private final class Race<Value: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Value, any Error>?
        var result: Result<Value, any Error>?
        var task: Task<Void, Never>?
    }

    private let state = Mutex(State())

    func begin(_ continuation: CheckedContinuation<Value, any Error>) {
        let early = state.withLock { state in
            if state.result == nil { state.continuation = continuation }
            return state.result
        }
        if let early { continuation.resume(with: early) }
    }

    func add(_ task: Task<Void, Never>) {
        let isOver = state.withLock { state in
            if state.result == nil { state.task = task }
            return state.result != nil
        }
        if isOver { task.cancel() }
    }

    func finish(_ result: Result<Value, any Error>) {
        let (continuation, task) = state.withLock { state in
            guard state.result == nil else {
                return (nil as CheckedContinuation<Value, any Error>?, nil as Task<Void, Never>?)
            }
            state.result = result
            defer { (state.continuation, state.task) = (nil, nil) }
            return (state.continuation, state.task)
        }
        continuation?.resume(with: result)
        task?.cancel()
    }
}

/// Time limits of everything in work, looked at ten times a second while there are any.
private final class Deadlines: Sendable {
    static let shared = Deadlines()

    private struct State {
        var open: [UInt64: (end: ContinuousClock.Instant, expire: @Sendable () -> Void)] = [:]
        var nextID: UInt64 = 0
        var isWatching = false
    }

    private let state = Mutex(State())

    func add(afterMilliseconds milliseconds: UInt64, expire: @escaping @Sendable () -> Void) -> UInt64 {
        let end = ContinuousClock.now + .milliseconds(Int64(min(milliseconds, UInt64(Int32.max))))
        let (id, begins) = state.withLock { state in
            state.nextID += 1
            state.open[state.nextID] = (end, expire)
            defer { state.isWatching = true }
            return (state.nextID, !state.isWatching)
        }
        if begins { Task.detached { [self] in await watch() } }
        return id
    }

    func remove(_ id: UInt64) { state.withLock { state in state.open[id] = nil } }

    private func watch() async {
        var restingRounds = 0
        // A second without any work ends it: single requests now and then do not start it anew each time.
        while restingRounds < 10 {
            try? await Task.sleep(for: .milliseconds(100))
            let now = ContinuousClock.now
            let (due, isEmpty) = state.withLock { state in
                let due = state.open.filter { $0.value.end <= now }
                for id in due.keys { state.open[id] = nil }
                return (due.values.map(\.expire), state.open.isEmpty)
            }
            for expire in due { expire() }
            restingRounds = isEmpty ? restingRounds + 1 : 0
        }
        let goesOn = state.withLock { state in
            if state.open.isEmpty { state.isWatching = false }
            return state.isWatching
        }
        if goesOn { await watch() }
    }
}
