import Anchors
import Chain
import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import Results
import TestSupport
import Testing

@Suite struct ResultsTests {
    static let program = SHA256.hash([1])
    static let policy = AttestationPolicy(attesters: ["aurora", "borealis", "readers"], threshold: 2)

    static func bench() throws -> ContractTestBench {
        var bench = try ContractTestBench(
            contracts: [
                ContractDefinition(Anchors.self, sources: .zero), ContractDefinition(Results.self, sources: .zero),
            ],
            partners: [
                "aurora": .validator, "borealis": .validator, "metrics": .dataProvider, "readers": .dataProvider,
            ],
            instances: [
                GenesisInstance(WellKnown.anchors, Anchors.name), GenesisInstance(WellKnown.results, Results.name),
            ])
        for partner in ["metrics", "readers"] {
            for name in ["forecasts", "other"] {
                try bench.send(
                    Anchors.register, to: WellKnown.anchors, RegisterDataSet(name: name, schema: "s"), as: partner)
            }
        }
        return bench
    }

    static func digest(_ number: UInt64) -> Digest { SHA256.hash(number.keyBytes) }

    static func anchor(
        _ number: UInt64, in set: String = "forecasts", supersedes: UInt64? = nil, _ bench: inout ContractTestBench,
        as partner: String = "metrics"
    ) throws {
        let batch = NewBatch(
            digest: digest(number), root: digest(number + 1_000), count: 24, from: Timestamp(1_000),
            to: Timestamp(2_000), supersedes: supersedes.map(digest))
        try bench.send(
            Anchors.append, to: WellKnown.anchors, AppendBatches(dataSet: set, batches: [batch]), as: partner)
    }

    static func claim(
        _ output: UInt64, parameters: UInt64 = 7, inputs: UInt32 = 3, program: Digest = program,
        analysis: String = "day-ahead", owner: String = "metrics"
    ) -> ResultClaim {
        ResultClaim(
            owner: owner, analysis: analysis, program: program, inputs: digest(500), inputCount: inputs,
            parameters: digest(parameters), output: digest(output))
    }

    static func attest(_ claim: ResultClaim, _ partners: [String], _ bench: ContractTestBench) -> [Attestation] {
        partners.map {
            Attestation(
                signing: claim.digest, network: bench.network, instance: WellKnown.results, partner: $0,
                key: ContractTestBench.key(of: $0))
        }
    }

    static func publish(
        _ claim: ResultClaim, _ bench: inout ContractTestBench, by partners: [String] = ["aurora", "readers"],
        attesting other: ResultClaim? = nil, as partner: String = "metrics"
    ) -> UInt16? {
        let request = PublishResult(claim: claim, attestations: attest(other ?? claim, partners, bench))
        return rejectionCode { try bench.send(Results.publish, to: WellKnown.results, request, as: partner) }
    }

    static func declare(
        _ name: String, _ bench: inout ContractTestBench, dataSet: String = "forecasts",
        policy: AttestationPolicy = policy, as partner: String = "metrics"
    ) -> UInt16? {
        let request = DeclareAnalysis(
            name: name, analysis: Analysis(program: program, dataSet: dataSet, policy: policy))
        return rejectionCode { try bench.send(Results.declare, to: WellKnown.results, request, as: partner) }
    }

