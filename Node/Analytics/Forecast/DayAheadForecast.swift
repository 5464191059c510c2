internal import LedgerCrypto
package import Primitives

/// Net load of the day after the series, hour by hour.
package struct DayAheadForecast: Hashable, Sendable, BCSCodable {
    package static let formatVersion: UInt16 = 1
    /// Raise it with every change that may change a value.
    package static let modelVersion: UInt16 = 1
    /// Days with all features that a model is trained on, at least.
    package static let trainingDaysMin = 14

    /// Start of the first hour.
    package let start: Timestamp
    /// 24 values in watt-hours.
    package let values: [Energy]

    package init(start: Timestamp, values: [Energy]) {
        self.start = start
        self.values = values
    }

    /// What names the program in a claim: this model's version and the library's file.
    package static func program(library: Digest) -> Digest {
        SHA256.hash(Array("commonwatt/day-ahead/\(modelVersion)".utf8) + library.bytes)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(DayAheadForecast.formatVersion)
        encoder.value(start)
        encoder.vector(values) { $0.i64($1) }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == DayAheadForecast.formatVersion else {
            throw decoder.failure(.invalid("a forecast of another format version"))
        }
        start = try Timestamp(from: &decoder)
        values = try decoder.vector(max: NetLoadSeries.hoursPerDay) {
            (decoder: inout BCSDecoder) throws(BCSError) -> Energy in try decoder.i64()
        }
        guard values.count == NetLoadSeries.hoursPerDay else {
            throw decoder.failure(.invalid("a forecast has 24 hours"))
        }
    }
}

extension DayAheadForecast {
    /// Trains on the whole series and forecasts the day after it.
    package init(after series: NetLoadSeries, with library: LightGBMLibrary) throws(LightGBMError) {
        if let problem = series.problem { throw LightGBMError(problem) }
        let model = try DayAheadForecast.trainingTable(series)
        var asked = FeatureTable(columns: DayAheadFeatures.columns)
        var bases: [Energy] = []
        for hour in 0..<NetLoadSeries.hoursPerDay {
            guard let features = DayAheadFeatures(series, day: series.days, hour: hour) else {
                throw LightGBMError(
                    "a forecast needs every hour of the last \(DayAheadFeatures.daysBefore) days, and one is missing")
            }
            asked.append(features.row)
            bases.append(features.base)
        }
        let answers = try GradientBoosting().predict(
            asked, trainedOn: model.table, labels: model.labels, with: library)
        self.init(start: series.end, values: zip(bases, answers).map { DayAheadForecast.quantised($1, above: $0) })
    }

    private static func trainingTable(
        _ series: NetLoadSeries
    ) throws(LightGBMError) -> (table: FeatureTable, labels: [Float]) {
        var table = FeatureTable(columns: DayAheadFeatures.columns)
        var labels: [Float] = []
        for day in DayAheadFeatures.daysBefore..<max(DayAheadFeatures.daysBefore, series.days) {
            for hour in 0..<NetLoadSeries.hoursPerDay {
                guard let value = series.values[day * NetLoadSeries.hoursPerDay + hour],
                    let features = DayAheadFeatures(series, day: day, hour: hour)
                else { continue }
                table.append(features.row)
                labels.append(Float(value - features.base))
            }
        }
        guard table.rows >= trainingDaysMin * NetLoadSeries.hoursPerDay else {
            throw LightGBMError(
                "a model is trained on \(trainingDaysMin) complete days at least, after a week; the series has "
                    + "\(series.days) days, \(table.rows) hours of them usable")
        }
        return (table, labels)
    }

    /// The nearest watt-hour, ties to even: what differs below that between machines does not show.
    static func quantised(_ answer: Double, above base: Energy) -> Energy {
        let rounded = answer.rounded(.toNearestOrEven)
        guard rounded.isFinite, abs(rounded) <= Double(NetLoadSeries.energyMax) else { return base }
        return base + Energy(rounded)
    }

    /// Yesterday again: what a forecast has to beat. Nil when an hour is missing.
    package static func persistence(after series: NetLoadSeries) -> DayAheadForecast? {
        let last = series.values.suffix(NetLoadSeries.hoursPerDay).compactMap(\.self)
        guard last.count == NetLoadSeries.hoursPerDay else { return nil }
        return DayAheadForecast(start: series.end, values: last)
    }
}
