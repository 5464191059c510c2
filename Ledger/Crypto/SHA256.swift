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
        key.withUnsafeBytes { key in message.withUnsafeBytes { hmac(key: key, $0) } }
    }

    /// The same of memory that is at hand.
    package static func hmac(key: UnsafeRawBufferPointer, _ message: UnsafeRawBufferPointer) -> Digest {
        // RFC 2104: a longer key is hashed first.
        guard key.count <= 64 else {
            return hash(key).withUnsafeBytes { hmac(key: $0, message) }
        }
        return Digest { out in
            cw_hmac_sha256(
                key.baseAddress?.assumingMemoryBound(to: UInt8.self), key.count, message.baseAddress, message.count,
                out)
        }
    }
}
