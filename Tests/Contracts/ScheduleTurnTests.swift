import Chain
import ContractHost
import ContractKit
import ContractSuite
import Governance
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Lanes of scheduled calls take turns: against a model on paper, and as what is promised of them.
@Suite struct ScheduleTurnTests {
    struct Waiting {
        let id: ScheduleID
        let lane: Address
        let value: UInt64
        var subject: Digest {
            var encoder = BCSEncoder()
            encoder.value(id)
            encoder.value(lane)
            encoder.u16(Probe.tick.number)
            encoder.blob(ProbeNumber(value).bcs)
            return SHA256.hash(encoder.bytes)
        }
    }

    /// What waits, in plain arrays: each lane by time and arrival, and the turns of lanes, and of those who share one.
    struct Model {
        var calls: [Waiting] = []
        /// `of` nil: the turn of all of `owner`'s lanes together.
        var turns: [(time: UInt64, order: Int, of: Address?, owner: String)] = []
        var order = 0
        /// Whose instance it is; genesis instances are their own.
        var owners: [Address: String] = [:]

        func owner(_ lane: Address) -> String { owners[lane] ?? lane.description }
        func first(_ lane: Address) -> Waiting? {
            calls.filter { $0.lane == lane }.min { ($0.id.time, $0.id.sequence) < ($1.id.time, $1.id.sequence) }
        }
        func turn(_ lane: Address?, _ owner: String) -> UInt64? {
            turns.first { $0.of == lane && $0.owner == owner }?.time
        }
        /// The first turn of an owner's lanes.
        func head(_ owner: String) -> (time: UInt64, order: Int, of: Address?, owner: String)? {
            turns.filter { $0.owner == owner && $0.of != nil }.min { ($0.time, $0.order) < ($1.time, $1.order) }
        }
        mutating func move(_ lane: Address?, _ owner: String, to time: UInt64?) {
            turns.removeAll { $0.of == lane && $0.owner == owner }
            order += 1
            if let time { turns.append((time, order, lane, owner)) }
        }
        /// A turn follows what comes first, unless that is due.
        mutating func follow(_ lane: Address, at now: UInt64) {
            for level in [lane, nil] {
                let turn = turn(level, owner(lane))
                let time = level == nil ? head(owner(lane))?.time : first(lane)?.id.time.value
                if turn != nil, let time, time <= now || time == turn { return }
                move(level, owner(lane), to: time)
            }
        }
        mutating func schedule(_ call: Waiting, at now: UInt64) {
            calls.append(call)
            follow(call.lane, at: now)
        }
        mutating func cancel(_ call: Waiting, at now: UInt64) {
            calls.removeAll { $0.id == call.id }
            follow(call.lane, at: now)
        }
        /// The calls that the block at `now` runs, in their order.
        mutating func run(at now: UInt64, most: Int) -> [Waiting] {
            var done: [Waiting] = []
            while done.count < most,
                let owner = turns.filter({ $0.time <= now && $0.of == nil })
                    .min(by: { ($0.time, $0.order) < ($1.time, $1.order) })?.owner,
                let lane = head(owner)?.of, let call = first(lane)
            {
                done.append(call)
                calls.removeAll { $0.id == call.id }
                move(lane, owner, to: first(lane).map { max($0.id.time.value, now) })
                move(nil, owner, to: head(owner).map { max($0.time, now) })
            }
            return done
        }
    }

