internal import Foundation

/// Undoes what this process made: the newest first, each step once, also when the process is told to end.
package final class Cleanup: @unchecked Sendable {
    package static let shared = Cleanup()

    private let lock = NSLock()
    private var steps: [(id: Int, undo: @Sendable () -> Void)] = []
    private var nextID = 0

    @discardableResult
    func add(_ undo: @escaping @Sendable () -> Void) -> Int {
        lock.withLock {
            nextID += 1
            steps.append((nextID, undo))
            return nextID
        }
    }

    /// Undoes everything that was added after `mark`.
    package func run(downTo mark: Int = 0) {
        while let step = lock.withLock({ (steps.last?.id ?? 0) > mark ? steps.popLast() : nil }) { step.undo() }
    }

    package var mark: Int { lock.withLock { nextID } }

    // MARK: leftovers of runs that were killed

    /// Everything that is made carries the maker's process id in its name; what belongs to no living process goes.
    package static func sweep() {
        for line in Shell.run(["ip", "netns", "list"]).output.split(separator: "\n") {
            let name = String(line.split(separator: " ").first ?? "")
            if isOrphan(name, prefix: Names.namespacePrefix) { Names.removeNamespace(name) }
        }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/sys/class/net")) ?? []
        where isOrphan(name, prefix: Names.linkPrefix) { Shell.run(["ip", "link", "del", name]) }
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: Names.temporary)) ?? []
        for name in folders where isOrphan(name, prefix: Names.folderPrefix) {
            Names.removeFolder(Names.temporary + "/" + name)
        }
        let groups = (try? FileManager.default.contentsOfDirectory(atPath: Names.throttleRoot)) ?? []
        for name in groups where isOrphan(name, prefix: Names.folderPrefix) { rmdir(Names.throttleRoot + "/" + name) }
    }

    private static func isOrphan(_ name: String, prefix: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        let digits = name.dropFirst(prefix.count).prefix { $0.isNumber }
        guard let owner = Int32(digits) else { return false }
        return kill(owner, 0) != 0 && errno == ESRCH
    }
}

/// Names of what is made outside this process, and how it is removed.
enum Names {
    static let namespacePrefix = "cwchaos"
    static let linkPrefix = "cwx"
    static let folderPrefix = "commonwatt-chaos-"
    static let throttleRoot = "/sys/fs/cgroup/blkio"
    static var temporary: String {
        let path = NSTemporaryDirectory()
        return path.hasSuffix("/") && path.count > 1 ? String(path.dropLast()) : path
    }

    static func namespace(_ index: Int) -> String { "\(namespacePrefix)\(getpid())-\(index)" }
    static func link(_ suffix: String) -> String { "\(linkPrefix)\(getpid())\(suffix)" }
    static var folder: String { "\(temporary)/\(folderPrefix)\(getpid())" }
    static var throttle: String { "\(throttleRoot)/\(folderPrefix)\(getpid())" }

    /// Ends what runs in it, then removes it.
    static func removeNamespace(_ name: String) {
        for word in Shell.run(["ip", "netns", "pids", name]).output.split(whereSeparator: \.isWhitespace) {
            if let id = Int32(word), id > 1 { kill(id, SIGKILL) }
        }
        Shell.run(["ip", "netns", "del", name])
    }

    /// Unmounts what is mounted below a folder and removes it.
    static func removeFolder(_ path: String) {
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        for line in mounts.split(separator: "\n").reversed() {
            let fields = line.split(separator: " ")
            if fields.count > 1, fields[1].hasPrefix(path + "/") { Shell.run(["umount", "-l", String(fields[1])]) }
        }
        try? FileManager.default.removeItem(atPath: path)
    }
}
