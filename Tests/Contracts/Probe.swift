import Chain
import ContractHost
import ContractKit
import Primitives

/// A number: the argument of every probe call.
struct ProbeNumber: ContractValue, Hashable {
    let value: UInt64
    init(_ value: UInt64) { self.value = value }
    static let shape = Shape.fields("ProbeNumber", ("value", .u64))
    func encode(to encoder: inout BCSEncoder) { encoder.u64(value) }
    init(from decoder: inout BCSDecoder) throws(BCSError) { value = try decoder.u64() }
}

struct ProbeBytes: ContractValue, Hashable {
    let bytes: [UInt8]
    static let shape = Shape.fields("ProbeBytes", ("bytes", .bytes(max: 100_000)))
    init(count: UInt64) { bytes = [UInt8](repeating: 7, count: Int(clamping: count)) }
    func encode(to encoder: inout BCSEncoder) { encoder.blob(bytes) }
    init(from decoder: inout BCSDecoder) throws(BCSError) { bytes = try decoder.blob(max: 100_000) }
}

/// A contract that does one thing per call, right or wrong, so that the host's rules can be seen.
enum Probe: Contract {
    static let name = "probe"
    static let version: UInt32 = 1
    static let summary = "Provokes the host."
    static let isInstantiable = true

    static let numbers = StorageMap<String, ProbeNumber>(1, "numbers")
    static let blobs = StorageMap<UInt64, ProbeBytes>(2, "blobs")
    static let log = StorageLog<ProbeNumber>(3, "log")
    static let index = StorageIndex<Pair<UInt64, String>>(4, "index")
    static let set = StorageSet<String>(5, "set")

    static let refused = RejectionKind(100, "refused", "refused on purpose")
    static let happened = EventKind<ProbeNumber>(1, "happened", "Something happened.")
    static let heavy = EventKind<ProbeBytes>(2, "heavy", "Something big happened.")

    static let other = Address(wellKnown: "probe-b")

