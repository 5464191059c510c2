import Chain
import ContractHost
import ContractKit
import Governance
import LedgerCrypto
import Primitives
import Testing

@Suite struct AttestationTests {
    static let subject = SHA256.hash([42])

    static func attest(
        _ partner: String, _ bench: ContractTestBench, key: String? = nil, subject: Digest = subject
    ) -> Attestation {
        let secret = key.map(ContractTestBench.key) ?? ContractTestBench.consensusKey(of: partner)
        return Attestation(
            signing: subject, network: bench.network, instance: WellKnown.trading, partner: partner, key: secret)
    }

    func check(
        _ bench: ContractTestBench, _ attestations: [Attestation], _ policy: AttestationPolicy = .validators
    ) throws -> AttestationRefusal? {
        try bench.reading(WellKnown.trading).check(attestations, of: Self.subject, under: policy)
    }

    @Test func aQuorumOfValidatorsSuffices() throws {
        let bench = try Consortium.bench()
        let all = Consortium.council.map { Self.attest($0, bench) }
        #expect(try check(bench, all) == nil)
        #expect(try check(bench, Array(all.dropFirst())) == nil)
        #expect(try check(bench, Array(all.prefix(2))) == .tooFew(given: 2, needed: 3))
        #expect(try check(bench, []) == .tooFew(given: 0, needed: 3))
        #expect(try check(bench, all.reversed()) == .notAscending)
        #expect(try check(bench, [all[0], all[0], all[1]]) == .notAscending)
    }

    @Test func everyAttestationMustBeRight() throws {
        let bench = try Consortium.bench()
        var all = Consortium.council.map { Self.attest($0, bench) }
        all[3] = Self.attest("draco", bench, subject: .zero)
        #expect(try check(bench, all) == .wrongSignature("draco"))
        all[3] = Self.attest("draco", bench, key: "draco")
        #expect(try check(bench, all) == nil, "a key of the partner serves as well as the validator's")
        all[3] = Self.attest("draco", bench, key: "metrics")
        #expect(try check(bench, all) == .keyNotOfPartner("draco"))
        all[3] = Self.attest("village", bench, key: "village")
        #expect(try check(bench, all) == .notNamedByPolicy("village"))
    }

    @Test func aPolicyNamesPartnersAndANumber() throws {
        var bench = try Consortium.bench()
        let policy = AttestationPolicy(attesters: ["gridco", "metrics", "readers"], threshold: 2)
        let pair = ["gridco", "readers"].map { Self.attest($0, bench, key: $0) }
        #expect(try check(bench, pair, policy) == nil)
        #expect(try check(bench, [pair[0]], policy) == .tooFew(given: 1, needed: 2))
        #expect(try bench.enact(.suspend(id: "readers")) == .enacted(bench.height))
        #expect(try check(bench, pair, policy) == .suspended("readers"))
        #expect(throws: BCSError.self) {
            try AttestationPolicy(bcs: AttestationPolicy(attesters: ["b", "a"], threshold: 1).bcs)
        }
        #expect(throws: BCSError.self) {
            try AttestationPolicy(bcs: AttestationPolicy(attesters: ["a"], threshold: 2).bcs)
        }
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 3), (4, 3), (7, 5), (10, 7)])
    func quorums(count: Int, needed: Int) {
        #expect(AttestationPolicy.validators.needed(of: count) == needed)
    }
}
