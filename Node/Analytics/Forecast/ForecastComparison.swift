internal import Foundation
package import Primitives

/// How good forecasts were over a past: made for days of it, each from the days before only, and held against what came.
package struct ForecastComparison: Hashable, Sendable, Encodable {
    /// Errors of one way to forecast, watt-hours an hour.
    package struct Errors: Hashable, Sendable, Encodable {
        package let meanAbsolute: Double
        package let rootMeanSquare: Double

        init(_ errors: [Energy]) {
            let count = Double(max(1, errors.count))
            meanAbsolute = errors.reduce(0.0) { $0 + abs(Double($1)) } / count
            rootMeanSquare = (errors.reduce(0.0) { $0 + Double($1) * Double($1) } / count).squareRoot()
        }
    }

    /// One forecast day.
    package struct Day: Hashable, Sendable, Encodable {
        /// Start of its first hour, milliseconds since 1970.
        package let start: UInt64
        package let forecast: [Energy]
        package let persistence: [Energy]
        package let actual: [Energy]
    }

    package let days: [Day]
    package let forecast: Errors
    package let persistence: Errors
    /// Days that were not forecast, because an hour of theirs or of the week before has no value.
    package let skippedDays: Int

    /// How much smaller the mean absolute error is than that of yesterday's values; 0.1 is a tenth.
    package var improvement: Double {
        persistence.meanAbsolute > 0 ? 1 - forecast.meanAbsolute / persistence.meanAbsolute : 0
    }

    /// Forecasts every `stride`-th day from `first` on. `forecast` gets the series up to the day.
    package init<Failure: Error>(
        _ series: NetLoadSeries, from first: Int, every stride: Int,
        forecast: (NetLoadSeries) throws(Failure) -> DayAheadForecast
    ) throws(Failure) {
        var days: [Day] = []
        var skipped = 0
        for day in Swift.stride(from: max(first, DayAheadFeatures.daysBefore), to: series.days, by: max(1, stride)) {
            let before = series.prefix(days: day)
            let actual = series.day(day)
            guard let actual,
                (0..<NetLoadSeries.hoursPerDay).allSatisfy({ DayAheadFeatures(before, day: day, hour: $0) != nil }),
                let persistence = DayAheadForecast.persistence(after: before)
            else {
                skipped += 1
                continue
            }
            days.append(
                Day(
                    start: before.end.milliseconds, forecast: try forecast(before).values,
                    persistence: persistence.values, actual: actual))
        }
        self.days = days
        skippedDays = skipped
        self.forecast = Errors(days.flatMap { zip($0.forecast, $0.actual).map { $0 - $1 } })
        self.persistence = Errors(days.flatMap { zip($0.persistence, $0.actual).map { $0 - $1 } })
    }
}

extension NetLoadSeries {
    /// The first `days` days.
    package func prefix(days: Int) -> NetLoadSeries {
        NetLoadSeries(
            start: start, weekday: weekday,
            values: Array(values.prefix(max(0, days) * NetLoadSeries.hoursPerDay)))
    }

    /// The 24 values of a day; nil when one is missing.
    package func day(_ day: Int) -> [Energy]? {
        let hours = NetLoadSeries.hoursPerDay
        guard day >= 0, day < days else { return nil }
        let found = values[(day * hours)..<((day + 1) * hours)].compactMap(\.self)
        return found.count == hours ? found : nil
    }
}
