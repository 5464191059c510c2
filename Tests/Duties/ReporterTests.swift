import Chain
import ContractHost
import ContractKit
import ContractSuite
import Duties
import Foundation
import Governance
import LedgerCrypto
import LedgerState
import NodeRuntime
import Primitives
import Replica
import Testing
import Trading

@Suite(.serialized) struct ReporterTests {
    private func record(_ network: DutyNetwork, at index: Int, _ view: View) throws -> EvidenceRecord? {
        let key = Governance.evidence.stateKey(
            Pair(Epoch(0), Pair(view.value, UInt16(3))), at: WellKnown.governance)
        return try network.node(index).view.state.value(key).map { try EvidenceRecord(bcs: $0) }
    }

    /// Partner 3's keys vote twice in several views. The others report it, once per view and at most
    /// `perSignerMax` times, though all three see all of it.
    @Test(.timeLimit(.minutes(3))) func doubleVotesAreReportedOnceAndNotEndlessly() async throws {
        let network = try DutyNetwork()
        try network.prepare()
        try await network.start([0, 1, 2])
        try await network.blocks(2, at: 0)
        let liar = try await TwoFacedValidator(network, 3, victims: [0, 1, 2])
        try await liar.linked()
        var views: [View] = []
        let base = await (try network.node(0)).snapshot().status.view.next
        for number in 0..<UInt64(2 * EvidenceQueue.perSignerMax) {
            // Far enough apart that the replica tells of each.
            let view = base.advanced(by: number * Replica.evidencePauseViews)
            views.append(view)
            liar.contradict(in: view, epoch: Epoch(0))
            try await network.blocks(2, at: 0)
        }
        let found = try network.node(0).counters.evidence
        #expect(found > EvidenceQueue.perSignerMax, "the consensus saw \(found) contradictions of \(views.count)")
        let wanted = EvidenceQueue.perSignerMax
        try await eventually("\(wanted) records") {
            try views.count { try record(network, at: 0, $0) != nil } >= wanted
        }
        // Whatever was on its way comes in; then nothing more.
        try await network.blocks(20, at: 0)
        let records = try views.compactMap { try record(network, at: 0, $0) }
        #expect(records.allSatisfy { $0.partner == "partner-3" && $0.reporter != "partner-3" })
        #expect(records.count <= wanted + 1)
        let reports = try network.calls(Governance.reportEvidence.number, at: 0)
        #expect(reports.count <= records.count + 1, "\(reports.count) reports of \(records.count) contradictions")
        for index in 0..<3 { #expect(await (try network.reporter(index)).counters.due == 0) }
        await liar.stop()
        await network.stop([0, 1, 2])
    }

    /// While no block can become final, a report expires unseen; it is signed anew until one is final.
    @Test(.timeLimit(.minutes(3))) func aReportIsRepeatedUntilItIsFinal() async throws {
        let network = try DutyNetwork()
        try network.prepare()
        var timing = ReporterTiming.short
        timing.lifetimeMilliseconds = 1_500
        timing.staggerMilliseconds = 0
        try await network.start([0, 1, 2], timing: timing)
        try await network.blocks(2, at: 0)
        let liar = try await TwoFacedValidator(network, 3, victims: [0, 1, 2])
        try await liar.linked()
        await network.stop([2])
        let view = await (try network.node(0)).snapshot().status.view
        liar.contradict(in: view, epoch: Epoch(0))
        try await eventually("a report has failed twice") {
            try await network.reporter(0).counters.failed >= 2
        }
        #expect(try record(network, at: 0, view) == nil)
        try await network.start([2], timing: timing)
        try await eventually("the report is final") { try record(network, at: 0, view) != nil }
        #expect(try record(network, at: 0, view)?.partner == "partner-3")
        await liar.stop()
        await network.stop([0, 1, 2])
    }

    /// A network whose genesis runs fewer contracts than the release carries: each validator reports each missing one
    /// exactly once, also over a restart, and then it can be activated.
    @Test(.timeLimit(.minutes(3))) func versionsOfTheReleaseAreReportedOnce() async throws {
        let missing = Community.name
        let network = try DutyNetwork { suite in
            suite.contracts.removeAll { $0.name == missing }
            suite.parameters.enactDelayMilliseconds = 200
        }
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        let version = try #require(ContractSuite.release.newest.first { $0.name == missing }?.contractVersion)
        func reported(_ index: Int) throws -> Bool {
            let key = Governance.versionReports.stateKey(
                Pair(version.name, Pair(version.version, "partner-\(index)")), at: WellKnown.governance)
            return try network.node(0).view.state.value(key).map { try Digest(bcs: $0) } == version.sources
        }
        try await eventually("all have reported") { try (0..<4).allSatisfy { try reported($0) } }
        await network.stop([1, 2])
        try await network.start([1, 2])
        try await network.blocks(6, at: 1)
        let reports = try network.calls(Governance.reportVersion.number, at: 0)
        #expect(reports.count == 4)
        #expect(Set(reports.map(\.body.sender)).count == 4)

        let from = try network.node(0).view.tip.height.advanced(by: 1_000)
        let action = Action.activate(Activation(version, from: from))
        try await network.send(Governance.propose.call(on: WellKnown.governance, Propose(action)), by: 0)
        for member in 1...2 {
            try await network.send(Governance.approve.call(on: WellKnown.governance, ProposalID(0)), by: member)
        }
        try await eventually("the version is about to become active") {
            let key = Directory.activeVersions.stateKey(missing, at: WellKnown.governance)
            let active = try network.node(0).view.state.value(key).map { try ActiveVersion(bcs: $0) }
            return active?.next == version.version && active?.from == from
        }
        await network.stop([0, 1, 2, 3])
    }

    /// Carried beside the release's own contracts.
    private enum Second: Contract {
        static let name = "second"
        static let version: UInt32 = 1
        static let summary = "One more contract."
        static var calls: [CallDeclaration] { [] }
        static var rejections: [RejectionKind] { [] }
    }

    /// A partner may send ten transactions an hour; its reports take one of them.
    @Test(.timeLimit(.minutes(2))) func reportsKeepWithinTheQuota() async throws {
        let network = try DutyNetwork { suite in
            suite.contracts.removeAll { $0.name == Community.name }
            suite.parameters.quotaTransactions = 10
            suite.parameters.quotaWindowMilliseconds = 3_600_000
        }
        network.release = Release(
            ContractSuite.release.contracts + [ContractDefinition(Second.self, sources: .zero)])
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        try await eventually("each has reported once") {
            try network.calls(Governance.reportVersion.number, at: 0).count >= 4
        }
        try await network.blocks(10, at: 0)
        let reports = try network.calls(Governance.reportVersion.number, at: 0)
        #expect(reports.count == 4, "one of ten transactions each, though two versions are owed")
        #expect(await (try network.reporter(0)).counters.due == 1)
        await network.stop([0, 1, 2, 3])
    }

    /// A second process with a validator's key makes the evidence against it: its operator is told.
    @Test(.timeLimit(.minutes(2))) func aMisusedKeyIsNoticedByItsOwner() async throws {
        let network = try DutyNetwork()
        try network.prepare()
        try await network.start([0, 1, 2, 3])
        try await network.blocks(1, at: 3)
        let signer = try #require(network.genesis.validators.index(ofPartner: "partner-3"))
        let votes = [UInt8(1), 2].map { mark in
            Vote(
                signing: VotePayload(
                    network: network.genesis.network, epoch: Epoch(0), kind: .notarize, view: View(1),
                    digest: SHA256.hash([mark])), signer: UInt16(signer), key: network.members[3].consensus)
        }
        let evidence = try #require(Evidence(votes[0], votes[1]))
        for queue in network.queues { queue?.add(evidence) }
        try await eventually("partner 3 notices") { await (try network.reporter(3)).isKeyMisused }
        try await eventually("it is reported") { try record(network, at: 0, View(1)) != nil }
        #expect(await (try network.reporter(0)).isKeyMisused == false)
        await network.stop([0, 1, 2, 3])
    }
}
