import Chain
import ContractHost
import ContractKit
import ContractSuite
import Governance
import LedgerCrypto
import Primitives
import Testing

@Suite struct GovernanceTests {
    static let newcomer = Consortium.partner("elmo", [.validator, .council])

    static func claim(_ partner: String, _ bench: ContractTestBench, key: String? = nil) -> ValidatorClaim {
        ValidatorClaim(
            network: bench.network, partner: partner,
            consensusKey: ContractTestBench.consensusKey(of: key ?? partner),
            transportKey: SHA256.hash(Array("transport \(key ?? partner)".utf8)))
    }

    static func version(_ number: UInt32, _ name: String = "anchors") -> ContractVersion {
        ContractVersion(name, number, sources: SHA256.hash([UInt8(truncatingIfNeeded: number)]))
    }

    @Test func genesisWritesPartnersValidatorsAndVersions() throws {
        let bench = try Consortium.bench()
        let context = bench.reading(WellKnown.governance)
        #expect(try bench.partner("aurora")?.roles == [.council, .validator, .attester])
        #expect(try context.holder(of: ContractTestBench.key(of: "gridco").publicKey) == "gridco")
        #expect(try Governance.council.page(limit: 64, in: context) == Consortium.council)
        #expect(try Governance.validatorIDs.page(limit: 64, in: context) == Consortium.council)
        #expect(try Directory.activeVersions.get("governance", in: context)?.current == 2)
        let list = try bench.ask(Governance.partnersQuery, of: WellKnown.governance, PartnerPage(from: ""))
        #expect(list.partners.map(\.id) == Consortium.partners.map(\.id).sorted())
    }

    @Test func aProposalNeedsTwoThirdsAndTheDelay() throws {
        var bench = try Consortium.bench()
        let action = Action.addPartner(Self.newcomer)
        let id = try bench.send(Governance.propose, to: WellKnown.governance, Propose(action), as: "aurora")
        func status() throws -> Proposal.Status {
            try bench.ask(Governance.proposalQuery, of: WellKnown.governance, id).status
        }
        try bench.send(Governance.approve, to: WellKnown.governance, id, as: "borealis")
        #expect(try status() == .open)
        try bench.send(Governance.approve, to: WellKnown.governance, id, as: "draco")
        #expect(try status() == .approved(enactAt: bench.time.adding(milliseconds: 10_000)))
        bench.advance(milliseconds: 8_000)
        try bench.runBlock()
        #expect(try bench.partner("elmo") == nil)
        try bench.runBlock()
        #expect(try status() == .enacted(bench.height))
        #expect(try bench.partner("elmo") == Self.newcomer)
        // The newcomer acts at once.
        try bench.send(
            Governance.reportSynced, to: WellKnown.governance, SyncReport(height: bench.height), as: "elmo")
    }

    @Test func anUnapprovedProposalExpires() throws {
        var bench = try Consortium.bench()
        let id = try bench.send(
            Governance.propose, to: WellKnown.governance, Propose(.suspend(id: "metrics")), as: "aurora")
        bench.advance(milliseconds: NetworkParameters().proposalLifetimeMilliseconds)
        try bench.runBlock()
        #expect(try bench.ask(Governance.proposalQuery, of: WellKnown.governance, id).status == .expired)
    }

