import Accounts
import Chain
import ContractHost
import ContractKit
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// Random steps of accounts against an independent model: what the model forbids is refused, what it allows happens.
@Suite struct AccountModelTests {
    struct Model {
        var status = "none"
        var roles: MarketRoles = []
        /// Roles of contracts that wait for the holder, by number.
        var offered: [UInt16: MarketRoles] = [:]
        var contracts: UInt16 = 0
        var administrators: Set<Int> = []
        var members: [Int: MarketRoles] = [:]
        var wasConfirmed = false
        /// Judgements over an operator that wait for a second one, by step: which judge, when, and for which reason.
        var waiting: [String: (judge: Int, time: UInt64, reason: UInt16)] = [:]

        /// Whether its DID is deactivated.
        var isEnded = false
        /// The administrator that two operators let take out what it has, and whom one of them would.
        var released: Int?
        var release: (actor: Int, judge: Int, time: UInt64, reason: UInt16)?

        func isAdministrator(_ actor: Int) -> Bool { (actor == 0 && !isEnded) || administrators.contains(actor) }
        func takesOut(_ actor: Int) -> Bool {
            guard isAdministrator(actor), allows(actor, .billing) else { return false }
            if status == "revoked" { return isEnded ? released == actor : actor == 0 }
            return status == "active"
        }
        func allows(_ actor: Int, _ capability: Capabilities) -> Bool {
            if isAdministrator(actor) { return MatrixTests.isAllowed(capability, roles) }
            return members[actor].map { MatrixTests.isAllowed(capability, $0.intersection(roles)) } ?? false
        }
        func isActor(_ actor: Int) -> Bool { isAdministrator(actor) || members[actor] != nil }
    }

    static let roles: [MarketRoles] = [.dataProvider, .serviceProvider, .dataUser, .serviceUser]

    /// A step that was tried: on which organisation, whether the model allows it, what the chain said.
    struct Tried {
        let name: String
        let index: Int
        let isAllowed: Bool
        let code: UInt16?
        let after: Model
    }

    struct Walk {
        var generator: SeededGenerator
        var market: Market
        let judges: [Party]
        /// Three actors of each organisation; actor 0 is the DID's own key.
        let parties: [[Party]]
        let organisations: [Organisation]
        var models: [Model]

        init(seed: UInt64) throws {
            generator = SeededGenerator(seed: seed)
            market = try Market()
            judges = [
                try market.organisation("judge", .marketOperator), try market.organisation("assessor", .marketOperator),
            ]
            organisations = (0..<4).map { Organisation(name: "o\($0)") }
            for organisation in organisations { try market.register(organisation) }
            parties = organisations.map { organisation in
                let own = Party(organisation)
                return [own, Party("a\(organisation.name)", for: own), Party("b\(organisation.name)", for: own)]
            }
            models = organisations.map { _ in Model() }
            // The last one is an operator itself.
            let last = models.count - 1
            let open = Market.opening(parties[last][0], .dataProvider, .organisation)
            try market.bench.send(Accounts.open, to: WellKnown.accounts, open, as: "aurora")
            let confirmation = try market.confirmation(parties[last][0])
            try market.bench.send(Accounts.confirm, to: WellKnown.accounts, confirmation, as: "village")
            for member in ["aurora", "borealis", "cygnus"] {
                let vote = VoteOperator(account: parties[last][0].holder, isOperator: true)
                try market.bench.send(Accounts.voteOperator, to: WellKnown.accounts, vote, as: member)
            }
            models[last].status = "active"
            models[last].roles = [.dataProvider, .marketOperator]
            models[last].contracts = 1
            models[last].administrators = [0]
            models[last].wasConfirmed = true
        }

        var now: UInt64 { market.bench.nextBlock.time.value }

        mutating func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }

