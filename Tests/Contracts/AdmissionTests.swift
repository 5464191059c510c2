import Anchors
import Chain
import ContractHost
import ContractKit
import ContractSuite
import Governance
import Identity
import LedgerCrypto
import Primitives
import Testing

@Suite struct AdmissionTests {
    static let write = Probe.write.call(on: Probe.first, ProbeNumber(1))

    func refusal(
        _ bench: ContractTestBench, _ body: TransactionBody
    ) throws -> UInt16? {
        let transaction = try Transaction(bytes: body.bcs + [UInt8](repeating: 0, count: 64))
        return try bench.admission(of: transaction)?.code
    }

    @Test func anotherNetworkIsRefused() throws {
        let bench = try Probe.bench()
        let body = TransactionBody(
            network: .zero, sender: ContractTestBench.key(of: "borealis").publicKey,
            expiry: bench.nextBlock.time, salt: 1, calls: [Self.write])
        #expect(try refusal(bench, body) == HostRejection.wrongNetwork.code)
    }

    @Test(arguments: [(-1, false), (0, true), (600_000, true), (600_001, false)])
    func expiryLiesWithinTenMinutes(offset: Int64, isAdmitted: Bool) throws {
        let bench = try Probe.bench()
        let expiry = Timestamp(UInt64(Int64(bench.nextBlock.time.value) + offset))
        let body = TransactionBody(
            network: bench.network, sender: ContractTestBench.key(of: "borealis").publicKey, expiry: expiry, salt: 1,
            calls: [Self.write])
        #expect(try refusal(bench, body) == (isAdmitted ? nil : HostRejection.expired.code))
    }

    @Test func strangersAndPartnersWithoutRoleAreRefused() throws {
        var bench = try Probe.bench()
        for name in ["stranger", "idle"] {
            let transaction = try bench.transaction([Self.write], as: name)
            #expect(try bench.admission(of: transaction)?.code == HostRejection.senderUnknown.code)
            // Such a transaction makes the whole block invalid.
            #expect(rejectionCode { try bench.runBlock([transaction]) } == HostRejection.notPermitted.code)
        }
    }

    @Test func theQuotaHoldsPerWindowAndAlsoInsideABlock() throws {
        var bench = try Consortium.bench { $0.parameters.quotaTransactions = 10 }
        let put = Call(instance: WellKnown.registry, method: 1, arguments: [])
        var many: [Transaction] = []
        for _ in 0..<12 { many.append(try bench.transaction([put], as: "village")) }
        let codes = try bench.runBlock(many).map { $0.rejection?.code }
        #expect(codes.prefix(10).allSatisfy { $0 == HostRejection.malformedArguments.code })
        #expect(codes.suffix(2).allSatisfy { $0 == HostRejection.quotaExceeded.code })
        let late = try bench.transaction([put], as: "village")
        #expect(try bench.admission(of: late)?.code == HostRejection.quotaExceeded.code)
        // Others are not touched, and the next window is open again.
        let other = try bench.transaction([put], as: "metrics")
        #expect(try bench.admission(of: other) == nil)
        bench.advance(milliseconds: 60_000)
        let next = try bench.transaction([put], as: "village")
        #expect(try bench.admission(of: next) == nil)
    }

