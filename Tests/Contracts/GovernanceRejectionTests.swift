import Chain
import ContractHost
import ContractKit
import ContractSuite
import Governance
import LedgerCrypto
import Primitives
import Testing

/// Every rejection number of Governance, provoked: directly, or as the reason why an enactment failed.
@Suite struct GovernanceRejectionTests {
    typealias Scenario = (kind: RejectionKind, run: (inout ContractTestBench) throws -> UInt16?)

    static func send<Arguments, Output>(
        _ method: Method<Arguments, Output>, as partner: String,
        _ arguments: @escaping (ContractTestBench) throws -> Arguments
    ) -> (inout ContractTestBench) throws -> UInt16? {
        { bench in
            let value = try arguments(bench)
            return rejectionCode { try bench.send(method, to: WellKnown.governance, value, as: partner) }
        }
    }

    static func enact(
        _ action: @escaping (ContractTestBench) throws -> Action
    ) -> (inout ContractTestBench) throws -> UInt16? {
        { bench in
            guard case .failed(let code) = try bench.enact(try action(bench)) else { return nil }
            return code
        }
    }

    static func key(_ name: String) -> PublicKey { ContractTestBench.key(of: name).publicKey }

    static func addKey(
        _ name: String, _ bench: ContractTestBench, partner: String = "metrics"
    ) -> AddKey {
        let digest = AddKey.signingDigest(network: bench.network, partner: partner, key: key(name))
        return AddKey(key: key(name), proof: ContractTestBench.key(of: name).sign(digest))
    }

