import Chain
import ContractHost
import ContractKit
import ContractSuite
import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Makes BCS bytes from a shape: structurally right, with values at random and at their bounds.
struct ShapeWriter {
    var generator: SeededGenerator

    mutating func bytes(_ shape: Shape) -> [UInt8] {
        var encoder = BCSEncoder()
        write(shape, to: &encoder)
        return encoder.bytes
    }

    private mutating func number() -> UInt64 {
        switch generator.next() % 4 {
        case 0: generator.next() % 4
        case 1: .max - generator.next() % 2
        case 2: 1_750_000_000_000 + generator.next() % 1_000_000
        default: generator.next()
        }
    }

    private mutating func raw(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    private mutating func count(_ max: Int) -> Int {
        switch generator.next() % 3 {
        case 0: 0
        case 1: Int(generator.next() % 3) % (max + 1)
        default: min(max, Int(generator.next() % 40))
        }
    }

    mutating func write(_ shape: Shape, to encoder: inout BCSEncoder) {
        switch shape {
        case .bool: encoder.bool(generator.next() % 2 == 0)
        case .u8: encoder.u8(UInt8(truncatingIfNeeded: number()))
        case .u16: encoder.u16(UInt16(truncatingIfNeeded: number()))
        case .u32: encoder.u32(UInt32(truncatingIfNeeded: number()))
        case .u64: encoder.u64(number())
        case .i64: encoder.i64(Int64(truncatingIfNeeded: number()))
        case .digest: encoder.fixed(raw(32))
        case .address:
            let known = [WellKnown.governance, WellKnown.identity, WellKnown.host]
            encoder.fixed(generator.next() % 2 == 0 ? known[Int(generator.next() % 3)].bytes : raw(20))
        case .publicKey:
            let key = ContractTestBench.key(of: Consortium.partners[Int(generator.next() % 8)].id).publicKey
            if generator.next() % 2 == 0 { return encoder.value(key) }
            let tag = UInt8(generator.next() % 3)
            encoder.u8(tag)
            encoder.fixed(raw(tag == 1 ? 32 : 33))
        case .signature: encoder.fixed(raw(64))
        case .text(let max):
            let words =
                Consortium.partners.map(\.id) + [
                    "", "readings", "anchors", "é\u{0}", String(repeating: "x", count: max),
                ]
            let word = words[Int(generator.next() % UInt64(words.count))]
            encoder.string(word.utf8.count <= max ? word : "")
        case .bytes(let max): encoder.blob(raw(count(max)))
        case .option(let inner):
            let isPresent = generator.next() % 2 == 0
            encoder.bool(isPresent)
            if isPresent { write(inner, to: &encoder) }
        case .list(let inner, let max):
            let elements = count(max)
            encoder.length(elements)
            for _ in 0..<elements { write(inner, to: &encoder) }
        case .record(_, let fields): for field in fields { write(field.shape, to: &encoder) }
        case .choice(_, let cases):
            let one = cases[Int(generator.next() % UInt64(cases.count))]
            encoder.uleb(one.tag)
            for field in one.fields { write(field.shape, to: &encoder) }
        case .code(_, let values): encoder.u8(values[Int(generator.next() % UInt64(values.count))].value)
        }
    }

    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var out = bytes
        switch generator.next() % 4 {
        case 0: out.removeLast(min(out.count, 1 + Int(generator.next() % 8)))
        case 1: out += raw(1 + Int(generator.next() % 8))
        case 2: out = raw(Int(generator.next() % 200))
        default:
            for _ in 0..<(1 + generator.next() % 3) where !out.isEmpty {
                out[Int(generator.next() % UInt64(out.count))] ^= UInt8(1 << (generator.next() % 8))
            }
        }
        return out
    }
}

/// Rounds of each fuzz loop; `COMMONWATT_FUZZ` raises it.
let fuzzRounds = ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap(Int.init) ?? 60

