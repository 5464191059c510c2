import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import Testing

/// Every rejection of the host, provoked once, beside those of admission and of transactions (`AdmissionTests`).
@Suite struct HostRejectionTests {
    typealias Scenario = (kind: RejectionKind, run: (inout ContractTestBench) throws -> Void)

    static func call<Arguments, Output>(
        _ method: Method<Arguments, Output>, _ arguments: Arguments, as partner: String = "borealis"
    ) -> (inout ContractTestBench) throws -> Void {
        { bench in try bench.send(method, to: Probe.first, arguments, as: partner) }
    }

    static func raw(_ call: Call) -> (inout ContractTestBench) throws -> Void {
        { bench in try bench.send([call], as: "borealis") }
    }

    static var scenarios: [Scenario] {
        [
            (HostRejection.workExceeded, call(Probe.loop, ProbeNumber(1_000_000))),
            (HostRejection.overflow, call(Probe.add, ProbeNumber(1))),
            (HostRejection.malformedArguments, raw(Call(instance: Probe.first, method: 1, arguments: [1, 2]))),
            (
                HostRejection.unknownInstance,
                raw(Call(instance: Address(wellKnown: "nobody"), method: 1, arguments: []))
            ),
            (
                HostRejection.instanceEnded,
                { bench in
                    let child = try bench.send(Probe.child, to: Probe.first, ProbeNumber(1), as: "borealis")
                    try bench.send(Probe.end, to: child, ProbeNumber(1), as: "borealis")
                    try bench.send(Probe.write, to: child, ProbeNumber(1), as: "borealis")
                }
            ),
            (HostRejection.unknownMethod, raw(Call(instance: Probe.first, method: 999, arguments: []))),
            (
                HostRejection.unknownVersion,
                { bench in
                    let request = CreateInstance(contract: "nothing", arguments: Nothing())
                    try bench.send(InstanceService.create, to: WellKnown.instances, request, as: "borealis")
                }
            ),
            (HostRejection.keyTooLong, call(Probe.longKey, ProbeNumber(240))),
            (HostRejection.valueTooLong, call(Probe.longValue, ProbeNumber(1_025))),
            (HostRejection.valueTooLong, call(Probe.longValue, ProbeNumber(0))),
            (HostRejection.malformedState, call(Probe.garble, ProbeNumber(0))),
            (
                HostRejection.readOnly,
                { bench in _ = try bench.ask(Probe.writeQuery, of: Probe.first, ProbeNumber(1)) }
            ),
            (HostRejection.callDepth, call(Probe.descend, ProbeNumber(1))),
            (HostRejection.reentered, call(Probe.reenter, ProbeNumber(1))),
            (HostRejection.tooManyEvents, call(Probe.emit, ProbeNumber(257))),
            (HostRejection.eventTooLong, call(Probe.emitBytes, ProbeNumber(4_095))),
            (HostRejection.outputTooLong, call(Probe.output, ProbeNumber(4_095))),
            (HostRejection.scheduleInvalid, call(Probe.later, ProbeNumber(0))),
            (HostRejection.notPermitted, call(Probe.trespass, ProbeNumber(1))),
            (HostRejection.notPermitted, call(Probe.end, ProbeNumber(1))),
            (HostRejection.notPermitted, call(Probe.tick, ProbeNumber(1))),
            (HostRejection.notAuthorised, call(Probe.council, ProbeNumber(1))),
            (HostRejection.limitTooLarge, call(Probe.page, ProbeNumber(257))),
            (
                HostRejection.unknownQuery,
                { bench in
                    let query = Query<ProbeNumber, Nothing>(9, "none", "None.") { (_, _) throws(Rejection) in Nothing()
                    }
                    _ = try bench.ask(query, of: Probe.first, ProbeNumber(1))
                }
            ),
        ]
    }

    @Test func everyRejectionIsProvoked() throws {
        for (index, scenario) in Self.scenarios.enumerated() {
            var bench = try Probe.bench()
            let code = rejectionCode { try scenario.run(&bench) }
            #expect(code == scenario.kind.code, "scenario \(index), \(scenario.kind.name): \(code ?? 0)")
        }
    }

