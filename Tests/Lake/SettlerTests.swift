import Anchors
import Chain
import ContractKit
import DataLake
import Foundation
import LedgerCrypto
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@Suite("Settler")
struct SettlerTests {
    static let homes = 4
    static let hours: UInt64 = 6

    private static var periods: [PeriodNumber] { (0..<hours).map { PeriodNumber(Homes.first.value + $0) } }
    private static var end: Timestamp { Timestamp((Homes.first.value + hours) * 3_600_000) }

    private func cluster(
        _ batches: [ReadingBatch] = (1...homes).map { Homes.batch($0) }, at time: Timestamp = end,
        _ rules: CommunityRules = Homes.rules(), ends: Bool = false
    ) throws -> (Cluster, Address) {
        let cluster = try Cluster()
        cluster.network.withLock { $0.time = time }
        let address = try cluster.community(rules, homes: Self.homes, from: Homes.first, batches: batches)
        // Without members, time goes by without new periods; the meters of the former ones are free.
        for home in 1...Self.homes where ends {
            try cluster.network.withLock { (network) in
                try network.before(Self.end) {
                    _ = try $0.must(
                        Community.endMembership, on: address,
                        MembershipEnd(
                            member: MemberNumber(UInt32(home)), until: PeriodNumber(Homes.first.value + Self.hours)))
                }
            }
        }
        if ends { try cluster.network.withLock { _ = try $0.emptyBlock() } }
        return (cluster, address)
    }

    @Test func settlesEachPeriodOnceAndCatchesUp() async throws {
        let (cluster, address) = try cluster()
        let settler = try cluster.settler()
        // Down for all six periods: one round settles them, another one has nothing to do.
        #expect(try await settler.round([address]) == Int(Self.hours))
        #expect(try await settler.round([address]) == 0)
        for period in Self.periods {
            let record = try #require(try cluster.chain.settlement(of: address, period: period))
            #expect(record.claim.version == 1 && record.claim.stage == .final)
        }
        // The running period is not settled before it is over.
        let report = try #require(await settler.report().communities.first)
        #expect(report.settled == Int(Self.hours) && report.unsettled == 0 && report.waits.isEmpty)
        #expect(report.finalBefore == Homes.first.value + Self.hours)
    }

    @Test func waitsForReadingsThenSettlesProvisionallyThenFinally() async throws {
        let batches = (1..<Self.homes).map { Homes.batch($0) }
        let (cluster, address) = try cluster(batches, ends: true)
        let settler = try cluster.settler()
        #expect(try await settler.round([address]) == 0)
        let meter = TestNetwork.meter(Self.homes)
        let waits = try #require(await settler.report().communities.first).waits
        #expect(waits.count == 1 && waits[0].missing == [meter.value] && waits[0].stage == "open")
        #expect(waits[0].from == Homes.first.value && waits[0].to == Homes.first.value + Self.hours)
        #expect(waits[0].until == (Self.periods.last?.value ?? 0) * 3_600_000 + 3_600_000 + 86_400_000)
        // The data deadline of a day is over for all: provisional, and still waiting for the same meter.
        cluster.network.withLock { $0.time = Self.end.adding(milliseconds: 86_400_000) }
        #expect(try await settler.round([address]) == Int(Self.hours))
        #expect(try stages(cluster, address) == [.provisional])
        #expect(try await settler.round([address]) == 0)
        #expect(try #require(await settler.report().communities.first).waits.map(\.stage) == ["provisional"])
        // The readings arrive: final.
        try cluster.arrive(Homes.batch(Self.homes))
        #expect(try await settler.round([address]) == Int(Self.hours))
        #expect(try stages(cluster, address) == [.final])
        #expect(try await settler.round([address]) == 0)
    }

    @Test func theDeadlineOfTheRulesMakesPeriodsFinal() async throws {
        let (cluster, address) = try cluster((1..<Self.homes).map { Homes.batch($0) }, ends: true)
        let settler = try cluster.settler()
        cluster.network.withLock { $0.time = Self.end.adding(milliseconds: 86_400_000) }
        #expect(try await settler.round([address]) == Int(Self.hours))
        cluster.network.withLock { $0.time = Self.end.adding(milliseconds: 72 * 3_600_000) }
        #expect(try await settler.round([address]) == Int(Self.hours))
        let record = try #require(try cluster.chain.settlement(of: address, period: Homes.first))
        #expect(record.claim.stage == .final && record.claim.version == 2 && record.claim.missing == 1)
        #expect(try await settler.round([address]) == 0)
    }