    /// Keys of the host's schedule in the state.
    func scheduleKeys(_ bench: ContractTestBench) -> Int {
        let prefixes = [3, 4, 7, 8].map { StateKeys.prefix(WellKnown.host, $0) }
        return bench.state.values.keys.count { key in prefixes.contains { key.starts(with: $0) } }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func randomSchedulesFollowTheModel(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var bench = try Probe.bench()
        bench.parameters.scheduledCallsMax = 5
        var lanes = [Probe.first, Probe.other]
        for _ in 0..<4 {
            lanes.append(try bench.send(Probe.child, to: Probe.first, ProbeNumber(1), as: "borealis"))
        }
        var model = Model()
        for lane in lanes[2...] { model.owners[lane] = "borealis" }
        var (ran, cancelled) = (0, 0)
        for step in 0..<600 {
            var transactions: [Transaction] = []
            var made: (lane: Address, delay: UInt64)?
            var gone: Waiting?
            let now = bench.nextBlock.time.value
            // In the last third nothing new comes, so that all that waits runs out.
            if step < 400, generator.next() % 3 > 0 {
                // One lane has most of the calls; delays fall on few moments, near and far.
                let lane = generator.next() % 2 == 0 ? lanes[0] : lanes[Int(generator.next() % 6)]
                let delay = [1, 1_000, 4_000, 70_000, 5_000_000][Int(generator.next() % 5)] as UInt64
                made = (lane, delay)
                transactions = [
                    try bench.transaction([Probe.later.call(on: lane, ProbeNumber(delay))], as: "borealis")
                ]
            }
            let expected = model.run(at: now, most: 5)
            if made == nil, generator.next() % 2 == 0, !model.calls.isEmpty {
                let call = model.calls[Int(generator.next() % UInt64(model.calls.count))]
                gone = call
                let cancel = Probe.unschedule.call(on: call.lane, call.id)
                transactions = [try bench.transaction([cancel], as: "borealis")]
            }
            let receipts = try bench.runBlock(transactions)
            #expect(receipts.allSatisfy { $0.rejection == nil }, "seed \(seed), step \(step)")
            #expect(bench.scheduledReceipts.map(\.subject) == expected.map(\.subject), "seed \(seed), step \(step)")
            ran += expected.count
            if let made, let output = receipts.first?.outputs.first {
                model.schedule(Waiting(id: try ScheduleID(bcs: output), lane: made.lane, value: made.delay), at: now)
            }
            if let gone {
                model.cancel(gone, at: now)
                cancelled += 1
            }
            if generator.next() % 8 == 0 { bench.advance(milliseconds: generator.next() % 60_000) }
        }
        bench.advance(milliseconds: 10_000_000)
        while !model.calls.isEmpty {
            let expected = model.run(at: bench.nextBlock.time.value, most: 5)
            try bench.runBlock()
            #expect(bench.scheduledReceipts.map(\.subject) == expected.map(\.subject))
            ran += expected.count
        }
        #expect(ran > 100 && cancelled > 40)
        // What has run or was cancelled leaves nothing behind.
        #expect(scheduleKeys(bench) == 0)
    }

    /// The consortium with a probe for each lane.
    static func crowd(_ count: Int) throws -> (bench: ContractTestBench, lanes: [Address]) {
        let suite = Consortium.suiteGenesis
        let lanes = (0..<count).compactMap {
            Address(Array(SHA256.hash(UInt64($0).keyBytes).bytes.prefix(Address.byteCount)))
        }
        let application = ContractApplication(
            release: Release(ContractSuite.release.contracts + [ContractDefinition(Probe.self, sources: .zero)])
        ) { _ throws(Rejection) in
            GenesisPlan(
                versions: suite.contracts + [ContractVersion(Probe.name, 1, sources: .zero)],
                instances: [
                    GenesisInstance(
                        WellKnown.governance, Governance.name,
                        arguments: GovernanceGenesis(partners: suite.partners, parameters: suite.parameters).bcs)
                ] + lanes.map { GenesisInstance($0, Probe.name, arguments: ProbeNumber(1).bcs) })
        }
        let genesis = try ContractTestBench.genesis(validators: Consortium.council, application: suite.bcs)
        return (try ContractTestBench(application: application, genesis: genesis), lanes)
    }

    /// Schedules that many ticks of a lane for `time`, in one block.
    func flood(_ bench: inout ContractTestBench, _ lane: Address, _ count: Int, at time: Timestamp) throws {
        let delay = time.value - bench.nextBlock.time.value
        let call = Probe.later.call(on: lane, ProbeNumber(delay))
        let transactions = try (0..<count / 32).map { _ in
            try bench.transaction([Call](repeating: call, count: 32), as: "village")
        }
        #expect(try bench.runBlock(transactions).allSatisfy { $0.rejection == nil })
    }

    func logged(_ bench: ContractTestBench, _ lane: Address) throws -> UInt64 {
        try Probe.log.count(in: bench.reading(lane))
    }

    /// A flood by one instance delays the council's enactment by no block, and another instance's calls by no more than
    /// the number of instances that have something due.
    @Test(arguments: [1, 7, 100])
    func aFloodDelaysNobodyElse(others: Int) throws {
        var (bench, lanes) = try Self.crowd(others + 1)
        let due = bench.time.adding(milliseconds: 300_000)
        try flood(&bench, lanes[0], 3_200, at: due)
        for lane in lanes.dropFirst() { try flood(&bench, lane, 64, at: due.adding(milliseconds: 1)) }
        let id = try bench.send(
            Governance.propose, to: WellKnown.governance, Propose(.suspend(id: "village")), as: "aurora")
        try bench.send(Governance.approve, to: WellKnown.governance, id, as: "borealis")
        bench.advance(milliseconds: due.value - bench.time.value)
        // The last approval is in the block before the backlog runs; the enactment falls due ten seconds later.
        try bench.send(Governance.approve, to: WellKnown.governance, id, as: "cygnus")
        let enactment = bench.time.adding(milliseconds: 10_000)
        let perBlock = Int(bench.parameters.scheduledCallsMax)
        var (blocks, before) = (1, bench.scheduledReceipts.count)
        while bench.time < enactment {
            try bench.runBlock()
            blocks += 1
            before += bench.scheduledReceipts.count
        }
        #expect(try bench.ask(Governance.proposalQuery, of: WellKnown.governance, id).status == .enacted(bench.height))
        // A block was full each time, and 64 calls of each other lane ran as often as its turn came.
        #expect(before == blocks * perBlock)
        for lane in lanes.dropFirst() {
            let turns = blocks * perBlock / lanes.count
            #expect(try logged(bench, lane) >= UInt64(min(64, max(0, turns - 1))), "\(lane)")
        }
        if others < 100 { #expect(try logged(bench, lanes[0]) < 3_200) }
    }

    /// With n lanes and c calls in a block, the next call of a lane runs within n / c blocks.
    @Test func aNewCallWaitsForOneRound() throws {
        var (bench, lanes) = try Self.crowd(201)
        let due = bench.time.adding(milliseconds: 600_000)
        for lane in lanes.dropLast() { try flood(&bench, lane, 32, at: due) }
        let late = try #require(lanes.last)
        bench.advance(milliseconds: due.value - bench.time.value)
        try bench.runBlock()
        try bench.send(Probe.later, to: late, ProbeNumber(1), as: "village")
        var blocks = 0
        while try logged(bench, late) == 0 {
            try bench.runBlock()
            blocks += 1
        }
        #expect(blocks <= 4 && blocks > 1, "\(blocks) blocks for 201 lanes at 64 calls a block")
    }

    /// Instances of one partner share its turns, however many it has and whoever made them: another partner's calls, and a
    /// genesis instance's, do not wait for them.
    @Test func manyInstancesOfOneOwnerHaveOneShare() throws {
        var (bench, lanes) = try Self.crowd(1)
        bench.parameters.scheduledCallsMax = 6
        var many: [Address] = []
        for _ in 0..<40 { many.append(try bench.send(Probe.child, to: lanes[0], ProbeNumber(1), as: "borealis")) }
        let single = try bench.send(Probe.child, to: lanes[0], ProbeNumber(1), as: "aurora")
        let due = bench.time.adding(milliseconds: 600_000)
        for lane in many + [single, lanes[0]] { try flood(&bench, lane, 32, at: due) }
        bench.advance(milliseconds: due.value - bench.time.value)
        for block in 1...16 as ClosedRange<UInt64> {
            try bench.runBlock()
            #expect(bench.scheduledReceipts.count == 6)
            #expect(try logged(bench, single) == 2 * block && logged(bench, lanes[0]) == 2 * block)
        }
        // Among themselves they take turns, too.
        let shares = try many.map { try logged(bench, $0) }
        #expect(shares.reduce(0, +) == 32 && shares.allSatisfy { $0 <= 1 })
    }

    /// A network that runs one scheduled call a block would run the council's alone.
    @Test func parametersThatStarveAreRefused() throws {
        var parameters = ChainParameters()
        for (count, isFine) in [(0, false), (1, false), (2, true)] as [(UInt32, Bool)] {
            parameters.scheduledCallsMax = count
            #expect((try? ChainParameters(bcs: parameters.bcs)) == (isFine ? parameters : nil))
        }
    }

    /// Expiring proposals, as many as the council may have, leave half of the calls to the others.
    @Test func aFloodOfProposalsDelaysNoInstance() throws {
        var (bench, lanes) = try Self.crowd(1)
        let lifetime = NetworkParameters().proposalLifetimeMilliseconds
        let call = Governance.propose.call(on: WellKnown.governance, Propose(.suspend(id: "village")))
        let transactions = try Consortium.council.map { member in
            try bench.transaction([Call](repeating: call, count: Int(Governance.openProposalsMax)), as: member)
        }
        bench.parameters.scheduledCallsMax = 8
        #expect(try bench.runBlock(transactions).allSatisfy { $0.rejection == nil })
        bench.advance(milliseconds: lifetime - 1_000)
        try bench.send(Probe.later, to: lanes[0], ProbeNumber(1), as: "village")
        #expect(bench.scheduledReceipts.count == 8)
        try bench.runBlock()
        #expect(bench.scheduledReceipts.count == 8)
        #expect(try logged(bench, lanes[0]) == 1)
    }

    /// A turn is no call: nobody cancels it, whatever number it names.
    @Test func aTurnIsNotCancelled() throws {
        var bench = try Probe.bench()
        let id = try bench.send(Probe.later, to: Probe.first, ProbeNumber(5_000), as: "borealis")
        for sequence in 0..<4 as Range<UInt64> where sequence != id.sequence {
            let other = ScheduleID(time: id.time, sequence: sequence)
            #expect(
                rejectionCode { try bench.send(Probe.unschedule, to: Probe.first, other, as: "borealis") } == 100)
        }
        bench.advance(milliseconds: 60_000)
        try bench.runBlock()
        #expect(bench.scheduledReceipts.map { $0.rejection?.code } == [nil])
    }

    /// Times that no tree has room for are refused.
    @Test func timesAreBounded() throws {
        var bench = try Probe.bench()
        let last = UInt64(1) << 48 - 1
        let code = rejectionCode {
            try bench.send(
                Probe.later, to: Probe.first, ProbeNumber(last - bench.nextBlock.time.value + 1), as: "borealis")
        }
        #expect(code == HostRejection.scheduleInvalid.code)
        try bench.send(Probe.later, to: Probe.first, ProbeNumber(last - bench.nextBlock.time.value), as: "borealis")
    }
}
