import Chain
import Primitives
import TestSupport
import Testing

@testable import Trading

/// Random members for every model: keys, ties, limits, tariffs.
struct RandomCommunity {
    let nets: [Energy]
    let members: [Member]

    /// 0 to 40 members. Odd seeds have small numbers (many ties), even ones large numbers.
    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed ^ 0x5eed)
        let nets = SettlementPropertyTests.nets(seed)
        func price() -> Amount { Int64.random(in: -50...400, using: &generator) * 1_000 }
        func number() -> MemberNumber { MemberNumber(UInt32.random(in: 1...UInt32(nets.count + 2), using: &generator)) }
        let largest = seed % 2 == 0 ? Int64(1_000_000_000_000) : 5
        members = nets.indices.map { index in
            let producers = Set((0..<Int.random(in: 0...3, using: &generator)).map { _ in number() }).sorted()
            return Member(
                number: MemberNumber(UInt32(index + 1)), meters: [MeterNumber(UInt64(index))],
                settings: MemberSettings(
                    tariff: Bool.random(using: &generator)
                        ? Tariff(base: PricePair(consumption: price(), production: price())) : nil,
                    key: RateSchedule(
                        Int64.random(in: 0...900, using: &generator),
                        bands: [RateBand(weekdays: 127, fromMinute: 0, toMinute: 720, value: 400)]),
                    producerKeys: producers.map {
                        ProducerKey(producer: $0, key: RateSchedule(Int64.random(in: 0...10_000, using: &generator)))
                    },
                    limits: Bool.random(using: &generator)
                        ? PriceSchedule(base: PricePair(consumption: price(), production: price())) : nil,
                    preferred: producers.map {
                        PreferredPartner(
                            producer: $0, energyMax: Int64.random(in: 1...largest, using: &generator))
                    }), holder: .zero, consent: .zero, from: PeriodNumber(0))
        }
        self.nets = nets
    }

    static let models: [AllocationModel] = [
        .evenSplit, .proRata, .staticKeys, .scheduledKeys, .fullKeys, .preferredPartners(then: .evenSplit),
        .preferredPartners(then: .proRata), .preferredPartners(then: .staticKeys), .uniformPrice, .payAsBid,
        .sharedIncentive(RateSchedule(110_001)),
    ]

    static let rules: [PriceRule] = [
        .communityTariffs(PriceSchedule(base: PricePair(consumption: 180_001, production: 160_003))),
        .communityTariffs(PriceSchedule(base: PricePair(consumption: -7, production: 11))), .midMarketRate,
        .supplyDemandRatio, .billSharing,
    ]

    /// Every model with every price rule that it may have.
    static let choices: [(AllocationModel, PriceRule)] = models.flatMap { model in
        model.setsPrice ? [(model, .byModel)] : rules.map { (model, $0) }
    }

    func rules(_ model: AllocationModel, _ rule: PriceRule, grid: PricePair) -> CommunityRules {
        CommunityRules(
            name: "A", currency: "EUR", period: .minutes15, model: model, priceRule: rule,
            gridTariff: Tariff(base: grid), gridFee: RateSchedule(21_007), fundLevy: RateSchedule(1_003),
            rounding: nets.count % 2 == 0 ? .halfUp : .halfEven)
    }

    func terms(_ rules: CommunityRules, _ period: PeriodNumber) throws -> AllocationTerms {
        let start = try #require(rules.period.start(of: period))
        return try AllocationTerms(members, rules: rules, at: start, values: [])
    }

    func balances(_ rules: CommunityRules, own: Energy) throws -> [MemberBalance] {
        try zip(nets, members).map { net, member in
            MemberBalance(
                member: member.number, production: max(net, 0) + own, consumption: max(-net, 0) + own,
                gridPrices: try rules.gridPrices(of: member, at: Timestamp(0)))
        }
    }

    func settle(_ rules: CommunityRules, _ period: PeriodNumber, own: Energy = 3) throws -> PeriodSettlement {
        try PeriodSettlement(
            community: community, period: period, version: 1, rules: rules, balances: try balances(rules, own: own),
            terms: try terms(rules, period))
    }
}

@Suite("Properties of every model and price rule")
struct ModelPropertyTests {
    static let grid = PricePair(consumption: 250_000, production: 80_000)

    @Test(arguments: RandomCommunity.models) func energyIsConserved(model: AllocationModel) throws {
        let rule: PriceRule = model.setsPrice ? .byModel : .midMarketRate
        for seed in UInt64(0)..<150 {
            let community = RandomCommunity(seed: seed)
            let rules = community.rules(model, rule, grid: Self.grid)
            let period = PeriodNumber(seed)
            let allocation = try Allocation(
                community.nets, model: model, period: period, terms: try community.terms(rules, period))
            let surplus = community.nets.map { max($0, 0) }
            let demand = community.nets.map { max(-$0, 0) }
            let common = min(surplus.reduce(0, +), demand.reduce(0, +))
            #expect(allocation.received.reduce(0, +) == allocation.traded)
            #expect(allocation.given.reduce(0, +) == allocation.traded)
            #expect(model.tradesAll ? allocation.traded == common : allocation.traded <= common)
            for position in community.nets.indices {
                #expect((0...demand[position]).contains(allocation.received[position]))
                #expect((0...surplus[position]).contains(allocation.given[position]))
            }
        }
    }

