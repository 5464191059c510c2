import Chain
import ContractKit
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@testable import ContractHost

/// The typed collections against plain Swift collections, by random operations.
@Suite struct StorageModelTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func indexIsAnOrderedSet(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let services = OpenServices()
        let context = OpenServices.context(services)
        var model: [Pair<UInt64, String>] = []
        func precedes(_ a: Pair<UInt64, String>, _ b: Pair<UInt64, String>) -> Bool {
            KeyOrder.precedes(a.keyBytes, b.keyBytes)
        }
        for _ in 0..<1_500 {
            let key = Pair(
                generator.next() % 40, ["", "a", "ab", "b\u{0}c", "é"][Int(generator.next() % 5)])
            switch generator.next() % 5 {
            case 0, 1, 2:
                #expect(try Probe.index.insert(key, in: context) == !model.contains(key))
                if !model.contains(key) { model.append(key) }
                model.sort(by: precedes)
            case 3:
                #expect(try Probe.index.remove(key, in: context) == model.contains(key))
                model.removeAll { $0 == key }
            default:
                let limit = Int(generator.next() % 20)
                let expected = model.filter { !precedes($0, key) }.prefix(limit)
                #expect(try Probe.index.page(from: key, limit: limit, in: context) == Array(expected))
            }
            #expect(try Probe.index.contains(key, in: context) == model.contains(key))
        }
        #expect(try Probe.index.page(limit: 256, in: context) == model)
        for key in model { try Probe.index.remove(key, in: context) }
        // An emptied index leaves nothing in the state.
        #expect(services.values.isEmpty)
    }

    /// What one owner inserts is in no other owner's index, and makes none of its searches longer.
    @Test func indexesOfOwnersAreApart() throws {
        let services = OpenServices()
        let context = OpenServices.context(services)
        let indexes = StorageIndexMap<Pair<UInt64, String>>(6, "indexes")
        let owners = (0..<3).map { SHA256.hash(UInt64($0).keyBytes) }.sorted()
        try indexes.of(owners[1]).insert(Pair(7, "own"), in: context)
        let alone = services.values
        for owner in [owners[0], owners[2]] {
            for number in 0..<40 { try indexes.of(owner).insert(Pair(UInt64(number), "other"), in: context) }
        }
        // Nothing of it changed: neither head nor nodes link to what others have.
        #expect(alone.allSatisfy { services.values[$0.key] == $0.value })
        #expect(try indexes.of(owners[1]).page(limit: 256, in: context) == [Pair(7, "own")])
        #expect(try indexes.of(owners[0]).page(limit: 256, in: context).count == 40)
        #expect(try indexes.of(owners[1]).remove(Pair(7, "own"), in: context))
        for owner in [owners[0], owners[2]] {
            for number in 0..<40 { #expect(try indexes.of(owner).remove(Pair(UInt64(number), "other"), in: context)) }
        }
        #expect(services.values.isEmpty)
    }

    @Test func anIndexDependsOnItsContentsOnly() throws {
        var generator = SeededGenerator(seed: 9)
        let keys = (0..<60).map { Pair(UInt64($0), "k") }
        var states: [[[UInt8]: [UInt8]]] = []
        for _ in 0..<4 {
            let services = OpenServices()
            let context = OpenServices.context(services)
            for key in (keys + keys.prefix(20)).shuffled(using: &generator) {
                try Probe.index.insert(key, in: context)
                if generator.next() % 4 == 0 {
                    try Probe.index.remove(key, in: context)
                    try Probe.index.insert(key, in: context)
                }
            }
            states.append(services.values)
        }
        #expect(states.allSatisfy { $0 == states[0] })
    }

    @Test(arguments: [5, 6] as [UInt64])
    func setHasMembersInSlots(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let services = OpenServices()
        let context = OpenServices.context(services)
        var model = Set<String>()
        for _ in 0..<1_000 {
            let key = "m\(generator.next() % 30)"
            if generator.next() % 2 == 0 {
                #expect(try Probe.set.insert(key, in: context) == model.insert(key).inserted)
            } else {
                #expect(try Probe.set.remove(key, in: context) == (model.remove(key) != nil))
            }
            #expect(try Probe.set.count(in: context) == UInt64(model.count))
            #expect(try Set(Probe.set.page(limit: 256, in: context)) == model)
        }
        for key in model.sorted() { try Probe.set.remove(key, in: context) }
        #expect(services.values.isEmpty)
    }

    @Test func logKeepsItsOrder() throws {
        let context = OpenServices.context(OpenServices())
        for value in 0..<10 as Range<UInt64> {
            #expect(try Probe.log.append(ProbeNumber(value), in: context) == value)
        }
        #expect(try Probe.log.page(from: 3, limit: 4, in: context).map(\.value) == [3, 4, 5, 6])
        #expect(try Probe.log.page(from: 9, limit: 4, in: context).map(\.value) == [9])
        #expect(try Probe.log.page(from: .max, limit: 4, in: context).isEmpty)
        #expect(rejectionCode { _ = try Probe.log.page(from: 0, limit: 257, in: context) } == 29)
    }
}

