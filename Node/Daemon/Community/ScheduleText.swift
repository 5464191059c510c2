internal import Foundation
internal import OperatorFiles
internal import Primitives
internal import Trading

/// Prices and shares as people write them into a file: one value, or one with time bands.
///
///     0.25
///     {"value": 0.25, "bands": [{"days": "mon-fri", "from": "17:00", "to": "20:00", "value": 0.31}]}
struct RateText: Decodable {
    struct Band: Decodable {
        let days: String?
        let from: String
        let to: String
        let value: Double
    }

    private struct Whole: Decodable {
        let value: Double
        let bands: [Band]?
    }

    let value: Double
    let bands: [Band]

    init(from decoder: any Decoder) throws {
        if let single = try? decoder.singleValueContainer().decode(Double.self) {
            (value, bands) = (single, [])
        } else {
            let whole = try Whole(from: decoder)
            (value, bands) = (whole.value, whole.bands ?? [])
        }
    }

    /// `scale` is 1,000,000 for prices per kWh, 1 for keys.
    func schedule(scale: Double) throws -> RateSchedule {
        RateSchedule(
            try DayTime.whole(value, scale),
            bands: try bands.map { band in
                RateBand(
                    weekdays: try DayTime.weekdays(band.days), fromMinute: try DayTime.minute(band.from),
                    toMinute: try DayTime.minute(band.to), value: try DayTime.whole(band.value, scale))
            })
    }
}

/// Two prices per kWh, with time bands:
///
///     {"consumption": 0.25, "production": 0.08, "bands": [{"from": "22:00", "to": "24:00", "consumption": 0.2, "production": 0.08}]}
struct PricesText: Decodable {
    struct Band: Decodable {
        let days: String?
        let from: String
        let to: String
        let consumption: Double
        let production: Double
    }

    /// Hourly values of one of the rules' series, with a surcharge per kWh; the prices beside it are the fallback.
    struct Series: Decodable {
        let series: UInt8
        let sides: String?
        let consumption: Double?
        let production: Double?
    }

    let consumption: Double
    let production: Double
    let bands: [Band]?
    let follows: Series?

    static func pair(_ consumption: Double, _ production: Double) throws -> PricePair {
        PricePair(
            consumption: try DayTime.whole(consumption, 1_000_000), production: try DayTime.whole(production, 1_000_000)
        )
    }

    func schedule() throws -> PriceSchedule {
        PriceSchedule(
            base: try PricesText.pair(consumption, production),
            bands: try (bands ?? []).map { band in
                PriceBand(
                    weekdays: try DayTime.weekdays(band.days), fromMinute: try DayTime.minute(band.from),
                    toMinute: try DayTime.minute(band.to),
                    prices: try PricesText.pair(band.consumption, band.production))
            })
    }

    func tariff() throws -> Tariff {
        Tariff(
            schedule: try schedule(),
            series: try follows.map { follows in
                let name = follows.sides ?? "both"
                guard let sides = SeriesUse.Sides.allCases.first(where: { "\($0)" == name }) else {
                    throw UserError("'\(name)' is none of consumption, production, both.")
                }
                return SeriesUse(
                    series: follows.series, sides: sides,
                    surcharge: try PricesText.pair(follows.consumption ?? 0, follows.production ?? 0))
            })
    }
}

/// Numbers, days and times of day in a person's file.
enum DayTime {
    private static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// A decimal as a whole number of `1 / scale`, which it must be.
    static func whole(_ value: Double, _ scale: Double) throws -> Int64 {
        let scaled = (value * scale).rounded()
        guard scaled.magnitude <= 1e15, (value * scale - scaled).magnitude < 1e-3 else {
            throw UserError("\(value) is too large, or has more than \(scale > 1 ? "six" : "no") decimals.")
        }
        return Int64(scaled)
    }

    /// "mon-fri", "sat,sun", or every day.
    static func weekdays(_ text: String?) throws -> UInt8 {
        guard let text else { return 127 }
        var days: UInt8 = 0
        for part in text.lowercased().split(separator: ",") {
            let ends = part.split(separator: "-").map { names.firstIndex(of: $0.trimmingCharacters(in: .whitespaces)) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last else {
                throw UserError("'\(text)' are no days; write them as mon-fri, or sat,sun.")
            }
            for day in first...last { days |= 1 << UInt8(day) }
        }
        return days
    }

    /// "17:30" as a minute of the day; "24:00" is its end.
    static func minute(_ text: String) throws -> UInt16 {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt16($0) }
        guard parts.count == 2, let hour = parts[0], let minute = parts[1], hour <= 24, minute < 60,
            hour * 60 + minute <= 1_440
        else { throw UserError("'\(text)' is no time of day; write it as 17:30.") }
        return hour * 60 + minute
    }
}
