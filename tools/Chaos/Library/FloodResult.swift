internal import ChaosHistory
internal import Foundation

/// The honest load beside a flood, against the same load without it in the same run.
struct FloodResult: Codable, Sendable {
    static let ratioMin = 0.8

    let name: String
    let what: String
    var skipped: String?
    /// Mean over the rounds, acknowledged writes per second.
    var quietRate = 0.0
    var floodedRate = 0.0
    var quietRates: [Double] = []
    var floodedRates: [Double] = []
    var quietLatencyMilliseconds = 0.0
    var floodedLatencyMilliseconds = 0.0
    /// What the flood did, in its own words.
    var sent = ""
    var verdict: Verdict?
    var refusals: [String] = []

    var ratio: Double { quietRate > 0 ? floodedRate / quietRate : 0 }
    var holds: Bool {
        skipped == nil && refusals.isEmpty && ratio >= FloodResult.ratioMin && verdict?.holds == true
    }

    var line: String {
        if let skipped { return "SKIP  \(name): \(skipped)" }
        func number(_ value: Double) -> String { String(format: "%.1f", value) }
        return "\(holds ? "ok  " : "FAIL")  \(name): \(number(quietRate)) -> \(number(floodedRate)) tx/s "
            + "(\(number(ratio * 100)) % kept), p50 \(number(quietLatencyMilliseconds)) -> "
            + "\(number(floodedLatencyMilliseconds)) ms; sent \(sent); \(verdict?.words ?? "no verdict")"
            + (refusals.isEmpty ? "" : "; " + refusals.joined(separator: "; "))
    }
}
