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
