import Analytics
import Anchors
import Chain
import ContractKit
import DataLake
import DataSets
import Foundation
import LedgerCrypto
import LightClient
import NodeClient
import Primitives
import Results
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

/// Forecasts of the first partner, recomputed by the others with the real library.
@Suite("Attested forecasts", .enabled(if: Forecasting.canRun, "LightGBM is not installed: tools/install-lightgbm"))
struct ResultAttesterTests {
    private func refusal(_ message: LakeMessage?) -> LakeRefusal? {
        if case .refused(let refusal)? = message { refusal } else { nil }
    }

    private func answer(
        _ cluster: Cluster, _ request: ResultRequest, of partner: String = "borealis", from sender: String = "aurora"
    ) async -> LakeRefusal? {
        refusal(await cluster.ask(partner, .attestResult(request), from: sender))
    }

    @Test func othersRecomputeAndTheChainRecords() async throws {
        let run = try Forecasting()
        let prepared = try await run.prepare()
        #expect(prepared.request.inputs.count == Forecasting.homes * 23 && prepared.forecast.start == Forecasting.day)
        let recorder = try run.recorder()
        try recorder.store(prepared, now: Timestamp(1))
        let lake = try run.cluster.lake("aurora")
        let entry = try #require(try lake.parts.entry(prepared.request.claim.output))
        #expect(entry.zone == .results && entry.dataSet == Forecasting.dataSet && entry.rows == 24)
        let attestations = try await recorder.attest(prepared) { await run.cluster.ask($0, $1, from: "aurora") }
        #expect(attestations.count >= 2 && attestations.contains { $0.partner != "aurora" })
        #expect(try run.publish(prepared, attestations) == nil)
        // The same question is not computed again.
        await #expect(throws: LakeRefusal.self) { try await run.prepare() }
        // Whoever has the genesis checks it offline.
        let proofs = try RecordedForecast.keys(prepared.request.claim).map { try run.cluster.prove([$0]).bcs }
        let kept = RecordedForecast(request: prepared.request, proofs: proofs)
        let (genesis, time) = run.cluster.network.withLock { ($0.genesis, $0.time) }
        let verdict = try RecordedForecast(bcs: kept.bcs).verify(genesis: genesis, now: time)
        #expect(verdict.record.attestations == UInt16(attestations.count) && !verdict.isDeleted)
        #expect(verdict.correction == nil && verdict.parameters.community == run.community)
        let other = try run.altered(prepared.request)
        #expect(throws: RecordProblem.self) {
            try RecordedForecast(request: other, proofs: proofs).verify(genesis: genesis, now: time)
        }
        #expect(throws: RecordProblem.self) {
            try RecordedForecast(request: prepared.request, proofs: proofs.reversed()).verify(
                genesis: genesis, now: time)
        }
        try run.cluster.network.withLock {
            _ = try $0.must(
                Anchors.tombstone, on: WellKnown.anchors,
                DeleteBatch(batch: prepared.request.claim.output, reason: 1), by: "aurora")
        }
        let later = try RecordedForecast.keys(prepared.request.claim).map { try run.cluster.prove([$0]).bcs }
        #expect(
            try RecordedForecast(request: prepared.request, proofs: later).verify(
                genesis: genesis, now: run.cluster.network.withLock { $0.time }
            ).isDeleted)
    }

    @Test func aLyingRequesterIsRefusedInWords() async throws {
        let run = try Forecasting()
        let right = try await run.prepare().request
        #expect(await answer(run.cluster, right) == nil)
        let foreign = SHA256.hash([9])
        let fewer = Array(right.inputs.dropFirst())
        let corrected = try run.correct(home: 1)
        let wrong: [(ResultRequest, LakeRefusal.Reason, String)] = [
            (try run.altered(right), .otherResult, "line 5 is"),
            (run.request(right, program: foreign), .otherInputs, "declares"),
            (run.request(right, analysis: "nothing"), .unknown, "no analysis aurora/nothing"),
            (run.request(right, parameters: foreign), .otherInputs, "parameters sent have the digest"),
            (run.request(right, root: foreign), .otherInputs, "inputs sent have the root"),
            (run.request(right, output: foreign), .malformed, "the output sent is not"),
            (try run.asked(right, inputs: fewer), .otherInputs, "was left out"),
            (try run.asked(right, inputs: right.inputs + [foreign]), .unknown, "is not anchored"),
            (try run.asked(right, inputs: right.inputs.reversed()), .otherInputs, "ascending order"),
            (try run.asked(right, inputs: right.inputs + [corrected]), .notHeld, "did not send it"),
        ]
        for (request, reason, words) in wrong {
            let refusal = await answer(run.cluster, request)
            #expect(
                refusal?.reason == reason && refusal?.text.contains(words) == true,
                "\(words): \(String(describing: refusal))")
        }
        // Only the owner asks, and only partners of both policies answer.
        #expect(await answer(run.cluster, right, from: "corona")?.reason == .notPermitted)
        #expect(await answer(run.cluster, right, of: "dawn")?.text.contains("analysis aurora/day-ahead") == true)
        #expect(await answer(run.cluster, right, of: "corona")?.text.contains("policy of community") == true)
    }

    /// Whoever holds other readings than the requester, or gets altered ones, does not sign.
    @Test func aNodeWithOtherInputsRefuses() async throws {
        let run = try Forecasting()
        let right = try await run.prepare().request
        let source: ChainSource = { () throws(StorageFailure) in run.cluster.chain }
        let altered = ResultAttester(
            partner: "borealis", key: TestNetwork.key("borealis"), lake: try run.cluster.lake("borealis"),
            machine: Forecasting.machine, gate: ForecastGate { Timestamp(0) }, chain: source
        ) { other, message in
            guard case .batchBytes(var bytes)? = await run.cluster.ask(other, message, from: "borealis") else {
                return nil
            }
            bytes[bytes.count / 2] ^= 1
            return .batchBytes(bytes)
        }
        let refused = refusal(await altered.attest(right, for: "aurora"))
        #expect(refused?.reason == .otherInputs && refused?.text.contains("sent other bytes") == true)
        // Borealis has a correction that aurora's node has not seen.
        let digest = try run.correct(home: 1, at: "borealis")
        let corrected = await answer(run.cluster, right)
        #expect(corrected?.reason == .otherInputs, "\(String(describing: corrected))")
        #expect(corrected?.text.contains(digest.short) == true, "\(String(describing: corrected))")
        // With the correction at both, the new question is answered.
        try run.correct(home: 1, at: "aurora")
        #expect(await answer(run.cluster, try await run.prepare().request) == nil)
    }

    @Test func aNodeWithAnotherLibraryOrNoneRefuses() async throws {
        let run = try Forecasting()
        let right = try await run.prepare().request
        let folder = try TemporaryFolder()
        let other = folder.url.appending(path: "lib.so")
        try (Data(contentsOf: URL(filePath: try #require(Forecasting.library))) + [0]).write(to: other)
        let source: ChainSource = { () throws(StorageFailure) in run.cluster.chain }
        for (library, reason, words) in [
            (other.path, LakeRefusal.Reason.otherInputs, "another version of the model or of LightGBM"),
            (nil, .unavailable, "not installed"), ("/nowhere.so", .unavailable, "not at /nowhere.so"),
        ] {
            let attester = ResultAttester(
                partner: "borealis", key: TestNetwork.key("borealis"), lake: try run.cluster.lake("borealis"),
                machine: ForecastMachine(library: library, worker: Forecasting.worker),
                gate: ForecastGate { Timestamp(0) }, chain: source
            ) { _, _ in nil }
            let refused = refusal(await attester.attest(right, for: "aurora"))
            #expect(
                refused?.reason == reason && refused?.text.contains(words) == true, "\(String(describing: refused))")
        }
    }
}
