import Chain
import ContractHost
import ContractKit
import ContractSuite
import Governance
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Random proposals, approvals, withdrawals and waiting, against a model of Governance in a few plain values. After
/// every step the invariants at the head of Governance.swift are checked over the whole state.
@Suite struct GovernanceModelTests {
    struct Model {
        enum Status: Equatable { case open, approved, closed }
        struct Proposal {
            var action: Action
            var proposer: String
            var approvals: Set<String>
            var status: Status
            var due: UInt64
        }
        var roles: [String: Roles]
        var suspended: Set<String> = []
        var validators: Set<String>
        var proposals: [Proposal] = []

        var council: [String] {
            roles.keys.filter { roles[$0]?.contains(.council) ?? false && !suspended.contains($0) }.sorted()
        }

        func isApproved(_ index: Int) -> Bool {
            let members = council
            return proposals[index].approvals.intersection(members).count * 3 >= members.count * 2
        }

        /// Applies an action as the rules have it; false when it must be refused.
        mutating func perform(_ action: Action) -> Bool {
            var next = self
            switch action {
            case .addPartner(let partner):
                if next.roles[partner.id] != nil { return false }
                next.roles[partner.id] = partner.roles
            case .changePartner(let id, _, let roles):
                guard next.roles[id] != nil, !roles.isEmpty else { return false }
                if validators.contains(id) && !roles.contains(.validator) { return false }
                next.roles[id] = roles
            case .suspend(let id):
                guard next.roles[id] != nil, next.suspended.insert(id).inserted else { return false }
            case .reinstate(let id):
                guard next.suspended.remove(id) != nil else { return false }
            case .removeValidator(let id):
                guard next.validators.remove(id) != nil, !next.validators.isEmpty else { return false }
            default: return false
            }
            if next.council.isEmpty { return false }
            self = next
            return true
        }
    }

    static func randomAction(_ generator: inout SeededGenerator) -> Action {
        let id = (Consortium.council + ["n0", "n1", "n2", "metrics"])[Int(generator.next() % 8)]
        switch generator.next() % 6 {
        case 0: return .addPartner(Consortium.partner("n\(generator.next() % 3)", [.council, .participant]))
        case 1:
            let choices: [Roles] = [[.council, .validator], .validator, .participant, [.council]]
            return .changePartner(id: id, name: "Changed", roles: choices[Int(generator.next() % 4)])
        case 2: return .suspend(id: id)
        case 3, 4: return .reinstate(id: id)
        default: return .removeValidator(partner: id)
        }
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func randomOperationsFollowTheModel(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var bench = try Consortium.bench { $0.parameters.proposalLifetimeMilliseconds = 200_000 }
        var model = Model(
            roles: Dictionary(uniqueKeysWithValues: Consortium.partners.map { ($0.id, $0.roles) }),
            validators: Set(Consortium.council))
        for step in 0..<160 {
            let people = model.roles.keys.sorted()
            let actor = people[Int(generator.next() % UInt64(people.count))]
            let open = model.proposals.indices.filter { model.proposals[$0].status == .open }
            let target = open.isEmpty ? 0 : open[Int(generator.next() % UInt64(open.count))]
            let isMember = model.council.contains(actor)
            switch generator.next() % 10 {
            case 0, 1, 2:
                let action = Self.randomAction(&generator)
                let id = try? bench.send(Governance.propose, to: WellKnown.governance, Propose(action), as: actor)
                settle(&model, at: bench.time.value)
                // The sender's role counts after the scheduled calls of the block.
                if bench.lastReceipt != nil, id != nil {
                    #expect(isMember)
                    model.proposals.append(
                        Model.Proposal(
                            action: action, proposer: actor, approvals: [actor], status: .open,
                            due: bench.time.value + 200_000))
                    decide(&model, model.proposals.count - 1, bench)
                }
            case 3, 4, 5, 6, 7:
                let done = rejectionCode {
                    try bench.send(Governance.approve, to: WellKnown.governance, ProposalID(UInt64(target)), as: actor)
                }
                settle(&model, at: bench.time.value)
                if done == nil {
                    #expect(isMember && model.proposals[target].status == .open)
                    #expect(model.proposals[target].approvals.insert(actor).inserted)
                    decide(&model, target, bench)
                }
            case 8:
                let done = rejectionCode {
                    try bench.send(
                        Governance.withdraw, to: WellKnown.governance, ProposalID(UInt64(target)), as: actor)
                }
                settle(&model, at: bench.time.value)
                if done == nil {
                    #expect(model.proposals[target].proposer == actor)
                    model.proposals[target].status = .closed
                }
            default:
                bench.advance(milliseconds: generator.next() % 30_000)
                try bench.runBlock()
                settle(&model, at: bench.time.value)
            }
            try check(bench, model, "seed \(seed), step \(step)")
        }
    }

    /// An approval may be the one that was missing.
    func decide(_ model: inout Model, _ index: Int, _ bench: ContractTestBench) {
        guard model.isApproved(index) else { return }
        model.proposals[index].status = .approved
        model.proposals[index].due = bench.time.value + 10_000
    }

    /// What the scheduled calls of a block at `time` do, in order of time and then of scheduling.
    func settle(_ model: inout Model, at time: UInt64) {
        let due = model.proposals.indices.filter {
            model.proposals[$0].status != .closed && model.proposals[$0].due <= time
        }.sorted { model.proposals[$0].due < model.proposals[$1].due }
        for index in due {
            let proposal = model.proposals[index]
            if proposal.status == .approved, model.isApproved(index) { _ = model.perform(proposal.action) }
            model.proposals[index].status = .closed
        }
    }

    func check(_ bench: ContractTestBench, _ model: Model, _ place: Comment) throws {
        let context = bench.reading(WellKnown.governance)
        let ids = try Governance.partnerIDs.page(limit: 256, in: context)
        #expect(ids == model.roles.keys.sorted(), place)
        var owners: [PublicKey: String] = [:]
        for id in ids {
            let partner = try #require(try bench.partner(id))
            #expect(partner.roles == model.roles[id], place)
            #expect(partner.isSuspended == model.suspended.contains(id), place)
            #expect((1...8).contains(partner.keys.count), place)
            for key in partner.keys {
                #expect(owners.updateValue(id, forKey: key) == nil, place)
                #expect(try context.holder(of: key) == id, place)
            }
        }
        #expect(try Governance.council.page(limit: 64, in: context) == model.council, place)
        #expect(!model.council.isEmpty, place)
        let validators = try Governance.validatorIDs.page(limit: 256, in: context)
        #expect(validators == model.validators.sorted(), place)
        #expect(bench.validators.validators.map(\.partner) == validators, place)
        for id in validators {
            #expect(try bench.partner(id)?.roles.contains(.validator) == true, place)
            #expect(try Governance.validators.get(id, in: context)?.partner == id, place)
        }
        for (index, proposal) in model.proposals.enumerated() {
            let stored = try #require(try Governance.proposals.get(UInt64(index), in: context))
            switch proposal.status {
            case .open: #expect(stored.status == .open, place)
            case .approved: if case .approved = stored.status {} else { Issue.record(place) }
            case .closed:
                switch stored.status {
                case .open, .approved: Issue.record(place)
                default: break
                }
            }
        }
    }
}