    @Test func moneySumsToZeroWithEveryModelAndRule() throws {
        for (model, rule) in RandomCommunity.choices {
            for seed in UInt64(0)..<60 {
                let community = RandomCommunity(seed: seed)
                let grids = [
                    Self.grid, PricePair(consumption: 99_999, production: -30_001),
                    PricePair(consumption: -5, production: 5), PricePair(consumption: 0, production: 0),
                ]
                let rules = community.rules(model, rule, grid: grids[Int(seed % 4)])
                let settlement = try community.settle(rules, PeriodNumber(seed))
                let totals = settlement.totals
                #expect(try settlement.postings().reduce(0) { $0 + $1.amount } == 0, "\(model) \(rule) \(seed)")
                #expect(totals.problem(model) == nil, "\(model) \(rule) \(seed)")
                for line in settlement.lines {
                    #expect(line.production - line.consumption == line.given + line.sold - line.received - line.bought)
                    #expect(line.bought >= 0 && line.sold >= 0)
                }
                // Half a micro-unit a rounded amount; a pooled price is rounded per kWh as well.
                let amounts = Int64(settlement.lines.count) * 6 + 8
                let perKilowattHour = rule == .supplyDemandRatio ? (totals.consumption + totals.production) / 1_000 : 0
                #expect(abs(totals.rounding) <= amounts + 2 * perKilowattHour, "\(model) \(rule) \(seed)")
            }
        }
    }

    /// Listing members in another order, and naming producers by position again, gives the same lines.
    @Test(arguments: RandomCommunity.models) func orderIsIrrelevant(model: AllocationModel) throws {
        let rule: PriceRule = model.setsPrice ? .byModel : .billSharing
        for seed in UInt64(0)..<20 {
            var generator = SeededGenerator(seed: seed)
            let random = RandomCommunity(seed: seed)
            let rules = random.rules(model, rule, grid: Self.grid)
            let expected = try random.settle(rules, PeriodNumber(seed))
            let balances = try random.balances(rules, own: 3).shuffled(using: &generator)
                .sorted { $0.member < $1.member }
            let members = random.members.shuffled(using: &generator).sorted { $0.number < $1.number }
            let again = try PeriodSettlement(
                community: community, period: PeriodNumber(seed), version: 1, rules: rules,
                balances: balances,
                terms: try AllocationTerms(
                    members, rules: rules, at: try #require(rules.period.start(of: PeriodNumber(seed))), values: []))
            #expect(again == expected)
        }
    }

    /// Amounts of every line follow from what the line itself shows: a member needs nothing else.
    @Test func linesCanBeRecomputedByHand() throws {
        for (model, rule) in RandomCommunity.choices {
            for seed in UInt64(0)..<20 {
                let community = RandomCommunity(seed: seed)
                let rules = community.rules(model, rule, grid: Self.grid)
                let settlement = try community.settle(rules, PeriodNumber(seed))
                let volumes = try PeriodVolumes(settlement.totals)
                for (line, balance) in zip(settlement.lines, try community.balances(rules, own: 3)) {
                    let again = try StatementLine(
                        community: line.community, period: line.period, version: line.version, balance: balance,
                        received: line.received, given: line.given, prices: LinePrices(of: line, rules))
                    #expect(again == line)
                    let member = try #require(community.members.first { $0.number == line.member })
                    let start = try #require(rules.period.start(of: line.period))
                    let right = try VerifiablePrices(rules, member: member, at: start, volumes: volumes, values: [])
                    #expect(line.communityPrices == right.inside ?? line.communityPrices)
                    #expect(line.gridPrices == right.grid ?? line.gridPrices)
                    #expect(rules.charges(at: start) == line.charges.map { LineCharges(ratesOf: $0) })
                }
            }
        }
    }

    /// Nothing traps, whatever the numbers.
    @Test func extremesAreErrors() throws {
        let extremes: [Int64] = [.min, .min + 1, -1, 0, 1, 9_999, .max - 1, .max]
        var generator = SeededGenerator(seed: 4)
        func any() -> Int64 { extremes.randomElement(using: &generator) ?? 0 }
        for round in 0..<4_000 {
            let count = Int.random(in: 0...4, using: &generator)
            let terms = AllocationTerms(
                keys: (0..<count).map { _ in any() },
                links: (0..<count).map { _ in [AllocationTerms.Link(producer: Int(any() % 5), amount: any())] },
                limits: (0..<count).map { _ in PricePair(consumption: any(), production: any()) })
            let balances = (0..<count).map { index in
                MemberBalance(
                    member: MemberNumber(UInt32(index)), production: any(), consumption: any(),
                    gridPrices: PricePair(consumption: any(), production: any()),
                    flows: (injected: any(), withdrawn: any()))
            }
            let (model, rule) = RandomCommunity.choices[round % RandomCommunity.choices.count]
            let rules = CommunityRules(
                name: "A", currency: "EUR", period: .minutes15, model: model, priceRule: rule,
                gridTariff: Tariff(base: PricePair(consumption: any(), production: any())),
                gridFee: RateSchedule(any()), fundLevy: RateSchedule(any()))
            _ = try? PeriodSettlement(
                community: community, period: PeriodNumber(7), version: 1, rules: rules, balances: balances,
                terms: terms, values: [any()])
            _ = try? Division.byKeys(any(), keys: [any(), any()], period: PeriodNumber(1))
            _ = try? Pricing.amount(of: any(), at: any(), .halfEven)
            _ = try? PeriodVolumes(surplus: any(), demand: any(), traded: any()).ratioPrices(
                PricePair(consumption: any(), production: any()))
        }
        #expect(throws: SettlementError.termsMissing) {
            try Allocation([1, -1], model: .staticKeys, period: PeriodNumber(0))
        }
    }
}
