import Foundation
import NIOSSL
import Primitives
import TestSupport
import Testing

@testable import Transport

@Suite struct IdentityTests {
    private let golden = """
        -----BEGIN CERTIFICATE-----
        MIIBeTCCAR+gAwIBAgIUUbcXyG6a+ENYcgBgowG4bOs+47wwCgYIKoZIzj0EAwIw
        ETEPMA0GA1UEAwwGZ29sZGVuMCAXDTI2MTEyMTA5NDA0OVoYDzIxMjYxMDI4MDk0
        MDQ5WjARMQ8wDQYDVQQDDAZnb2xkZW4wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
        AAQjD3rkRJRwE9V8yRpgxgifQanFjnJPgHYb/CCOJMLM9qbMFvIncnSvlSecvcG2
        /KUkWlhKTwmk+k9mmYlvQVexo1MwUTAdBgNVHQ4EFgQUJYiKS8xrFKzQ3FssLO4w
        B54HaZswHwYDVR0jBBgwFoAUJYiKS8xrFKzQ3FssLO4wB54HaZswDwYDVR0TAQH/
        BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA45gKaRfk7XTddTcp04dydWva8aWq
        dHqGf3pc84qCuGQCICBuJ/AL69zOM80XbHNpxFeurMcDc0ygSj37GuhpF/T7
        -----END CERTIFICATE-----
        """

    /// `openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | sha256sum` gives the same.
    @Test func thePinIsTheHashOfTheKeyInfo() throws {
        let certificate = try #require(try NIOSSLCertificate.fromPEMBytes(Array(golden.utf8)).first)
        #expect(
            TransportIdentity.peer(ofCertificate: try certificate.toDERBytes())?.description
                == "dff8832f709aee9881ff4eed7275dc28167d9f6c81956264dd44e6869dd10570")
    }

    @Test func aGeneratedIdentityReadsBack() throws {
        let identity = try TransportIdentity.generate()
        #expect(try TransportIdentity(pem: identity.pem).peer == identity.peer)
        #expect(try TransportIdentity.generate().peer != identity.peer)
        let certificate = try #require(try NIOSSLCertificate.fromPEMBytes(Array(identity.pem.utf8)).first)
        let key = try certificate.extractPublicKey().toSPKIBytes()
        #expect(SubjectPublicKeyInfo.bytes(ofCertificate: try certificate.toDERBytes()) == key)
        #expect(!"\(identity)".contains("PRIVATE"))
    }

    @Test func aForeignKeyIsRefused() throws {
        let (a, b) = (try TransportIdentity.generate(), try TransportIdentity.generate())
        let key = try #require(b.pem.range(of: "-----BEGIN PRIVATE KEY-----"))
        let certificate = try #require(a.pem.range(of: "-----BEGIN PRIVATE KEY-----"))
        let mixed = a.pem[..<certificate.lowerBound] + b.pem[key.lowerBound...]
        #expect(throws: (any Error).self) { try TransportIdentity(pem: String(mixed)) }
        #expect(throws: (any Error).self) { try TransportIdentity(pem: "no PEM at all") }
    }

    @Test func arbitraryBytesAreNoCertificate() throws {
        let certificate = try #require(try NIOSSLCertificate.fromPEMBytes(Array(golden.utf8)).first).toDERBytes()
        for seed in 0..<UInt64(2000) {
            var random = SeededGenerator(seed: seed)
            var bytes = Array(certificate.prefix(Int.random(in: 0...certificate.count, using: &random)))
            for _ in 0..<Int.random(in: 0...4, using: &random) where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = SubjectPublicKeyInfo.bytes(ofCertificate: bytes)
        }
    }
}
