import Chain
import ContractHost
import ContractKit
import ContractSuite
import Governance
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Runs `body` and returns the number of its rejection, nil when it succeeded.
func rejectionCode(_ body: () throws -> Void) -> UInt16? {
    do {
        try body()
        return nil
    } catch let rejection as Rejection {
        return rejection.code
    } catch {
        Issue.record("not a rejection: \(error)")
        return nil
    }
}

/// A network of four council members that validate, a grid operator, two data providers and a participant.
enum Consortium {
    static let council = ["aurora", "borealis", "cygnus", "draco"]

    static func partner(_ id: String, _ roles: Roles) -> Partner {
        Partner(id: id, name: "Partner \(id)", roles: roles, keys: [ContractTestBench.key(of: id).publicKey])
    }

    static var partners: [Partner] {
        council.map { partner($0, [.council, .validator, .attester]) } + [
            partner("gridco", [.gridOperator]), partner("metrics", [.dataProvider]),
            partner("readers", [.dataProvider]), partner("village", [.communityAdministrator, .participant]),
        ]
    }

    static var suiteGenesis: SuiteGenesis {
        var genesis = SuiteGenesis(partners: partners)
        genesis.parameters.enactDelayMilliseconds = 10_000
        // Source digests change with every comment, and pinned results must not.
        let own =
            [
                ("accounts", 1), ("agreements", 1), ("anchors", 1), ("billing", 1), ("governance", 2), ("identity", 2),
                ("registry", 1),
            ] as [(String, UInt32)]
        genesis.contracts = own.map { ContractVersion($0.0, $0.1, sources: .zero) }
        return genesis
    }

    static func bench(_ change: (inout SuiteGenesis) -> Void = { _ in }) throws -> ContractTestBench {
        var suite = suiteGenesis
        change(&suite)
        return try ContractTestBench(
            application: ContractSuite.application,
            genesis: try ContractTestBench.genesis(validators: council, application: suite.bcs))
    }
}

extension ContractTestBench {
    /// Proposes as aurora, has borealis and cygnus approve, waits out the delay and returns the proposal's status.
    mutating func enact(_ action: Action) throws -> Proposal.Status {
        let id = try send(Governance.propose, to: WellKnown.governance, Propose(action), as: "aurora")
        try send(Governance.approve, to: WellKnown.governance, id, as: "borealis")
        try send(Governance.approve, to: WellKnown.governance, id, as: "cygnus")
        advance(milliseconds: 20_000)
        try runBlock()
        return try ask(Governance.proposalQuery, of: WellKnown.governance, id).status
    }

    func partner(_ id: String) throws -> Partner? {
        try Directory.partners.get(id, in: reading(WellKnown.governance))
    }
}