        /// Nil when the dice gave nothing to try.
        mutating func step() throws -> Tried? {
            let index = pick(4)
            switch pick(14) {
            case 10: if pick(8) == 0 { endDID(index) }
            case 11, 12: return takeOut(index)
            case 13: return release(index)
            case 0: return open(index)
            case 1: return confirm(index)
            case 2: return addContract(index)
            case 3, 4: return suspendOrReinstate(index)
            // Rare, since it is final.
            case 5: return pick(models[index].isEnded ? 2 : 5) == 0 ? revoke(index) : nil
            case 6: return setActor(index)
            case 9:
                market.bench.advance(milliseconds: UInt64(pick(4)) * Timestamp.dayMilliseconds)
            default: return act(index)
            }
            return nil
        }

        private mutating func endDID(_ index: Int) {
            guard !models[index].isEnded, models[index].wasConfirmed else { return }
            let organisation = organisations[index]
            let signed = organisation.signer(market.bench).deactivate(
                organisation.did.digest, at: 1, by: organisation.ed25519())
            #expect(market.bench.identity(Identity.deactivate, signed) == nil)
            models[index].isEnded = true
        }

        private mutating func takeOut(_ index: Int) -> Tried {
            let model = models[index]
            let actor = pick(3)
            let code = market.code(Asker.takeOut, .billing, by: parties[index][actor], on: Asker.address)
            return Tried(
                name: "takeOut \(model.isEnded)", index: index, isAllowed: model.takesOut(actor), code: code,
                after: model)
        }

        private mutating func release(_ other: Int) -> Tried {
            // One for which it makes a difference, where there is one.
            let index = models.firstIndex { $0.status == "revoked" && $0.isEnded } ?? other
            var model = models[index]
            let (actor, judge, reason) = (pick(2), pick(2), UInt16(1 + pick(2)))
            var isAllowed =
                model.status == "revoked" && model.isEnded && model.administrators.contains(actor)
            if isAllowed {
                if let first = model.release, now <= first.time + 7 * Timestamp.dayMilliseconds {
                    isAllowed = first.judge != judge && first.actor == actor && first.reason == reason
                    if isAllowed { (model.released, model.release) = (actor, nil) }
                } else {
                    model.release = (actor, judge, now, reason)
                }
            }
            let body = ReleaseAccount(
                account: parties[index][0].holder, key: parties[index][actor].key, reason: reason)
            let code = market.code(Accounts.release, body, by: judges[judge], on: WellKnown.accounts)
            return Tried(name: "release", index: index, isAllowed: isAllowed, code: code, after: model)
        }

        private mutating func open(_ index: Int) -> Tried {
            // Until its confirmation an account is nobody's.
            var model = models[index].wasConfirmed ? models[index] : Model()
            model.isEnded = models[index].isEnded
            let isAllowed = !model.wasConfirmed && !model.isEnded
            guard isAllowed || model.wasConfirmed else {
                // Nobody speaks for a DID that has ended: what was there stays.
                let code = market.plainCode(
                    Accounts.open, Market.opening(parties[index][0], .dataUser, .organisation), as: "aurora",
                    on: WellKnown.accounts)
                return Tried(name: "open", index: index, isAllowed: false, code: code, after: models[index])
            }
            let role = AccountModelTests.roles[pick(4)]
            let opening = Market.opening(parties[index][0], role, .organisation)
            let code = market.plainCode(Accounts.open, opening, as: "aurora", on: WellKnown.accounts)
            if isAllowed {
                model.status = "pending"
                model.offered[0] = role
                model.contracts = 1
            }
            return Tried(name: "open", index: index, isAllowed: isAllowed, code: code, after: model)
        }

        private mutating func confirm(_ index: Int) -> Tried? {
            var model = models[index]
            let number = UInt16(pick(3))
            let isAllowed =
                model.offered[number] != nil && model.status == (number == 0 ? "pending" : "active")
                && !model.isEnded
            guard let confirmation = try? market.confirmation(parties[index][0], number: number) else { return nil }
            let code = market.plainCode(Accounts.confirm, confirmation, as: "village", on: WellKnown.accounts)
            if isAllowed {
                model.status = "active"
                if number == 0 { model.administrators = [0] }
                model.wasConfirmed = true
                model.roles.formUnion(model.offered.removeValue(forKey: number) ?? [])
            }
            return Tried(name: "confirm", index: index, isAllowed: isAllowed, code: code, after: model)
        }

