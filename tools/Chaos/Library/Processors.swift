internal import Foundation

/// Who runs on which processors: half of them each for the honest processes and a hostile one.
enum Processors {
    /// Before anything is confined, which would count less.
    private static let count = ProcessInfo.processInfo.activeProcessorCount

    static var all: Range<Int> { 0..<count }
    static var honest: Range<Int> { 0..<count / 2 }
    static var hostile: Range<Int> { count / 2..<count }

    static var lack: String? {
        guard Shell.path(of: "taskset") != nil else { return "taskset is not installed (Debian: util-linux)" }
        return count < 2 ? "there is one processor only" : nil
    }

    /// All threads of running processes, and those that they begin.
    static func confine(_ processes: [Int32], to range: Range<Int>) throws {
        for process in processes { try Shell.succeed(["taskset", "-acp", list(range), "\(process)"]) }
    }

    /// The command that runs `words` there.
    static func confined(_ words: [String], to range: Range<Int>) throws -> [String] {
        guard let taskset = Shell.path(of: "taskset") else { throw ChaosError("taskset is not installed") }
        return [taskset, "-c", list(range)] + words
    }

    private static func list(_ range: Range<Int>) -> String { "\(range.lowerBound)-\(range.upperBound - 1)" }
}