@Suite struct StorageKeyTests {
    func check<Key: StorageKey>(_ keys: [Key], by precedes: (Key, Key) -> Bool) {
        for left in keys {
            #expect(Key(keyBytes: left.keyBytes) == left)
            #expect(Key(keyBytes: left.keyBytes + [0]) == nil)
            for cut in 0..<left.keyBytes.count { #expect(Key(keyBytes: Array(left.keyBytes[..<cut])) == nil) }
            for right in keys {
                #expect(KeyOrder.precedes(left.keyBytes, right.keyBytes) == precedes(left, right))
            }
        }
    }

    @Test func encodingsKeepTheOrder() {
        check([0, 1, 255, 256, 65_535, .max] as [UInt64], by: <)
        check([0, 1, 255, 256, .max] as [UInt16], by: <)
        check([0, 1, 70_000, .max] as [UInt32], by: <)
        let texts = ["", "a", "a\u{0}", "a\u{0}b", "a\u{1}", "ab", "b", "z", "é"]
        check(texts) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let pairs = texts.flatMap { text in [0, 1, 256].map { Pair(text, UInt64($0)) } }
        check(pairs) {
            $0.first == $1.first ? $0.second < $1.second : $0.first.utf8.lexicographicallyPrecedes($1.first.utf8)
        }
        check((0..<6).map { SHA256.hash([$0]) }, by: <)
        check([Probe.first, Probe.other, WellKnown.host], by: <)
        check([ContractTestBench.key(of: "a").publicKey]) { _, _ in false }
        check([Timestamp(1), Timestamp(1 << 40)], by: <)
    }

    @Test func randomKeyBytesNeverTrap() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let bytes = (0..<Int(generator.next() % 40)).map { _ in UInt8(truncatingIfNeeded: generator.next() % 5) }
            if let key = Pair<String, Pair<UInt64, String>>(keyBytes: bytes) { #expect(key.keyBytes == bytes) }
            if let key = PublicKey(keyBytes: bytes) { #expect(key.keyBytes == bytes) }
        }
    }

    @Test func keyOrderIsByteOrder() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<2_000 {
            let keys = (0..<2).map { _ in
                (0..<Int(generator.next() % 20)).map { _ in UInt8(truncatingIfNeeded: generator.next() % 3) }
            }
            #expect(KeyOrder.precedes(keys[0], keys[1]) == keys[0].lexicographicallyPrecedes(keys[1]))
        }
    }
}

/// Services without limits, over a plain dictionary.
final class OpenServices: ContextServices {
    var values: [[UInt8]: [UInt8]] = [:]
    let transaction = Digest.zero
    let block: BlockContext

    init() {
        let set = try? ValidatorSet([ContractTestBench.validator("aurora")])
        guard let set else { fatalError("the bench's own validator set is valid") }
        block = BlockContext(
            network: .zero, height: Height(1), epoch: Epoch(0), time: Timestamp(1), parent: .zero, proposer: 0,
            validators: set, parameters: ChainParameters())
    }

    static func context(_ services: OpenServices) -> Context {
        Context(
            instance: Probe.first,
            caller: Caller(origin: .genesis, key: nil, partner: nil, roles: [], isDelegate: false), depth: 0,
            services: services)
    }

    func read(_ key: [UInt8]) throws(Rejection) -> [UInt8]? { values[key] }
    func write(_ key: [UInt8], _ value: [UInt8]?) throws(Rejection) {
        guard value.map({ !$0.isEmpty && $0.count <= StateChange.valueBytesMax }) ?? true,
            key.count <= StateChange.keyBytesMax
        else { throw HostRejection.valueTooLong() }
        values[key] = value
    }
    func emit(_ event: Event) throws(Rejection) {}
    func spend(_ units: UInt64) throws(Rejection) {}
    func undoing<Value>(_ body: () throws(Rejection) -> Value) throws(Rejection) -> Value { try body() }
    func send(
        from context: Context, to instance: Address, method: UInt16, arguments: [UInt8]
    ) throws(Rejection) -> [UInt8] { throw HostRejection.notPermitted() }
    func schedule(
        from context: Context, method: UInt16, arguments: [UInt8], at time: Timestamp
    ) throws(Rejection) -> ScheduleID { throw HostRejection.notPermitted() }
    func cancel(from context: Context, _ id: ScheduleID) throws(Rejection) -> Bool { false }
    func create(
        from context: Context, contract: String, arguments: [UInt8], superseding: Bool
    ) throws(Rejection) -> Address { throw HostRejection.notPermitted() }
    func end(from context: Context) throws(Rejection) {}
    func replaceValidators(from context: Context, _ set: ValidatorSet) throws(Rejection) {}
}
