internal import ChaosHistory
internal import Foundation
internal import NodeClient
internal import Primitives

/// What one scenario gave, for the report.
struct ScenarioResult: Codable, Sendable {
    struct Point: Codable, Sendable {
        /// Seconds since the load began.
        let at: Double
        let text: String
    }

    let name: String
    let what: String
    let expects: String
    /// Why it was not run; everything else is empty then.
    var skipped: String?
    var seed: UInt64 = 0
    /// Seconds since the load began.
    var faultFrom = 0.0
    var faultTo = 0.0
    var end = 0.0
    /// Acknowledged writes per second, in steps of `rateStep` seconds.
    var rates: [Double] = []
    var rateStep = 0.5
    var rateBefore = 0.0
    var rateDuring = 0.0
    var rateAfter = 0.0
    var latencyBeforeMilliseconds = 0.0
    var latencyDuringMilliseconds = 0.0
    /// From the end of the fault to the first block that became final after it, and the views until then.
    var firstBlockSeconds: Double?
    var firstBlockViews: UInt64?
    /// From the end of the fault until every validator is ready and has that block.
    var allBackSeconds: Double?
    /// Greatest rise of the final height during the fault, of any node.
    var blocksDuring: UInt64 = 0
    var packets: Switchboard.Counters?
    var failedAttempts: [String: Int] = [:]
    var notes: [Point] = []
    var verdict: Verdict?
    /// Everything that makes the scenario fail beside the verdict.
    var refusals: [String] = []

    var holds: Bool { skipped == nil && refusals.isEmpty && verdict?.holds == true }

    var line: String {
        if let skipped { return "SKIP  \(name): \(skipped)" }
        func number(_ value: Double?) -> String { value.map { String(format: "%.1f", $0) } ?? "-" }
        return "\(holds ? "ok  " : "FAIL")  \(name): \(number(rateBefore)) -> \(number(rateDuring)) -> "
            + "\(number(rateAfter)) tx/s; a block \(number(firstBlockSeconds)) s and "
            + "\(firstBlockViews.map(String.init) ?? "-") views after healing, all back after "
            + "\(number(allBackSeconds)) s; \(verdict?.words ?? "no verdict")"
            + (refusals.isEmpty ? "" : "; " + refusals.joined(separator: "; "))
    }
}

/// Runs one scenario on a network of its own, under load: before, fault, healing, after, verdict.
struct ScenarioRun {
    /// After healing a block must become final within so much,
    static let firstBlockSecondsMax = 30.0
    /// in so many views beyond the one at healing (the doubling of the delay needs a leader that is there: f + 1 turns,
    /// and each leader once),
    static let firstBlockViewsMax: UInt64 = 12
    /// and every validator must be ready and have it.
    static let allBackSecondsMax = 60.0
    /// Finality on its way when a fault begins: blocks of so many seconds do not count as made without a quorum.
    private static let settleSeconds = 1.5

    let scenario: Scenario
    let seed: UInt64
    /// Scale of the fault's duration, 1 for the usual one.
    var scale = 1.0
    var before = 4.0
    var after = 4.0
    var load = Load.Plan()

    func run() async throws -> ScenarioResult {
        var result = ScenarioResult(name: scenario.name, what: scenario.what, expects: scenario.expects.rawValue)
        result.seed = seed
        if let lack = scenario.lack {
            result.skipped = lack
            return result
        }
        var plan = World.Plan()
        plan.seed = seed
        scenario.prepare(&plan)
        let log = FaultLog(seed: seed)
        let world: World
        do {
            world = try World(plan)
        } catch {
            result.refusals.append("it cannot be set up: \(error)")
            return result
        }
        defer { world.destroy() }
        do {
            try await measure(world, log, &result)
        } catch {
            result.refusals.append("\(error)\n\(world.logs)")
        }
        result.refusals += log.refusals
        return result
    }

    private func measure(_ world: World, _ log: FaultLog, _ result: inout ScenarioResult) async throws {
        try await world.startAll()
        let recorder = Recorder()
        let clients = try Load(world, recorder, plan: load)
        try clients.start()
        let watcher = HeightWatch(world)
        // The first second is the clients' own start.
        try await Task.sleep(for: .seconds(1))
        let begin = Watch.now()
        try await Task.sleep(for: .seconds(before))
        let fault = Watch.now()
        do {
            try await injected(world, log, watcher, &result)
            let healed = Watch.now()
            try await recover(world, watcher, healed, &result)
            try await Task.sleep(for: .seconds(after))
            let end = Watch.now()
            summarize(recorder, begin, fault, healed, end, &result)
            result.notes = log.entries.map { .init(at: $0.at - begin, text: $0.text) }
            result.packets = world.switchboard?.counters
            await clients.drain(seconds: 20)
            var history = recorder.history
            history.copies = try await clients.copies(of: world.nodes)
            result.verdict = HistoryChecker.check(history)
            result.failedAttempts = recorder.failureCounts
            await watcher.stop()
            await clients.stop()
        } catch {
            result.notes = log.entries.map { .init(at: $0.at - begin, text: $0.text) }
            await watcher.stop()
            await clients.stop()
            throw error
        }
    }

