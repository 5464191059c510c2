import Chain
import Foundation
import LedgerCrypto
import LedgerState
import Primitives
import TestSupport
import Testing

/// Prints what a block of changes costs; COMMONWATT_TIMING=<keys> runs it. Nothing is asserted about time.
@Test(.enabled(if: ProcessInfo.processInfo.environment["COMMONWATT_TIMING"] != nil))
func costOfBlocks() throws {
    let keys = ProcessInfo.processInfo.environment["COMMONWATT_TIMING"].flatMap(Int.init) ?? 100_000
    func key(_ number: Int) -> [UInt8] { Array("account/\(number)/balance".utf8) }
    let clock = ContinuousClock()
    let store = MemoryStore()
    var tip = StateSnapshot.empty(over: store)
    let filling = try clock.measure {
        let all = (0..<keys).map { StateChange(key: key($0), value: [UInt8](repeating: 7, count: 40)) }
        tip = try tip.applying(all, version: Height(0))
    }
    let checkpoint = try tip.checkpoint()
    store.apply(try checkpoint.batch())
    tip = try #require(tip.rebased(onto: checkpoint))
    print("filled \(keys) keys in \(filling), \(try checkpoint.batch().entries.count) records")
    var random = SeededGenerator(seed: 1)
    for span in [1, 16] {
        var spent = Duration.zero
        var reading = Duration.zero
        for _ in 0..<span {
            let chosen = Set((0..<4_000).map { _ in Int.random(in: 0..<keys + keys / 10, using: &random) })
            let block = chosen.map { StateChange(key: key($0), value: random.bytes(40)) }
            reading += try clock.measure { for change in block { _ = try tip.value(change.key) } }
            spent += try clock.measure { tip = try tip.applying(block, version: tip.version.next) }
        }
        var fold: StateCheckpoint?
        let folding = try clock.measure { fold = try tip.checkpoint() }
        if let fold {
            store.apply(try fold.batch())
            tip = try #require(tip.rebased(onto: fold))
            print(
                "\(span) blocks: apply \(spent / (span * 4_000)) per key, read \(reading / (span * 4_000)), "
                    + "fold \(folding / (span * 4_000)), records \(try fold.batch().entries.count)")
        }
    }
    let proving = try clock.measure { for number in 0..<1_000 { _ = try tip.prove(key(number * 7)) } }
    print("prove \(proving / 1_000)")
}
