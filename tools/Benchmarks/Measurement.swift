internal import Foundation

/// Processor time and memory of processes, read from /proc.
struct ProcessUsage {
    /// User and system seconds since the process began.
    let cpuSeconds: Double
    let residentBytes: Int
    /// Of the resident bytes those that are the process's own; the others are files that it reads through mappings, which
    /// the kernel takes back when it needs the room.
    let ownBytes: Int

    /// Nil when the process is gone.
    init?(of processID: Int32) {
        guard let stat = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8),
            let close = stat.lastIndex(of: ")")
        else { return nil }
        // After the name in parentheses: field 3 is the state, so user time is entry 11 and system time entry 12.
        let fields = stat[stat.index(after: close)...].split(separator: " ").map(String.init)
        guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
            let pages = Int(fields[21])
        else { return nil }
        cpuSeconds = (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        residentBytes = pages * Int(sysconf(Int32(_SC_PAGESIZE)))
        let status = (try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)) ?? ""
        let own = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        let kilobytes = own?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) }
        ownBytes = kilobytes.map { $0 * 1_024 } ?? residentBytes
    }

    static func openFiles(of processID: Int32) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(processID)/fd").count) ?? 0
    }

    static func cpuSeconds(of processIDs: [Int32]) -> Double {
        processIDs.compactMap { ProcessUsage(of: $0)?.cpuSeconds }.reduce(0, +)
    }
}

/// Results as people and programs read them.
enum JSONResult {
    static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(value)
    }

    /// Does nothing without a path.
    static func write(_ value: some Encodable, to path: String?) throws {
        if let path { try data(value).write(to: URL(filePath: path)) }
    }
}

/// Quantiles of a sample, by the nearest-rank rule.
struct Quantiles: Codable {
    let count: Int
    let p50: Double
    let p90: Double
    let p99: Double
    let max: Double

    init(_ values: [Double]) {
        let sorted = values.sorted()
        func rank(_ quantile: Double) -> Double {
            guard !sorted.isEmpty else { return 0 }
            let position = Int((quantile * Double(sorted.count)).rounded(.up)) - 1
            return sorted[Swift.min(Swift.max(position, 0), sorted.count - 1)]
        }
        count = sorted.count
        p50 = rank(0.5)
        p90 = rank(0.9)
        p99 = rank(0.99)
        self.max = sorted.last ?? 0
    }
}

enum Stopwatch {
    /// Monotonic seconds.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted.count % 2 == 1
            ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }
}
