internal import Primitives

/// What a day-ahead forecast looks at, for one hour of a day: only hours before that day.
///
/// The base is half yesterday's value of the same hour and half its mean over the last seven days; the model learns what is
/// to be added. All features are whole numbers of watt-hours, so that they are exact as Double.
struct DayAheadFeatures: Sendable, Hashable {
    static let columns = 15
    static let daysBefore = 7
    static let hours = NetLoadSeries.hoursPerDay

    let base: Energy
    let row: [Double]

    /// Nil when a value of the seven days before is missing.
    init?(_ series: NetLoadSeries, day: Int, hour: Int) {
        let hours = DayAheadFeatures.hours
        guard day >= DayAheadFeatures.daysBefore, (day - 1) * hours + hours <= series.values.count, hour >= 0,
            hour < hours
        else { return nil }
        let index = day * hours + hour
        func value(_ back: Int) -> Energy? { series.values[index - back] }
        var same: [Energy] = []
        for back in 1...DayAheadFeatures.daysBefore {
            guard let value = value(back * hours) else { return nil }
            same.append(value)
        }
        let yesterday = series.values[((day - 1) * hours)..<(day * hours)].compactMap(\.self)
        guard yesterday.count == hours, let least = yesterday.min(), let most = yesterday.max(),
            let last = yesterday.last, let low = same.min(), let high = same.max(), let before = value(hours + 1)
        else { return nil }
        // The hour after the same hour of yesterday; at the end of the day there is none yet.
        let after = hour + 1 < hours ? value(hours - 1) : same[0]
        guard let after else { return nil }
        let base = DayAheadFeatures.base(same)
        self.base = base
        let relative = [same[0], same[1], same[2], same[6], low, high, before, after].map { $0 - base }
        let absolute = [yesterday.reduce(0, +), least, most, last, base]
        row =
            [Double(hour), Double((Int(series.weekday) + day) % 7)] + relative.map { Double($0) }
            + absolute.map { Double($0) }
    }

    /// floor((7 * yesterday + sum of seven days) / 14).
    static func base(_ same: [Energy]) -> Energy {
        let sum = 7 * same[0] + same.reduce(0, +)
        return sum >= 0 ? sum / 14 : -((-sum + 13) / 14)
    }
}
