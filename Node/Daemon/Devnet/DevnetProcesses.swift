internal import Foundation
internal import OperatorFiles

/// Starts and stops the nodes of a local network as processes of their own.
struct DevnetProcesses: Sendable {
    static let stopSecondsMax = 20.0

    let layout: DevnetLayout

    /// Starts a node, unless it runs already; its output is appended to its log.
    func start(_ partner: String) throws {
        guard !layout.running().contains(where: { $0.partner == partner }) else { return }
        let log = layout.log(partner)
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        guard let output = FileHandle(forWritingAtPath: log) else { throw UserError("Cannot write the log \(log).") }
        try output.seekToEnd()
        let process = Process()
        process.executableURL = URL(filePath: try DevnetProcesses.executable())
        process.arguments = ["node", "--config", layout.settings(partner)]
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        try remember(partner, process.processIdentifier)
    }

    private func remember(_ partner: String, _ pid: Int32) throws {
        let others = layout.running().filter { $0.partner != partner }
        let lines = (others + [(partner: partner, pid: pid)]).sorted { $0.partner < $1.partner }
        let text = lines.map { "\($0.partner) \($0.pid)\n" }.joined()
        try text.write(toFile: layout.pidFile, atomically: true, encoding: .utf8)
    }

    /// Asks every running node to stop, waits, and names those that did not.
    func stop(_ partners: [String]? = nil) throws {
        let chosen = layout.running().filter { partners?.contains($0.partner) ?? true }
        for node in chosen { kill(node.pid, SIGTERM) }
        let deadline = Date(timeIntervalSinceNow: DevnetProcesses.stopSecondsMax)
        while chosen.contains(where: { kill($0.pid, 0) == 0 && !DevnetProcesses.isZombie($0.pid) }) {
            guard Date() < deadline else {
                let names = chosen.filter { kill($0.pid, 0) == 0 }.map { "\($0.partner) (process \($0.pid))" }
                throw UserError(
                    "These nodes did not stop within \(Int(DevnetProcesses.stopSecondsMax)) s: \(names.joined(separator: ", "))."
                )
            }
            usleep(50_000)
        }
        if partners == nil {
            try? FileManager.default.removeItem(atPath: layout.pidFile)
        } else {
            let text = layout.running().map { "\($0.partner) \($0.pid)\n" }.joined()
            try text.write(toFile: layout.pidFile, atomically: true, encoding: .utf8)
        }
    }

    /// Path of this very program.
    static func executable() throws -> String {
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw UserError("The program \(path) was replaced while it ran; start it again.")
        }
        return path
    }

    /// Whether a process has ended, though nobody has asked for its exit code yet: where no init process does that, its
    /// number stays taken.
    static func isZombie(_ pid: Int32) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let close = stat.lastIndex(of: ")")
        else { return true }
        return stat[stat.index(after: close)...].split(separator: " ").first == "Z"
    }
}