    @Test func correctsChangedReadingsOnceTheyAreQuiet() async throws {
        let (cluster, address) = try cluster()
        let settler = try cluster.settler(quietSeconds: 60)
        #expect(try await settler.round([address]) == 0)
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 60_000) }
        #expect(try await settler.round([address]) == Int(Self.hours))
        // A day's better readings of one home, then those of another one, before the first is quiet: one correction.
        try cluster.arrive(Homes.batch(2, revision: 1, more: 70))
        #expect(try await settler.round([address]) == 0)
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 40_000) }
        try cluster.arrive(Homes.batch(3, revision: 1, more: 30))
        #expect(try await settler.round([address]) == 0)
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 40_000) }
        #expect(try await settler.round([address]) == 0)
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 40_000) }
        #expect(try await settler.round([address]) == Int(Self.hours))
        #expect(try stages(cluster, address) == [.corrected])
        #expect(try cluster.chain.settlement(of: address, period: Homes.first)?.claim.version == 2)
        // A settler that starts now compares all of them and finds nothing to do.
        let next = try cluster.settler(quietSeconds: 0)
        for _ in 0..<3 { #expect(try await next.round([address]) == 0) }
    }

    /// A meter that is silent for longer than a round looks at keeps nobody else's periods from being settled.
    @Test func waitingPeriodsDoNotStopLaterOnes() async throws {
        let last = PeriodNumber(Homes.first.value + Self.hours - 1)
        let late = ReadingBatch(
            salt: SHA256.hash([4]), meter: TestNetwork.meter(Self.homes), resolution: .minutes60,
            readings: Homes.batch(Self.homes).readings.filter { $0.start.value == last.value * 3_600_000 })
        let (cluster, address) = try cluster((1..<Self.homes).map { Homes.batch($0) } + [late])
        let settler = try cluster.settler(perRound: 2)
        var rounds: [Int] = []
        for _ in 0..<4 { rounds.append(try await settler.round([address])) }
        #expect(rounds == [0, 0, 1, 0])
        #expect(try cluster.chain.settlement(of: address, period: last)?.claim.stage == .final)
        let report = try #require(await settler.report().communities.first)
        #expect(report.unsettled == Int(Self.hours) - 1 && !report.hasMore && report.finalBefore == Homes.first.value)
        #expect(report.waits.count == 1 && report.waits[0].to == last.value)
    }

    /// An administrator who admits members one after the other is not overtaken.
    @Test func membershipsSettleDownFirst() async throws {
        let (cluster, address) = try cluster()
        let settler = try cluster.settler(quietSeconds: 60)
        #expect(try await settler.round([address]) == 0)
        #expect(try #require(await settler.report().communities.first?.waits.first).reason?.contains("changed") == true)
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 50_000) }
        try cluster.network.withLock { (network) in
            try network.registerMeter(9)
            _ = try network.must(
                Community.admit, on: address, network.admission(9, to: address, from: Homes.first))
        }
        try cluster.lake(Cluster.administrator).secrets.setKey(SHA256.hash([9]), of: MemberNumber(5), in: address)
        let batch = Homes.batch(9)
        try cluster.arrive(batch)
        #expect(try await settler.round([address]) == 0)
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 50_000) }
        #expect(try await settler.round([address]) == 0)
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 20_000) }
        #expect(try await settler.round([address]) == Int(Self.hours))
        #expect(try cluster.chain.settlement(of: address, period: Homes.first)?.claim.members == 5)
    }

    @Test func afterTheWindowNothingIsCorrected() async throws {
        let (cluster, address) = try cluster(ends: true)
        let settler = try cluster.settler()
        #expect(try await settler.round([address]) == Int(Self.hours))
        let closing = try #require(try cluster.chain.windowClosing(of: address, period: Homes.first))
        cluster.network.withLock { $0.time = closing }
        try cluster.arrive(Homes.batch(2, revision: 1, more: 70))
        for _ in 0..<3 { #expect(try await settler.round([address]) == 0) }
        #expect(try #require(await settler.report().communities.first).troubles.isEmpty)
    }

    @Test func twoSettlersAtOnceDoNoHarm() async throws {
        let (cluster, address) = try cluster()
        let settlers = try ["aurora", "borealis", "dawn"].map { try cluster.settler($0) }
        var total = 0
        for round in 0..<4 {
            if round == 2 { try cluster.arrive(Homes.batch(1, revision: 1, more: 50)) }
            total += try await withThrowingTaskGroup(of: Int.self) { group in
                for settler in settlers { group.addTask { try await settler.round([address]) } }
                return try await group.reduce(0, +)
            }
        }
        #expect(total == 2 * Int(Self.hours))
        for period in Self.periods {
            #expect(try cluster.chain.settlement(of: address, period: period)?.claim.version == 2)
        }
        // The administrator's lake has what the chain has, whoever settled it.
        let statement = try await cluster.statement(
            of: 1, in: address, from: Homes.first, to: PeriodNumber(Homes.first.value + Self.hours))
        #expect(cluster.verify(try statement.json()).isRight)
    }

    @Test func aDeputyWaitsForTheAdministratorThenSettles() async throws {
        let (cluster, address) = try cluster()
        let deputy = try cluster.settler("borealis", delaySeconds: 30)
        #expect(try await deputy.round([address]) == 0)
        let wait = try #require(await deputy.report().communities.first?.waits.first)
        #expect(wait.reason?.contains("aurora") == true && wait.missing.isEmpty)
        cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 31_000) }
        // It has fetched readings and salts from the administrator.
        #expect(try await deputy.round([address]) == Int(Self.hours))
        // The administrator's node, which did not attest, learns the results from its own lake.
        let (settler, lake) = (try cluster.settler(), try cluster.lake(Cluster.administrator))
        for _ in 0..<3 { #expect(try await settler.round([address]) == 0) }
        for period in Self.periods {
            let record = try #require(try cluster.chain.settlement(of: address, period: period))
            #expect(try lake.results.inputs(of: address, period: period, version: 1)?.inputs.digest == record.inputs)
        }
    }

    /// The number of the rejection stands in what an operator reads, since a program goes by it.
    @Test func aRefusalByTheChainIsToldWithItsNumber() async throws {
        let (cluster, address) = try cluster()
        let settler = try cluster.settler(refusing: 28)
        #expect(try await settler.round([address]) == 0)
        let trouble = try #require(await settler.report().communities.first?.troubles.first)
        #expect(trouble.reason == "the chain refused it: no (rejection 28)")
    }

    @Test func unreachablePartnersArePassedOver() async throws {
        let (cluster, address) = try cluster()
        let settler = try cluster.settler(silent: ["borealis"])
        #expect(try await settler.round([address]) == Int(Self.hours))
        // Two of four are not a quorum: it says who did not answer, and tries again later.
        let (other, second) = try self.cluster()
        let silent = Mutex<Set<String>>(["borealis", "dawn"])
        let waiting = try other.settler(silenced: { silent.withLock { $0 } })
        #expect(try await waiting.round([second]) == 0)
        let trouble = try #require(await waiting.report().communities.first?.troubles.first)
        #expect(trouble.reason.contains("borealis did not answer") && trouble.reason.contains("dawn did not answer"))
        #expect(try await waiting.round([second]) == 0)
        silent.withLock { $0 = [] }
        other.network.withLock { $0.time = $0.time.adding(milliseconds: 3_000) }
        #expect(try await waiting.round([second]) == Int(Self.hours))
    }

    @Test func aWithdrawnMemberIsSettledUpToTheEnd() async throws {
        let (cluster, address) = try cluster(at: Timestamp((Homes.first.value + 2) * 3_600_000 + 60_000))
        // Withdrawn in the third hour: it counts, the fourth does not.
        try cluster.network.withLock { (network) in
            let member = try #require(try network.read(Community.members, MemberNumber(2), of: address))
            let digest = Withdrawal.signingDigest(
                network: network.genesis.network, community: address, member: member.number, consent: member.consent)
            try network.must(
                Community.withdraw, on: address,
                Withdrawal(
                    member: member.number,
                    signature: MemberSignature(signing: digest, with: TestNetwork.memberKey(2))), by: "dawn")
            network.time = Self.end.adding(milliseconds: 60_000)
            _ = try network.emptyBlock()
        }
        let settler = try cluster.settler()
        #expect(try await settler.round([address]) == Int(Self.hours))
        let counts = try Self.periods.map { try cluster.chain.settlement(of: address, period: $0)?.claim.members }
        #expect(counts == [4, 4, 4, 3, 3, 3])
    }

    @Test func pricesAreWaitedForAndFallBack() async throws {
        let rules = CommunityRules(
            name: "Series", currency: "EUR", period: .minutes60, priceRule: .midMarketRate,
            gridTariff: Tariff(
                base: PricePair(consumption: 250_000, production: 80_000),
                series: SeriesUse(series: 0, sides: .consumption)),
            series: [PriceSeries(name: "day-ahead", oracle: "dawn")], activeMembersMin: 2)
        let (cluster, address) = try cluster((1...Self.homes).map { Homes.batch($0) }, at: Self.end, rules)
        func publish(_ hours: Range<UInt64>) throws {
            try cluster.network.withLock { (network) in
                _ = try network.must(
                    Community.publish, on: address,
                    PublishedPrices(
                        series: 0, firstHour: UInt32(Homes.first.value + hours.lowerBound),
                        values: hours.map { 100_000 + Amount($0) }), by: "dawn")
            }
        }
        let settler = try cluster.settler()
        try publish(0..<2)
        try publish(3..<6)
        // The third hour lacks its price; those after it wait, since its price could not be published any more.
        #expect(try await settler.round([address]) == 2)
        let waits = try #require(await settler.report().communities.first).waits
        #expect(waits.map(\.series) == [[0], []] && waits[1].reason != nil)
        try publish(2..<3)
        #expect(try await settler.round([address]) == 4)
        #expect(try stages(cluster, address) == [.final])
    }

    /// Killed at any moment, as often as it takes: every period is settled once, and the balances are those of a run
    /// without kills.
    @Test(arguments: 0..<8) func killedAtAnyInstant(seed: UInt64) async throws {
        let (clean, cleanAddress) = try cluster()
        #expect(try await clean.settler().round([cleanAddress]) == Int(Self.hours))
        var generator = SeededGenerator(seed: seed)
        let (cluster, address) = try cluster()
        var runs = 0
        func isOpen() throws -> Bool {
            try Self.periods.contains { try cluster.chain.settlement(of: address, period: $0) == nil }
        }
        while try isOpen() {
            runs += 1
            try #require(runs < 200)
            // It may ask, and be answered, so many times; then nothing of it reaches anybody any more.
            let left = Mutex(Int.random(in: 0...60, using: &generator))
            let settler = try cluster.settler(
                "aurora",
                isDead: {
                    left.withLock { left in
                        left -= 1
                        return left < 0
                    }
                })
            _ = try await settler.round([address])
            cluster.network.withLock { $0.time = $0.time.adding(milliseconds: 10_000) }
        }
        #expect(runs > 1 || seed > 3)
        for period in Self.periods {
            let (left, right) = (
                try #require(try cluster.chain.settlement(of: address, period: period)),
                try #require(try clean.chain.settlement(of: cleanAddress, period: period))
            )
            #expect(left.claim.version == 1 && left.claim.totals == right.claim.totals)
            let lines = try cluster.lake(Cluster.administrator).results.entries(
                of: address, period: period, version: 1)
            let others = try clean.lake(Cluster.administrator).results.entries(
                of: cleanAddress, period: period, version: 1)
            #expect(try lines.map { try #require($0.line).net() } == others.map { try #require($0.line).net() })
            #expect(MerkleTree.root(lines.map(\.leaf)) == left.claim.root)
        }
    }

    private func stages(_ cluster: Cluster, _ address: Address) throws -> Set<SettlementStage?> {
        Set(try Self.periods.map { try cluster.chain.settlement(of: address, period: $0)?.claim.stage })
    }
}

