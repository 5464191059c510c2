import Anchors
import Chain
import ContractKit
import Foundation
import LedgerCrypto
import NodeClient
import Primitives

/// One write of one partner under a name that is written once: a second execution would show as revision 2.
struct RegistryWrite: Sendable {
    let owner: String
    let name: String
    let transaction: Transaction

    var value: [UInt8] { Array("value of \(name)".utf8) }

    init(owner: String, name: String, key: Secp256k1.SecretKey, network: Digest) throws {
        self.owner = owner
        self.name = name
        let call = Registry.put.call(
            on: WellKnown.registry, RegistryPut(name: name, value: Array("value of \(name)".utf8)))
        let expiry = Timestamp(UInt64(Date().timeIntervalSince1970 * 1000) + 300_000)
        let body = TransactionBody(
            network: network, sender: key.publicKey, expiry: expiry, salt: UInt64.random(in: 0...UInt64.max),
            calls: [call])
        transaction = try Transaction(signing: body, with: key)
    }
}

extension ValidatorNetwork {
    /// A single write through `name`'s node, final or thrown; what else happens in the network is up to the test.
    @discardableResult
    func write(_ entry: String, through name: String, seconds: UInt32 = 60) async throws -> RegistryWrite {
        let write = try RegistryWrite(
            owner: name, name: entry, key: operatorKey(name), network: genesis().network)
        let result = try await with([name]) { try await $0.run(write.transaction, seconds: seconds) }
        if let rejection = result.receipt.rejection { throw TestFailure("\(entry): \(rejection)") }
        return write
    }
}

/// Writers, one per partner, that write batches until they are stopped: each batch to one node, again to the next one
/// until it is final.
final class RegistryLoad: Sendable {
    static let batch = 24
    static let finalitySecondsMax = 60.0

    /// What was acknowledged as final and successful.
    actor Journal {
        private(set) var acknowledged: [RegistryWrite] = []
        private(set) var problems: [String] = []
        func note(_ writes: [RegistryWrite]) { acknowledged += writes }
        func note(_ problem: String) { problems.append(problem) }
    }

    let journal = Journal()
    private let task: Task<Void, Never>

    init(_ network: ValidatorNetwork) throws {
        let id = try network.genesis().network
        let keys = try ValidatorNetwork.partners.map { try network.operatorKey($0) }
        task = Task { [journal] in
            await withTaskGroup(of: Void.self) { group in
                for (index, owner) in ValidatorNetwork.partners.enumerated() {
                    group.addTask {
                        do {
                            try await RegistryLoad.writer(index, owner, keys[index], id, network, journal)
                        } catch {
                            await journal.note("the writer of \(owner): \(error)")
                        }
                    }
                }
            }
        }
    }

    /// Ends the writers when their present batches are final; everything that was acknowledged.
    func stop() async throws -> [RegistryWrite] {
        task.cancel()
        await task.value
        let problems = await journal.problems
        guard problems.isEmpty else { throw TestFailure(problems.joined(separator: "; ")) }
        return await journal.acknowledged
    }

    private static func writer(
        _ index: Int, _ owner: String, _ key: Secp256k1.SecretKey, _ id: Digest, _ network: ValidatorNetwork,
        _ journal: Journal
    ) async throws {
        var round = 0
        while !Task.isCancelled {
            let writes = try (0..<batch).map {
                try RegistryWrite(owner: owner, name: "entry-\(round)-\($0)", key: key, network: id)
            }
            // Unstructured, so that the end of the writing does not cut off a batch on its way.
            let turn = index + round
            try await Task { try await settle(writes, turn, network) }.value
            await journal.note(writes)
            round += 1
        }
    }

    /// Submits a batch until all of it is final; throws when a write was refused or rejected.
    private static func settle(_ writes: [RegistryWrite], _ turn: Int, _ network: ValidatorNetwork) async throws {
        var open = writes
        let deadline = Date(timeIntervalSinceNow: finalitySecondsMax)
        var turn = turn
        while !open.isEmpty {
            guard Date() < deadline else { throw TestFailure("\(open.count) writes are not final") }
            let name = ValidatorNetwork.partners[turn % ValidatorNetwork.partners.count]
            turn += 1
            do {
                open = try await network.with([name]) { try await attempt(open, $0) }
            } catch is ClientError {
                // The node is down or leaves; the next one is asked.
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// One attempt through one node; what is not final after it.
    private static func attempt(_ writes: [RegistryWrite], _ client: NodeClient) async throws -> [RegistryWrite] {
        let outcomes = try await client.submit(batch: writes.map(\.transaction))
        for case .refused(let rejection) in outcomes { throw TestFailure("a write was refused: \(rejection)") }
        var left: [RegistryWrite] = []
        for write in writes {
            let status = try await client.status(of: write.transaction.digest, waitSeconds: left.isEmpty ? 3 : 0)
            guard case .final(let result) = status else {
                left.append(write)
                continue
            }
            if let rejection = result.receipt.rejection { throw TestFailure("a write was rejected: \(rejection)") }
        }
        return left
    }
}
