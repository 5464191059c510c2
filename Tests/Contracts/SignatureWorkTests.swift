import ContractHost
import ContractKit
import LedgerCrypto
import Primitives
import Testing

/// The price of signature checks against their times, measured in turn in one run.
@Suite struct SignatureWorkTests {
    static func signed(_ digest: Digest) throws -> [(key: PublicKey, signature: Signature)] {
        let secp = ContractTestBench.key(of: "work")
        let organisation = Organisation(name: "work")
        let edwards = organisation.ed25519()
        // Made once with OpenSSL over SHA-256 of a byte 1; low-s.
        let point = "03cfa4ccd2e76f01679c19616b312f8b90800eaf60b57544cd6cf9a1e43c4f0fac"
        let raw =
            "3f9c3ea849d18b2a93bdd478f9d92f5574c931d873a5b4f4473dc9066ffc901a"
            + "3f5b0464b4fbb2af8d42802aca46a52c3968bd2ec47047d86f1d70b4a17499c5"
        let p256 = try #require(Hex.decode(point).flatMap { PublicKey(scheme: .p256, bytes: $0) })
        return [
            (secp.publicKey, secp.sign(digest)), (edwards, try #require(organisation.sign(edwards, digest))),
            (p256, try #require(Hex.decode(raw).flatMap(Signature.init))),
        ]
    }

    /// A check costs at least two thirds of what its time beside secp256k1's says: room for a loaded machine.
    @Test func noSchemeIsCheaperThanItsTime() throws {
        let digest = SHA256.hash([1])
        let signed = try Self.signed(digest)
        var best = [Duration](repeating: .seconds(1), count: signed.count)
        let clock = ContinuousClock()
        for _ in 0..<400 {
            for (index, one) in signed.enumerated() {
                var isRight = false
                let time = clock.measure {
                    isRight = SignatureVerifier.verify(one.signature, by: one.key, over: digest)
                }
                #expect(isRight)
                best[index] = min(best[index], time)
            }
        }
        let work = signed.map { Double(Context.signatureWork($0.key.scheme)) }
        for index in signed.indices {
            let measured = best[index] / best[0]
            #expect(work[index] / work[0] >= measured * 2 / 3, "\(signed[index].key.scheme): \(measured), \(best)")
        }
    }
}
