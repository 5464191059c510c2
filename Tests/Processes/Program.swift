import Foundation
import TestSupport

/// The `commonwatt` program, run as people run it.
enum Program {
    static let path = Shared.program

    static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: path) }

    struct Outcome {
        /// Nil when a signal ended it.
        let exitCode: Int32?
        let output: String
    }

    /// Runs a command to its end, standard output and error together; kills it after `seconds`.
    static func run(
        _ arguments: [String], of program: String = Program.path, seconds: Double = 60
    ) async throws -> Outcome {
        let file = NSTemporaryDirectory() + "/commonwatt-output-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: file) }
        let process = try spawn(arguments, of: program, log: file)
        try await ended(process, seconds: seconds)
        let output = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        let code = process.terminationReason == .exit ? process.terminationStatus : nil
        return Outcome(exitCode: code, output: output)
    }

    /// Runs a command that must succeed; its output.
    @discardableResult
    static func succeed(_ arguments: [String]) async throws -> String {
        let outcome = try await run(arguments)
        guard outcome.exitCode == 0 else {
            throw TestFailure("commonwatt \(arguments.joined(separator: " ")): \(outcome.output)")
        }
        return outcome.output
    }

    /// Starts a process whose output is appended to `log`. Settings of the surroundings do not reach it.
    static func spawn(_ arguments: [String], of program: String = Program.path, log: String) throws -> Process {
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        guard let output = FileHandle(forWritingAtPath: log) else { throw TestFailure("cannot write \(log)") }
        try output.seekToEnd()
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("COMMONWATT_") }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        return process
    }

    /// Waits for the end of a process; kills it and throws when it takes longer.
    static func ended(_ process: Process, seconds: Double) async throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while process.isRunning {
            if Date() > deadline {
                kill(process.processIdentifier, SIGKILL)
                throw TestFailure("process \(process.processIdentifier) did not end within \(seconds) s")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits until `condition` holds, asking ten times a second.
func eventually(
    _ what: String, seconds: Double = 60, _ condition: () async throws -> Bool
) async throws {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while try await !condition() {
        guard Date() < deadline else { throw TestFailure("not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(100))
    }
}
