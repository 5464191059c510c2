import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing

private struct VectorFile: Decodable {
    struct Group: Decodable {
        struct Key: Decodable {
            let uncompressed: String?
            let pk: String?
        }
        struct Case: Decodable {
            let tcId: Int
            let flags: [String]
            let msg: String
            let sig: String
            let result: String
        }
        let publicKey: Key
        let tests: [Case]
    }
    let numberOfTests: Int
    let testGroups: [Group]

    init(_ name: String) throws {
        let data = try Shared.data("vectors/wycheproof/testvectors_v1/\(name).json")
        self = try JSONDecoder().decode(VectorFile.self, from: data)
    }
}

/// Half of the group orders, big-endian: the largest s that counts as low.
private let halfOrders: [SignatureScheme: String] = [
    .secp256k1: "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0",
    .p256: "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8",
]

private func isLow(_ signature: [UInt8], _ scheme: SignatureScheme) -> Bool {
    let half = halfOrders[scheme].flatMap(Hex.decode) ?? []
    return !half.lexicographicallyPrecedes(signature[32...])
}

private func compressed(_ uncompressed: String?, _ scheme: SignatureScheme) throws -> PublicKey {
    let bytes = try #require(uncompressed.flatMap(Hex.decode))
    try #require(bytes.count == 65 && bytes[0] == 4)
    return try #require(PublicKey(scheme: scheme, bytes: [bytes[64] % 2 == 0 ? 2 : 3] + bytes[1...32]))
}

/// `r || s` of a strict DER signature with positive numbers of at most 32 bytes; nil for anything else. A stand-in
/// for the wire format of Bitcoin: ledger signatures always have 64 bytes.
private func fromDER(_ der: [UInt8]) -> [UInt8]? {
    guard der.count >= 8, der.count <= 72, der[0] == 0x30, Int(der[1]) == der.count - 2 else { return nil }
    var rest = der[2...]
    var out: [UInt8] = []
    for _ in 0..<2 {
        guard rest.count >= 3, rest.popFirst() == 0x02, let length = rest.popFirst().map(Int.init), length > 0,
            length <= rest.count
        else { return nil }
        var number = rest.prefix(length)
        rest = rest.dropFirst(length)
        guard let first = number.first, first < 0x80 else { return nil }
        if first == 0, number.count > 1 {
            number = number.dropFirst()
            guard let second = number.first, second >= 0x80 else { return nil }
        }
        guard number.count <= 32 else { return nil }
        out += [UInt8](repeating: 0, count: 32 - number.count) + number
    }
    return rest.isEmpty ? out : nil
}

