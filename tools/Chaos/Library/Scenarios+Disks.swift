internal import Foundation
internal import Glibc

extension Scenarios {
    /// Room for four journal segments of 64 MB (the one in use, the next, and two that a restart keeps until its first
    /// checkpoint), the store's log and tables.
    private static let diskMegabytes = 640
    /// A node that cannot write must say so and end within so many seconds.
    private static let endSecondsMax = 20.0

    static let disks: [Scenario] = [
        Scenario(
            name: "full-disk", what: "one validator's disk has no byte left; then there is room again",
            needs: [.disks], expects: .goesOn, prepare: { $0.disks = [2: diskMegabytes] },
            inject: { world, log in
                try world.nodes[2].disk?.fill()
                try await observeEnd(world.nodes[2], log)
            },
            heal: { world, log in
                world.nodes[2].disk?.makeRoom()
                try world.nodes[2].start()
                log.note("there is room again; it is started if it had ended")
            }),
        Scenario(
            name: "read-only-disk", what: "one validator's file system turns read-only; then it is repaired",
            needs: [.disks], expects: .goesOn, prepare: { $0.disks = [2: diskMegabytes] },
            inject: { world, log in
                try world.nodes[2].disk?.failWrites()
                try await observeEnd(world.nodes[2], log)
            },
            heal: { world, log in
                let node = world.nodes[2]
                if node.isRunning { try await node.crash() }
                try node.disk?.repair()
                try node.start()
                log.note("repaired with e2fsck and started again")
            }),
        Scenario(
            name: "slow-disk", what: "one validator's disk does 10 synced writes per second",
            needs: [.disks, .slowDisk],
            expects: .goesOn, prepare: { $0.disks = [2: diskMegabytes] },
            inject: { world, _ in try world.nodes[2].throttleWrites(perSecond: 10) },
            heal: { world, log in
                try world.nodes[2].throttleWrites(perSecond: 0)
                log.note("as fast as before")
            }),
        Scenario(
            name: "corrupted-files",
            what: "five times: a validator is killed, bytes of its files change at random, it starts again",
            expects: .goesOn, seconds: nil,
            inject: { world, log in
                var random = ChaosGenerator(seed: log.seed)
                for round in 0..<5 { try await corrupt(world, world.nodes[3], round, log, &random) }
            }),
    ]

    /// It should end by itself, naming the reason; one that goes on with a disk that takes nothing is noted.
    private static func observeEnd(_ node: ChaosNode, _ log: FaultLog) async throws {
        let began = Watch.now()
        while node.isRunning, Watch.now() - began < endSecondsMax { try await Task.sleep(for: .milliseconds(50)) }
        let seconds = ((Watch.now() - began) * 10).rounded() / 10
        if node.isRunning {
            log.refuse("\(node.name) still runs \(seconds) s after its disk took nothing more")
        } else if let line = node.logTail(lines: 30).split(separator: "\n").first(where: {
            $0.contains("the node halts")
        }) {
            log.note("\(node.name) ended after \(seconds) s: \(line)")
        } else {
            log.refuse("\(node.name) ended after \(seconds) s without saying why: \(node.logTail(lines: 2))")
        }
    }

    /// Bytes change in one to three files, in the store or the journal; a node that refuses them is set up anew, as its
    /// operator would.
    private static func corrupt(
        _ world: World, _ node: ChaosNode, _ round: Int, _ log: FaultLog, _ random: inout ChaosGenerator
    ) async throws {
        try await node.crash()
        let files = (FileManager.default.subpaths(atPath: node.data) ?? []).sorted().filter { path in
            var status = stat()
            return stat(node.data + "/" + path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
                && status.st_size > 0
        }
        var touched: [String] = []
        for _ in 0...Int.random(in: 0..<3, using: &random) {
            guard let path = files.randomElement(using: &random) else { break }
            try damage(node.data + "/" + path, &random)
            touched.append(path)
        }
        log.note("round \(round + 1): bytes changed in \(touched.joined(separator: ", "))")
        try node.start()
        do {
            try await node.ready(seconds: 15)
            log.note("\(node.name) starts with them")
        } catch {
            let hasEnded = !node.isRunning
            log.note(
                "\(node.name) \(hasEnded ? "refuses them" : "is not ready with them"): \(node.logTail(lines: 1))")
            if !hasEnded { try await node.crash() }
            for entry in try FileManager.default.contentsOfDirectory(atPath: node.data) {
                try FileManager.default.removeItem(atPath: node.data + "/" + entry)
            }
            try node.start()
            try await node.ready(seconds: 60)
            log.note("with an empty folder \(node.name) comes back")
        }
    }

    private static func damage(_ path: String, _ random: inout ChaosGenerator) throws {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw ChaosError("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        fstat(descriptor, &status)
        for _ in 0...Int.random(in: 0..<8, using: &random) {
            let place = off_t.random(in: 0..<max(1, status.st_size), using: &random)
            var byte = UInt8.random(in: 0...255, using: &random)
            pwrite(descriptor, &byte, 1, place)
        }
    }
}
