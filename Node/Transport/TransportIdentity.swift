internal import COpenSSL
internal import LedgerCrypto
internal import NIOCore
internal import NIOSSL
package import Primitives

package struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// A node's TLS key (P-256) with its self-signed certificate. Nothing in the certificate counts but its key: peers pin
/// the SHA-256 of the DER SubjectPublicKeyInfo, so names and dates are without meaning.
package struct TransportIdentity: Sendable, CustomStringConvertible {
    package let peer: Digest
    /// Certificate and private key (PKCS #8), PEM. Secret.
    package let pem: String

    /// Reads what `pem` holds. Throws when a part is missing or the key is not the certificate's.
    package init(pem: String) throws {
        self.pem = pem
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8))
        guard let first = certificates.first, let key = TransportIdentity.peer(ofCertificate: try first.toDERBytes())
        else { throw TransportError("the transport identity holds no certificate") }
        peer = key
        _ = try NIOSSLContext(configuration: try serverConfiguration())
    }

    package static func generate() throws -> TransportIdentity {
        guard let pem = selfSigned() else { throw TransportError("OpenSSL could not make a transport key") }
        return try TransportIdentity(pem: pem)
    }

    /// The name of whoever holds the key of a DER certificate, nil for other bytes.
    package static func peer(ofCertificate der: [UInt8]) -> Digest? {
        SubjectPublicKeyInfo.bytes(ofCertificate: der).map { SHA256.hash($0) }
    }

    package var description: String { "transport identity \(peer)" }

    private static func selfSigned() -> String? {
        guard let key = cw_p256_generate(), let certificate = X509_new() else { return nil }
        defer {
            EVP_PKEY_free(key)
            X509_free(certificate)
        }
        var serial = [UInt8](repeating: 0, count: 16)
        guard RAND_bytes(&serial, Int32(serial.count)) == 1 else { return nil }
        serial[0] &= 0x7f
        guard let number = BN_bin2bn(serial, Int32(serial.count), nil) else { return nil }
        defer { BN_free(number) }
        let lifetimeSeconds = 100 * 365 * 86_400
        guard X509_set_version(certificate, 2) == 1,
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil,
            X509_gmtime_adj(X509_getm_notBefore(certificate), -86_400) != nil,
            X509_gmtime_adj(X509_getm_notAfter(certificate), lifetimeSeconds) != nil,
            X509_set_pubkey(certificate, key) == 1, let name = X509_get_subject_name(certificate),
            X509_NAME_add_entry_by_txt(name, "CN", asciiStringType, "commonwatt node", -1, -1, 0) == 1,
            X509_set_issuer_name(certificate, name) == 1, X509_sign(certificate, key, EVP_sha256()) > 0
        else { return nil }
        return text { PEM_write_bio_X509($0, certificate) }.flatMap { certificateText in
            text { PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) }.map { certificateText + $0 }
        }
    }

    private static func text(_ write: (OpaquePointer) -> Int32) -> String? {
        guard let memory = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(memory) }
        guard write(memory) == 1 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = BIO_read(memory, &bytes, Int32(bytes.count))
        return count > 0 ? String(decoding: bytes[..<Int(count)], as: UTF8.self) : nil
    }

    func serverConfiguration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(pem.utf8), format: .pem)),
            trustRoots: .certificates([]))
        TransportIdentity.restrict(&configuration)
        return configuration
    }

    func clientConfiguration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)).map { .certificate($0) }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(pem.utf8), format: .pem))
        configuration.trustRoots = .certificates([])
        // The pin replaces the chain and the host name; `.none` would skip the callback that checks it.
        configuration.certificateVerification = .noHostnameVerification
        TransportIdentity.restrict(&configuration)
        return configuration
    }

    private static func restrict(_ configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = .tlsv13
        configuration.curves = [.x25519, .secp256r1]
        configuration.applicationProtocols = ["commonwatt/1"]
        configuration.shutdownTimeout = .milliseconds(500)
    }
}

private let asciiStringType: Int32 = 0x1001

/// The public key part of a certificate, cut out without interpreting it.
enum SubjectPublicKeyInfo {
    /// The DER element of the SubjectPublicKeyInfo (RFC 5280 section 4.1), nil when the bytes are no certificate.
    static func bytes(ofCertificate der: [UInt8]) -> [UInt8]? {
        guard let certificate = element(der, 0, tag: 0x30), let body = element(der, certificate.content, tag: 0x30)
        else { return nil }
        var offset = body.content
        if offset < der.count, der[offset] == 0xa0 {
            guard let version = element(der, offset, tag: 0xa0) else { return nil }
            offset = version.end
        }
        // Serial number, signature algorithm, issuer, validity, subject.
        for tag: UInt8 in [0x02, 0x30, 0x30, 0x30, 0x30] {
            guard let skipped = element(der, offset, tag: tag) else { return nil }
            offset = skipped.end
        }
        guard let key = element(der, offset, tag: 0x30), key.end <= body.end else { return nil }
        return Array(der[offset..<key.end])
    }

    private static func element(_ der: [UInt8], _ start: Int, tag: UInt8) -> (content: Int, end: Int)? {
        guard start + 1 < der.count, der[start] == tag else { return nil }
        var length = Int(der[start + 1])
        var content = start + 2
        if length >= 0x80 {
            let count = length & 0x7f
            guard (1...3).contains(count), content + count <= der.count else { return nil }
            length = 0
            for byte in der[content..<content + count] { length = length << 8 | Int(byte) }
            content += count
        }
        guard length <= der.count - content else { return nil }
        return (content, content + length)
    }
}
