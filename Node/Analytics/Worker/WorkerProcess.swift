internal import Dispatch
package import Foundation

/// Why a worker gave no answer.
package struct WorkerError: Error, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Runs a program that reads its input, answers and ends, in a process of its own with bounds on time and memory. Input and
/// answer go through files that have no name, so neither side waits for the other.
package struct WorkerProcess: Sendable {
    package let executable: URL
    package let arguments: [String]
    package var limits = WorkerLimits()

    package init(executable: URL, arguments: [String], limits: WorkerLimits = WorkerLimits()) {
        self.executable = executable
        self.arguments = arguments
        self.limits = limits
    }

    /// Blocks the calling thread until the worker has ended, or was ended because its time was over.
    package func run(_ input: [UInt8]) throws(WorkerError) -> [UInt8] {
        do {
            let (question, answer, complaint) = (try scratchFile(), try scratchFile(), try scratchFile())
            try question.write(contentsOf: Data(input))
            try question.seek(toOffset: 0)
            let process = Process()
            process.executableURL = executable
            process.arguments = arguments
            process.standardInput = question
            process.standardOutput = answer
            process.standardError = complaint
            let ended = DispatchSemaphore(value: 0)
            process.terminationHandler = { _ in ended.signal() }
            try process.run()
            if ended.wait(timeout: .now() + limits.wallSeconds) == .timedOut {
                kill(process.processIdentifier, SIGKILL)
                ended.wait()
                throw WorkerError("the worker was ended: it had no answer after \(Int(limits.wallSeconds)) s")
            }
            guard process.terminationReason == .exit, process.terminationStatus == 0 else {
                throw WorkerError(reason(process, try text(complaint)))
            }
            try answer.seek(toOffset: 0)
            return Array(try answer.read(upToCount: Int(limits.outputBytes)) ?? Data())
        } catch let error as WorkerError {
            throw error
        } catch {
            throw WorkerError("the worker could not be run: \(error.localizedDescription)")
        }
    }

    private func reason(_ process: Process, _ complaint: String) -> String {
        if process.terminationReason == .uncaughtSignal {
            let signal = process.terminationStatus
            let why = signal == SIGXCPU || signal == SIGKILL ? ", as when its time or memory is used up" : ""
            return "the worker ended by signal \(signal)\(why). \(complaint)"
        }
        return complaint.isEmpty ? "the worker ended with status \(process.terminationStatus)" : complaint
    }

    private func text(_ file: FileHandle) throws -> String {
        try file.seek(toOffset: 0)
        let bytes = try file.read(upToCount: 4_096) ?? Data()
        return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func scratchFile() throws -> FileHandle {
        let pattern = FileManager.default.temporaryDirectory.appendingPathComponent("commonwatt-worker-XXXXXX").path
        var path = Array(pattern.utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else {
            throw WorkerError("no file can be made in \(FileManager.default.temporaryDirectory.path) (error \(errno))")
        }
        unlink(path)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
