import Chain
import ContractHost
import ContractKit
import ContractSuite
import Identity
import LedgerCrypto
import Primitives
import TestSupport
import Testing

/// A contract that stands for a community: it takes and lets go meters as Trading does.
enum Village: Contract {
    static let name = "village"
    static let version: UInt32 = 1
    static let summary = "Takes meters and lets them go."
    static let take = Method<JoinMeter, Nothing>(1, "take", "Takes a meter.") { (context, meter) throws(Rejection) in
        try context.send(MeterMessages.join, to: WellKnown.identity, meter)
    }
    static let release = Method<LeaveMeter, Nothing>(2, "release", "Lets a meter go.") {
        (context, meter) throws(Rejection) in
        try context.send(MeterMessages.leave, to: WellKnown.identity, meter)
    }
    static var calls: [CallDeclaration] { [take.declaration, release.declaration] }
    static var rejections: [RejectionKind] { [] }

    static let east = Address(wellKnown: "village-east")
    static let west = Address(wellKnown: "village-west")
}

@Suite struct BindingTests {
    static let holder = SHA256.hash([1])

    static func bench() throws -> ContractTestBench {
        try ContractTestBench(
            contracts: [
                ContractDefinition(Identity.self, sources: .zero), ContractDefinition(Village.self, sources: .zero),
            ],
            partners: [
                "aurora": .validator, "gridco": .gridOperator, "otherco": .gridOperator, "metrics": .dataProvider,
                "village": .communityAdministrator,
            ],
            instances: [
                GenesisInstance(
                    WellKnown.identity, Identity.name,
                    arguments: IdentityGenesis(
                        network: "bench",
                        meters: [
                            Meter(
                                number: 900, gridOperator: "gridco", dataProvider: "metrics", holder: holder,
                                isConfirmed: true)
                        ]
                    ).bcs),
                GenesisInstance(Village.east, Village.name), GenesisInstance(Village.west, Village.name),
            ])
    }

    static func register(_ number: UInt64, _ gridOperator: String = "gridco") -> RegisterMeter {
        RegisterMeter(meter: number, gridOperator: gridOperator, dataProvider: "metrics", holder: holder)
    }

    static func send<Arguments, Output>(
        _ bench: inout ContractTestBench, _ method: Method<Arguments, Output>, _ arguments: Arguments,
        as partner: String, to instance: Address = WellKnown.identity
    ) -> UInt16? {
        rejectionCode { try bench.send(method, to: instance, arguments, as: partner) }
    }

