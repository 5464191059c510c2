package import ContractKit
package import Primitives

/// A source of hourly prices that the rules name: the partner with the oracle's part publishes them on chain.
package struct PriceSeries: Hashable, Sendable, ContractValue {
    package static let nameBytesMax = 32

    /// What it is, in words: "day-ahead DE-LU".
    package let name: String
    /// The partner that publishes it.
    package let oracle: String

    package init(name: String, oracle: String) {
        self.name = name
        self.oracle = oracle
    }

    package var problem: String? {
        if name.isEmpty || name.utf8.count > PriceSeries.nameBytesMax {
            return "a price series has a name of 1 to \(PriceSeries.nameBytesMax) bytes"
        }
        return oracle.isEmpty ? "a price series names the partner that publishes it" : nil
    }

    package static let shape = Shape.fields(
        "PriceSeries", ("name", .text(max: nameBytesMax)), ("oracle", .text(max: Partner.idBytesMax)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(name)
        encoder.string(oracle)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        name = try decoder.string(max: PriceSeries.nameBytesMax)
        oracle = try decoder.string(max: Partner.idBytesMax)
    }
}

/// How a tariff follows a price series: `value + surcharge` on the sides that follow; where the series has no value for
/// the hour, the tariff's own schedule counts.
package struct SeriesUse: Hashable, Sendable, ContractValue {
    package enum Sides: UInt8, Hashable, Sendable, CaseIterable, ContractValue {
        case consumption = 1
        case production = 2
        case both = 3

        package static let shape = Shape.code("SeriesSides", allCases.map { Shape.CodeValue($0.rawValue, "\($0)") })
        package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
        package init(from decoder: inout BCSDecoder) throws(BCSError) { self = try decoder.tag() }
    }

    /// Position in the series of the rules.
    package let series: UInt8
    package let sides: Sides
    /// Added to the series' value, micro-units per kWh, of either sign.
    package let surcharge: PricePair

    package init(series: UInt8, sides: Sides = .both, surcharge: PricePair = PricePair(consumption: 0, production: 0)) {
        self.series = series
        self.sides = sides
        self.surcharge = surcharge
    }

    package static let shape = Shape.fields(
        "SeriesUse", ("series", .u8), ("sides", Sides.shape), ("surcharge", PricePair.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u8(series)
        encoder.value(sides)
        encoder.value(surcharge)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        series = try decoder.u8()
        sides = try Sides(from: &decoder)
        surcharge = try PricePair(from: &decoder)
    }
}

/// Retail `b` and feed-in `f`: constants, time bands, or an hourly series with the schedule as its stated fallback.
package struct Tariff: Hashable, Sendable, ContractValue {
    package let schedule: PriceSchedule
    package let series: SeriesUse?

    package init(schedule: PriceSchedule, series: SeriesUse? = nil) {
        self.schedule = schedule
        self.series = series
    }

    package init(base: PricePair, bands: [PriceBand] = [], series: SeriesUse? = nil) {
        self.init(schedule: PriceSchedule(base: base, bands: bands), series: series)
    }

    package var problem: String? { schedule.problem ?? series?.surcharge.problem }

    /// Prices of a period that starts at `time`; `values` are those of the rules' series for its hour, by position.
    package func prices(
        at time: Timestamp, clock: LocalClock, values: [Amount?]
    ) throws(SettlementError) -> PricePair {
        let own = schedule.prices(at: time, clock: clock)
        guard let series, values.indices.contains(Int(series.series)), let value = values[Int(series.series)] else {
            return own
        }
        let follows = series.sides.rawValue
        return try PricePair(
            consumption: follows & 1 == 0
                ? own.consumption : try sized(value.adding(series.surcharge.consumption)),
            production: follows & 2 == 0 ? own.production : try sized(value.adding(series.surcharge.production))
        ).bounded()
    }

    package static let shape = Shape.fields(
        "Tariff", ("schedule", PriceSchedule.shape), ("series", .option(SeriesUse.shape)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(schedule)
        encoder.option(series)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        schedule = try PriceSchedule(from: &decoder)
        series = try decoder.option()
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}

/// Hourly prices of one UTC day of a series, as the chain keeps them: 24 values in micro-units per kWh, nil where none was
/// published.
package struct PriceDay: Hashable, Sendable, ContractValue {
    package static let hours = 24
    package static let millisecondsPerHour: UInt64 = 3_600_000

    package private(set) var values: [Amount?]

    package init() { values = [Amount?](repeating: nil, count: PriceDay.hours) }

    /// Day since 1970 and hour of the day that contain `time`; nil beyond 32 bits of days.
    package static func place(of time: Timestamp) -> (day: UInt32, hour: Int)? {
        let hours = time.milliseconds / millisecondsPerHour
        guard let day = UInt32(exactly: hours / UInt64(PriceDay.hours)) else { return nil }
        return (day, Int(hours % UInt64(PriceDay.hours)))
    }

    /// False when the hour is not one of the day, or has another value already: what was published is not changed.
    package mutating func publish(_ value: Amount, hour: Int) -> Bool {
        guard values.indices.contains(hour), values[hour] == nil || values[hour] == value else { return false }
        values[hour] = value
        return true
    }

    package static let shape = Shape.fields("PriceDay", ("values", .list(.option(.i64), max: hours)))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(values) { (encoder: inout BCSEncoder, value: Amount?) in
            encoder.bool(value != nil)
            if let value { encoder.i64(value) }
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        values = try decoder.vector(max: PriceDay.hours) {
            (decoder: inout BCSDecoder) throws(BCSError) -> Amount? in try decoder.bool() ? try decoder.i64() : nil
        }
        if values.count != PriceDay.hours { throw decoder.failure(.invalid("a day of prices has 24 values")) }
    }
}
