internal import ArgumentParser
internal import Chain
internal import Foundation
internal import LedgerCrypto
internal import LedgerState
internal import NodeClient
internal import Primitives
internal import Replica
internal import Simulator
internal import SnapshotWorkload
internal import Storage

/// What a growing state does to blocks, reads, proofs and restarts, on the real store, one validator in one thread.
struct Growth: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Block time, proof size, read latency and restart at growing numbers of state keys.")

    @Option(help: "Numbers of state keys, with commas.") var keys = "10000,100000,1000000"
    @Option(help: "Blocks of each measurement.") var blocks = 64
    @Option(help: "Transactions of a block; each changes 2 keys drawn from all.") var transactions = 250
    @Option(help: "Reads and proofs of each measurement.") var reads = 5_000
    @Option(help: "Write the figures to this file as JSON.") var json: String?

    struct Row: Codable {
        let keys: UInt64
        let buildSeconds: Double
        /// Execution, tree and store of one transaction; signatures were checked before.
        let microsecondsPerTransaction: Double
        let blockMilliseconds: Quantiles
        let writtenBytesPerTransaction: Double
        let proofBytes: Quantiles
        let proofMicroseconds: Quantiles
        let readMicroseconds: Quantiles
        let restartMilliseconds: Double
        let diskBytes: Int
    }

    struct Results: Codable {
        let machine: Report.Machine
        let blocks: Int
        let transactionsPerBlock: Int
        let rows: [Row]
    }

    private var sizes: [UInt64] { keys.split(separator: ",").compactMap { UInt64($0) } }

    func validate() throws {
        guard !sizes.isEmpty, sizes.allSatisfy({ (1_000...100_000_000).contains($0) }), blocks > 0, reads > 0,
            (1...1_000).contains(transactions)
        else { throw ValidationError("1,000 to 100,000,000 keys, such as 10000,1000000; 1 to 1,000 transactions") }
    }

    func run() throws {
        print(
            "     keys   us/tx  block ms p50 / p99   proof bytes  proof us  read us  written B/tx  restart ms  "
                + "disk MB")
        var rows: [Row] = []
        for size in sizes {
            let row = try measure(size)
            rows.append(row)
            print(
                String(
                    format: "%9d %7.1f %10.2f / %7.2f %12.0f %9.1f %8.2f %13.0f %11.0f %8.1f", Int(size),
                    row.microsecondsPerTransaction, row.blockMilliseconds.p50, row.blockMilliseconds.p99,
                    row.proofBytes.p50, row.proofMicroseconds.p50, row.readMicroseconds.p50,
                    row.writtenBytesPerTransaction, row.restartMilliseconds, Double(row.diskBytes) / 1e6))
            fflush(nil)
        }
        try JSONResult.write(
            Results(machine: .here(), blocks: blocks, transactionsPerBlock: transactions, rows: rows), to: json)
    }

    private func measure(_ size: UInt64) throws -> Row {
        let folder = Scratch.folder("growth")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        guard let key = Secp256k1.SecretKey(SHA256.hash(Array("growth".utf8)).bytes) else {
            throw ValidationError("a digest is a key")
        }
        let genesis = try ChainBuilder.genesis(
            key: key, transportKey: .zero, now: .wallClock, blocks: 100_000, heartbeatMilliseconds: 1_000)
        let store = try KeyValueStore.open(at: folder)
        let builder = try ChainBuilder.open(WorkloadApplication(), store: store, genesis: genesis, key: key)
        let began = Stopwatch.now()
        try builder.build(keys: size, blocks: 0)
        let built = Stopwatch.now() - began
        var random = SeededRandom(seed: size)
        // The first blocks fill caches.
        _ = try load(builder, size, &random, blocks: 16)
        let before = builder.written
        let times = try load(builder, size, &random, blocks: blocks)
        let written = builder.written
        let bytes = written.storedBytes - before.storedBytes + written.journalBytes - before.journalBytes
        let (proofs, proofTimes, readTimes) = try look(builder, size, &random)
        store.close()
        let restarted = Stopwatch.now()
        let again = try KeyValueStore.open(at: folder)
        _ = try ChainBuilder.open(WorkloadApplication(), store: again, genesis: genesis, key: key)
        let restart = Stopwatch.now() - restarted
        again.close()
        return Row(
            keys: size, buildSeconds: built,
            microsecondsPerTransaction: times.reduce(0, +) / Double(blocks * transactions) * 1e6,
            blockMilliseconds: Quantiles(times.map { $0 * 1e3 }),
            writtenBytesPerTransaction: Double(bytes) / Double(blocks * transactions), proofBytes: Quantiles(proofs),
            proofMicroseconds: Quantiles(proofTimes), readMicroseconds: Quantiles(readTimes),
            restartMilliseconds: restart * 1e3, diskBytes: FolderSize.bytes(of: folder))
    }

    /// Seconds of each block.
    private func load(
        _ builder: ChainBuilder, _ size: UInt64, _ random: inout SeededRandom, blocks: Int
    ) throws -> [Double] {
        var times: [Double] = []
        for _ in 0..<blocks {
            var signed: [SignedTransaction] = []
            for _ in 0..<transactions {
                let calls = (0..<2).map { _ in
                    WorkloadApplication.update(from: random.below(size), count: 1, round: random.below(1 << 20) + 1)
                }
                let body = TransactionBody(
                    network: builder.genesis.network, sender: builder.key.publicKey,
                    expiry: builder.now.adding(milliseconds: 300_000), salt: random.below(.max), calls: calls)
                let transaction = try Transaction(signing: body, with: builder.key)
                if let checked = SignedTransaction(verifying: transaction) { signed.append(checked) }
            }
            let began = Stopwatch.now()
            try builder.commit(signed)
            times.append(Stopwatch.now() - began)
        }
        return times
    }

    private func look(
        _ builder: ChainBuilder, _ size: UInt64, _ random: inout SeededRandom
    ) throws -> (bytes: [Double], proofs: [Double], reads: [Double]) {
        var (bytes, proofs, values): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<reads {
            let (read, proved) = (
                WorkloadApplication.key(random.below(size)), WorkloadApplication.key(random.below(size))
            )
            var began = Stopwatch.now()
            guard try builder.state.value(read) != nil else { throw ValidationError("a filled key has no value") }
            values.append((Stopwatch.now() - began) * 1e6)
            began = Stopwatch.now()
            let proof = try builder.state.prove(proved)
            proofs.append((Stopwatch.now() - began) * 1e6)
            bytes.append(Double(proof?.protobuf.count ?? 0))
        }
        return (bytes, proofs, values)
    }
}