@Suite struct FuzzTests {
    /// Every call of every contract with shaped, mutated and random arguments, from partners of every role: whatever
    /// comes back, it is a receipt, and the state stays readable.
    @Test func argumentsNeverTrap() throws {
        var writer = ShapeWriter(generator: SeededGenerator(seed: 11))
        var bench = try Consortium.bench()
        let instances = [
            WellKnown.governance, WellKnown.identity, WellKnown.anchors, WellKnown.registry, WellKnown.instances,
        ]
        var succeeded: Set<String> = []
        for instance in instances {
            let record = try #require(try HostState.instances.get(instance, in: bench.reading(WellKnown.host)))
            let contract = try #require(bench.application.release.contract(record.contract, version: record.version))
            for round in 0..<fuzzRounds {
                var calls: [Transaction] = []
                for call in contract.calls {
                    let shaped = writer.bytes(call.arguments)
                    let bytes = round % 3 == 2 ? writer.mutate(shaped) : shaped
                    guard bytes.count <= Call.argumentBytesMax else { continue }
                    let partner = Consortium.partners[Int(writer.generator.next() % 8)].id
                    let made = Call(instance: instance, method: call.number, arguments: bytes)
                    let transaction = try bench.transaction([made], as: partner)
                    if try bench.admission(of: transaction) == nil { calls.append(transaction) }
                }
                let receipts = try bench.runBlock(calls)
                #expect(receipts.count == calls.count)
                for receipt in receipts where receipt.rejection == nil { succeeded.insert(contract.name) }
                for receipt in receipts {
                    #expect(receipt.rejection?.code != HostRejection.malformedState.code)
                    #expect(receipt.rejection?.code != HostRejection.localFailure.code)
                    #expect(try Receipt(bcs: receipt.bcs) == receipt)
                }
            }
        }
        // The fuzzer reaches behind the decoders.
        #expect(succeeded.isSuperset(of: ["governance", "anchors", "registry"]))
    }

    @Test func queriesNeverTrap() throws {
        var writer = ShapeWriter(generator: SeededGenerator(seed: 12))
        let bench = try Consortium.bench()
        for instance in [WellKnown.governance, WellKnown.identity, WellKnown.anchors, WellKnown.registry] {
            let record = try #require(try HostState.instances.get(instance, in: bench.reading(WellKnown.host)))
            let contract = try #require(bench.application.release.contract(record.contract, version: record.version))
            for query in contract.queries {
                for _ in 0..<fuzzRounds {
                    let shaped = writer.bytes(query.arguments)
                    for bytes in [shaped, writer.mutate(shaped)] {
                        _ = try bench.application.query(
                            instance, query.number, arguments: bytes, context: bench.nextBlock, state: bench.state)
                    }
                }
            }
        }
    }

    func check<Value: ContractValue>(_ type: Value.Type, _ writer: inout ShapeWriter) {
        var decoded = 0
        for _ in 0..<max(200, fuzzRounds) {
            let bytes = writer.bytes(Value.shape)
            do {
                let value = try Value(bcs: bytes)
                #expect(value.bcs == bytes, "\(type)")
                decoded += 1
            } catch {
                // Its own rules may refuse it; a wrong shape would fail otherwise.
                guard case .invalid = error.reason else {
                    Issue.record("\(type): bytes of its shape do not decode: \(error)")
                    return
                }
            }
            let mutated = writer.mutate(bytes)
            if let value = try? Value(bcs: mutated) { #expect(value.bcs == mutated, "\(type)") }
        }
        #expect(decoded > 0, "\(type)")
    }

    @Test func shapesDescribeWhatIsEncoded() {
        var writer = ShapeWriter(generator: SeededGenerator(seed: 13))
        check(Partner.self, &writer)
        check(NetworkParameters.self, &writer)
        check(ActiveVersion.self, &writer)
        check(Delegation.self, &writer)
        check(Meter.self, &writer)
        check(SigningKey.self, &writer)
        check(BatchAnchor.self, &writer)
        check(Tombstone.self, &writer)
        check(Attestation.self, &writer)
        check(AttestationPolicy.self, &writer)
        check(ContractVersion.self, &writer)
        check(ScheduleID.self, &writer)
        check(InstanceRecord.self, &writer)
        check(InstanceNotice.self, &writer)
        check(CreateInstance.self, &writer)
    }

    /// Argument and result shapes of all calls, by running their decoders: a shaped argument never fails to decode for
    /// another reason than the value's own rules.
    @Test func shapesOfCallsFitTheirDecoders() throws {
        var writer = ShapeWriter(generator: SeededGenerator(seed: 14))
        for contract in ContractSuite.application.release.contracts {
            for call in contract.calls {
                for _ in 0..<30 {
                    let bytes = writer.bytes(call.arguments)
                    let context = OpenServices.context(OpenServices())
                    do {
                        _ = try call.run(context, bytes)
                    } catch  where error.code == HostRejection.malformedArguments.code {
                        let isOwnRule = ![
                            "ends too early", "not canonical", "above its limit", "unknown tag", "remain",
                        ]
                        .contains { error.text.contains($0) }
                        #expect(isOwnRule, "\(contract.name).\(call.name): \(error)")
                    } catch {}
                }
            }
        }
    }

    @Test func genesisBytesNeverTrap() throws {
        var writer = ShapeWriter(generator: SeededGenerator(seed: 15))
        let good = Consortium.suiteGenesis.bcs
        for _ in 0..<fuzzRounds {
            let genesis = try ContractTestBench.genesis(
                validators: Consortium.council, application: writer.mutate(good))
            _ = try? ContractSuite.application.genesisState(genesis)
        }
    }
}
