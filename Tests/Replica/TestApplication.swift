import Chain
import LedgerCrypto
import Primitives

/// A small real application: accounts named in the genesis may put values under their own keys, and change the
/// validators. Its genesis part is the vector of the accounts' public keys.
struct TestApplication: Application {
    /// Deliberate disagreement, for the tests of diverging nodes: puts one byte more into every value.
    var isWrong = false

    static let instance = Address(wellKnown: "test")

    static func put(_ key: [UInt8], _ value: [UInt8]) -> Call {
        var encoder = BCSEncoder()
        encoder.blob(key)
        encoder.blob(value)
        return Call(instance: instance, method: 0, arguments: encoder.bytes)
    }

    static func setValidators(_ set: ValidatorSet) -> Call { Call(instance: instance, method: 1, arguments: set.bcs) }

    private static func role(_ key: PublicKey) -> [UInt8] { Array("role/".utf8) + key.bytes }
    static func stateKey(_ key: [UInt8]) -> [UInt8] { Array("value/".utf8) + key }

    func genesisState(_ genesis: Genesis) throws(Rejection) -> [StateChange] {
        do {
            var decoder = BCSDecoder(genesis.application)
            let keys: [PublicKey] = try decoder.vector(max: 1_000)
            return keys.map { StateChange(key: TestApplication.role($0), value: [1]) }
                .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        } catch {
            throw Rejection(1, "the accounts are malformed")
        }
    }

    func admission(
        of transaction: Transaction, context: BlockContext, state: some StateReader
    ) throws(StorageFailure) -> Rejection? {
        let isKnown = try state.value(TestApplication.role(transaction.body.sender)) != nil
        return isKnown ? nil : Rejection(2, "the sender has no role")
    }

    func execute(
        context: BlockContext, transactions: [Transaction], state: some StateReader
    ) throws(StorageFailure) -> ExecutionResult? {
        var changes: [[UInt8]: [UInt8]] = [:]
        var receipts: [Receipt] = []
        var next: ValidatorSet?
        for transaction in transactions {
            guard try admission(of: transaction, context: context, state: state) == nil else { return nil }
            var rejection: Rejection?
            for call in transaction.body.calls {
                do throws(BCSError) {
                    var decoder = BCSDecoder(call.arguments)
                    switch call.method {
                    case 0:
                        let key = try decoder.blob(max: 64)
                        let value = try decoder.blob(max: 1_000)
                        changes[TestApplication.stateKey(key)] = value + (isWrong ? [0] : [])
                    case 1: next = try ValidatorSet(from: &decoder)
                    default: rejection = Rejection(3, "there is no such method")
                    }
                } catch {
                    rejection = Rejection(4, "the arguments are malformed")
                }
            }
            let event = Event(instance: TestApplication.instance, kind: 0, payload: [1])
            receipts.append(
                Receipt(
                    subject: transaction.digest, rejection: rejection, events: rejection == nil ? [event] : [],
                    workUsed: 1))
        }
        let sorted = changes.map { StateChange(key: $0.key, value: $0.value) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return ExecutionResult(changes: sorted, receipts: receipts, nextValidators: next)
    }
}
