import Anchors
import Chain
import ContractKit
import Foundation
import NodeClient
import Primitives
import Testing

/// What must hold on every node at the end, whatever happened before.
extension ValidatorNetwork {
    /// Every node has the same blocks; each acknowledged write stands in exactly one of them, no transaction in two,
    /// and the registry of every node has it at revision 1.
    func expectNothingLostOrDoubled(_ writes: [RegistryWrite], on names: [String]) async throws {
        var tip = Height(0)
        for name in names { tip = max(tip, await height(name)) }
        for name in names {
            try await eventually("\(name) reaches block \(tip)") { await height(name) >= tip }
        }
        var expected: [Digest] = []
        for name in names {
            let (headers, digests) = try await chain(of: name, to: tip)
            if expected.isEmpty { expected = headers }
            #expect(headers == expected, "\(name) has other blocks than \(names[0])")
            var counts: [Digest: Int] = [:]
            for digest in digests { counts[digest, default: 0] += 1 }
            #expect(counts.values.allSatisfy { $0 == 1 }, "\(name) has a transaction twice")
            let lost = writes.filter { counts[$0.transaction.digest] == nil }
            #expect(lost.isEmpty, "\(name) lost \(lost.count) of \(writes.count) acknowledged transactions")
            try await expectRegistry(writes, of: name)
        }
    }

    /// Digests of all headers, and of all transactions in order.
    private func chain(of name: String, to tip: Height) async throws -> (headers: [Digest], transactions: [Digest]) {
        try await with([name]) { client in
            var headers: [Digest] = []
            var transactions: [Digest] = []
            var height = Height(1)
            while height <= tip {
                let block = try await client.block(.height(height))
                headers.append(block.digest)
                transactions += block.transactions.map(\.digest)
                height = height.next
            }
            return (headers, transactions)
        }
    }

    /// A spread sample of at most `sampleMax` writes is read back from the node's state.
    private func expectRegistry(_ writes: [RegistryWrite], of name: String, sampleMax: Int = 100) async throws {
        let step = max(1, writes.count / sampleMax)
        try await with([name]) { client in
            for index in stride(from: 0, to: writes.count, by: step) {
                let write = writes[index]
                let bytes = try await client.query(
                    WellKnown.registry, Registry.get.number,
                    arguments: RegistryName(owner: write.owner, name: write.name).bcs)
                let entry = try RegistryEntry(bcs: bytes)
                #expect(entry.revision == 1, "\(name) ran the write of \(write.name) \(entry.revision) times")
                #expect(entry.value == write.value)
            }
        }
    }
}
