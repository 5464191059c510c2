package import Chain
internal import LedgerCrypto
internal import Primitives

/// An application for measurements: a call fills a range of numbered keys. Keys have 40 bytes, values 100, as entries of
/// registries and meters have on average.
package struct WorkloadApplication: Application {
    package static let instance = Address(wellKnown: "workload")
    /// Keys that one call fills at most.
    package static let keysMax: UInt32 = 4_096

    package init() {}

    package static func fill(from first: UInt64, count: UInt32) -> Call {
        var encoder = BCSEncoder()
        encoder.u64(first)
        encoder.u32(count)
        return Call(instance: instance, method: 0, arguments: encoder.bytes)
    }

    /// Gives a range of keys, filled or not, values that only this round has.
    package static func update(from first: UInt64, count: UInt32, round: UInt64) -> Call {
        var encoder = BCSEncoder()
        encoder.u64(first)
        encoder.u32(count)
        encoder.u64(round)
        return Call(instance: instance, method: 1, arguments: encoder.bytes)
    }

    package static func key(_ number: UInt64) -> [UInt8] {
        let text = withUnsafeBytes(of: number.bigEndian) { [UInt8]($0) }
        return text + SHA256.hash(text).bytes
    }

    /// `round` 0 is the filling.
    package static func value(_ number: UInt64, round: UInt64 = 0) -> [UInt8] {
        let seed = SHA256.hash(key(number &+ round << 32))
        return (seed.bytes + SHA256.hash(seed.bytes).bytes + key(number)).prefix(100).map { $0 }
    }

    package func genesisState(_ genesis: Genesis) throws(Rejection) -> [StateChange] {
        [StateChange(key: Array("name".utf8), value: Array(genesis.name.utf8))]
    }

    package func admission(
        of transaction: Transaction, context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> Rejection? { nil }

    package func execute(
        context: BlockContext, transactions: [Transaction], state: some StateReader
    ) throws(StorageFailure) -> ExecutionResult? {
        var rounds: [UInt64: UInt64] = [:]
        var receipts: [Receipt] = []
        for transaction in transactions {
            var rejection: Rejection?
            for call in transaction.body.calls {
                guard let (first, count, round) = WorkloadApplication.range(call) else {
                    rejection = Rejection(1, "no range of at most \(WorkloadApplication.keysMax) keys")
                    continue
                }
                for number in first..<first + UInt64(count) { rounds[number] = round }
            }
            receipts.append(Receipt(subject: transaction.digest, rejection: rejection, workUsed: 1))
        }
        // Big-endian numbers come first in the keys, so this is their order too.
        let changes = rounds.sorted { $0.key < $1.key }.map {
            StateChange(
                key: WorkloadApplication.key($0.key), value: WorkloadApplication.value($0.key, round: $0.value))
        }
        return ExecutionResult(changes: changes, receipts: receipts, nextValidators: nil)
    }

    private static func range(_ call: Call) -> (first: UInt64, count: UInt32, round: UInt64)? {
        var decoder = BCSDecoder(call.arguments)
        guard let first = try? decoder.u64(), let count = try? decoder.u32(), count <= keysMax,
            first < 1 << 60
        else { return nil }
        guard call.method == 1 else { return decoder.remaining == 0 ? (first, count, 0) : nil }
        guard let round = try? decoder.u64(), decoder.remaining == 0 else { return nil }
        return (first, count, round)
    }
}
