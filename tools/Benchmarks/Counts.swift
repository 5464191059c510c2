internal import Anchors
internal import ArgumentParser
internal import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import Foundation
internal import LedgerCrypto
internal import Primitives
internal import Replica
internal import SnapshotWorkload
internal import Storage

/// The work of one validator for a fixed load, always the same, in one thread: what `tools/counts` counts the
/// instructions, allocations, hashes and signature checks of.
struct Counts: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a fixed load through one validator, for tools/counts; prints the bytes it writes.")

    @Option(help: "Blocks that are counted.") var blocks = 8
    @Option(help: "Transactions of a block; each writes one entry of a registry.") var transactions = 200
    @Option(help: "Blocks whose transactions are signed, counted or not.") var prepared = 256
    @Option(help: "Names in the registry before.") var names = 4_000

    struct Result: Codable {
        let transactions: Int
        let journalBytes: Int
        let storedBytes: Int
        let storedRecords: Int
        let checkpoints: Int
    }

    func validate() throws {
        guard (0...1_000).contains(blocks), (1...500).contains(transactions), (1...1_000_000).contains(names) else {
            throw ValidationError("0 to 1,000 blocks, 1 to 500 transactions, 1 to 1,000,000 names")
        }
    }

    func run() throws {
        let folder = Scratch.folder("counts")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        guard let key = Secp256k1.SecretKey(SHA256.hash(Array("counts".utf8)).bytes) else {
            throw ValidationError("a digest is a key")
        }
        let partner = Partner(
            id: "only", name: "The only partner", roles: [.council, .validator, .dataProvider], keys: [key.publicKey])
        let genesis = try ChainBuilder.genesis(
            key: key, transportKey: .zero, now: Timestamp(1_700_000_000_000), blocks: 10_000,
            heartbeatMilliseconds: 1_000, application: SuiteGenesis(partners: [partner]).bcs)
        let store = try KeyValueStore.open(at: folder)
        defer { store.close() }
        let builder = try ChainBuilder.open(ContractSuite.application, store: store, genesis: genesis, key: key)
        var number = 0
        while number < names {
            try builder.commit(checked(sign(builder, from: number, count: min(transactions, names - number))))
            number += transactions
        }
        let signed = (0..<max(blocks, prepared)).map {
            sign(builder, from: number + $0 * transactions, count: transactions)
        }
        let before = builder.written
        for block in signed.prefix(blocks) { try builder.commit(checked(block)) }
        let after = builder.written
        let result = Result(
            transactions: blocks * transactions, journalBytes: after.journalBytes - before.journalBytes,
            storedBytes: after.storedBytes - before.storedBytes,
            storedRecords: after.storedRecords - before.storedRecords,
            checkpoints: after.checkpoints - before.checkpoints)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        print(String(decoding: try encoder.encode(result), as: UTF8.self))
    }

    private func sign(_ builder: ChainBuilder, from first: Int, count: Int) -> [Transaction] {
        (first..<first + count).compactMap { number in
            // Names come again after `names`, spread over the registry.
            let name = "meter-\((number * 7_919) % names)"
            let call = Registry.put.call(
                on: WellKnown.registry, RegistryPut(name: name, value: Array("reading \(number)".utf8)))
            let body = TransactionBody(
                network: builder.genesis.network, sender: builder.key.publicKey,
                expiry: builder.now.adding(milliseconds: 300_000), salt: UInt64(number), calls: [call])
            return try? Transaction(signing: body, with: builder.key)
        }
    }
}

private func checked(_ transactions: [Transaction]) -> [SignedTransaction] {
    transactions.compactMap { SignedTransaction(verifying: $0) }
}
