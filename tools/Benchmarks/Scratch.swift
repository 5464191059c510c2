internal import Foundation

/// Folders of measurements, of which several may run at the same time: each is named by its maker's process id. One that was
/// killed cannot remove its own, so the next of the same kind does.
enum Scratch {
    private static let prefix = "commonwatt-"

    /// A path for this process, nothing there yet. What is kept is not taken for a leftover later.
    static func folder(_ kind: String, keep: Bool = false) -> String {
        sweep(kind)
        return "\(FileManager.default.temporaryDirectory.path)/\(prefix)\(kind)-\(keep ? "kept-" : "")\(getpid())"
    }

    /// Removes folders whose maker has ended, unless nodes still run in them: `commonwatt devnet stop` ends those.
    private static func sweep(_ kind: String) {
        let parent = FileManager.default.temporaryDirectory.path
        let start = "\(prefix)\(kind)-"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? [] where name.hasPrefix(start) {
            guard let maker = Int32(name.dropFirst(start.count)), !isAlive(maker) else { continue }
            let nodes = (try? String(contentsOfFile: "\(parent)/\(name)/devnet.pid", encoding: .utf8)) ?? ""
            let ids = nodes.split(separator: "\n").compactMap { $0.split(separator: " ").last.flatMap { Int32($0) } }
            if !ids.contains(where: isAlive) { LocalNetwork.discard("\(parent)/\(name)") }
        }
    }

    private static func isAlive(_ process: Int32) -> Bool { kill(process, 0) == 0 || errno != ESRCH }
}