    @Test func aMeterLivesFromRegistrationToRetirement() throws {
        var bench = try Self.bench()
        let join = JoinMeter(meter: 1, holder: Self.holder, from: Timestamp(0))
        let confirmation = ConfirmMeter(meter: 1, holder: Self.holder)
        let leave = LeaveMeter(meter: 1, until: Timestamp(5))
        let id = MeterID(meter: 1)
        #expect(Self.send(&bench, Identity.registerMeter, Self.register(1), as: "metrics") == nil)
        #expect(Self.send(&bench, Village.take, join, as: "village", to: Village.east) == Identity.notConfirmed.code)
        #expect(Self.send(&bench, Identity.confirmMeter, confirmation, as: "otherco") == Identity.notItsOperator.code)
        #expect(Self.send(&bench, Identity.confirmMeter, confirmation, as: "gridco") == nil)
        #expect(Self.send(&bench, Identity.confirmMeter, confirmation, as: "gridco") == Identity.alreadyConfirmed.code)
        let other = JoinMeter(meter: 1, holder: SHA256.hash([2]), from: Timestamp(0))
        #expect(Self.send(&bench, Village.take, other, as: "village", to: Village.east) == Identity.notConfirmed.code)
        #expect(Self.send(&bench, Village.take, join, as: "village", to: Village.east) == nil)
        #expect(try bench.ask(Identity.meterQuery, of: WellKnown.identity, id).community == Village.east)
        #expect(Self.send(&bench, Village.take, join, as: "village", to: Village.west) == Identity.inCommunity.code)
        #expect(
            Self.send(&bench, Village.release, leave, as: "village", to: Village.west) == Identity.notInCommunity.code)
        #expect(Self.send(&bench, Identity.retireMeter, id, as: "gridco") == Identity.inCommunity.code)
        #expect(Self.send(&bench, Village.release, leave, as: "village", to: Village.east) == nil)
        #expect(Self.send(&bench, Identity.retireMeter, id, as: "gridco") == nil)
        #expect(Self.send(&bench, Village.take, join, as: "village", to: Village.east) == Identity.meterRetired.code)
        #expect(Self.send(&bench, Identity.registerMeter, Self.register(1), as: "metrics") == Identity.meterExists.code)
    }

    @Test func registrationsAreRefusedToOthers() throws {
        var bench = try Self.bench()
        #expect(
            Self.send(&bench, Identity.registerMeter, Self.register(1), as: "otherco")
                == HostRejection.notAuthorised.code)
        #expect(
            Self.send(&bench, Identity.registerMeter, Self.register(1, "village"), as: "metrics")
                == Identity.partnerWithoutRole.code)
        // By the grid operator itself it is confirmed at once.
        #expect(Self.send(&bench, Identity.registerMeter, Self.register(2), as: "gridco") == nil)
        #expect(try bench.ask(Identity.meterQuery, of: WellKnown.identity, MeterID(meter: 2)).isConfirmed)
        #expect(try bench.ask(Identity.meterQuery, of: WellKnown.identity, MeterID(meter: 900)).isConfirmed)
        #expect(
            Self.send(&bench, Identity.retireMeter, MeterID(meter: 77), as: "gridco") == Identity.meterUnknown.code)
        // Only instances take meters.
        let join = JoinMeter(meter: 2, holder: Self.holder, from: Timestamp(0))
        #expect(Self.send(&bench, Identity.joinMeter, join, as: "village") == HostRejection.notPermitted.code)
        let leave = LeaveMeter(meter: 2, until: Timestamp(0))
        #expect(Self.send(&bench, Identity.leaveMeter, leave, as: "village") == HostRejection.notPermitted.code)
    }

    @Test func delegationsEnd() throws {
        var bench = try Self.bench()
        let key = ContractTestBench.key(of: "server").publicKey
        func delegation(_ milliseconds: UInt64, _ roles: Roles = .dataProvider) -> Delegate {
            Delegate(key: key, roles: roles, expiry: bench.time.adding(milliseconds: milliseconds))
        }
        var copy = bench
        #expect(Self.send(&copy, Identity.delegate, delegation(0), as: "metrics") == Identity.expiryWrong.code)
        #expect(
            Self.send(&copy, Identity.delegate, delegation(367 * 86_400_000), as: "metrics")
                == Identity.expiryWrong.code)
        #expect(
            Self.send(&copy, Identity.delegate, delegation(9_000, .council), as: "metrics")
                == Identity.partnerWithoutRole.code)
        #expect(
            Self.send(&copy, Identity.undelegate, Undelegate(key: key), as: "metrics")
                == Identity.delegationUnknown.code)
        bench = copy
        #expect(Self.send(&bench, Identity.delegate, delegation(90_000), as: "metrics") == nil)
        #expect(Self.send(&bench, Identity.undelegate, Undelegate(key: key), as: "metrics") == nil)
        let stored = try Directory.delegations.get(Pair("metrics", key), in: bench.reading(WellKnown.identity))
        #expect(stored == nil)
    }

    @Test func signingKeysAreProvedAndRevokedForEver() throws {
        var bench = try Self.bench()
        let secret = ContractTestBench.key(of: "batches")
        let digest = AddSigningKey.signingDigest(
            network: bench.network, partner: "metrics", key: secret.publicKey)
        let good = AddSigningKey(key: secret.publicKey, proof: secret.sign(digest))
        let bad = AddSigningKey(key: secret.publicKey, proof: secret.sign(.zero))
        let revoke = RevokeSigningKey(key: secret.publicKey)
        #expect(Self.send(&bench, Identity.addSigningKey, bad, as: "metrics") == Identity.proofWrong.code)
        #expect(
            Self.send(&bench, Identity.revokeSigningKey, revoke, as: "metrics") == Identity.signingKeyUnknown.code)
        #expect(Self.send(&bench, Identity.addSigningKey, good, as: "metrics") == nil)
        #expect(Self.send(&bench, Identity.addSigningKey, good, as: "metrics") == Identity.signingKeyExists.code)
        #expect(Self.send(&bench, Identity.revokeSigningKey, revoke, as: "metrics") == nil)
        #expect(
            Self.send(&bench, Identity.revokeSigningKey, revoke, as: "metrics") == Identity.signingKeyUnknown.code)
        #expect(Self.send(&bench, Identity.addSigningKey, good, as: "metrics") == Identity.signingKeyExists.code)
        let key = Pair("metrics", secret.publicKey)
        let stored = try #require(try Directory.signingKeys.get(key, in: bench.reading(WellKnown.identity)))
        #expect(stored.isValid(at: stored.since, keysReplaced: nil))
        #expect(!stored.isValid(at: bench.time, keysReplaced: nil))
    }

    /// What the council replaces the keys for: a thief's delegates and signing keys go with them, the partner's own come again.
    @Test func replacedKeysTakeTheirGrantsAlong() throws {
        var bench = try Self.bench()
        let secret = ContractTestBench.key(of: "batches")
        let proof = secret.sign(
            AddSigningKey.signingDigest(network: bench.network, partner: "metrics", key: secret.publicKey))
        let add = AddSigningKey(key: secret.publicKey, proof: proof)
        let server = ContractTestBench.key(of: "server").publicKey
        let delegate = Delegate(
            key: server, roles: .dataProvider, expiry: bench.time.adding(milliseconds: 80_000_000))
        #expect(Self.send(&bench, Identity.addSigningKey, add, as: "metrics") == nil)
        #expect(Self.send(&bench, Identity.delegate, delegate, as: "metrics") == nil)
        func areValid() throws -> [Bool?] {
            let identity = bench.reading(WellKnown.identity)
            let replaced = try identity.keysReplaced(of: "metrics")
            return [
                try Directory.signingKeys.get(Pair("metrics", secret.publicKey), in: identity)?
                    .isValid(at: bench.time, keysReplaced: replaced),
                try Directory.delegations.get(Pair("metrics", server), in: identity)?
                    .isValid(at: bench.time, keysReplaced: replaced),
            ]
        }
        #expect(try areValid() == [true, true])
        // As governance writes it when it replaces keys (`GovernanceTests`), in a block of its own.
        bench.overwrite(Directory.keysReplaced.stateKey("metrics", at: WellKnown.governance), bench.time.bcs)
        #expect(try areValid() == [false, false])
        #expect(Self.send(&bench, Identity.addSigningKey, add, as: "metrics") == nil)
        #expect(Self.send(&bench, Identity.delegate, delegate, as: "metrics") == nil)
        #expect(try areValid() == [true, true])
    }

    /// Random joins and leaves by two communities: a meter is never in both, only the one that has it lets it go, and none
    /// takes it from a time on that another one settles.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func aMeterIsInOneCommunityAtATime(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var bench = try Self.bench()
        for number in 0..<5 as Range<UInt64> {
            #expect(Self.send(&bench, Identity.registerMeter, Self.register(number), as: "gridco") == nil)
        }
        var model: [UInt64: Address] = [:]
        var free: [UInt64: UInt64] = [:]
        for _ in 0..<150 {
            let meter = generator.next() % 5
            let time = generator.next() % 20
            let village = generator.next() % 2 == 0 ? Village.east : Village.west
            if generator.next() % 2 == 0 {
                let join = JoinMeter(meter: meter, holder: Self.holder, from: Timestamp(time))
                let code = Self.send(&bench, Village.take, join, as: "village", to: village)
                #expect((code == nil) == (model[meter] == nil && time >= free[meter, default: 0]))
                if code == nil { model[meter] = village }
            } else {
                let leave = LeaveMeter(meter: meter, until: Timestamp(time))
                let code = Self.send(&bench, Village.release, leave, as: "village", to: village)
                #expect((code == nil) == (model[meter] == village))
                if code == nil {
                    model[meter] = nil
                    free[meter] = max(free[meter, default: 0], time)
                }
            }
            let context = bench.reading(WellKnown.identity)
            for number in 0..<5 as Range<UInt64> {
                #expect(try context.meter(number)?.community == model[number])
                #expect(try context.meter(number)?.freeFrom.value == free[number, default: 0])
            }
        }
    }
}
