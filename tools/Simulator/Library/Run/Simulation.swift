internal import Chain
internal import Consensus
internal import LedgerCrypto
internal import Primitives
internal import Replica

/// A whole network of replicas in one thread and one seed. Everything that happens is an event of one queue; everything
/// random is drawn from the seed. So a seed is a run, and runs again exactly.
package struct Simulation {
    package typealias Node = SimulatedNode

    enum Event {
        case deliver(Packet, from: PeerID, to: Int)
        case flushed(node: Int, incarnation: Int, through: UInt64)
        case stored(node: Int, incarnation: Int, through: UInt64)
        case tick(node: Int, incarnation: Int, number: Int)
        case start(node: Int, incarnation: Int)
        case unlink(node: Int, from: Int, incarnation: Int)
        case cut(node: Int, from: Int)
        case relink(node: Int, to: Int)
        case rotate(node: Int, incarnation: Int)
        case report(Int)
        case fault(Int)
        case actors
        case submission
        case heal
        case judge
    }

    /// The wall clock when a run starts: 2023-11-14.
    static let start = Timestamp(1_700_000_000_000)
    static let accountCount = 8

    package let scenario: Scenario
    let application: LedgerApplication
    let genesis: Genesis
    let network: Digest
    var now: UInt64 = 0
    var queue = EventQueue<Event>()
    var nodes: [Node] = []
    /// Two nodes that share a name, as node numbers.
    var twins: [(first: Int, second: Int, routing: TwinRouting)] = []
    var links: NetworkModel
    var networkRandom: SeededRandom
    var diskRandom: SeededRandom
    /// What crashes leave of a store batch: a stream of its own.
    var storeRandom: SeededRandom
    var actorRandom: SeededRandom
    var clientRandom: SeededRandom
    var faultRandom: SeededRandom
    var clients = Clients()
    var checkedTransactions: [Digest: SignedTransaction?] = [:]
    var healing = Healing()
    var watched = WatchedView()
    /// Nil in runs that nobody records.
    var samples: PacketSamples?
    /// Nil in runs whose times nobody asks for.
    var stopwatch: Stopwatch?
    var reports: [Report] = []
    package var trace: Trace
    var chain: ReferenceChain
    /// Blocks that only Byzantine members say are final, by digest: they may be right.
    var unheard: [Digest: FinalizedBlock] = [:]
    var votes = VoteLedger()
    var outcome: Outcome
    var isOver = false

    package init(_ scenario: Scenario, sink: (@Sendable (String) -> Void)? = nil) throws {
        self.scenario = scenario
        let accounts = (0...Simulation.accountCount).map { Identity.accountKey($0).publicKey }
        application = LedgerApplication(
            accounts: accounts, partners: (0..<scenario.nodeCount).map { Identity.member($0) })
        let set = try ValidatorSet((0..<scenario.validatorCount).map { Identity.validator($0) })
        genesis = Genesis(
            name: "simulated", time: Simulation.start, parameters: scenario.parameters, validators: set, application: []
        )
        network = genesis.network
        links = NetworkModel(conditions: scenario.conditions)
        links.slowLinks = scenario.slowLinks
        networkRandom = SeededRandom(seed: scenario.seed, stream: 2)
        diskRandom = SeededRandom(seed: scenario.seed, stream: 3)
        storeRandom = SeededRandom(seed: scenario.seed, stream: 30)
        actorRandom = SeededRandom(seed: scenario.seed, stream: 4)
        clientRandom = SeededRandom(seed: scenario.seed, stream: 5)
        faultRandom = SeededRandom(seed: scenario.seed, stream: 6)
        trace = Trace(sink: sink)
        chain = try ReferenceChain(application: application, genesis: genesis)
        outcome = Outcome(scenario: scenario)
    }

    /// Runs a scenario to its end: everything healed and agreed, or a violation.
    package static func run(_ scenario: Scenario, sink: (@Sendable (String) -> Void)? = nil) -> Outcome {
        do {
            var simulation = try Simulation(scenario, sink: sink)
            return simulation.run()
        } catch {
            var outcome = Outcome(scenario: scenario)
            outcome.violation = Violation(.formats, "the run could not start: \(error)")
            return outcome
        }
    }

    package mutating func run() -> Outcome {
        do {
            trace.line(0, "seed \(scenario.seed): \(scenario.summary)")
            try begin()
            while !isOver, let entry = queue.next() {
                now = entry.time
                outcome.events += 1
                guard outcome.events < scenario.eventsMax else {
                    throw Violation(.progress, "\(outcome.events) events and no end: the nodes talk without end")
                }
                try handle(entry.event)
            }
        } catch let violation as Violation {
            outcome.violation = violation
            trace.line(now, "VIOLATION \(violation)")
        } catch {
            outcome.violation = Violation(.formats, "\(error)")
        }
        outcome.simulatedMicroseconds = now
        outcome.blocks = chain.entries.count - 1
        outcome.epochs = chain.sets.count - 1
        outcome.highestView = votes.position.view.value
        outcome.traceDigest = trace.digest
        outcome.blocksOfProposer = (0..<scenario.validatorCount).map { proposer in
            chain.entries.dropFirst().filter { Int($0.header.proposer) == proposer }.count
        }
        return outcome
    }

    private mutating func handle(_ event: Event) throws {
        switch event {
        case .deliver(let packet, let from, let to): try deliver(packet, from: from, to: to)
        case .flushed(let node, let incarnation, let through):
            guard nodes[node].incarnation == incarnation else { return }
            try journalFlushed(node, through: through)
        case .stored(let node, let incarnation, let through):
            guard nodes[node].incarnation == incarnation else { return }
            try storeFlushed(node, through: through)
        case .tick(let node, let incarnation, let number):
            guard nodes[node].incarnation == incarnation, nodes[node].wakeNumber == number else { return }
            try step(node, .tick)
        case .start(let node, let incarnation):
            guard nodes[node].incarnation == incarnation, !nodes[node].isUp else { return }
            try startNode(node)
        case .rotate(let node, let incarnation):
            guard nodes[node].incarnation == incarnation, nodes[node].isUp else { return }
            restart(node)
        case .unlink(let node, let from, let incarnation):
            guard nodes[node].incarnation == incarnation else { return }
            try unlink(node, from: from)
        case .cut(let node, let from): try cut(node, from: from)
        case .relink(let node, let to): try relink(node, to: to)
        case .report(let index): try report(index)
        case .fault(let index): try inject(scenario.plan[index].kind)
        case .actors: try tickActors()
        case .submission: try submitNext()
        case .heal: try heal()
        case .judge: try judge()
        }
    }
}