@Suite(.enabled(if: Shared.isPresent)) struct WycheproofTests {
    private struct Rules {
        let scheme: SignatureScheme
        let ledger: (Signature, PublicKey, Digest) -> Bool
        let standard: (Signature, PublicKey, Digest) -> Bool
    }

    private static func rules(_ scheme: SignatureScheme) -> Rules {
        Rules(
            scheme: scheme, ledger: { SignatureVerifier.verify($0, by: $1, over: $2) },
            standard: { signature, key, digest in
                scheme == .p256
                    ? P256.verifyRaw(signature, by: key, over: digest)
                    : Secp256k1.VerifyingKey(key)?.verifyRaw(signature, digest) ?? false
            })
    }

    /// The raw verify follows the standard; the ledger's rule is the same without high s.
    @Test(arguments: [
        ("ecdsa_secp256k1_sha256_p1363_test", SignatureScheme.secp256k1),
        ("ecdsa_secp256r1_sha256_p1363_test", SignatureScheme.p256),
    ]) func ecdsa(name: String, scheme: SignatureScheme) throws {
        let file = try VectorFile(name)
        let rules = WycheproofTests.rules(scheme)
        var done = 0
        var refusedForHighS = 0
        for group in file.testGroups {
            let key = try compressed(group.publicKey.uncompressed, scheme)
            for test in group.tests {
                done += 1
                let digest = SHA256.hash(try #require(Hex.decode(test.msg)))
                let isValid = test.result == "valid"
                guard let signature = Signature(try #require(Hex.decode(test.sig))) else {
                    #expect(!isValid, "test \(test.tcId)")
                    continue
                }
                #expect(rules.standard(signature, key, digest) == isValid, "test \(test.tcId)")
                let low = isLow(signature.bytes, scheme)
                #expect(rules.ledger(signature, key, digest) == (isValid && low), "test \(test.tcId)")
                if isValid && !low { refusedForHighS += 1 }
            }
        }
        #expect(done == file.numberOfTests)
        #expect(refusedForHighS > 0, "the difference between the two rules is not exercised")
    }

    /// Bitcoin's file asks for strict DER and low s: the ledger's rule agrees with all of it, and the raw verify
    /// differs in its two signatures with high s only.
    @Test func bitcoin() throws {
        let file = try VectorFile("ecdsa_secp256k1_sha256_bitcoin_test")
        let rules = WycheproofTests.rules(.secp256k1)
        var done = 0
        var refusedForHighS = 0
        for group in file.testGroups {
            let key = try compressed(group.publicKey.uncompressed, .secp256k1)
            for test in group.tests {
                done += 1
                let digest = SHA256.hash(try #require(Hex.decode(test.msg)))
                let isValid = test.result == "valid"
                guard let signature = fromDER(try #require(Hex.decode(test.sig))).flatMap({ Signature($0) }) else {
                    #expect(!isValid, "test \(test.tcId)")
                    continue
                }
                #expect(rules.ledger(signature, key, digest) == isValid, "test \(test.tcId)")
                let standard = rules.standard(signature, key, digest)
                #expect(isValid == (standard && isLow(signature.bytes, .secp256k1)), "test \(test.tcId)")
                if standard && !isValid { refusedForHighS += 1 }
            }
        }
        #expect(done == file.numberOfTests)
        #expect(refusedForHighS == 2)
    }

    /// Strict Ed25519 agrees with every vector: the file's valid ones use canonical points of full order only.
    @Test func ed25519() throws {
        let file = try VectorFile("ed25519_test")
        var done = 0
        for group in file.testGroups {
            let bytes = try #require(group.publicKey.pk.flatMap(Hex.decode))
            let key = try #require(PublicKey(scheme: .ed25519, bytes: bytes))
            for test in group.tests {
                done += 1
                let message = try #require(Hex.decode(test.msg))
                let signature = Signature(try #require(Hex.decode(test.sig)))
                let accepted = signature.map { Ed25519.verify($0, by: key, message: message) } ?? false
                #expect(accepted == (test.result == "valid"), "test \(test.tcId) \(test.flags)")
            }
        }
        #expect(done == file.numberOfTests)
    }
}

@Suite struct SignatureTests {
    /// Points of small order and encodings of y >= p are refused as key and as R, though other verifiers take them.
    @Test(arguments: [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]) func weakPointsAreRefused(hex: String) throws {
        let point = try #require(Hex.decode(hex))
        let weak = try #require(PublicKey(scheme: .ed25519, bytes: point))
        // With a key of small order, S = 0 and a fitting R satisfy the equation for some message.
        for r in [point, [1] + [UInt8](repeating: 0, count: 31)] {
            let forged = try #require(Signature(r + [UInt8](repeating: 0, count: 32)))
            for number in 0..<16 as Range<UInt8> {
                #expect(!Ed25519.verify(forged, by: weak, message: [number]))
            }
        }
    }

    @Test func signaturesOfAllSchemesVerifyAndDoNotMix() throws {
        let digest = SHA256.hash(Array("message".utf8))
        let secret = try #require(Secp256k1.SecretKey(SHA256.hash([1]).bytes))
        let seed = SHA256.hash([2]).bytes
        let edKey = try #require(Ed25519.publicKey(seed: seed))
        let edSignature = try #require(Ed25519.sign(digest.bytes, seed: seed))
        #expect(SignatureVerifier.verify(secret.sign(digest), by: secret.publicKey, over: digest))
        #expect(SignatureVerifier.verify(edSignature, by: edKey, over: digest))
        #expect(!SignatureVerifier.verify(edSignature, by: secret.publicKey, over: digest))
        #expect(!SignatureVerifier.verify(secret.sign(digest), by: edKey, over: digest))
        #expect(!SignatureVerifier.verify(secret.sign(digest), by: secret.publicKey, over: SHA256.hash([3])))
        let wrongCurve = try #require(PublicKey(scheme: .p256, bytes: secret.publicKey.bytes))
        #expect(!SignatureVerifier.verify(secret.sign(digest), by: wrongCurve, over: digest))
        #expect(Secp256k1.SecretKey([UInt8](repeating: 0, count: 32)) == nil)
        #expect(Secp256k1.SecretKey([UInt8](repeating: 0xff, count: 32)) == nil)
        #expect(Secp256k1.SecretKey([1]) == nil)
        #expect(!"\(secret)".contains(Hex.encode(secret.bytes)))
    }

    /// RFC 6979 makes signing deterministic: the known vector for key 1 and "Satoshi Nakamoto" (Bitcoin's test suites).
    @Test func signingIsDeterministic() throws {
        let secret = try #require(Secp256k1.SecretKey([UInt8](repeating: 0, count: 31) + [1]))
        let signature = secret.sign(SHA256.hash(Array("Satoshi Nakamoto".utf8)))
        #expect(
            Hex.encode(signature.bytes)
                == "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
                + "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5")
    }

    @Test func randomBytesNeverTrap() throws {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<Fuzz.count(300) {
            let scheme = SignatureScheme.allCases[Int.random(in: 0..<3, using: &random)]
            let key = try #require(PublicKey(scheme: scheme, bytes: random.bytes(scheme.publicKeyByteCount)))
            let signature = try #require(Signature(random.bytes(64)))
            #expect(!SignatureVerifier.verify(signature, by: key, over: SHA256.hash(random.bytes(3))))
        }
    }
}
