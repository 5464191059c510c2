internal import Logging
internal import Trading

/// Where the time of a settlement goes, for the log and the metrics.
struct PhaseTimer {
    private let began = ContinuousClock.now
    private var last = ContinuousClock.now
    private var phases: [(name: String, duration: Duration)] = []

    mutating func mark(_ name: String) {
        let now = ContinuousClock.now
        phases.append((name, now - last))
        last = now
    }

    /// One line, such as `computed period 411000: 100000 members in 812 ms (select 400, salts 110, …)`.
    func log(_ role: SettlementCounters.Role, _ claim: SettlementClaim, _ log: Logger, _ counters: SettlementCounters) {
        let parts = phases.map { "\($0.name) \(Int64($0.duration / .milliseconds(1)))" }.joined(separator: ", ")
        let what = role == .settler ? "computed" : "attested"
        let total = Int64((last - began) / .milliseconds(1))
        log.info("\(what) period \(claim.period): \(claim.members) members in \(total) ms (\(parts))")
        counters.computed(role, phases)
    }
}
