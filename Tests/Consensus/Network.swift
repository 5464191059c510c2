import Chain
import Consensus
import LedgerCrypto
import Primitives
import TestSupport

/// A network of machines in memory, with a trivial application, journals that lose what was not synced, and storage.
/// Same seed, same run. Checks agreement and vote rules at every step.
struct Network {
    enum Event {
        case input(ConsensusInput, generation: Int)
        case message(ConsensusMessage, from: Digest, generation: Int)
        case sync(through: Int, generation: Int)
        case wake(at: UInt64, generation: Int)
        case build(BuildRequest, generation: Int)
        case judge(JudgeRequest, generation: Int)
        case fetch(Digest, generation: Int)
        case catchUp(generation: Int)
        case store(FinalizedTip, generation: Int)
    }

    var fixture: Fixture
    var sets: [ValidatorSet]
    var keys: [Secp256k1.SecretKey]
    var nodes: [Node] = []
    var queue = EventQueue<(node: Int, event: Event)>()
    var time: UInt64 = 0
    var random: SeededGenerator?
    var mutations: ConsensusMutation = []

    /// All in milliseconds.
    var messageDelay: UInt64 = 10
    var messageDelayMax: UInt64 = 10
    var syncDelay: UInt64 = 2
    var executionDelay: UInt64 = 1
    var lossPercent: UInt64 = 0
    var duplicatePercent: UInt64 = 0
    /// Blocks final between two storage batches.
    var checkpointBlocks: UInt64 = 4
    /// Whether a message passes; nil: all do.
    var passes: ((_ from: Int, _ to: Int, ConsensusMessage) -> Bool)?
    /// Whether transactions wait everywhere.
    var isBusy = false
    /// Heights whose block closes the epoch.
    var closingHeights: [UInt64] = []

    // What the checks remember over the whole run.
    var blocks: [Digest: (header: BlockHeader, transactions: [Digest])] = [:]
    var finalAt: [Height: Digest] = [:]
    var sent: [VoteSlot: Digest] = [:]
    var failures: [String] = []
    var evidence: [Evidence] = []
    var diverged: [String] = []
    var largestProposal = 0
    /// Nodes whose votes are not judged: tests play them.
    var byzantine: [Int] = []
    var trace = Trace()

    struct VoteSlot: Hashable {
        let signer: Digest
        let epoch: Epoch
        let view: View
        let kind: VoteKind
    }

    init(_ count: Int, validators: Int? = nil, seed: UInt64? = nil, mutations: ConsensusMutation = []) throws {
        fixture = try Fixture(validators ?? count)
        sets = [fixture.set]
        keys = (0..<count).compactMap { Fixture.key($0) }
        random = seed.map { SeededGenerator(seed: $0) }
        self.mutations = mutations
        blocks[fixture.genesis.digest] = (fixture.genesis, [])
        trace.name(fixture.genesis)
        finalAt[Height(0)] = fixture.genesis.digest
        for index in 0..<count {
            nodes.append(Node(key: keys[index], root: fixture.genesis))
            // The genesis ceremony.
            nodes[index].append(.record(.marker(epoch: Epoch(0), abstainThrough: View(0)), run: 0, sequence: 0))
            nodes[index].durable = nodes[index].appended
        }
    }

    mutating func startAll() { for index in nodes.indices where !byzantine.contains(index) { start(index) } }

    var instant: Instant { Instant(monotonic: time, wall: fixture.genesis.time.adding(milliseconds: 1_000 + time)) }

    mutating func roll(_ bound: UInt64) -> UInt64 {
        guard bound > 0, var generator = random else { return 0 }
        defer { random = generator }
        return generator.next() % bound
    }

    func index(of peer: Digest) -> Int? { nodes.firstIndex { $0.peer == peer } }

    /// Runs until `deadline` or until `condition` holds; says whether it held.
    @discardableResult
    mutating func run(until deadline: UInt64, while goesOn: (Network) -> Bool = { _ in true }) -> Bool {
        while goesOn(self), failures.isEmpty {
            guard let next = queue.nextTime, next <= deadline else {
                time = max(time, deadline)
                return false
            }
            guard let (at, entry) = queue.pop() else { return false }
            time = max(time, at)
            handle(entry.event, at: entry.node)
        }
        return failures.isEmpty
    }

    /// Whether every running validator of `indices` gets a final block of this height within the time.
    @discardableResult
    mutating func reaches(_ height: UInt64, within milliseconds: UInt64, on indices: [Int]? = nil) -> Bool {
        run(until: time + milliseconds) { network in
            (indices ?? Array(network.nodes.indices)).contains { network.nodes[$0].finalHeight < Height(height) }
        }
    }

    private mutating func handle(_ event: Event, at index: Int) {
        let current = nodes[index].generation
        switch event {
        case .input(let input, current): step(index, input)
        case .message(let message, let from, current): deliver(message, from: from, to: index)
        case .sync(let position, current): sync(index, through: position)
        case .wake(let at, current): if nodes[index].wake == at { step(index, .tick) }
        case .build(let request, current): build(index, request)
        case .judge(let request, current): judge(index, request)
        case .fetch(let digest, current): fetch(index, digest)
        case .catchUp(current): catchUp(index)
        case .store(let tip, current): store(index, tip)
        default: break
        }
    }

    mutating func schedule(_ index: Int, after delay: UInt64, _ event: (_ generation: Int) -> Event) {
        queue.insert((index, event(nodes[index].generation)), at: time + delay)
    }

    mutating func setBusy(_ isBusy: Bool) {
        self.isBusy = isBusy
        for index in nodes.indices where nodes[index].isUp { step(index, .waiting(isBusy)) }
    }

    /// As a replica does: each epoch's messages go to its machine; the ended one still answers, and after a restart
    /// storage does.
    private mutating func deliver(_ message: ConsensusMessage, from: Digest, to index: Int) {
        guard let machine = nodes[index].machine else { return }
        let input = ConsensusInput.message(message, from: from)
        if let epoch = message.epoch, epoch < machine.epoch, nodes[index].ended?.epoch == epoch {
            let now = instant
            let outputs = nodes[index].ended?.step(input, at: now) ?? []
            for output in outputs {
                if case .send(let answer, let peer) = output { transmit(answer, from: index, to: peer) }
            }
        } else if let epoch = message.epoch, epoch < machine.epoch {
            step(index, input)
            if case .status = message, let closing = nodes[index].closings.first(where: { $0.epoch == epoch }) {
                transmit(.certificate(closing), from: index, to: from)
            }
        } else {
            step(index, input)
        }
    }
}
