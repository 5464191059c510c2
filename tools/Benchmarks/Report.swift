internal import Foundation

/// Everything that one run of the program measured, as it is written with `--json`.
struct Report: Codable {
    struct Machine: Codable {
        let cores: Int
        let processor: String
        let memoryMegabytes: Int

        static func here() -> Machine {
            let information = ProcessInfo.processInfo
            let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
            let model = text.split(separator: "\n").first { $0.hasPrefix("model name") }
            let name = model.flatMap { $0.split(separator: ":").last }.map(String.init) ?? "unknown"
            return Machine(
                cores: information.activeProcessorCount, processor: name.trimmingCharacters(in: .whitespaces),
                memoryMegabytes: Int(information.physicalMemory / 1_048_576))
        }
    }

    struct Settings: Codable {
        let validators: Int
        let transactionsPerRun: Int
        let inFlight: Int
        let batch: Int
        /// Distinct registry names that the load writes in turn. Each put changes two keys.
        let names: Int
    }

    let machine: Machine
    let settings: Settings
    let verifications: Ceiling.Result
    /// Verifications per second of all cores over the number of validators.
    let ceilingTransactionsPerSecond: Double
    let settlement: SettlementRun.Result
    let idle: IdleRun.Result
    let runs: [LoadRun.Result]
    /// Of the run with the median rate.
    var median: LoadRun.Result? {
        let sorted = runs.sorted { $0.transactionsPerSecond < $1.transactionsPerSecond }
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }
    let ratioOfCeiling: Double

    var text: String {
        func number(_ value: Double, _ digits: Int = 0) -> String { String(format: "%.\(digits)f", value) }
        var lines = [
            "machine                 \(machine.processor), \(machine.cores) cores, \(machine.memoryMegabytes) MB",
            "validators              \(settings.validators) processes, durable (synced) before they vote",
            "signature checks        \(number(verifications.perSecondAndCore)) per second and core, "
                + "\(number(verifications.processorMicroseconds, 1)) us of processor time each",
            "ceiling                 \(number(ceilingTransactionsPerSecond)) transactions/s (checks of all cores / validators)",
            "settlement              \(number(settlement.memberPeriodsPerProcessorSecond)) member-periods per second of one "
                + "core (\(settlement.members) members, settled and hashed)",
            "idle latency            p50 \(number(idle.latencyMilliseconds.p50, 1)) ms, "
                + "p99 \(number(idle.latencyMilliseconds.p99, 1)) ms (\(idle.latencyMilliseconds.count) transactions); "
                + "over a plain socket p50 \(number(idle.plainSocketMilliseconds.p50, 1)) ms, "
                + "p99 \(number(idle.plainSocketMilliseconds.p99, 1)) ms",
            "load                    \(settings.inFlight) in flight, batches of \(settings.batch), \(settings.names) names",
            "",
            "   tx/s   p50 ms   p99 ms  tx/block  CPU us/tx  generator us/tx  refused  rejected  RSS MB",
        ]
        for run in runs {
            let columns = [
                (number(run.transactionsPerSecond), 7), (number(run.latencyMilliseconds.p50, 1), 9),
                (number(run.latencyMilliseconds.p99, 1), 9), (number(run.transactionsPerBlock), 10),
                (number(run.validatorMicrosecondsPerTransaction), 11),
                (number(run.generatorMicrosecondsPerTransaction), 17), ("\(run.refused)", 9), ("\(run.rejected)", 10),
                ("\(run.residentMegabytes)", 8),
            ]
            lines.append(
                columns.map { String(repeating: " ", count: max(0, $0.1 - $0.0.count)) + $0.0 }.joined())
        }
        lines.append("")
        lines.append("median run / ceiling    \(number(ratioOfCeiling, 2))")
        return lines.joined(separator: "\n")
    }
}