    /// What is withdrawn, approved or expired is open no more; others have their own number.
    @Test func openProposalsAreBoundedByMember() throws {
        var bench = try Consortium.bench()
        let instance = WellKnown.governance
        func propose(_ partner: String) -> UInt16? {
            rejectionCode {
                try bench.send(Governance.propose, to: instance, Propose(.suspend(id: "metrics")), as: partner)
            }
        }
        for _ in 0..<Governance.openProposalsMax { #expect(propose("aurora") == nil) }
        #expect(propose("aurora") == Governance.tooManyProposals.code)
        #expect(propose("borealis") == nil)
        try bench.send(Governance.withdraw, to: instance, ProposalID(0), as: "aurora")
        #expect(propose("aurora") == nil && propose("aurora") == Governance.tooManyProposals.code)
        for partner in ["borealis", "cygnus"] {
            try bench.send(Governance.approve, to: instance, ProposalID(1), as: partner)
        }
        #expect(propose("aurora") == nil && propose("aurora") == Governance.tooManyProposals.code)
        bench.advance(milliseconds: NetworkParameters().proposalLifetimeMilliseconds)
        for _ in 0..<3 { try bench.runBlock() }
        for _ in 0..<Governance.openProposalsMax { #expect(propose("aurora") == nil) }
        #expect(propose("aurora") == Governance.tooManyProposals.code)
    }

    /// The call that closes a proposal was refused, or waits: nobody approves it after its time, and any partner closes it.
    @Test(arguments: [true, false])
    func aProposalEndsWithoutItsCall(isRefused: Bool) throws {
        var bench = try Consortium.bench()
        let instance = WellKnown.governance
        let id = try bench.send(Governance.propose, to: instance, Propose(.suspend(id: "metrics")), as: "aurora")
        func status() throws -> Proposal.Status { try bench.ask(Governance.proposalQuery, of: instance, id).status }
        func code(_ method: Method<ProposalID, Nothing>, by partner: String) -> UInt16? {
            rejectionCode { try bench.send(method, to: instance, id, as: partner) }
        }
        #expect(code(Governance.approve, by: "borealis") == nil)
        #expect(code(Governance.expire, by: "readers") == HostRejection.notPermitted.code)
        bench.advance(milliseconds: NetworkParameters().proposalLifetimeMilliseconds)
        let key = Directory.parameters.stateKey(at: instance)
        let parameters = bench.state.values[key]
        if isRefused {
            var none = NetworkParameters()
            none.transactionWorkMax = 1
            bench.overwrite(key, none.bcs)
        } else {
            bench.parameters.scheduledCallsMax = 0
        }
        try bench.runBlock()
        bench.overwrite(key, parameters)
        #expect(try status() == .open)
        #expect(code(Governance.approve, by: "cygnus") == Governance.proposalClosed.code)
        #expect(code(Governance.enact, by: "cygnus") == HostRejection.notPermitted.code)
        for _ in 0..<2 { #expect(code(Governance.expire, by: "readers") == nil) }
        bench.parameters.scheduledCallsMax = ChainParameters().scheduledCallsMax
        try bench.runBlock()
        #expect(try bench.scheduledReceipts.isEmpty && status() == .expired)
        #expect(code(Governance.approve, by: "cygnus") == Governance.proposalClosed.code)
    }

    @Test func theCouncilOfTheMomentDecides() throws {
        var bench = try Consortium.bench()
        let first = try bench.send(
            Governance.propose, to: WellKnown.governance, Propose(.suspend(id: "cygnus")), as: "aurora")
        try bench.send(Governance.approve, to: WellKnown.governance, first, as: "borealis")
        try bench.send(Governance.approve, to: WellKnown.governance, first, as: "draco")
        bench.advance(milliseconds: 5_000)
        let second = try bench.send(
            Governance.propose, to: WellKnown.governance, Propose(.addPartner(Self.newcomer)), as: "cygnus")
        for id in ["draco", "aurora"] { try bench.send(Governance.approve, to: WellKnown.governance, second, as: id) }
        bench.advance(milliseconds: 6_000)
        try bench.runBlock()
        #expect(try bench.partner("cygnus")?.isSuspended == true)
        bench.advance(milliseconds: 20_000)
        try bench.runBlock()
        // Two approvals of three present members are two thirds.
        #expect(try bench.partner("elmo") != nil)
    }

    @Test func validatorsJoinLeaveAndRotate() throws {
        var bench = try Consortium.bench()
        let newcomer = Consortium.partner("elmo", [.validator, .participant])
        #expect(try bench.enact(.addPartner(newcomer)) == .enacted(bench.height))
        // Not synchronised yet.
        #expect(try bench.enact(.addValidator(Self.claim("elmo", bench))) == .failed(code: Governance.notSynced.code))
        let id = try bench.send(
            Governance.propose, to: WellKnown.governance, Propose(.addValidator(Self.claim("elmo", bench))),
            as: "aurora")
        try bench.send(
            Governance.reportSynced, to: WellKnown.governance, SyncReport(height: bench.height.next), as: "elmo")
        for member in ["borealis", "cygnus"] {
            try bench.send(Governance.approve, to: WellKnown.governance, id, as: member)
        }
        bench.advance(milliseconds: 20_000)
        try bench.runBlock()
        #expect(bench.epoch == Epoch(1))
        #expect(bench.validators.validators.map(\.partner) == Consortium.council + ["elmo"])
        // Rotation changes the next set at once, and only once an hour.
        let rotated = Self.claim("elmo", bench, key: "elmo's next")
        try bench.send(Governance.rotateValidator, to: WellKnown.governance, rotated, as: "elmo")
        #expect(bench.epoch == Epoch(2))
        #expect(bench.validators.validators.last == rotated.validator)
        #expect(try bench.enact(.removeValidator(partner: "aurora")) == .enacted(bench.height))
        #expect(bench.epoch == Epoch(3))
        #expect(bench.validators.count == 4)
        // Old sets stay known.
        let context = bench.reading(WellKnown.governance)
        #expect(try Governance.epochCounts.get(Epoch(1), in: context)?.count == 5)
        #expect(try Governance.epochValidators.get(Pair(Epoch(0), 0), in: context)?.partner == "aurora")
    }

    @Test func evidenceIsCheckedAndStoredOnce() throws {
        var bench = try Consortium.bench()
        func vote(_ kind: VoteKind, _ byte: UInt8, by partner: String = "borealis") -> Vote {
            let payload = VotePayload(
                network: bench.network, epoch: Epoch(0), kind: kind, view: View(7),
                digest: kind == .nullify ? .zero : SHA256.hash([byte]))
            return Vote(signing: payload, signer: 1, key: ContractTestBench.consensusKey(of: partner))
        }
        let evidence = try #require(Evidence(vote(.notarize, 1), vote(.notarize, 2)))
        let first = try bench.send(
            Governance.reportEvidence, to: WellKnown.governance, EvidenceReport(evidence), as: "aurora")
        #expect(first.isNew)
        let before = bench.state
        let again = try bench.send(
            Governance.reportEvidence, to: WellKnown.governance, EvidenceReport(evidence), as: "cygnus")
        #expect(!again.isNew)
        #expect(bench.lastReceipt?.events.isEmpty == true)
        let record = try Governance.evidence.get(
            Pair(Epoch(0), Pair(7, 1)), in: bench.reading(WellKnown.governance))
        #expect(record?.partner == "borealis" && record?.reporter == "aurora")
        #expect(before.values.count + 1 == bench.state.values.count, "only the reporter's quota is new")
        // Finalize with nullify is one, too.
        let other = try #require(Evidence(vote(.finalize, 1), vote(.nullify, 0)))
        #expect(other.first.view == View(7))
    }

    @Test func aVersionBecomesActiveAtItsHeight() throws {
        var bench = try Consortium.bench()
        let next = Self.version(2)
        func report(_ partners: [String]) throws {
            for partner in partners {
                try bench.send(Governance.reportVersion, to: WellKnown.governance, next, as: partner)
            }
        }
        try report(["aurora", "borealis", "cygnus"])
        let early = Action.activate(Activation(next, from: bench.height.advanced(by: 50)))
        #expect(try bench.enact(early) == .failed(code: Governance.versionNotReported.code))
        try report(["draco"])
        let from = bench.height.advanced(by: 6)
        #expect(try bench.enact(.activate(Activation(next, from: from))) == .enacted(bench.height))
        let active = try Directory.activeVersions.get("anchors", in: bench.reading(WellKnown.governance))
        #expect(active?.version(at: Height(from.value - 1)) == 1)
        #expect(active?.version(at: from) == 2)
        // This release does not carry version 2: at that height the node stops instead of guessing.
        while bench.height < Height(from.value - 1) { try bench.runBlock() }
        let call = Call(instance: WellKnown.anchors, method: 1, arguments: [])
        #expect(rejectionCode { try bench.send([call], as: "metrics") } == HostRejection.localFailure.code)
    }

    @Test func parametersChange() throws {
        var bench = try Consortium.bench()
        var parameters = NetworkParameters()
        parameters.quotaTransactions = 77
        #expect(try bench.enact(.setParameters(parameters)) == .enacted(bench.height))
        #expect(try Directory.parameters.get(in: bench.reading(WellKnown.governance)) == parameters)
    }

    @Test func theCouncilSaysWhereANodeStands() throws {
        var bench = try Consortium.bench()
        let german = try #require(CountryCode("DE"))
        #expect(try bench.reading(WellKnown.governance).country(of: "metrics") == nil)
        #expect(try bench.enact(.locate(id: "metrics", country: german)) == .enacted(bench.height))
        #expect(try bench.reading(WellKnown.anchors).country(of: "metrics") == german)
        let nobody = try bench.enact(.locate(id: "nobody", country: german))
        #expect(nobody == .failed(code: Governance.partnerUnknown.code))
        for text in ["", "D", "de", "DEU", "D1", "ÄÖ"] { #expect(CountryCode(text) == nil) }
        #expect(throws: BCSError.self) { try Action(bcs: [9, 1, 97, 2, 100, 101]) }
    }
}
