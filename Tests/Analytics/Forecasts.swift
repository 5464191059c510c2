import Analytics
import Foundation
import Primitives
import TestSupport

/// Where the tests find LightGBM, the program and data.
enum Forecasts {
    static let libraryPath: String? =
        ProcessInfo.processInfo.environment[LightGBMLibrary.environmentVariable]
        ?? LightGBMLibrary.installed(below: Shared.project.path)

    static let program = Shared.program

    static var canRun: Bool { libraryPath != nil && FileManager.default.isExecutableFile(atPath: program) }

    static func worker(_ library: String? = libraryPath, limits: WorkerLimits = WorkerLimits()) -> WorkerProcess {
        WorkerProcess(
            executable: URL(filePath: program), arguments: ["forecast", "worker", "--lightgbm", library ?? ""],
            limits: limits)
    }

    /// A made-up community: a daily and a weekly shape, a drift, and noise from `seed`.
    static func series(days: Int, seed: UInt64 = 1, start: UInt64 = 1_470_000_000_000 / 3_600_000 * 3_600_000)
        -> NetLoadSeries
    {
        var generator = SeededGenerator(seed: seed)
        let values: [Energy?] = (0..<(days * 24)).map { index in
            let (day, hour) = (index / 24, index % 24)
            let shape = Int64(hour >= 9 && hour <= 16 ? -900 : 1_400) * Int64(10 + hour % 5)
            let weekend = Int64(day % 7 >= 5 ? 2_500 : 0)
            return shape + weekend + Int64(day * 3) + Int64(generator.next() % 2_000)
        }
        return NetLoadSeries(start: Timestamp(start), weekday: 0, values: values)
    }

    /// Net load of the 17 homes, hour by hour of their own clock; days begin at its midnight.
    static func realYear() throws -> NetLoadSeries {
        let text = String(decoding: try Shared.data("data/cec17_hourly.csv"), as: UTF8.self)
        var hours: [Substring] = []
        var sums: [Substring: Energy] = [:]
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: ",")
            guard fields.count == 4, let load = Energy(fields[2]), let sun = Energy(fields[3]) else { continue }
            if sums[fields[0]] == nil { hours.append(fields[0]) }
            sums[fields[0], default: 0] += load - sun
        }
        // The file begins an hour before midnight; 2016-08-01 was a Monday.
        let values = hours.dropFirst().map { sums[$0] }
        return NetLoadSeries(
            start: Timestamp(1_470_006_000_000), weekday: 0, values: Array(values.prefix(values.count / 24 * 24)))
    }
}
