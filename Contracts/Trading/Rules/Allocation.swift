package import Primitives

/// Who gets how much of the traded energy in one period, by position of the members.
///
/// Invariants, for every model: `received` and `given` both sum to `traded`; nobody receives more than the own demand or
/// gives more than the own surplus; `traded` is at most min(S, D), and exactly that when the model trades all.
package struct Allocation: Hashable, Sendable {
    package let traded: Energy
    /// a_j: sums to `traded`, at most the demand of each.
    package let received: [Energy]
    /// g_i: sums to `traded`, at most the surplus of each.
    package let given: [Energy]
    /// Price at which an auction cleared, micro-units per kWh; nil for other models, or when nothing was traded.
    package let clearingPrice: Amount?
    /// S, D and T.
    package let volumes: PeriodVolumes

    init(_ sides: MarketSides, received: [Energy], given: [Energy], traded: Energy, clearingPrice: Amount? = nil) {
        self.traded = traded
        self.received = received
        self.given = given
        self.clearingPrice = clearingPrice
        volumes = PeriodVolumes(surplus: sides.surplusSum, demand: sides.demandSum, traded: traded)
    }

    /// `balances` are production - consumption in the order of the members; `terms` has an entry for each where the model
    /// needs it (else `termsMissing`).
    package init(
        _ balances: [Energy], model: AllocationModel, period: PeriodNumber, terms: AllocationTerms = .none
    ) throws(SettlementError) {
        try self.init(try MarketSides(balances), model: model, period: period, terms: terms)
    }

    /// The same for surplus and demand that are not one member's difference: what is left of both after agreements.
    init(
        _ sides: MarketSides, model: AllocationModel, period: PeriodNumber, terms: AllocationTerms
    ) throws(SettlementError) {
        let count = sides.demand.count
        switch model {
        case .evenSplit:
            let received = try Division.evenly(sides.common, upTo: sides.demand, period: period)
            self = try sides.allocation(received: received, traded: sides.common, period: period)
        case .proRata:
            let received = try Division.proRata(sides.common, by: sides.demand, period: period)
            self = try sides.allocation(received: received, traded: sides.common, period: period)
        case .staticKeys, .scheduledKeys:
            let received = try sides.byKeys(try terms.keys(for: count), period: period)
            self = try sides.allocation(received: received, traded: received.checkedSum(), period: period)
        case .fullKeys: self = try sides.byProducerKeys(try terms.links(for: count), period: period)
        case .preferredPartners(let rest):
            self = try sides.preferredFirst(
                try terms.links(for: count), rest: rest, terms: terms, period: period)
        case .uniformPrice, .payAsBid:
            self = try sides.auction(try terms.limits(for: count), period: period)
        case .sharedIncentive:
            let none = [Energy](repeating: 0, count: count)
            self.init(sides, received: none, given: none, traded: 0)
        }
    }
}

/// What models need besides the balances, by position of the members. Empty where the model needs none.
package struct AllocationTerms: Hashable, Sendable {
    package static let none = AllocationTerms()

    /// A consumer's tie to a producer, by the producer's position: a key, or the most that it takes in a period.
    package struct Link: Hashable, Sendable {
        package let producer: Int
        package let amount: Int64

        package init(producer: Int, amount: Int64) {
            self.producer = producer
            self.amount = amount
        }
    }

    /// Keys of the period, in parts of 10,000.
    package let keys: [Int64]
    /// Producer keys (full keys), or agreements in their order (preferred partners).
    package let links: [[Link]]
    /// Highest price a member pays, lowest it sells for.
    package let limits: [PricePair]

    package init(keys: [Int64] = [], links: [[Link]] = [], limits: [PricePair] = []) {
        self.keys = keys
        self.links = links
        self.limits = limits
    }

    func keys(for count: Int) throws(SettlementError) -> [Int64] {
        guard keys.count == count else { throw .termsMissing }
        return keys
    }

    func links(for count: Int) throws(SettlementError) -> [[Link]] {
        guard links.count == count else { throw .termsMissing }
        for link in links.joined() where !(0..<count).contains(link.producer) || link.amount < 0 { throw .termsMissing }
        return links
    }

    func limits(for count: Int) throws(SettlementError) -> [PricePair] {
        guard limits.count == count else { throw .termsMissing }
        return limits
    }
}

/// Surplus and demand of each member, by position.
struct MarketSides {
    let surplus: [Energy]
    let demand: [Energy]
    /// S and D.
    let surplusSum: Energy
    let demandSum: Energy

    /// min(S, D)
    var common: Energy { min(surplusSum, demandSum) }

    init(_ balances: [Energy]) throws(SettlementError) {
        var surplus = [Energy](repeating: 0, count: balances.count)
        var demand = surplus
        for (position, balance) in balances.enumerated() {
            if balance > 0 {
                surplus[position] = balance
            } else if balance < 0 {
                demand[position] = try sized(Int64(0).subtracting(balance))
            }
        }
        try self.init(surplus: surplus, demand: demand)
    }

    init(surplus: [Energy], demand: [Energy]) throws(SettlementError) {
        self.surplus = surplus
        self.demand = demand
        surplusSum = try surplus.checkedSum()
        demandSum = try demand.checkedSum()
    }

    /// The allocation with this demand side and a supply side pro rata to surplus.
    func allocation(received: [Energy], traded: Energy, period: PeriodNumber) throws(SettlementError) -> Allocation {
        Allocation(
            self, received: received, given: try Division.proRata(traded, by: surplus, period: period), traded: traded)
    }
}
