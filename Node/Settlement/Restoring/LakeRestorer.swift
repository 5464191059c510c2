package import Chain
internal import ContractKit
package import DataLake
package import Logging
internal import Primitives
internal import Synchronization
internal import Trading

/// Brings back what this node's lake should hold of its partner's communities and lacks, as after a lost disk: readings, salts
/// and results of settled periods, newest first, and the readings of periods that are not settled yet. It needs no settler,
/// puts nothing on the chain, and keeps nothing that it could lose: lake and chain say what lacks.
///
/// Bounded: a round looks at `looksMax` periods and restores `restoresMax` of them, and each community is gone through once in
/// `restMilliseconds`; while no partner answers it is left alone for longer and longer.
package actor LakeRestorer {
    package struct Settings: Sendable {
        package var looksMax = 1_024
        package var restoresMax = 16
        /// Times of the chain. Between two walks through the settled periods of a community.
        package var restMilliseconds: UInt64 = 6 * 3_600_000
        /// Between two questions for readings of periods that are not settled, or were lately.
        package var listMilliseconds: UInt64 = 600_000
        /// What arrives so long after the last settled period began is asked for, too.
        package var lateMilliseconds: UInt64 = 3 * 86_400_000
        /// First wait when nobody answers; doubled up to `restMilliseconds`.
        package var retryMilliseconds: UInt64 = 5_000
        package init() {}
    }

    private struct Progress {
        /// The period below which the walk goes on; nil when it begins.
        var below: PeriodNumber?
        var walkAt = Timestamp(0)
        var listAt = Timestamp(0)
        var failures = 0
        /// Whether something lacks that nobody who answered has.
        var lacks = false
    }

    /// Batches that are known to be here, so that each is looked up once in a walk.
    static let knownMax = 262_144

    private let partner: String
    private let lake: DataLake
    private let chain: ChainSource
    private let ask: SettlementEngine.Ask
    private let settings: Settings
    private let log: Logger
    private var progress: [Address: Progress] = [:]
    private var known: Set<Digest> = []
    private var isAtWork = false

    package init(
        partner: String, lake: DataLake, settings: Settings = Settings(), log: Logger = Logger(label: "lake"),
        chain: @escaping ChainSource, ask: @escaping SettlementEngine.Ask
    ) {
        self.partner = partner
        self.lake = lake
        self.settings = settings
        self.log = log
        self.chain = chain
        self.ask = ask
    }

    /// Goes on with each community for which it is time; how many batches came and how many periods were computed again.
    /// Throws when chain or lake cannot be read.
    @discardableResult
    package func round(_ communities: [Address]) async throws -> (batches: Int, periods: Int) {
        guard !isAtWork else { return (0, 0) }
        isAtWork = true
        defer { isAtWork = false }
        let wanted = Set(communities)
        progress = progress.filter { wanted.contains($0.key) }
        var done = (batches: 0, periods: 0)
        var left = (looks: settings.looksMax, restores: settings.restoresMax)
        let now = try chain().time
        for address in communities where left.looks > 0 && left.restores > 0 {
            if Task.isCancelled { break }
            var state = progress[address] ?? Progress()
            guard now >= state.walkAt || now >= state.listAt else { continue }
            let heard = Heard(ask)
            if now >= state.listAt { done.batches += try await list(address, &state, heard) }
            if now >= state.walkAt { try await walk(address, &state, heard, &left, &done) }
            progress[address] = state
        }
        return done
    }

    /// Asks for what partners list of the periods that are not settled, and of those before.
    private func list(_ address: Address, _ state: inout Progress, _ heard: Heard) async throws -> Int {
        let chain = try chain()
        state.listAt = chain.time.adding(milliseconds: settings.listMilliseconds)
        guard let view = try chain.community(address), chain.mayHold(view, partner: partner),
            let from = try beginning(view, chain), from < chain.time
        else { return 0 }
        let sync = LakeSync(partner: partner, lake: lake, chain: chain, ask: heard.ask)
        let fetched = await sync.fetchBatches(view, from: from, to: chain.time)
        if fetched > 0 { log.info("fetched \(fetched) batches of community \(address) from partners") }
        wait(&state, heard, chain, of: \.listAt)
        return fetched
    }

    private func beginning(_ view: CommunityView, _ chain: ChainView) throws -> Timestamp? {
        let first = try chain.members(of: view).map(\.from).min()
        guard let period = view.head.lastSettled ?? first, let start = view.rules.period.start(of: period) else {
            return nil
        }
        let late = Timestamp(start.value - min(start.value, settings.lateMilliseconds))
        let begin = first.flatMap { view.rules.period.start(of: $0) } ?? start
        return max(begin, late)
    }

    /// Looks at settled periods from the newest down, until nothing is left of them or of what a round may do.
    private func walk(
        _ address: Address, _ state: inout Progress, _ heard: Heard, _ left: inout (looks: Int, restores: Int),
        _ done: inout (batches: Int, periods: Int)
    ) async throws {
        while left.looks > 0, left.restores > 0, !Task.isCancelled {
            // The chain goes on while partners are asked.
            let chain = try chain()
            guard let view = try chain.community(address), chain.mayHold(view, partner: partner),
                let last = view.head.lastSettled, let first = try chain.members(of: view).map(\.from).min(),
                let period = LakeRestorer.next(below: state.below ?? last.next, from: first)
            else {
                // What nobody had may be had somewhat later.
                let rest = state.lacks ? settings.listMilliseconds : settings.restMilliseconds
                state.walkAt = chain.time.adding(milliseconds: rest)
                (state.below, state.lacks) = (nil, false)
                return
            }
            left.looks -= 1
            heard.begin()
            var held = known.count > LakeRestorer.knownMax ? [] : known
            known = []
            defer { known = held }
            let restore = PeriodRestore(community: view, partner: partner, lake: lake, chain: chain, ask: heard.ask)
            let step: PeriodRestore.Step
            do {
                step = try await restore.run(period, known: &held)
            } catch let error as SettlementError {
                log.debug("period \(period) of community \(address) cannot be computed again: \(error.description)")
                step = .lacks
            }
            if heard.wasAsked { left.restores -= 1 }
            if case .restored(let batches) = step {
                done = (done.batches + batches, done.periods + 1)
                log.info(
                    "restored a period, with \(batches) batches",
                    metadata: ["community": "\(address)", "period": "\(period)"])
            }
            if step == .lacks, heard.wasAsked, !heard.wasAnswered {
                return wait(&state, heard, chain, of: \.walkAt)
            }
            state.failures = 0
            state.lacks = state.lacks || step == .lacks
            state.below = period
        }
    }

    private static func next(below bound: PeriodNumber, from first: PeriodNumber) -> PeriodNumber? {
        bound > first ? PeriodNumber(bound.value - 1) : nil
    }

    /// When nobody answers, it is tried again soon, then ever later.
    private func wait(
        _ state: inout Progress, _ heard: Heard, _ chain: ChainView,
        of time: WritableKeyPath<Progress, Timestamp>
    ) {
        guard heard.wasAsked, !heard.wasAnswered else { return }
        let wait = min(settings.restMilliseconds, settings.retryMilliseconds << UInt64(min(state.failures, 16)))
        state.failures += 1
        state[keyPath: time] = chain.time.adding(milliseconds: wait)
    }
}

/// Whether partners were asked, and whether any of them answered.
private final class Heard: Sendable {
    private let state = Mutex((asked: false, answered: false))
    private let port: SettlementEngine.Ask

    init(_ port: @escaping SettlementEngine.Ask) { self.port = port }

    func begin() { state.withLock { $0 = (false, false) } }
    var wasAsked: Bool { state.withLock { $0.asked } }
    var wasAnswered: Bool { state.withLock { $0.answered } }

    var ask: SettlementEngine.Ask {
        { [self] partner, message in
            state.withLock { $0.asked = true }
            let answer = await port(partner, message)
            if answer != nil { state.withLock { $0.answered = true } }
            return answer
        }
    }
}
