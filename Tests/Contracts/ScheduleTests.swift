import Chain
import ContractHost
import ContractKit
import Primitives
import Testing

@Suite struct ScheduleTests {
    func logged(_ bench: ContractTestBench) throws -> [UInt64] {
        try Probe.log.page(from: 0, limit: 256, in: bench.reading(Probe.first)).map(\.value)
    }

    @Test func callsRunInOrderOfTimeThenSequence() throws {
        var bench = try Probe.bench()
        bench.blockMilliseconds = 1
        for delay in [500, 300, 300, 400] as [UInt64] {
            try bench.send(Probe.later, to: Probe.first, ProbeNumber(delay), as: "borealis")
        }
        try bench.runBlock()
        #expect(bench.scheduledReceipts.isEmpty)
        bench.advance(milliseconds: 1_000)
        try bench.runBlock()
        #expect(try logged(bench) == [300, 300, 400, 500])
        #expect(bench.scheduledReceipts.count == 4)
        #expect(Set(bench.scheduledReceipts.map(\.subject)).count == 4)
        try bench.runBlock()
        #expect(bench.scheduledReceipts.isEmpty)
    }

    @Test func aRejectedOneHasAReceiptAndIsNotRepeated() throws {
        var bench = try Probe.bench()
        try bench.send(Probe.later, to: Probe.first, ProbeNumber(13), as: "borealis")
        bench.advance(milliseconds: 1_000)
        try bench.runBlock()
        #expect(bench.scheduledReceipts.map { $0.rejection?.code } == [100])
        #expect(try logged(bench).isEmpty)
        try bench.runBlock()
        #expect(bench.scheduledReceipts.isEmpty)
    }

    @Test func theRestWaitsForTheNextBlock() throws {
        var bench = try Probe.bench()
        bench.parameters.scheduledCallsMax = 3
        for _ in 0..<5 { try bench.send(Probe.later, to: Probe.first, ProbeNumber(60_000), as: "borealis") }
        bench.advance(milliseconds: 120_000)
        try bench.runBlock()
        #expect(bench.scheduledReceipts.count == 3)
        try bench.runBlock()
        #expect(bench.scheduledReceipts.count == 2)
    }

    @Test func scheduledCallsLeaveHalfOfTheBlockToTransactions() throws {
        var bench = try Probe.bench()
        for _ in 0..<3 { try bench.send(Probe.later, to: Probe.first, ProbeNumber(60_000), as: "borealis") }
        bench.advance(milliseconds: 120_000)
        // One tick costs less than this, two cost more than half of it.
        bench.parameters.blockWorkMax = 40_000
        let write = try bench.transaction([Probe.write.call(on: Probe.first, ProbeNumber(1))], as: "borealis")
        let receipts = try bench.runBlock([write])
        let used = bench.scheduledReceipts.map(\.workUsed)
        #expect(!used.isEmpty && used.count < 3)
        #expect(used.dropLast().reduce(0, +) < 20_000)
        #expect(receipts.map { $0.workUsed + used.reduce(0, +) }.allSatisfy { $0 <= 40_000 })
        for _ in 0..<3 { try bench.runBlock() }
        #expect(try logged(bench).count == 3)
    }

    @Test func aCancelledOneNeverRuns() throws {
        var bench = try Probe.bench()
        let id = try bench.send(Probe.later, to: Probe.first, ProbeNumber(5_000), as: "borealis")
        // Another instance may not cancel it.
        #expect(
            rejectionCode { try bench.send(Probe.unschedule, to: Probe.other, id, as: "borealis") }
                == HostRejection.notPermitted.code)
        try bench.send(Probe.unschedule, to: Probe.first, id, as: "borealis")
        #expect(rejectionCode { try bench.send(Probe.unschedule, to: Probe.first, id, as: "borealis") } == 100)
        bench.advance(milliseconds: 60_000)
        try bench.runBlock()
        #expect(bench.scheduledReceipts.isEmpty)
    }

    @Test func anEndedInstanceRefusesItsDueCall() throws {
        var bench = try Probe.bench()
        let child = try bench.send(Probe.child, to: Probe.first, ProbeNumber(1), as: "borealis")
        try bench.send(Probe.later, to: child, ProbeNumber(5_000), as: "borealis")
        try bench.send(Probe.end, to: child, ProbeNumber(1), as: "borealis")
        bench.advance(milliseconds: 60_000)
        try bench.runBlock()
        #expect(bench.scheduledReceipts.map { $0.rejection?.code } == [HostRejection.instanceEnded.code])
    }
}
