package import ContractKit
package import Primitives

/// Two prices of energy in micro-units per kWh: what consuming costs and what producing earns. For a grid tariff these
/// are retail `b` and feed-in `f`, for a community tariff `c` and `p`.
package struct PricePair: Hashable, Sendable, ContractValue {
    /// Bound of a price: 1,000 units per kWh either way.
    package static let priceMax: Amount = 1_000_000_000

    package let consumption: Amount
    package let production: Amount

    package init(consumption: Amount, production: Amount) {
        self.consumption = consumption
        self.production = production
    }

    package var problem: String? {
        let range = -PricePair.priceMax...PricePair.priceMax
        return range.contains(consumption) && range.contains(production)
            ? nil : "a price is above \(PricePair.priceMax) micro-units per kWh"
    }

    package static let shape = Shape.fields(
        "PricePair", ("consumption", .i64), ("production", .i64))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.i64(consumption)
        encoder.i64(production)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        consumption = try decoder.i64()
        production = try decoder.i64()
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}

/// Prices that hold on some weekdays between two local times.
package struct PriceBand: Hashable, Sendable, ContractValue {
    /// Bit 0 is Monday.
    package let weekdays: UInt8
    /// Local minute of the day, inclusive and exclusive; `from` < `to` <= 1,440.
    package let fromMinute: UInt16
    package let toMinute: UInt16
    package let prices: PricePair

    package init(weekdays: UInt8, fromMinute: UInt16, toMinute: UInt16, prices: PricePair) {
        self.weekdays = weekdays
        self.fromMinute = fromMinute
        self.toMinute = toMinute
        self.prices = prices
    }

    package var problem: String? { time.problem ?? prices.problem }

    package func contains(weekday: Int, minute: Int) -> Bool { time.contains(weekday: weekday, minute: minute) }

    private var time: BandTime { BandTime(weekdays: weekdays, fromMinute: fromMinute, toMinute: toMinute) }

    package static let shape = Shape.fields(
        "PriceBand", ("weekdays", .u8), ("fromMinute", .u16), ("toMinute", .u16), ("prices", PricePair.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u8(weekdays)
        encoder.u16(fromMinute)
        encoder.u16(toMinute)
        encoder.value(prices)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        weekdays = try decoder.u8()
        fromMinute = try decoder.u16()
        toMinute = try decoder.u16()
        prices = try PricePair(from: &decoder)
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}

/// Constant prices, or time bands: the first band that contains the start of the period counts, else the base.
package struct PriceSchedule: Hashable, Sendable, ContractValue {
    package static let bandsMax = 16

    package let base: PricePair
    package let bands: [PriceBand]

    package init(base: PricePair, bands: [PriceBand] = []) {
        self.base = base
        self.bands = bands
    }

    package var problem: String? {
        if bands.count > PriceSchedule.bandsMax { return "a tariff has at most \(PriceSchedule.bandsMax) bands" }
        return base.problem ?? bands.lazy.compactMap(\.problem).first
    }

    package func prices(at time: Timestamp, clock: LocalClock) -> PricePair {
        if bands.isEmpty { return base }
        let (weekday, minute) = clock.local(at: time)
        return bands.first { $0.contains(weekday: weekday, minute: minute) }?.prices ?? base
    }

    package static let shape = Shape.fields(
        "PriceSchedule", ("base", PricePair.shape), ("bands", .list(PriceBand.shape, max: bandsMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(base)
        encoder.vector(bands)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        base = try PricePair(from: &decoder)
        bands = try decoder.vector(max: PriceSchedule.bandsMax)
    }
}
