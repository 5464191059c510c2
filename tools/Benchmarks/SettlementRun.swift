internal import Foundation
internal import Settlement

/// How fast one core settles and hashes the periods of a community, without disk and network.
enum SettlementRun {
    struct Result: Codable {
        let members: Int
        let memberPeriods: Int
        /// By the clock of the wall.
        let memberPeriodsPerSecond: Double
        /// By the processor time of this thread's process, independent of what else the machine does.
        let memberPeriodsPerProcessorSecond: Double
    }

    static let members = 1_000

    static func measure(seconds: Double) throws -> Result {
        try measure(SettlementWorkload(members: members), members: members, seconds: seconds)
    }

    static func measure(_ workload: SettlementWorkload, members: Int, seconds: Double) throws -> Result {
        let used = ProcessUsage(of: getpid())?.cpuSeconds ?? 0
        let began = Stopwatch.now()
        var done = 0
        // A few periods at once: the clock is not what is measured.
        while Stopwatch.now() - began < seconds { done += try workload.run(periods: 4).memberPeriods }
        let spent = (ProcessUsage(of: getpid())?.cpuSeconds ?? 0) - used
        return Result(
            members: members, memberPeriods: done, memberPeriodsPerSecond: Double(done) / (Stopwatch.now() - began),
            memberPeriodsPerProcessorSecond: Double(done) / max(spent, 0.01))
    }
}