    @Test func aDelegateActsForThePartnerWithItsRolesUntilTheEnd() throws {
        var bench = try Consortium.bench()
        let key = ContractTestBench.key(of: "a server of metrics")
        let call = Call(instance: WellKnown.registry, method: 1, arguments: [])
        func code(_ bench: inout ContractTestBench, actor: String?) throws -> UInt16? {
            let transaction = try bench.transaction([call], as: "", key: key, actor: actor)
            return try bench.admission(of: transaction)?.code
        }
        #expect(try code(&bench, actor: "metrics") == HostRejection.senderUnknown.code)
        let expiry = bench.time.adding(milliseconds: 100_000)
        try bench.send(
            Identity.delegate, to: WellKnown.identity,
            Delegate(key: key.publicKey, roles: .dataProvider, expiry: expiry), as: "metrics")
        #expect(try code(&bench, actor: "metrics") == nil)
        #expect(try code(&bench, actor: nil) == HostRejection.senderUnknown.code)
        #expect(try code(&bench, actor: "readers") == HostRejection.senderUnknown.code)
        // A delegate does not delegate further.
        #expect(
            rejectionCode {
                try bench.send(
                    Identity.delegate, to: WellKnown.identity,
                    Delegate(key: key.publicKey, roles: .dataProvider, expiry: expiry), as: "", key: key,
                    actor: "metrics")
            } == HostRejection.notAuthorised.code)
        bench.advance(milliseconds: 200_000)
        #expect(try code(&bench, actor: "metrics") == HostRejection.senderUnknown.code)
    }

    /// The council replaces keys that were stolen: what the thief delegated ends with them, and nothing else does.
    @Test func aDelegateEndsWithTheKeysThatMadeIt() throws {
        var bench = try Consortium.bench()
        let key = ContractTestBench.key(of: "a server of metrics")
        let call = Call(instance: WellKnown.registry, method: 1, arguments: [])
        func code(_ bench: inout ContractTestBench) throws -> UInt16? {
            let transaction = try bench.transaction([call], as: "", key: key, actor: "metrics")
            return try bench.admission(of: transaction)?.code
        }
        func delegate(_ bench: inout ContractTestBench, with own: Secp256k1.SecretKey) throws {
            let expiry = bench.time.adding(milliseconds: 86_400_000)
            try bench.send(
                Identity.delegate, to: WellKnown.identity,
                Delegate(key: key.publicKey, roles: .dataProvider, expiry: expiry), as: "", key: own, actor: nil)
        }
        let (old, new) = (ContractTestBench.key(of: "metrics"), ContractTestBench.key(of: "metrics anew"))
        try delegate(&bench, with: old)
        #expect(try code(&bench) == nil)
        // One of others does not touch it.
        let other = ContractTestBench.key(of: "readers anew").publicKey
        #expect(try bench.enact(.replaceKeys(id: "readers", keys: [other])) == .enacted(bench.height))
        #expect(try code(&bench) == nil)
        #expect(try bench.enact(.replaceKeys(id: "metrics", keys: [new.publicKey])) == .enacted(bench.height))
        #expect(try code(&bench) == HostRejection.senderUnknown.code)
        #expect(rejectionCode { try delegate(&bench, with: old) } != nil)
        try delegate(&bench, with: new)
        #expect(try code(&bench) == nil)
    }

    /// A thief may have put a key of his own in the validator's place: the partner replaces it at once, not a day later.
    @Test func whoGotNewKeysRotatesTheValidatorsAtOnce() throws {
        var bench = try Consortium.bench()
        func rotate(_ name: String, with key: Secp256k1.SecretKey, _ bench: inout ContractTestBench) -> UInt16? {
            let claim = GovernanceTests.claim("draco", bench, key: name)
            return rejectionCode {
                try bench.send(
                    Governance.rotateValidator, to: WellKnown.governance, claim, as: "", key: key, actor: nil)
            }
        }
        let (old, new) = (ContractTestBench.key(of: "draco"), ContractTestBench.key(of: "draco anew"))
        #expect(rotate("thief", with: old, &bench) == nil)
        #expect(rotate("again", with: old, &bench) == Governance.rotatedRecently.code)
        #expect(try bench.enact(.replaceKeys(id: "draco", keys: [new.publicKey])) == .enacted(bench.height))
        #expect(rotate("draco anew", with: new, &bench) == nil)
        #expect(rotate("draco again", with: new, &bench) == Governance.rotatedRecently.code)
    }

    /// A key that was delegated for something else erases no data, registers no keys, and takes no proposal back.
    @Test func aDelegateMayDoWhatItsRoleSays() throws {
        var bench = try Consortium.bench { suite in
            suite.partners = suite.partners.map {
                $0.id == "aurora" ? Consortium.partner("aurora", [.council, .validator, .dataProvider, .issuer]) : $0
            }
        }
        let (agent, uploader) = (ContractTestBench.key(of: "agent"), ContractTestBench.key(of: "uploader"))
        for (key, roles) in [(agent, Roles.issuer), (uploader, .dataProvider)] {
            let expiry = bench.time.adding(milliseconds: 1_000_000)
            try bench.send(
                Identity.delegate, to: WellKnown.identity,
                Delegate(key: key.publicKey, roles: roles, expiry: expiry), as: "aurora")
        }
        func code<Arguments, Output>(
            _ method: Method<Arguments, Output>, _ instance: Address, _ arguments: Arguments,
            _ key: Secp256k1.SecretKey?
        ) -> UInt16? {
            rejectionCode {
                if let key {
                    try bench.send(method, to: instance, arguments, as: "", key: key, actor: "aurora")
                } else {
                    try bench.send(method, to: instance, arguments, as: "aurora")
                }
            }
        }
        let refused = HostRejection.notAuthorised.code
        #expect(code(Anchors.register, WellKnown.anchors, RegisterDataSet(name: "readings", schema: "x"), nil) == nil)
        let batches = AppendBatches(dataSet: "readings", batches: [AnchorsTests.batch(1), AnchorsTests.batch(2)])
        #expect(code(Anchors.append, WellKnown.anchors, batches, nil) == nil)
        let deletions = [1, 2].map { DeleteBatch(batch: AnchorsTests.digest($0), reason: 7) }
        #expect(code(Anchors.tombstone, WellKnown.anchors, deletions[0], agent) == refused)
        let put = RegistryPut(name: "endpoint", value: [1])
        #expect(code(Registry.put, WellKnown.registry, put, agent) == refused)
        #expect(code(Registry.put, WellKnown.registry, put, nil) == nil)
        #expect(code(Anchors.tombstone, WellKnown.anchors, deletions[0], uploader) == nil)
        let secret = ContractTestBench.key(of: "signing")
        let digest = AddSigningKey.signingDigest(network: bench.network, partner: "aurora", key: secret.publicKey)
        let signingKey = AddSigningKey(key: secret.publicKey, proof: secret.sign(digest))
        let revocation = RevokeSigningKey(key: secret.publicKey)
        #expect(code(Identity.addSigningKey, WellKnown.identity, signingKey, uploader) == refused)
        #expect(code(Identity.addSigningKey, WellKnown.identity, signingKey, nil) == nil)
        #expect(code(Identity.revokeSigningKey, WellKnown.identity, revocation, uploader) == refused)
        #expect(code(Governance.propose, WellKnown.governance, Propose(.suspend(id: "metrics")), nil) == nil)
        #expect(code(Governance.withdraw, WellKnown.governance, ProposalID(0), agent) == refused)
        // Who is no data provider any more has its data erased by its own key.
        let roles = Action.changePartner(id: "aurora", name: "A", roles: [.council, .validator, .issuer])
        guard case .enacted = try bench.enact(roles) else {
            Issue.record("the roles were not changed")
            return
        }
        #expect(code(Anchors.tombstone, WellKnown.anchors, deletions[1], uploader) == HostRejection.senderUnknown.code)
        #expect(code(Anchors.tombstone, WellKnown.anchors, deletions[1], agent) == refused)
        #expect(code(Anchors.tombstone, WellKnown.anchors, deletions[1], nil) == nil)
    }

    @Test func aRoleLostInTheSameBlockCounts() throws {
        var bench = try Consortium.bench()
        let key = ContractTestBench.key(of: "metrics")
        let fresh = ContractTestBench.key(of: "metrics/fresh")
        let proof = fresh.sign(
            AddKey.signingDigest(network: bench.network, partner: "metrics", key: fresh.publicKey))
        try bench.send(
            Governance.addKey, to: WellKnown.governance, AddKey(key: fresh.publicKey, proof: proof), as: "metrics")
        let remove = Governance.removeKey.call(on: WellKnown.governance, RemoveKey(key: key.publicKey))
        let first = try bench.transaction([remove], as: "metrics")
        let second = try bench.transaction([remove], as: "metrics")
        let codes = try bench.runBlock([first, second]).map { $0.rejection?.code }
        #expect(codes == [nil, HostRejection.senderUnknown.code])
    }
}