    private func injected(
        _ world: World, _ log: FaultLog, _ watcher: HeightWatch, _ result: inout ScenarioResult
    ) async throws {
        let start = await watcher.heights().max() ?? 0
        try await scenario.inject(world, log)
        if let seconds = scenario.seconds {
            let settle = min(ScenarioRun.settleSeconds, seconds * scale)
            try await Task.sleep(for: .seconds(settle))
            let settled = await watcher.heights().max() ?? 0
            try await Task.sleep(for: .seconds(max(0, seconds * scale - settle)))
            let last = await watcher.heights().max() ?? 0
            result.blocksDuring = last - min(last, start)
            if scenario.expects == .stands, last > settled {
                log.refuse("\(last - settled) blocks became final without a quorum")
            }
        } else {
            let last = await watcher.heights().max() ?? 0
            result.blocksDuring = last - min(last, start)
        }
        if scenario.expects == .goesOn, result.blocksDuring == 0 {
            log.refuse("no block became final during the fault")
        }
        try await scenario.heal(world, log)
    }

    /// Waits for a new final block, then for all nodes.
    private func recover(
        _ world: World, _ watcher: HeightWatch, _ healed: Double, _ result: inout ScenarioResult
    ) async throws {
        let begin = await watcher.position()
        var goal = UInt64.max
        while Watch.now() - healed < ScenarioRun.firstBlockSecondsMax {
            let now = await watcher.position()
            if now.height > begin.height {
                result.firstBlockSeconds = Watch.now() - healed
                // Nodes are asked five times a second: each further block of that time had a view of its own.
                let further = now.height - begin.height - 1
                result.firstBlockViews = now.view - min(now.view, begin.view + further)
                goal = now.height
                break
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        guard let views = result.firstBlockViews else {
            result.refusals.append("no block became final within \(ScenarioRun.firstBlockSecondsMax) s after healing")
            return
        }
        if views > ScenarioRun.firstBlockViewsMax {
            result.refusals.append("the first block after healing took \(views) views")
        }
        while Watch.now() - healed < ScenarioRun.allBackSecondsMax {
            var isBack = true
            for node in world.nodes {
                guard let status = await node.status(), status.ready, status.finalHeight.value >= goal else {
                    isBack = false
                    break
                }
            }
            if isBack {
                result.allBackSeconds = Watch.now() - healed
                return
            }
            try await Task.sleep(for: .milliseconds(200))
        }
        result.refusals.append("not all validators are back \(ScenarioRun.allBackSecondsMax) s after healing")
    }

    private func summarize(
        _ recorder: Recorder, _ begin: Double, _ fault: Double, _ healed: Double, _ end: Double,
        _ result: inout ScenarioResult
    ) {
        func rate(_ from: Double, _ to: Double) -> Double {
            Double(recorder.acknowledgedCount(from: from, to: to)) / max(0.001, to - from)
        }
        func middle(_ from: Double, _ to: Double) -> Double {
            let sorted = recorder.latencies(from: from, to: to).sorted()
            return sorted.isEmpty ? 0 : sorted[sorted.count / 2] * 1_000
        }
        (result.faultFrom, result.faultTo, result.end) = (fault - begin, healed - begin, end - begin)
        result.rates = recorder.rates(from: begin, to: end, width: result.rateStep)
        (result.rateBefore, result.rateDuring) = (rate(begin, fault), rate(fault, healed))
        result.rateAfter = rate(end - after, end)
        result.latencyBeforeMilliseconds = middle(begin, fault)
        result.latencyDuringMilliseconds = middle(fault, healed)
    }
}

/// Asks every node five times a second for its height and view.
actor HeightWatch {
    private let world: World
    private var latest: [Int: (height: UInt64, view: UInt64)] = [:]
    private var tasks: [Task<Void, Never>] = []
    private var isStopped = false

    init(_ world: World) {
        self.world = world
        Task { await begin() }
    }

    private func begin() {
        for node in world.nodes {
            tasks.append(
                Task {
                    while !Task.isCancelled {
                        if let status = await node.status() {
                            note(node.index, status.finalHeight.value, status.view.value)
                        }
                        try? await Task.sleep(for: .milliseconds(200))
                    }
                })
        }
    }

    private func note(_ index: Int, _ height: UInt64, _ view: UInt64) { latest[index] = (height, view) }

    /// What every node last said.
    func heights() -> [UInt64] { latest.keys.sorted().compactMap { latest[$0]?.height } }

    /// The highest height and view that any node last said.
    func position() -> (height: UInt64, view: UInt64) {
        (latest.values.map(\.height).max() ?? 0, latest.values.map(\.view).max() ?? 0)
    }

    func stop() async {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
