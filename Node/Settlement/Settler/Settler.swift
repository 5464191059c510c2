package import Chain
internal import ContractKit
package import DataLake
package import Logging
internal import Primitives
internal import Trading

/// Settles communities by itself, period by period, from the lake of the node that it runs in.
///
/// What is to be done follows from chain and lake alone: a settler that was killed, or was down for long, goes on where
/// the chain stands, and two settlers at once do no harm, since the chain takes each version of a period once. One round
/// (`round`) looks at every community; between rounds there is nothing to lose.
package actor Settler {
    private let lake: DataLake
    private let engine: SettlementEngine
    private let ports: SettlerPorts
    private let settings: SettlerSettings
    private let log: Logger
    private var progress: [Address: CommunityProgress] = [:]
    /// Number of the next arrival in the lake.
    private var nextArrival: UInt64 = 0
    /// Batches that came in and are not anchored yet; at most `pendingMax`, the rest makes a comparison of everything.
    private var pending: [BatchEntry] = []
    private var time = Timestamp(0)
    private var isAtWork = false

    static let pendingMax = 65_536

    package init(
        lake: DataLake, ports: SettlerPorts, settings: SettlerSettings = SettlerSettings(),
        log: Logger = Logger(label: "settler"), counters: SettlementCounters = SettlementCounters()
    ) {
        self.lake = lake
        self.ports = ports
        self.settings = settings
        self.log = log
        engine = SettlementEngine(lake: lake, log: log, counters: counters, chain: ports.chain)
    }

    /// Looks at each community once and settles what is due, unless it is only to look; how many periods were settled.
    /// Throws when chain or lake cannot be read.
    package func round(_ communities: [Address], looksOnly: Bool = false) async throws -> Int {
        guard !isAtWork else { return 0 }
        isAtWork = true
        defer { isAtWork = false }
        progress = progress.filter { communities.contains($0.key) }
        var settled = 0
        for address in communities {
            if Task.isCancelled { break }
            let chain = try ports.chain()
            time = chain.time
            try takeArrivals(chain)
            settled += try await round(address, chain, looksOnly: looksOnly)
        }
        return settled
    }

    /// What the settler knows since its last round.
    package func report(isRunning: Bool = true) -> SettlerReport {
        SettlerReport(
            partner: ports.partner, isRunning: isRunning, time: time.value,
            communities: progress.sorted { $0.key < $1.key }.map { $0.value.report(of: $0.key) })
    }

    /// New batches wake their periods as soon as they are anchored.
    private func takeArrivals(_ chain: ChainView) throws {
        let (arrived, next) = lake.arrivals.entries(from: nextArrival)
        nextArrival = next
        pending += arrived ?? []
        if arrived == nil || pending.count > Settler.pendingMax {
            pending = []
            for address in progress.keys { progress[address]?.startOver() }
        }
        var left: [BatchEntry] = []
        for entry in pending {
            guard try chain.anchor(entry.digest) != nil else {
                left.append(entry)
                continue
            }
            for address in progress.keys { progress[address]?.wake(entry) }
        }
        pending = left
    }

    private func round(_ address: Address, _ chain: ChainView, looksOnly: Bool) async throws -> Int {
        var state = progress[address] ?? CommunityProgress()
        guard let view = try chain.community(address) else {
            state.problem = "the chain has no community \(address)"
            progress[address] = state
            return 0
        }
        try state.follow(view, chain)
        let open = try state.open(chain, limit: settings.periodsPerRoundMax)
        try state.pickSuspects(chain, limit: settings.comparisonsPerRoundMax)
        progress[address] = state
        if !looksOnly { await sync(address, view, open.map(\.period), chain) }
        let due = await dueNow(address, view, open, chain)
        if looksOnly { return 0 }
        return await settle(address, due, chain)
    }

    private func work(_ address: Address, _ period: PeriodNumber) -> PeriodWork {
        PeriodWork(
            address: address, period: period, lake: lake, engine: engine, ports: ports, settings: settings)
    }

    /// Asks the partners for batches while periods lack readings, or were refused since a partner has more.
    private func sync(_ address: Address, _ view: CommunityView, _ open: [PeriodNumber], _ chain: ChainView) async {
        guard let state = progress[address],
            state.lastSync.map({ chain.time >= $0.adding(milliseconds: settings.syncMilliseconds) }) ?? true
        else { return }
        // On the first round nothing is known yet: whatever is open may lack something.
        let wanting = state.lastSync == nil ? open : state.wanting
        progress[address]?.lastSync = chain.time
        guard let first = wanting.first, let last = wanting.last, let from = view.rules.period.start(of: first),
            let to = view.rules.period.end(of: last)
        else { return }
        let sync = LakeSync(partner: ports.partner, lake: lake, chain: chain, ask: ports.ask)
        let fetched = await sync.fetchBatches(view, from: from, to: to)
        if fetched > 0 { log.info("fetched \(fetched) batches of community \(address) from partners") }
    }

    /// Looks at what is awake; the periods to settle now, ascending.
    private func dueNow(
        _ address: Address, _ view: CommunityView, _ open: [(period: PeriodNumber, stage: SettlementStage?)],
        _ chain: ChainView
    ) async -> [PeriodNumber] {
        guard let known = progress[address] else { return [] }
        let stages = Dictionary(open.map { ($0.period, $0.stage) }, uniquingKeysWith: { first, _ in first })
        let suspects = known.suspects.filter { stages[$0] == nil && !known.isTroubled($0, at: chain.time) }
            .sorted().prefix(settings.comparisonsPerRoundMax)
        let works = (open.map(\.period) + suspects).map { work(address, $0) }
        let delay = view.head.administrator == ports.partner ? 0 : settings.delayMilliseconds
        var due: [PeriodNumber] = []
        for (work, look) in await concurrently(works, { await $0.look(chain) }) {
            let period = work.period
            switch look {
            case .due: due.append(period)
            case .waits(let lack, let until):
                progress[address]?.wait(period, .init(stage: stages[period] ?? nil, lack: lack, until: until))
            case .changed(let root):
                let quiet = settings.quietMilliseconds + delay
                if progress[address]?.isQuiet(period, root: root, at: chain.time, quiet: quiet) == true {
                    due.append(period)
                }
            case .rests: progress[address]?.finish(period)
            case .fails(let reason): progress[address]?.fail(period, reason, at: chain.time, settings)
            }
        }
        return due.sorted().filter { period in
            guard let stage = stages[period] else { return true }
            let words = "it is left to \(view.head.administrator) first"
            return progress[address]?.isDue(
                period, stage, at: chain.time, delay: delay, leaving: words, quiet: settings.quietMilliseconds) == true
        }
    }

    private func settle(_ address: Address, _ periods: [PeriodNumber], _ chain: ChainView) async -> Int {
        let outcomes = await concurrently(periods.map { work(address, $0) }) { work in
            // The chain has moved on while others of the round were settled.
            await work.settle((try? work.ports.chain()) ?? chain, dueIn: chain)
        }
        var settled = 0
        for (work, outcome) in outcomes {
            let place: Logger.Metadata = ["community": "\(address)", "period": "\(work.period)"]
            switch outcome {
            case .settled(let stage):
                settled += 1
                progress[address]?.finish(work.period)
                if stage == .corrected { progress[address]?.corrected += 1 } else { progress[address]?.settled += 1 }
                log.info("settled a period: \(stage)", metadata: place)
            case .overtaken(let why):
                progress[address]?.finish(work.period)
                // The other one's may be of other readings.
                progress[address]?.suspects.insert(work.period)
                progress[address]?.overtaken += 1
                log.debug("another settler was faster: \(why)", metadata: place)
            case .fails(let why):
                progress[address]?.fail(work.period, why, at: chain.time, settings)
                log.notice("a period could not be settled: \(why)", metadata: place)
            case .unknown(let why):
                progress[address]?.fail(work.period, why, at: chain.time, settings)
                log.notice("a settlement is not final yet: \(why)", metadata: place)
            }
        }
        return settled
    }

    /// Runs `body` on each piece of work, `concurrentMax` at a time; stops taking new ones when cancelled.
    private func concurrently<Result: Sendable>(
        _ works: [PeriodWork], _ body: @escaping @Sendable (PeriodWork) async -> Result
    ) async -> [(PeriodWork, Result)] {
        await withTaskGroup(of: (PeriodWork, Result).self) { group in
            var results: [(PeriodWork, Result)] = []
            var rest = works[...]
            var running = 0
            while !rest.isEmpty || running > 0 {
                while running < max(1, settings.concurrentMax), !Task.isCancelled, let work = rest.popFirst() {
                    group.addTask { (work, await body(work)) }
                    running += 1
                }
                guard let result = await group.next() else { break }
                running -= 1
                results.append(result)
            }
            return results
        }
    }
}