    static let begin = Method<ProbeNumber, Nothing>(0, "initialize", "Keeps its argument.") {
        (context, number) throws(Rejection) in
        try require(number.value != 13, refused())
        try numbers.set("begin", number, in: context)
        return Nothing()
    }
    static let write = Method<ProbeNumber, ProbeNumber>(1, "write", "Writes.") { (context, number) throws(Rejection) in
        try numbers.set("written", number, in: context)
        try context.emit(happened, number)
        return number
    }
    static let fail = Method<ProbeNumber, Nothing>(2, "fail", "Writes, emits, schedules, then refuses.") {
        (context, number) throws(Rejection) in
        try numbers.set("failed", number, in: context)
        try log.append(number, in: context)
        try index.insert(Pair(number.value, "failed"), in: context)
        try set.insert("failed", in: context)
        try context.emit(happened, number)
        try context.schedule(tick.message, number, at: context.time.adding(milliseconds: 1))
        _ = try context.create(contract: Probe.name, arguments: number)
        throw refused()
    }
    static let add = Method<ProbeNumber, ProbeNumber>(3, "add", "Adds to the largest number.") {
        (_, number) throws(Rejection) in ProbeNumber(try checked(UInt64.max.adding(number.value)))
    }
    static let loop = Method<ProbeNumber, Nothing>(4, "loop", "Writes that many times.") {
        (context, number) throws(Rejection) in
        var step: UInt64 = 0
        while step < number.value {
            try numbers.set("loop", ProbeNumber(step), in: context)
            step += 1
        }
        return Nothing()
    }
    static let longKey = Method<ProbeNumber, Nothing>(5, "longKey", "Writes under a key of that many characters.") {
        (context, number) throws(Rejection) in
        let key = String(repeating: "k", count: Int(clamping: number.value))
        try numbers.set(key, number, in: context)
        return Nothing()
    }
    static let longValue = Method<ProbeNumber, Nothing>(6, "longValue", "Writes that many bytes.") {
        (context, number) throws(Rejection) in
        try context.services.write(
            blobs.stateKey(1, at: context.instance), ProbeBytes(count: number.value).bytes)
        return Nothing()
    }
    static let emit = Method<ProbeNumber, Nothing>(7, "emit", "Emits that many events.") {
        (context, number) throws(Rejection) in
        for step in 0..<min(number.value, 1_000) { try context.emit(happened, ProbeNumber(step)) }
        return Nothing()
    }
    static let emitBytes = Method<ProbeNumber, Nothing>(8, "emitBytes", "Emits an event of that size.") {
        (context, number) throws(Rejection) in
        try context.emit(heavy, ProbeBytes(count: number.value))
        return Nothing()
    }
    static let output = Method<ProbeNumber, ProbeBytes>(9, "output", "Returns that many bytes.") {
        (_, number) throws(Rejection) in ProbeBytes(count: number.value)
    }
    static let later = Method<ProbeNumber, ScheduleID>(10, "later", "Schedules a tick so many milliseconds ahead.") {
        (context, number) throws(Rejection) in
        try context.schedule(tick.message, number, at: context.time.adding(milliseconds: number.value))
    }
    static let tick = Method<ProbeNumber, Nothing>(11, "tick", "Scheduled: logs; refuses 13.") {
        (context, number) throws(Rejection) in
        try context.requireSchedule()
        try log.append(number, in: context)
        try require(number.value != 13, refused())
        return Nothing()
    }
    static let chain = Method<ProbeNumber, ProbeNumber>(12, "chain", "Calls the other probe's write.") {
        (context, number) throws(Rejection) in
        try numbers.set("chain", number, in: context)
        return try context.send(write.message, to: other, number)
    }
    static let reenter = Method<ProbeNumber, Nothing>(13, "reenter", "Calls itself.") {
        (context, number) throws(Rejection) in
        try context.send(Message<ProbeNumber, Nothing>(13, "reenter"), to: context.instance, number)
    }
    static let tolerate = Method<ProbeNumber, Nothing>(14, "tolerate", "Goes on after the other probe refuses.") {
        (context, number) throws(Rejection) in
        try numbers.set("tolerate", number, in: context)
        let outcome = context.attempt { () throws(Rejection) in
            try numbers.set("undone", number, in: context)
            _ = try context.send(fail.message, to: other, number)
        }
        guard case .failure(refused()) = outcome else { throw refused("the other probe did not refuse") }
        return Nothing()
    }
    static let child = Method<ProbeNumber, Address>(15, "child", "Creates an instance.") {
        (context, number) throws(Rejection) in try context.create(contract: Probe.name, arguments: number)
    }
    static let end = Method<ProbeNumber, Nothing>(16, "end", "Ends itself.") { (context, _) throws(Rejection) in
        try context.endInstance()
        return Nothing()
    }
    static let renew = Method<ProbeNumber, Address>(17, "renew", "Supersedes itself.") {
        (context, number) throws(Rejection) in try context.supersede(contract: Probe.name, arguments: number)
    }
    static let trespass = Method<ProbeNumber, Nothing>(18, "trespass", "Writes under another instance's address.") {
        (context, number) throws(Rejection) in
        try context.services.write(numbers.stateKey("x", at: other), number.bcs)
        return Nothing()
    }
    static let page = Method<ProbeNumber, Nothing>(19, "page", "Reads a page of that many entries.") {
        (context, number) throws(Rejection) in
        _ = try index.page(limit: Int(clamping: number.value), in: context)
        return Nothing()
    }
    static let garble = Method<ProbeNumber, Nothing>(20, "garble", "Stores bytes that do not decode, and reads them.") {
        (context, _) throws(Rejection) in
        try context.services.write(numbers.stateKey("garbled", at: context.instance), [1])
        _ = try numbers.get("garbled", in: context)
        return Nothing()
    }
    static let council = Method<ProbeNumber, Nothing>(21, "council", "For the council only.") {
        (context, _) throws(Rejection) in
        try context.requirePartner(with: .council)
        return Nothing()
    }
    static let unschedule = Method<ScheduleID, Nothing>(22, "unschedule", "Cancels a scheduled call.") {
        (context, id) throws(Rejection) in
        try require(context.cancel(id), refused())
        return Nothing()
    }
    static let descend = Method<ProbeNumber, Nothing>(23, "descend", "Calls a chain of instances.") {
        (context, number) throws(Rejection) in
        let next = try context.create(contract: Probe.name, arguments: number)
        return try context.send(Message<ProbeNumber, Nothing>(23, "descend"), to: next, number)
    }

    static let writeQuery = Query<ProbeNumber, Nothing>(1, "writeQuery", "Must not write.") {
        (context, number) throws(Rejection) in
        try numbers.set("query", number, in: context)
        return Nothing()
    }

    static var initialize: CallDeclaration? { begin.declaration }
    static var calls: [CallDeclaration] {
        [
            write.declaration, fail.declaration, add.declaration, loop.declaration, longKey.declaration,
            longValue.declaration, emit.declaration, emitBytes.declaration, output.declaration, later.declaration,
            tick.declaration, chain.declaration, reenter.declaration, tolerate.declaration, child.declaration,
            end.declaration, renew.declaration, trespass.declaration, page.declaration, garble.declaration,
            council.declaration, unschedule.declaration, descend.declaration,
        ]
    }
    static var queries: [CallDeclaration] { [writeQuery.declaration] }
    static var events: [EventDeclaration] { [happened.declaration, heavy.declaration] }
    static var rejections: [RejectionKind] { [refused] }
}

extension Probe {
    static let first = Address(wellKnown: "probe-a")

    static func bench() throws -> ContractTestBench {
        try ContractTestBench(
            contracts: [ContractDefinition(Probe.self, sources: .zero)],
            partners: ["aurora": [.council, .validator], "borealis": [.participant], "idle": []],
            instances: [
                GenesisInstance(first, Probe.name, arguments: ProbeNumber(1).bcs),
                GenesisInstance(other, Probe.name, arguments: ProbeNumber(2).bcs),
            ])
    }
}
