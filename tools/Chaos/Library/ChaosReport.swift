internal import Foundation

/// Everything that one run of the tool saw.
struct ChaosReport: Codable {
    struct Machine: Codable {
        let cores: Int
        let processor: String
        let kernel: String

        static func here() -> Machine {
            let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
            let model = text.split(separator: "\n").first { $0.hasPrefix("model name") }
            let name = model.flatMap { $0.split(separator: ":").last }.map(String.init) ?? "unknown"
            let kernel = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? "unknown"
            return Machine(
                cores: ProcessInfo.processInfo.activeProcessorCount,
                processor: name.trimmingCharacters(in: .whitespaces),
                kernel: kernel.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    let command: String
    let machine: Machine
    let seed: UInt64
    var scenarios: [ScenarioResult] = []
    var floods: [FloodResult] = []

    var holds: Bool {
        scenarios.allSatisfy { $0.holds || $0.skipped != nil } && floods.allSatisfy { $0.holds || $0.skipped != nil }
    }

    var text: String {
        var lines = [
            "machine  \(machine.processor), \(machine.cores) cores, Linux \(machine.kernel)", "seed     \(seed)", "",
        ]
        lines += scenarios.map(\.line) + floods.map(\.line)
        let run = scenarios.count { $0.skipped == nil } + floods.count { $0.skipped == nil }
        let skipped = scenarios.count + floods.count - run
        lines += ["", "\(holds ? "ALL HOLD" : "NOT ALL HOLD"): \(run) run, \(skipped) skipped"]
        return lines.joined(separator: "\n")
    }

    func write(to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let json = String(decoding: try encoder.encode(self), as: UTF8.self)
        try write(json, to: folder + "/chaos.json")
        try writePage(to: folder)
    }

    func writePage(to folder: String) throws {
        try write(ChaosPage(report: self).html, to: folder + "/chaos.html")
    }

    /// Messages of nodes name their files: without the folder of this run, which says nothing to a reader.
    private func write(_ text: String, to path: String) throws {
        try Data(text.replacing(Names.folder + "/", with: "").utf8).write(to: URL(filePath: path))
    }
}

extension Chaos {
    /// Makes the page of an earlier run's results anew: `chaos.json` of the folder to `chaos.html`.
    package static func makePage(in folder: String) throws {
        let data = try Data(contentsOf: URL(filePath: folder + "/chaos.json"))
        try JSONDecoder().decode(ChaosReport.self, from: data).writePage(to: folder)
    }
}