    @Test func everyRejectionIsProvoked() throws {
        var bench = try Self.bench()
        var seen: Set<UInt16> = []
        func expect(_ kind: RejectionKind, _ code: UInt16?) {
            #expect(code == kind.code, "\(kind.name)")
            if let code { seen.insert(code) }
        }
        expect(Results.analysisMalformed, Self.declare("Day Ahead", &bench))
        expect(Results.analysisMalformed, Self.declare("a", &bench, dataSet: "../day-ahead"))
        expect(
            Results.attestersUnknown,
            Self.declare("a", &bench, policy: AttestationPolicy(attesters: ["nobody"], threshold: 1)))
        expect(
            Results.attestersUnknown, Self.declare("a", &bench, policy: AttestationPolicy(attesters: [], threshold: 3)))
        #expect(Self.declare("day-ahead", &bench, as: "aurora") == HostRejection.notAuthorised.code)
        #expect(Self.declare("day-ahead", &bench) == nil)
        expect(Results.analysisExists, Self.declare("day-ahead", &bench, dataSet: "other"))
        try Self.anchor(1, &bench)
        try Self.anchor(2, in: "other", &bench)
        try Self.anchor(3, &bench, as: "readers")
        try Self.anchor(4, &bench)
        try Self.anchor(5, &bench)
        expect(Results.analysisUnknown, Self.publish(Self.claim(1, analysis: "none"), &bench))
        expect(Results.analysisUnknown, Self.publish(Self.claim(1, program: Self.digest(9)), &bench))
        expect(Results.analysisUnknown, Self.publish(Self.claim(1), &bench, as: "readers"))
        expect(Results.inputsMissing, Self.publish(Self.claim(1, inputs: 0), &bench))
        for other in [2, 3, 99] as [UInt64] {
            expect(Results.outputNotAnchored, Self.publish(Self.claim(other), &bench))
        }
        try bench.send(
            Anchors.tombstone, to: WellKnown.anchors, DeleteBatch(batch: Self.digest(4), reason: 1), as: "metrics")
        expect(Results.outputDeleted, Self.publish(Self.claim(4), &bench))
        expect(Results.notAttested, Self.publish(Self.claim(1), &bench, by: ["aurora"]))
        expect(Results.notAttested, Self.publish(Self.claim(1), &bench, by: ["aurora", "metrics"]))
        expect(Results.notAttested, Self.publish(Self.claim(1), &bench, attesting: Self.claim(5)))
        #expect(Self.publish(Self.claim(1), &bench) == nil)
        expect(Results.alreadyPublished, Self.publish(Self.claim(1, parameters: 8), &bench))
        expect(Results.alreadyAnswered, Self.publish(Self.claim(5), &bench))
        #expect(Self.publish(Self.claim(5, parameters: 8), &bench) == nil)
        expect(
            Results.resultUnknown,
            rejectionCode { _ = try bench.ask(Results.resultQuery, of: WellKnown.results, Self.digest(99)) })
        #expect(seen == Set(Results.rejections.map(\.code)))
        let record = try bench.ask(Results.resultQuery, of: WellKnown.results, Self.digest(1))
        #expect(record.claim == Self.claim(1) && record.attestations == 2)
    }

    /// A second answer counts when it corrects the first in Anchors, or the first is gone.
    @Test func anAnswerCanBeCorrected() throws {
        var bench = try Self.bench()
        #expect(Self.declare("day-ahead", &bench) == nil)
        for number in [1, 3] as [UInt64] { try Self.anchor(number, &bench) }
        try Self.anchor(2, supersedes: 1, &bench)
        #expect(Self.publish(Self.claim(1), &bench) == nil)
        #expect(Self.publish(Self.claim(3), &bench) == Results.alreadyAnswered.code)
        #expect(Self.publish(Self.claim(2), &bench) == nil)
        let now = try bench.ask(Results.answerQuery, of: WellKnown.results, Self.claim(1))
        #expect(now.claim.output == Self.digest(2))
        try bench.send(
            Anchors.tombstone, to: WellKnown.anchors, DeleteBatch(batch: Self.digest(2), reason: 1), as: "metrics")
        #expect(Self.publish(Self.claim(3), &bench) == nil)
    }

    /// Nobody is the only witness of the own result.
    @Test func theOwnerAloneDoesNotCount() throws {
        var bench = try Self.bench()
        let alone = AttestationPolicy(attesters: ["metrics"], threshold: 1)
        let either = AttestationPolicy(attesters: ["metrics", "readers"], threshold: 1)
        #expect(Self.declare("day-ahead", &bench, policy: alone) == nil)
        #expect(Self.declare("week-ahead", &bench, policy: either) == nil)
        try Self.anchor(1, &bench)
        #expect(Self.publish(Self.claim(1), &bench, by: ["metrics"]) == Results.notAttested.code)
        let claim = Self.claim(1, analysis: "week-ahead")
        #expect(Self.publish(claim, &bench, by: ["metrics"]) == Results.notAttested.code)
        #expect(Self.publish(claim, &bench, by: ["metrics", "readers"]) == nil)
    }

    /// An attestation is for one claim: with any other field it no longer fits.
    @Test func anAttestationFitsItsClaimAlone() throws {
        var bench = try Self.bench()
        #expect(Self.declare("day-ahead", &bench) == nil)
        #expect(Self.declare("week-ahead", &bench) == nil)
        try Self.anchor(1, &bench)
        let signed = Self.claim(1)
        for other in [Self.claim(1, parameters: 8), Self.claim(1, inputs: 4), Self.claim(1, analysis: "week-ahead")] {
            #expect(Self.publish(other, &bench, attesting: signed) == Results.notAttested.code)
        }
        #expect(Self.publish(signed, &bench) == nil)
    }

    @Test func recordsRoundTrip() throws {
        let record = ResultRecord(claim: Self.claim(1), attestations: 3, height: Height(9))
        #expect(try ResultRecord(bcs: record.bcs) == record)
        #expect(Self.claim(1).question == Self.claim(2).question)
        #expect(Self.claim(1).question != Self.claim(1, parameters: 8).question)
    }
}
