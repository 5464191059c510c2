internal import ArgumentParser
internal import Chain
internal import Foundation
internal import LedgerState
internal import Primitives
internal import Storage

/// What a year of a community leaves on a node: disk, restart, pruning.
struct Year: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Disk, restart and pruning after a simulated year of communities.",
        discussion: """
            One validator on the real store runs the real contracts in simulated time: every member's meter delivers a \
            batch a day, which is anchored, and every hour is settled, attested and final in a block of its own. Readings \
            and the results of members are off chain and not made.
            """)

    @Option(help: "Members of each community, with commas.") var members = "17,10000"
    @Option(help: "Days.") var days = 365
    @Option(help: "Write the figures to this file as JSON.") var json: String?

    struct Row: Codable {
        let members: Int
        let days: Int
        let blocks: UInt64
        let transactions: Int
        let buildSeconds: Double
        /// With the states of all checkpoints, and without all but the newest.
        let diskBytes: Int
        let prunedDiskBytes: Int
        let pruneSeconds: Double
        let restartMilliseconds: Double
        let bytesPerMemberPeriod: Double
    }

    struct Results: Codable {
        let machine: Report.Machine
        let rows: [Row]
    }

    private var sizes: [Int] { members.split(separator: ",").compactMap { Int($0) } }

    func validate() throws {
        guard !sizes.isEmpty, sizes.allSatisfy({ (2...16_000).contains($0) }), (1...3_660).contains(days) else {
            throw ValidationError("2 to 16,000 members, such as 17,10000, and 1 to 3,660 days")
        }
    }

    func run() throws {
        print(
            "members   days   blocks  transactions  made in s  disk MB  pruned MB  pruning s  restart ms  B/member-period"
        )
        var rows: [Row] = []
        for size in sizes {
            let row = try measure(size)
            rows.append(row)
            print(
                String(
                    format: "%7d %6d %8d %13d %10.0f %8.1f %10.1f %10.1f %11.0f %16.1f", size, days, Int(row.blocks),
                    row.transactions, row.buildSeconds, Double(row.diskBytes) / 1e6, Double(row.prunedDiskBytes) / 1e6,
                    row.pruneSeconds, row.restartMilliseconds, row.bytesPerMemberPeriod))
            fflush(nil)
        }
        try JSONResult.write(Results(machine: .here(), rows: rows), to: json)
    }

    private func measure(_ size: Int) throws -> Row {
        let folder = Scratch.folder("year")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let began = Stopwatch.now()
        var community = try SimulatedCommunity(members: size, store: try KeyValueStore.open(at: folder))
        for _ in 0..<days { try community.day() }
        let built = Stopwatch.now() - began
        community.store.compact()
        let disk = FolderSize.bytes(of: folder)
        let pruning = Stopwatch.now()
        try prune(community.store, before: community.storedHeight)
        community.store.compact()
        let pruned = Stopwatch.now() - pruning
        let prunedDisk = FolderSize.bytes(of: folder)
        community.store.close()
        let restarted = Stopwatch.now()
        let again = try KeyValueStore.open(at: folder)
        _ = try community.restarted(over: again)
        let restart = Stopwatch.now() - restarted
        again.close()
        return Row(
            members: size, days: days, blocks: community.height, transactions: community.transactions,
            buildSeconds: built, diskBytes: disk, prunedDiskBytes: prunedDisk, pruneSeconds: pruned,
            restartMilliseconds: restart * 1e3,
            bytesPerMemberPeriod: Double(prunedDisk) / Double(size * days * 24))
    }

    private func prune(_ store: KeyValueStore, before height: Height) throws {
        var cursor = StateMaintenance.PruneCursor()
        while true {
            let step = try StateMaintenance.prune(store, before: height, limit: 4_096, from: &cursor)
            try store.write(step.batch, durable: false)
            if step.isComplete { return }
        }
    }
}