    static func evidence(_ bench: ContractTestBench, signer: UInt16, by name: String, epoch: UInt64 = 0) throws
        -> EvidenceReport
    {
        let votes = ([1, 2] as [UInt8]).map { byte in
            Vote(
                signing: VotePayload(
                    network: bench.network, epoch: Epoch(epoch), kind: .notarize, view: View(3),
                    digest: SHA256.hash([byte])),
                signer: signer, key: ContractTestBench.consensusKey(of: name))
        }
        return EvidenceReport(try #require(Evidence(votes[0], votes[1])))
    }

    static let suspendMetrics = Propose(.suspend(id: "metrics"))

    static var partners: [Scenario] {
        [
            (
                Governance.malformedPartner,
                enact { _ in .addPartner(Consortium.partner("Upper Case", .participant)) }
            ),
            (Governance.partnerExists, enact { _ in .addPartner(Consortium.partner("metrics", .participant)) }),
            (Governance.partnerUnknown, enact { _ in .suspend(id: "nobody") }),
            (
                Governance.keyInUse,
                enact { _ in
                    .addPartner(Partner(id: "thief", name: "T", roles: .participant, keys: [key("metrics")]))
                }
            ),
            (Governance.keyInUse, send(Governance.addKey, as: "metrics") { addKey("gridco", $0) }),
            (
                Governance.keyUnknown,
                send(Governance.removeKey, as: "metrics") { _ in RemoveKey(key: key("gridco")) }
            ),
            (
                Governance.keyCount,
                send(Governance.removeKey, as: "metrics") { _ in RemoveKey(key: key("metrics")) }
            ),
            (
                Governance.keyCount,
                { bench in
                    for index in 0..<7 {
                        try bench.send(
                            Governance.addKey, to: WellKnown.governance, addKey("metrics \(index)", bench),
                            as: "metrics")
                    }
                    return try send(Governance.addKey, as: "metrics") { addKey("one too many", $0) }(&bench)
                }
            ),
            (Governance.keyCount, enact { _ in .replaceKeys(id: "metrics", keys: []) }),
            (Governance.suspensionUnchanged, enact { _ in .reinstate(id: "metrics") }),
            (Governance.roleNeeded, enact { _ in .changePartner(id: "draco", name: "D", roles: .council) }),
        ]
    }

    static var proposals: [Scenario] {
        [
            (Governance.proposalUnknown, send(Governance.approve, as: "aurora") { _ in ProposalID(9) }),
            (
                Governance.proposalClosed,
                { bench in
                    let id = try bench.send(
                        Governance.propose, to: WellKnown.governance, suspendMetrics, as: "aurora")
                    try bench.send(Governance.withdraw, to: WellKnown.governance, id, as: "aurora")
                    return try send(Governance.approve, as: "borealis") { _ in id }(&bench)
                }
            ),
            (
                Governance.alreadyApproved,
                { bench in
                    let id = try bench.send(
                        Governance.propose, to: WellKnown.governance, suspendMetrics, as: "aurora")
                    return try send(Governance.approve, as: "aurora") { _ in id }(&bench)
                }
            ),
            (
                Governance.notProposer,
                { bench in
                    let id = try bench.send(
                        Governance.propose, to: WellKnown.governance, suspendMetrics, as: "aurora")
                    return try send(Governance.withdraw, as: "borealis") { _ in id }(&bench)
                }
            ),
            (
                Governance.parametersInvalid,
                send(Governance.propose, as: "aurora") { _ in
                    var parameters = NetworkParameters()
                    parameters.quotaWindowMilliseconds = 0
                    return Propose(.setParameters(parameters))
                }
            ),
            (
                Governance.parametersInvalid,
                send(Governance.propose, as: "aurora") { _ in
                    var parameters = NetworkParameters()
                    parameters.quotaWindowMilliseconds = 86_400_001
                    return Propose(.setParameters(parameters))
                }
            ),
            (
                Governance.approvalsMissing,
                { bench in
                    // Four proposals of the same block: the first three empty the council of their approvers.
                    var ids: [ProposalID] = []
                    let actions: [Action] = [
                        .changePartner(id: "aurora", name: "A", roles: [.validator]),
                        .changePartner(id: "borealis", name: "B", roles: [.validator]), suspendMetrics.action,
                    ]
                    for action in actions {
                        let id = try bench.send(
                            Governance.propose, to: WellKnown.governance, Propose(action), as: "aurora")
                        try bench.send(Governance.approve, to: WellKnown.governance, id, as: "borealis")
                        ids.append(id)
                    }
                    for id in ids { try bench.send(Governance.approve, to: WellKnown.governance, id, as: "cygnus") }
                    bench.advance(milliseconds: 60_000)
                    try bench.runBlock()
                    let last = try bench.ask(Governance.proposalQuery, of: WellKnown.governance, ids[2])
                    guard case .failed(let code) = last.status else { return nil }
                    return code
                }
            ),
        ]
    }

    static var validators: [Scenario] {
        [
            (
                Governance.validatorExists,
                enact { .addValidator(GovernanceTests.claim("aurora", $0, key: "another")) }
            ),
            (Governance.validatorUnknown, enact { _ in .removeValidator(partner: "metrics") }),
            (
                Governance.proofWrong,
                send(Governance.rotateValidator, as: "aurora") { bench in
                    let good = GovernanceTests.claim("aurora", bench, key: "next")
                    return ValidatorClaim(
                        validator: good.validator, proof: GovernanceTests.claim("aurora", bench).proof)
                }
            ),
            (
                Governance.proofWrong,
                send(Governance.addKey, as: "metrics") { addKey("fresh", $0, partner: "readers") }
            ),
            (
                Governance.validatorCount,
                { bench in
                    for id in ["draco", "cygnus", "borealis"] { _ = try bench.enact(.removeValidator(partner: id)) }
                    return try enact { _ in .removeValidator(partner: "aurora") }(&bench)
                }
            ),
            (
                Governance.notSynced,
                { bench in
                    _ = try bench.enact(.addPartner(Consortium.partner("elmo", .validator)))
                    return try enact { .addValidator(GovernanceTests.claim("elmo", $0)) }(&bench)
                }
            ),
            (
                Governance.rotatedRecently,
                { bench in
                    let claim = GovernanceTests.claim("aurora", bench, key: "next")
                    try bench.send(Governance.rotateValidator, to: WellKnown.governance, claim, as: "aurora")
                    bench.advance(milliseconds: 86_390_000)
                    return try send(Governance.rotateValidator, as: "aurora") {
                        GovernanceTests.claim("aurora", $0, key: "after")
                    }(&bench)
                }
            ),
            (
                Governance.evidenceWrong,
                send(Governance.reportEvidence, as: "aurora") { try evidence($0, signer: 1, by: "cygnus") }
            ),
            (
                Governance.evidenceUnknown,
                send(Governance.reportEvidence, as: "aurora") { try evidence($0, signer: 4, by: "cygnus") }
            ),
            (
                Governance.evidenceUnknown,
                send(Governance.reportEvidence, as: "aurora") { try evidence($0, signer: 1, by: "borealis", epoch: 9) }
            ),
            (
                Governance.heightAhead,
                send(Governance.reportSynced, as: "aurora") { SyncReport(height: $0.height.advanced(by: 2)) }
            ),
            (
                Governance.tooManyProposals,
                { bench in
                    for _ in 0..<Governance.openProposalsMax {
                        try bench.send(Governance.propose, to: WellKnown.governance, suspendMetrics, as: "aurora")
                    }
                    return rejectionCode {
                        try bench.send(Governance.propose, to: WellKnown.governance, suspendMetrics, as: "aurora")
                    }
                }
            ),
        ]
    }

    static func reported(
        _ version: ContractVersion, _ action: @escaping (ContractTestBench) -> Action
    ) -> (inout ContractTestBench) throws -> UInt16? {
        { bench in
            for partner in Consortium.council {
                try bench.send(Governance.reportVersion, to: WellKnown.governance, version, as: partner)
            }
            return try enact(action)(&bench)
        }
    }

    static var versions: [Scenario] {
        [
            (
                Governance.versionNotReported,
                enact { .activate(Activation(GovernanceTests.version(2), from: $0.height.advanced(by: 99))) }
            ),
            (
                Governance.versionNotNewer,
                reported(GovernanceTests.version(1)) {
                    .activate(Activation(GovernanceTests.version(1), from: $0.height.advanced(by: 99)))
                }
            ),
            (
                Governance.activationHeight,
                reported(GovernanceTests.version(2)) {
                    .activate(Activation(GovernanceTests.version(2), from: $0.height.advanced(by: 1)))
                }
            ),
            (
                Governance.activationHeight,
                reported(GovernanceTests.version(2)) {
                    .activate(Activation(GovernanceTests.version(2), from: $0.height.advanced(by: 10_000_100)))
                }
            ),
            (
                Governance.activationPending,
                { bench in
                    let ahead = bench.height.advanced(by: 900)
                    let first = Action.activate(Activation(GovernanceTests.version(2), from: ahead))
                    _ = try reported(GovernanceTests.version(2)) { _ in first }(&bench)
                    return try reported(GovernanceTests.version(3)) { _ in
                        .activate(Activation(GovernanceTests.version(3), from: ahead))
                    }(&bench)
                }
            ),
            (
                Governance.notValidator,
                { bench in
                    _ = try bench.enact(.addPartner(GovernanceTests.newcomer))
                    return try send(Governance.reportVersion, as: "elmo") { _ in GovernanceTests.version(2) }(&bench)
                }
            ),
            (
                Governance.contractUnknown,
                send(Governance.reportVersion, as: "aurora") { _ in GovernanceTests.version(2, "Not A Name") }
            ),
        ]
    }

    static var all: [Scenario] { partners + proposals + validators + versions }

    @Test func everyRejectionIsProvoked() throws {
        for (index, scenario) in Self.all.enumerated() {
            var bench = try Consortium.bench()
            let code = try scenario.run(&bench)
            #expect(code == scenario.kind.code, "scenario \(index), \(scenario.kind.name): \(code ?? 0)")
        }
    }

    @Test func theCouncilNeverEmpties() throws {
        // A council of one member that wants to leave.
        var bench = try Consortium.bench { genesis in
            for index in genesis.partners.indices.dropFirst() { genesis.partners[index].roles.remove(.council) }
            for index in genesis.partners.indices where genesis.partners[index].roles.isEmpty {
                genesis.partners[index].roles = .participant
            }
        }
        let id = try bench.send(
            Governance.propose, to: WellKnown.governance, Propose(.suspend(id: "aurora")), as: "aurora")
        bench.advance(milliseconds: 60_000)
        try bench.runBlock()
        let status = try bench.ask(Governance.proposalQuery, of: WellKnown.governance, id).status
        #expect(status == .failed(code: Governance.councilSize.code))
        #expect(try bench.partner("aurora")?.isSuspended == false)
    }

    @Test func noRejectionIsLeftOut() {
        let provoked = Set(Self.all.map(\.kind.code)).union([Governance.councilSize.code])
        #expect(provoked == Set(Governance.rejections.map(\.code)))
        #expect(Set(Governance.rejections.map(\.code)).count == Governance.rejections.count)
    }

    @Test func othersThanTheCouncilAreRefused() throws {
        var bench = try Consortium.bench()
        let unknown = rejectionCode {
            try bench.send(Governance.expire, to: WellKnown.governance, ProposalID(0), as: "metrics")
        }
        #expect(unknown == Governance.proposalUnknown.code)
        let open = Propose(.suspend(id: "metrics"))
        #expect(try bench.send(Governance.propose, to: WellKnown.governance, open, as: "aurora") == ProposalID(0))
        for method in [Governance.approve, Governance.enact, Governance.expire] {
            let code = rejectionCode {
                try bench.send(method, to: WellKnown.governance, ProposalID(0), as: "metrics")
            }
            #expect(code == HostRejection.notAuthorised.code || code == HostRejection.notPermitted.code)
        }
        // Initialize is no call.
        let begin = Call(instance: WellKnown.governance, method: 0, arguments: [])
        #expect(rejectionCode { try bench.send([begin], as: "aurora") } == HostRejection.unknownMethod.code)
    }
}