    @Test func noRejectionIsLeftOut() {
        let here = Set(Self.scenarios.map(\.kind.code))
        // Admission's numbers stand below 10.
        #expect(here == Set(HostRejection.all.map(\.code).filter { $0 >= 10 }))
        #expect(Set(HostRejection.all.map(\.code)).count == HostRejection.all.count)
    }

    @Test func limitsThemselvesAreAllowed() throws {
        var bench = try Probe.bench()
        // 21 bytes of prefix and 2 of the end of the text.
        try bench.send(Probe.longKey, to: Probe.first, ProbeNumber(233), as: "borealis")
        try bench.send(Probe.longValue, to: Probe.first, ProbeNumber(1_024), as: "borealis")
        try bench.send(Probe.emit, to: Probe.first, ProbeNumber(256), as: "borealis")
        try bench.send(Probe.emitBytes, to: Probe.first, ProbeNumber(4_094), as: "borealis")
        try bench.send(Probe.output, to: Probe.first, ProbeNumber(4_094), as: "borealis")
        try bench.send(Probe.page, to: Probe.first, ProbeNumber(256), as: "borealis")
    }
}

@Suite struct AtomicityTests {
    /// What a state holds beside the partner's quota, which counts rejected transactions too.
    static func withoutQuotas(_ state: MemoryState) -> Digest {
        var copy = state
        for partner in ["aurora", "borealis"] {
            copy.set(HostState.quotas.stateKey(partner, at: WellKnown.host), nil)
        }
        return copy.digest
    }

    @Test func aRejectedTransactionLeavesNothingButItsReceipt() throws {
        var bench = try Probe.bench()
        let before = Self.withoutQuotas(bench.state)
        #expect(rejectionCode { try bench.send(Probe.fail, to: Probe.first, ProbeNumber(5), as: "borealis") } == 100)
        #expect(Self.withoutQuotas(bench.state) == before)
        let receipt = try #require(bench.lastReceipt)
        #expect(receipt.events.isEmpty)
        #expect(receipt.outputs.isEmpty)
        #expect(receipt.workUsed > 0)
        bench.advance(milliseconds: 10_000)
        try bench.runBlock()
        #expect(bench.scheduledReceipts.isEmpty)
    }

    @Test func callsOfATransactionSucceedOrFailAsOne() throws {
        var bench = try Probe.bench()
        let before = Self.withoutQuotas(bench.state)
        let calls = [
            Probe.write.call(on: Probe.first, ProbeNumber(1)), Probe.chain.call(on: Probe.first, ProbeNumber(2)),
            Probe.fail.call(on: Probe.other, ProbeNumber(3)),
        ]
        #expect(rejectionCode { try bench.send(calls, as: "borealis") } == 100)
        #expect(Self.withoutQuotas(bench.state) == before)
        let outputs = try bench.send(Array(calls.prefix(2)), as: "borealis")
        #expect(outputs == [ProbeNumber(1).bcs, ProbeNumber(2).bcs])
        #expect(try Probe.numbers.get("written", in: bench.reading(Probe.other)) == ProbeNumber(2))
    }

    @Test func aCaughtRejectionUndoesOnlyWhatWasTried() throws {
        var bench = try Probe.bench()
        try bench.send(Probe.tolerate, to: Probe.first, ProbeNumber(4), as: "borealis")
        #expect(try Probe.numbers.get("tolerate", in: bench.reading(Probe.first)) == ProbeNumber(4))
        #expect(try Probe.numbers.get("undone", in: bench.reading(Probe.first)) == nil)
        #expect(try Probe.numbers.get("failed", in: bench.reading(Probe.other)) == nil)
        #expect(bench.lastReceipt?.events.isEmpty == true)
    }

    @Test func laterTransactionsOfABlockSeeEarlierOnes() throws {
        var bench = try Probe.bench()
        let good = try bench.transaction([Probe.write.call(on: Probe.first, ProbeNumber(1))], as: "borealis")
        let bad = try bench.transaction([Probe.fail.call(on: Probe.first, ProbeNumber(2))], as: "borealis")
        let last = try bench.transaction([Probe.write.call(on: Probe.first, ProbeNumber(3))], as: "borealis")
        let receipts = try bench.runBlock([good, bad, last])
        #expect(receipts.map { $0.rejection?.code } == [nil, 100, nil])
        #expect(receipts.map(\.subject) == [good.digest, bad.digest, last.digest])
        #expect(try Probe.numbers.get("written", in: bench.reading(Probe.first)) == ProbeNumber(3))
    }
}