extension Cluster {
    /// A batch that comes later: anchored, and in a lake.
    func arrive(_ batch: ReadingBatch, supersedes: Digest? = nil, at partner: String = Cluster.administrator) throws {
        try network.withLock { try $0.anchor([batch], supersedes: supersedes) }
        try lake(partner).store(batch.bcs)
    }

    /// `submit`, as a settler's node tells it.
    func submission(
        of settlement: AttestedSettlement, to community: Address, by partner: String
    ) -> SettlerSubmission {
        do {
            guard let code = try submit(settlement, to: community, by: partner) else { return .settled }
            return .rejected(code: code, text: "rejection \(code)")
        } catch {
            return .unknown("\(error)")
        }
    }

    /// A settler of a partner's node. `silenced` do not answer it; once `isDead` is true, neither its questions nor its
    /// settlements reach anybody. The chain refuses what it submits with the number `refusal`.
    func settler(
        _ partner: String = Cluster.administrator, quietSeconds: UInt64 = 0, delaySeconds: UInt64 = 0,
        perRound: Int = 512, silent: Set<String> = [], silenced: (@Sendable () -> Set<String>)? = nil,
        refusing refusal: UInt16? = nil, isDead: @escaping @Sendable () -> Bool = { false }
    ) throws -> Settler {
        var settings = SettlerSettings()
        settings.quietMilliseconds = quietSeconds * 1_000
        settings.delayMilliseconds = delaySeconds * 1_000
        settings.periodsPerRoundMax = perRound
        let ports = SettlerPorts(
            partner: partner,
            chain: { [weak self] () throws(StorageFailure) in
                guard let self else { throw StorageFailure("the test is over") }
                return self.chain
            },
            ask: { [weak self] other, message in
                if isDead() || (silenced?() ?? silent).contains(other) { return nil }
                let answer = await self?.ask(other, message, from: partner)
                return isDead() ? nil : answer
            },
            submit: { [weak self] community, settlement in
                if isDead() { return .unknown("dead") }
                if let refusal { return .rejected(code: refusal, text: "no") }
                let submission = self?.submission(of: settlement, to: community, by: partner) ?? .settled
                if case .settled = submission, isDead() { return .unknown("dead") }
                return submission
            })
        return Settler(lake: try lake(partner), ports: ports, settings: settings)
    }
}
