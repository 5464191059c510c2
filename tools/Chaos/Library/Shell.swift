internal import Foundation

package struct ChaosError: Error, CustomStringConvertible, Sendable {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Commands of the system, run to their end.
enum Shell {
    struct Outcome {
        let code: Int32
        let output: String
    }

    private static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    /// Where a program is, nil when it is not installed.
    static func path(of program: String) -> String? {
        if program.hasPrefix("/") { return program }
        return folders.map { $0 + "/" + program }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Standard output and error together. A missing program is code 127.
    @discardableResult
    static func run(_ words: [String]) -> Outcome {
        guard let first = words.first, let path = path(of: first) else {
            return Outcome(code: 127, output: "\(words.first ?? "nothing") is not installed")
        }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = Array(words.dropFirst())
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        do { try process.run() } catch { return Outcome(code: 126, output: "\(error)") }
        let output = (try? pipe.fileHandleForReading.readToEnd()) ?? nil
        process.waitUntilExit()
        return Outcome(code: process.terminationStatus, output: String(decoding: output ?? Data(), as: UTF8.self))
    }

    @discardableResult
    static func succeed(_ words: [String]) throws -> String {
        let outcome = run(words)
        guard outcome.code == 0 else {
            throw ChaosError("\(words.joined(separator: " ")): \(outcome.output.trimmingCharacters(in: .newlines))")
        }
        return outcome.output
    }

    /// A program of this project, beside the running one.
    static func sibling(_ name: String) throws -> String {
        if let named = ProcessInfo.processInfo.environment["COMMONWATT_PROGRAMS"] { return named + "/" + name }
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: own).deletingLastPathComponent().appending(path: name).path
    }
}

enum Watch {
    /// Monotonic seconds.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static var wallMilliseconds: UInt64 { UInt64(max(0, Date().timeIntervalSince1970 * 1_000)) }
}
