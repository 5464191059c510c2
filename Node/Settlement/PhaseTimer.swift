internal import Logging
internal import Trading

/// Where the time of a settlement goes, for the log.
struct PhaseTimer {
    private let began = ContinuousClock.now
    private var last = ContinuousClock.now
    private var phases: [(name: String, milliseconds: Int64)] = []

    mutating func mark(_ name: String) {
        let now = ContinuousClock.now
        phases.append((name, Int64((now - last) / .milliseconds(1))))
        last = now
    }

    /// One line, such as `computed period 411000: 100000 members in 812 ms (select 400, salts 110, …)`.
    func log(_ what: String, _ claim: SettlementClaim, _ log: Logger) {
        let total = Int64((last - began) / .milliseconds(1))
        let parts = phases.map { "\($0.name) \($0.milliseconds)" }.joined(separator: ", ")
        log.info("\(what) period \(claim.period): \(claim.members) members in \(total) ms (\(parts))")
    }
}
