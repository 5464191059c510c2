internal import COpenSSL
package import Primitives

/// SHA-256 (FIPS 180-4) through OpenSSL's libcrypto, which uses the processor's SHA extensions.
package enum SHA256 {
    package static func hash(_ bytes: [UInt8]) -> Digest {
        Digest { out in cw_sha256(bytes, bytes.count, out) }
    }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
        Digest { out in cw_sha256(bytes.baseAddress, bytes.count, out) }
    }

    /// `H(prefix || bytes)` without building the concatenation.
    package static func hash(prefix: [UInt8], _ bytes: [UInt8]) -> Digest { hash(prefix: prefix, bytes[...]) }

    package static func hash(prefix: [UInt8], _ bytes: ArraySlice<UInt8>) -> Digest {
        bytes.withUnsafeBytes { tail in
            Digest { out in cw_sha256_2(prefix, prefix.count, tail.baseAddress, tail.count, out) }
        }
    }

    /// `H(prefix || digest || bytes)` without building the concatenation.
    package static func hash(prefix: [UInt8], _ digest: Digest, _ bytes: ArraySlice<UInt8>) -> Digest {
        digest.withUnsafeBytes { middle in
            bytes.withUnsafeBytes { tail in
                Digest { out in
                    cw_sha256_3(
                        prefix, prefix.count, middle.baseAddress, middle.count, tail.baseAddress, tail.count, out)
                }
            }
        }
    }

    /// `H(tag || left || right)`: an inner node of both Merkle trees.
    package static func node(tag: UInt8, _ left: Digest, _ right: Digest) -> Digest {
        left.withUnsafeBytes { leftBytes in
            right.withUnsafeBytes { rightBytes in
                Digest { out in cw_sha256_node(tag, leftBytes.baseAddress, rightBytes.baseAddress, out) }
            }
        }
    }

    /// HMAC-SHA-256 (RFC 2104), e.g. for the salts of settlement leaves.
    package static func hmac(key: [UInt8], _ message: [UInt8]) -> Digest {
        Digest { out in
            var length: UInt32 = 32
            _ = HMAC(EVP_sha256(), key, Int32(clamping: key.count), message, message.count, out, &length)
        }
    }
}