        private mutating func addContract(_ index: Int) -> Tried {
            var model = models[index]
            let role = AccountModelTests.roles[pick(4)]
            // Of one issuer eight wait at most; the first contract is another one's.
            let waiting = model.offered.keys.count { $0 > 0 }
            let isAllowed = model.status == "active" && !model.roles.contains(role) && waiting < 8
            let more = AddContract(holder: parties[index][0].holder, credential: .zero, roles: role)
            let code = market.plainCode(Accounts.addContract, more, as: "borealis", on: WellKnown.accounts)
            if isAllowed {
                model.offered[model.contracts] = role
                model.contracts += 1
            }
            return Tried(name: "addContract", index: index, isAllowed: isAllowed, code: code, after: model)
        }

        private mutating func suspendOrReinstate(_ index: Int) -> Tried {
            var model = models[index]
            let reason = UInt16(1 + pick(2))
            let target = AccountJudgement(account: parties[index][0].holder, reason: reason)
            let isSuspension = pick(2) == 0
            let isPossible = model.status == (isSuspension ? "active" : "suspended")
            let method = isSuspension ? Accounts.suspend : Accounts.reinstate
            let name = isSuspension ? "suspend" : "reinstate"
            let judge = pick(2)
            let (isAllowed, counts) = judged(&model, name, by: judge, reason, isPossible: isPossible)
            let code = market.code(method, target, by: judges[judge], on: WellKnown.accounts)
            if counts { model.status = isSuspension ? "suspended" : "active" }
            return Tried(name: name, index: index, isAllowed: isAllowed, code: code, after: model)
        }

        /// Whether an operator's judgement is taken, and whether it counts at once: over an operator the second one does,
        /// for the same reason.
        private func judged(
            _ model: inout Model, _ step: String, by judge: Int, _ reason: UInt16, isPossible: Bool
        ) -> (isAllowed: Bool, counts: Bool) {
            guard isPossible else { return (false, false) }
            guard model.roles.contains(.marketOperator) else { return (true, true) }
            if let first = model.waiting[step], now <= first.time + 7 * Timestamp.dayMilliseconds {
                guard first.judge != judge, first.reason == reason else { return (false, false) }
                model.waiting[step] = nil
                return (true, true)
            }
            model.waiting[step] = (judge, now, reason)
            return (true, false)
        }

        private mutating func revoke(_ index: Int) -> Tried {
            var model = models[index]
            let actor = pick(3)
            let isOwn = pick(2) == 0
            let canBe = model.status != "none" && model.status != "revoked"
            let judge = pick(2)
            var isAllowed =
                canBe && !["pending", "suspended"].contains(model.status) && model.isAdministrator(actor)
            var counts = isAllowed
            let reason = UInt16(1 + pick(2))
            if !isOwn { (isAllowed, counts) = judged(&model, "revoke", by: judge, reason, isPossible: canBe) }
            let target = AccountJudgement(account: parties[index][0].holder, reason: reason)
            let code = market.code(
                Accounts.revoke, target, by: isOwn ? parties[index][actor] : judges[judge], on: WellKnown.accounts)
            if counts { model.status = "revoked" }
            return Tried(name: "revoke", index: index, isAllowed: isAllowed, code: code, after: model)
        }

