internal import Foundation

/// What the program and the tests call.
package enum Chaos {
    package struct Options: Sendable {
        /// Names of scenarios and floods; empty: all.
        package var only: [String] = []
        package var seed: UInt64 = 1
        package var scale = 1.0
        package var folder = ".run/chaos"
        /// The command that makes the report again.
        package var command = "tools/chaos"
        package init() {}
    }

    package static var names: [(name: String, what: String, lack: String?)] {
        Scenarios.all.map { ($0.name, $0.what, $0.lack) } + Floods.all.map { ($0.name, $0.what, $0.lack) }
    }

    /// Runs what is asked for, writes the report; true when everything that ran holds.
    package static func run(_ options: Options, say: @Sendable (String) -> Void) async throws -> Bool {
        Cleanup.sweep()
        let known = Set(names.map(\.name))
        for name in options.only where !known.contains(name) {
            throw ChaosError("there is no scenario '\(name)'; --list names them")
        }
        func isWanted(_ name: String) -> Bool { options.only.isEmpty || options.only.contains(name) }
        var report = ChaosReport(command: options.command, machine: .here(), seed: options.seed)
        for (number, scenario) in Scenarios.all.enumerated() where isWanted(scenario.name) {
            var run = ScenarioRun(scenario: scenario, seed: options.seed &+ UInt64(number))
            run.scale = options.scale
            let result = try await run.run()
            say(result.line)
            report.scenarios.append(result)
            try report.write(to: options.folder)
        }
        for flood in Floods.all where isWanted(flood.name) {
            let result = try await FloodRun(flood: flood, seed: options.seed, scale: options.scale).run()
            say(result.line)
            report.floods.append(result)
            try report.write(to: options.folder)
        }
        say("")
        say(report.text.split(separator: "\n").last.map(String.init) ?? "")
        return report.holds
    }

    /// One scenario for a few seconds; what is wrong with it, nil when it holds. For tests.
    package static func probe(_ name: String, seed: UInt64) async throws -> String? {
        guard let scenario = Scenarios.all.first(where: { $0.name == name }) else { return "no scenario \(name)" }
        var run = ScenarioRun(scenario: scenario, seed: seed)
        (run.before, run.after, run.scale) = (1.5, 1, 0.4)
        let result = try await run.run()
        return result.holds ? nil : result.line
    }

    /// Why the namespaces or the switch cannot be had here, nil when they can.
    package static var lack: String? { Capability.namespaces.lack ?? Capability.switching.lack }
}