@Suite struct InstanceTests {
    @Test func anInstanceIsCreatedEndedAndSuperseded() throws {
        var bench = try Probe.bench()
        let request = CreateInstance(contract: Probe.name, arguments: ProbeNumber(8))
        let made = try bench.send(InstanceService.create, to: WellKnown.instances, request, as: "borealis")
        let notice = try InstanceService.created.payload(of: try #require(bench.lastReceipt?.events.first))
        #expect(notice.instance == made)
        let record = try #require(try HostState.instances.get(made, in: bench.reading(WellKnown.host)))
        #expect(record.creator == "borealis" && record.version == 1 && record.status == .active)
        let next = try bench.send(Probe.renew, to: made, ProbeNumber(9), as: "borealis")
        let old = try #require(try HostState.instances.get(made, in: bench.reading(WellKnown.host)))
        #expect(old.status == .superseded(by: next))
        #expect(try HostState.instances.get(next, in: bench.reading(WellKnown.host))?.supersedes == made)
        #expect(
            rejectionCode { try bench.send(Probe.write, to: made, ProbeNumber(1), as: "borealis") }
                == HostRejection.instanceEnded.code)
        // The state of an ended instance stays readable.
        #expect(try Probe.numbers.get("begin", in: bench.reading(made)) == ProbeNumber(8))
    }

    /// Other code under the number that is active would fork the state: such a release stops, and says why.
    @Test func aVersionRunsWithItsOwnSourcesOnly() throws {
        func application(_ sources: Digest) -> ContractApplication {
            ContractApplication(release: Release([ContractDefinition(Probe.self, sources: sources)])) {
                _ throws(Rejection) in
                GenesisPlan(
                    versions: [ContractVersion(Probe.name, Probe.version, sources: SHA256.hash([1]))],
                    instances: [GenesisInstance(Probe.first, Probe.name, arguments: ProbeNumber(1).bcs)])
            }
        }
        let genesis = try ContractTestBench.genesis(validators: ["aurora"], application: [])
        let other = application(SHA256.hash([2]))
        var bench = try ContractTestBench(application: application(SHA256.hash([1])), genesis: genesis)
        var state = bench.state
        let key = ContractTestBench.key(of: "borealis").publicKey
        let partner = Partner(id: "borealis", name: "borealis", roles: [.participant], keys: [key])
        state.set(Directory.partners.stateKey("borealis", at: WellKnown.governance), partner.bcs)
        state.set(Directory.keys.stateKey(key, at: WellKnown.governance), KeyHolder(partner: "borealis").bcs)
        let call = Probe.write.call(on: Probe.first, ProbeNumber(3))
        let transaction = try bench.transaction([call], as: "borealis")
        #expect(
            try bench.application.execute(context: bench.nextBlock, transactions: [transaction], state: state) != nil)
        for calls in [
            [call],
            [
                InstanceService.create.call(
                    on: WellKnown.instances, CreateInstance(contract: Probe.name, arguments: ProbeNumber(8)))
            ],
        ] {
            let transaction = try bench.transaction(calls, as: "borealis")
            do throws(StorageFailure) {
                _ = try other.execute(context: bench.nextBlock, transactions: [transaction], state: state)
                Issue.record("it ran \(calls)")
            } catch {
                #expect(error.description.contains("with the sources \(SHA256.hash([2]).short)"))
            }
        }
        // A genesis that names the sources of another release makes no state either.
        #expect(throws: Rejection.self) { try other.genesisState(genesis) }
    }

    @Test func aRefusedInitializeCreatesNothing() throws {
        var bench = try Probe.bench()
        let before = AtomicityTests.withoutQuotas(bench.state)
        let request = CreateInstance(contract: Probe.name, arguments: ProbeNumber(13))
        #expect(
            rejectionCode {
                try bench.send(InstanceService.create, to: WellKnown.instances, request, as: "borealis")
            } == 100)
        #expect(AtomicityTests.withoutQuotas(bench.state) == before)
    }
}