        private mutating func setActor(_ index: Int) -> Tried {
            let model = models[index]
            let (actor, other) = (pick(3), pick(3))
            let role = AccountModelTests.roles[pick(4)]
            let standing = ActorStanding.allCases[pick(3)]
            var after = model
            after.administrators.remove(other)
            after.members[other] = nil
            if standing == .administrator { after.administrators.insert(other) }
            if standing == .member { after.members[other] = role }
            let isKnown = model.administrators.contains(other) || model.members[other] != nil
            let isAllowed =
                (model.status == "active" || (standing == .out && ["suspended", "revoked"].contains(model.status)))
                && (!model.isEnded || standing == .out)
                && model.wasConfirmed && model.isAdministrator(actor) && !after.administrators.isEmpty
                && (standing != .out || isKnown) && (standing != .member || model.roles.contains(role))
                && (model.status != "revoked" || (model.isEnded ? model.released == actor : actor == 0))
            let change = SetActor(
                key: parties[index][other].key, standing: standing, roles: standing == .member ? role : [])
            let code = market.code(Accounts.setActor, change, by: parties[index][actor], on: WellKnown.accounts)
            return Tried(
                name: "setActor", index: index, isAllowed: isAllowed, code: code, after: isAllowed ? after : model)
        }

        private mutating func act(_ index: Int) -> Tried {
            let model = models[index]
            let actor = pick(3)
            let step = ["act", "takeBack", "giveBack"][pick(3)]
            let takesBack = step != "act"
            let capability = MatrixTests.table[pick(17)].0
            let fits = takesBack ? ["active", "suspended", "revoked"] : ["active"]
            // An act counts up to its time, and for at most 30 days.
            let month = Int64(30 * Timestamp.dayMilliseconds)
            let lifetime = [600_000, 600_000, 600_000, -1, 0, month, month + 1][pick(7)]
            market.actLifetime = lifetime
            defer { market.actLifetime = 600_000 }
            let isAllowed =
                fits.contains(model.status) && (takesBack || !model.isEnded) && model.allows(actor, capability)
                && (0...month).contains(lifetime)
                // What gives a revoked account's cash back takes a key that takes it out.
                && (step != "giveBack" || model.status != "revoked"
                    || (model.isEnded ? model.released == actor : actor == 0))
            let method = ["act": Asker.ask, "takeBack": Asker.takeBack][step] ?? Asker.giveBack
            let code = market.code(method, capability, by: parties[index][actor], on: Asker.address)
            return Tried(name: step, index: index, isAllowed: isAllowed, code: code, after: model)
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func randomStepsFollowTheModel(seed: UInt64) throws {
        var walk = try Walk(seed: seed)
        var allowedSteps: Set<String> = []
        var forbiddenSteps: Set<String> = []
        for step in 0..<900 {
            guard let tried = try walk.step() else { continue }
            let before = walk.models[tried.index].status
            let place: Comment =
                "seed \(seed), step \(step): \(tried.name) of \(before), code \(String(describing: tried.code))"
            #expect((tried.code == nil) == tried.isAllowed, place)
            if tried.isAllowed {
                allowedSteps.insert(tried.name)
            } else {
                forbiddenSteps.insert("\(tried.name) \(before)")
            }
            walk.models[tried.index] = tried.after
            guard tried.after.status != "none" else { continue }
            let account = try walk.market.account(walk.parties[tried.index][0])
            #expect("\(account.status)" == tried.after.status && account.roles == tried.after.roles, place)
            #expect(account.capabilities == AuthorisationMatrix.capabilities(of: tried.after.roles), place)
            #expect(Int(account.administrators) == tried.after.administrators.count, place)
            #expect(
                (account.administrators > 0) == tried.after.wasConfirmed && account.contracts == tried.after.contracts,
                place)
        }
        #expect(allowedSteps.count >= 6 && forbiddenSteps.count >= 8)
        // Most seeds reach releases, too.
        #expect(allowedSteps.contains("takeOut false") && allowedSteps.count >= 8, "seed \(seed)")
        #expect(!forbiddenSteps.isDisjoint(with: ["release active", "release revoked"]), "seed \(seed)")
    }

    /// Every step from every status, by the table and on paper.
    @Test func everyStepFromEveryStatus() {
        let allowed: [String: AccountStatus] = [
            "pending confirm": .active, "pending revoke": .revoked, "active suspend": .suspended,
            "active revoke": .revoked, "suspended reinstate": .active, "suspended revoke": .revoked,
        ]
        for status in AccountStatus.allCases {
            for step in AccountStep.allCases { #expect(status.after(step) == allowed["\(status) \(step)"]) }
        }
    }
}