extension CommunityProgress {
    func report(of address: Address) -> SettlerReport.Community {
        guard let view else {
            return SettlerReport.Community(
                community: address.description, name: "", administrator: "", periodMinutes: 0, finalBefore: nil,
                lastSettled: nil, unsettled: 0, provisional: 0, hasMore: false, toCompare: 0, settled: 0, corrected: 0,
                overtaken: 0, failed: 0,
                waits: [], troubles: [], problem: problem)
        }
        let rules = view.rules
        let waiting = waits.sorted { $0.key < $1.key }.map { period, wait in
            SettlerReport.Wait(
                period, rules: rules, stage: wait.stage, lack: wait.lack, until: wait.until, reason: wait.reason)
        }
        return SettlerReport.Community(
            community: address.description, name: rules.name, administrator: view.head.administrator,
            periodMinutes: rules.period.minutes, finalBefore: finalBefore?.value,
            lastSettled: view.head.lastSettled?.value, unsettled: unsettled, provisional: provisional, hasMore: hasMore,
            toCompare: suspects.count, settled: settled, corrected: corrected, overtaken: overtaken,
            failed: failed,
            waits: SettlerReport.Wait.runs(waiting),
            troubles: troubles.sorted { $0.key < $1.key }.prefix(SettlerReport.runsMax).map { period, trouble in
                SettlerReport.Trouble(
                    period: period.value, start: rules.period.start(of: period)?.value ?? 0, reason: trouble.reason,
                    attempts: trouble.attempts, retryAt: trouble.retryAt.value)
            }, problem: problem)
    }
}
