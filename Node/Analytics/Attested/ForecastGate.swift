internal import DataLake
package import Primitives

/// Lets questions to the machine one at a time. What others may make a node compute is bounded: one question of a
/// partner at a time, few waiting, and so many in an hour.
///
/// The node's own questions have places of their own: while both kinds wait, they take turns, so neither an eager partner nor
/// the node itself keeps the other from the machine.
package actor ForecastGate {
    package static let waitingMax = 4
    /// The node's own questions that wait.
    package static let ownWaitingMax = 8
    /// Questions of one partner in an hour. Each takes at most `WorkerLimits.processorSeconds` of computing.
    package static let perHourMax = 60
    private static let hourMilliseconds: UInt64 = 3_600_000

    private struct Lane {
        let waitingMax: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let now: @Sendable () -> Timestamp
    private var isTaken = false
    /// Whether the node's own question has, or had last, the machine.
    private var isOwnTurn = false
    private var own = Lane(waitingMax: ownWaitingMax)
    private var others = Lane(waitingMax: waitingMax)
    /// Partners with a question that is prepared, computed or waits.
    private var present: Set<String> = []
    /// When the questions of the last hour came.
    private var begun: [String: [Timestamp]] = [:]

    package init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    /// Runs `prepare` at once, beside others', then `body` alone, after those that came before. Throws `busy` when there is no
    /// room.
    package func pass<Answer: Sendable>(
        for partner: String, isOwn: Bool = false, preparing prepare: @Sendable () async throws -> Void,
        then body: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        try checkRoom(isOwn)
        if !isOwn { try admit(partner) }
        defer { if !isOwn { present.remove(partner) } }
        try await prepare()
        try await take(isOwn)
        defer { giveBack() }
        return try await body()
    }

    package func pass<Answer: Sendable>(
        for partner: String, isOwn: Bool = false, _ body: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        try await pass(for: partner, isOwn: isOwn, preparing: {}, then: body)
    }

    private func take(_ isOwn: Bool) async throws(LakeRefusal) {
        guard isTaken else {
            (isTaken, isOwnTurn) = (true, isOwn)
            return
        }
        try checkRoom(isOwn)
        await withCheckedContinuation { continuation in
            if isOwn { own.waiting.append(continuation) } else { others.waiting.append(continuation) }
        }
    }

    /// To whoever waits longest of the kind that did not have it, else of the same kind.
    private func giveBack() {
        let isOwnNext = others.waiting.isEmpty || (!isOwnTurn && !own.waiting.isEmpty)
        guard !(isOwnNext ? own : others).waiting.isEmpty else { return isTaken = false }
        isOwnTurn = isOwnNext
        (isOwnNext ? own.waiting.removeFirst() : others.waiting.removeFirst()).resume()
    }

    private func checkRoom(_ isOwn: Bool) throws(LakeRefusal) {
        let lane = isOwn ? own : others
        guard lane.waiting.count < lane.waitingMax else {
            throw LakeRefusal(.busy, "\(lane.waitingMax) questions wait already; ask again later")
        }
    }

    private func admit(_ partner: String) throws(LakeRefusal) {
        guard !present.contains(partner) else {
            throw LakeRefusal(.busy, "a question of \(partner) is being computed; ask again when it is answered")
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
