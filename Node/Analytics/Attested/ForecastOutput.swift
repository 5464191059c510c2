package import DataSets
internal import Foundation
internal import NodeClient
package import Primitives

/// A forecast as a part of a data set in the zone of results: one line an hour.
package enum ForecastOutput {
    package static let timeColumn = "start"
    package static let source = PartBuilder.Source.csv(time: timeColumn, .rfc3339)

    /// CSV: start of the hour in UTC, net load in watt-hours.
    package static func text(_ forecast: DayAheadForecast) -> [UInt8] {
        var text = "\(timeColumn),net_load_wh\n"
        for (hour, value) in forecast.values.enumerated() {
            let start = forecast.start.adding(milliseconds: UInt64(hour) * NetLoadSeries.hourMilliseconds)
            text += "\(start.text),\(value)\n"
        }
        return Array(text.utf8)
    }

    /// The manifest of the part with these bytes; names the inputs when they are few enough for its header, and leaves
    /// them to the claim else.
    package static func manifest(
        _ bytes: [UInt8], salt: Digest, inputs: [Digest]
    ) throws(PartProblem) -> Manifest {
        try PartBuilder.manifest(
            of: bytes, source, zone: .results, salt: salt, inputs: inputs.count <= PartHeader.inputsMax ? inputs : [])
    }

    /// The first line in which two outputs differ, in words.
    static func difference(_ own: [UInt8], _ claimed: [UInt8]) -> String? {
        func lines(_ bytes: [UInt8]) -> [Substring] {
            String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        }
        let (own, claimed) = (lines(own), lines(claimed))
        for index in 0..<max(own.count, claimed.count) {
            let here = index < own.count ? own[index] : "nothing"
            let there = index < claimed.count ? claimed[index] : "nothing"
            if here != there { return "line \(index + 1) is '\(here.prefix(60))' here and '\(there.prefix(60))' there" }
        }
        return nil
    }
}
