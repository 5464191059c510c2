internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives

/// The time of block 0 as people write it. No block can be made before it, and wrong units (seconds, microseconds) make
/// times that no network means.
enum GenesisTime {
    /// 2020-01-01, before this software.
    static let earliest = Timestamp(1_577_836_800_000)
    static let aheadMillisecondsMax: UInt64 = 86_400_000

    /// RFC 3339, as 2026-11-27T16:00:00Z or with an offset, or milliseconds since 1970.
    static func parse(_ text: String, now: Timestamp = .wallClock) throws -> Timestamp {
        let time: Timestamp
        if let milliseconds = UInt64(text) {
            time = Timestamp(milliseconds)
        } else if let date = date(text), date.timeIntervalSince1970 >= 0 {
            time = Timestamp(UInt64((date.timeIntervalSince1970 * 1_000).rounded()))
        } else {
            throw UserError(
                "--time '\(text)' is no time: write it as 2026-11-27T16:00:00Z, or as milliseconds since 1970.")
        }
        if let problem = problem(time, now: now) { throw UserError("--time '\(text)': \(problem)") }
        return time
    }

    private static func date(_ text: String) -> Date? {
        for hasFraction in [false, true] {
            let style = Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction)
            if let date = try? Date(text, strategy: style) { return date }
        }
        return nil
    }

    /// Why a network would not mean this time; nil when it may.
    static func problem(_ time: Timestamp, now: Timestamp = .wallClock) -> String? {
        if time < earliest {
            return "block 0 would be of \(time.text), before this software; a time in seconds has three digits too few."
        }
        if time > now.adding(milliseconds: aheadMillisecondsMax) {
            return "block 0 would be of \(time.text), more than a day ahead, and no block can be made before."
        }
        return nil
    }
}
