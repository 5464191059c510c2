internal import Foundation
internal import Glibc
internal import NodeClient
internal import Primitives

/// One validator's process, its namespace, and what can be done to it.
final class ChaosNode: @unchecked Sendable {
    let name: String
    let index: Int
    let folder: String
    let namespace: String
    let program: String
    let url: String
    private let lock = NSLock()
    // Guarded by `lock`.
    private var process: Process?
    private var starts = 0
    private var clockFile: String?
    private(set) var disk: NodeDisk?
    private var throttle: String?

    init(name: String, index: Int, folder: String, namespace: String, program: String, url: String) {
        self.name = name
        self.index = index
        self.folder = folder
        self.namespace = namespace
        self.program = program
        self.url = url
    }

    var settings: String { folder + "/node.yaml" }
    var data: String { folder + "/data" }
    var log: String { folder + "/node.log" }
    /// Counts the starts of the process.
    var incarnation: Int { lock.withLock { starts } }
    var processID: Int32? { lock.withLock { process?.isRunning == true ? process?.processIdentifier : nil } }
    var isRunning: Bool { processID != nil }

    // MARK: the process

    func start(program other: String? = nil) throws {
        guard !isRunning else { return }
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        guard let output = FileHandle(forWritingAtPath: log) else { throw ChaosError("cannot write \(log)") }
        try output.seekToEnd()
        let made = Process()
        made.executableURL = URL(filePath: Shell.path(of: "nsenter") ?? "/usr/bin/nsenter")
        made.arguments =
            ["--net=/run/netns/\(namespace)", "--", other ?? program, "node", "--config", settings]
        var surroundings = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("COMMONWATT_") }
        if let clockFile {
            surroundings["LD_PRELOAD"] = Capability.clockLibrary
            surroundings["COMMONWATT_CHAOS_CLOCK"] = clockFile
        }
        made.environment = surroundings
        made.standardInput = FileHandle.nullDevice
        made.standardOutput = output
        made.standardError = output
        try made.run()
        let id = made.processIdentifier
        lock.withLock {
            process = made
            starts += 1
        }
        Cleanup.shared.add { if made.isRunning { kill(id, SIGKILL) } }
        if let throttle { try Data("\(id)".utf8).write(to: URL(filePath: throttle + "/cgroup.procs")) }
    }

    func signal(_ number: Int32) {
        if let processID { kill(processID, number) }
    }

    /// Sends a signal that ends it and waits; its exit code, nil when a signal ended it.
    @discardableResult
    func end(_ number: Int32, seconds: Double = 15) async throws -> Int32? {
        guard let running = lock.withLock({ process }) else { return nil }
        if running.isRunning { kill(running.processIdentifier, number) }
        return try await ended(seconds: seconds)
    }

    /// Waits until it has ended by itself.
    @discardableResult
    func ended(seconds: Double) async throws -> Int32? {
        guard let running = lock.withLock({ process }) else { return nil }
        let deadline = Watch.now() + seconds
        while running.isRunning {
            guard Watch.now() < deadline else { throw ChaosError("\(name) did not end within \(seconds) s") }
            try await Task.sleep(for: .milliseconds(20))
        }
        return running.terminationReason == .exit ? running.terminationStatus : nil
    }

    func crash() async throws { try await end(SIGKILL) }

    // MARK: what it says

    /// Nil when it does not answer within two seconds.
    func status() async -> NodeStatus? {
        guard isRunning else { return nil }
        return try? await ask { try await $0.nodeStatus() }
    }

    /// With a client for this one question; `Load` keeps clients of its own.
    func ask<Result: Sendable>(_ body: @Sendable (NodeClient) async throws -> Result) async throws -> Result {
        var configuration = NodeClientConfiguration()
        configuration.connectMilliseconds = 1_000
        configuration.requestMilliseconds = 5_000
        configuration.roundsMax = 1
        return try await NodeClient.with([url], configuration: configuration, body)
    }

    func ready(seconds: Double) async throws {
        let deadline = Watch.now() + seconds
        while await status()?.ready != true {
            guard isRunning else { throw ChaosError("the node of \(name) ended:\n\(logTail(lines: 8))") }
            guard Watch.now() < deadline else { throw ChaosError("\(name) is not ready after \(seconds) s") }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    func logTail(lines: Int) -> String {
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }

    // MARK: clock

    func prepareClock() throws {
        clockFile = folder + "/clock"
        try setClock(secondsAhead: 0)
    }

    /// The node's wall clock from now on; its monotonic clock is left alone.
    func setClock(secondsAhead: Int) throws {
        guard let clockFile else { throw ChaosError("\(name) has no clock of its own") }
        // In place: the process has mapped the file.
        let descriptor = open(clockFile, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ChaosError("\(clockFile): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var offset = Int64(secondsAhead).littleEndian
        guard pwrite(descriptor, &offset, 8, 0) == 8 else { throw ChaosError("\(clockFile) cannot be written") }
    }

    // MARK: disk

    /// Gives it a file system of its own for its data, and prepares it there as the genesis ceremony does.
    func makeDisk(megabytes: Int) throws {
        disk = try NodeDisk(image: folder + "/disk.img", at: data, megabytes: megabytes)
        try Shell.succeed([program, "genesis", "prepare", "--config", settings])
    }

    /// Synced writes to its disk take turns at this rate from now on, 0 for as fast as can be.
    func throttleWrites(perSecond: Int) throws {
        guard let disk else { throw ChaosError("\(name) has no disk of its own") }
        let group = "\(Names.throttle)-\(index)"
        if throttle == nil {
            try FileManager.default.createDirectory(atPath: group, withIntermediateDirectories: false)
            throttle = group
            Cleanup.shared.add { rmdir(group) }
        }
        let limit = "\(try disk.device()) \(perSecond)"
        try Data(limit.utf8).write(to: URL(filePath: group + "/blkio.throttle.write_iops_device"))
        if let processID { try Data("\(processID)".utf8).write(to: URL(filePath: group + "/cgroup.procs")) }
    }
}
