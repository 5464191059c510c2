internal import DataLake
package import Primitives

/// Lets questions to the machine one at a time. What others may make a node compute is bounded: one question of a
/// partner at a time, few waiting, and so many in an hour.
package actor ForecastGate {
    package static let waitingMax = 4
    /// Questions of one partner in an hour. Each takes at most `WorkerLimits.processorSeconds` of computing.
    package static let perHourMax = 60
    private static let hourMilliseconds: UInt64 = 3_600_000

    private let now: @Sendable () -> Timestamp
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    /// Partners with a question that is computed or waits.
    private var present: Set<String> = []
    /// When the questions of the last hour came.
    private var begun: [String: [Timestamp]] = [:]

    package init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    /// Runs `body` alone, after those that came before. Throws `busy` when there is no room.
    package func pass<Answer: Sendable>(
        for partner: String, _ body: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        try admit(partner)
        defer { present.remove(partner) }
        if isTaken {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            isTaken = true
        }
        defer {
            if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
        }
        return try await body()
    }

    private func admit(_ partner: String) throws(LakeRefusal) {
        guard !present.contains(partner) else {
            throw LakeRefusal(.busy, "a question of \(partner) is being computed; ask again when it is answered")
        }
        guard waiting.count < ForecastGate.waitingMax else {
            throw LakeRefusal(.busy, "\(ForecastGate.waitingMax) questions wait already; ask again later")
        }
        let time = now()
        var recent = (begun[partner] ?? []).filter { $0.value + ForecastGate.hourMilliseconds > time.value }
        guard recent.count < ForecastGate.perHourMax else {
            throw LakeRefusal(
                .busy, "\(partner) asked \(recent.count) questions in the last hour, which is all that this node takes")
        }
        recent.append(time)
        begun[partner] = recent
        present.insert(partner)
    }
}
