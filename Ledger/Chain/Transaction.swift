package import LedgerCrypto
package import Primitives

/// 20 bytes that name a contract instance. Genesis instances have the contract's name, later ones a digest prefix.
package struct Address: Hashable, Comparable, Sendable {
    package static let byteCount = 20
    package let bytes: [UInt8]

    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Address.byteCount else { return nil }
        self.bytes = bytes
    }

    /// The address of an instance made by genesis: the ASCII name, filled with zeros. At most 20 bytes are used.
    package init(wellKnown name: StaticString) {
        let ascii = name.withUTF8Buffer { Array($0.prefix(Address.byteCount)) }
        bytes = ascii + [UInt8](repeating: 0, count: Address.byteCount - ascii.count)
    }

    /// The address of an instance that a call creates: the first 20 bytes of `H("commonwatt/instance/1" || creator || nonce)`.
    package init(createdBy transaction: Digest, index: UInt32) {
        var encoder = BCSEncoder()
        encoder.fixed(Array("commonwatt/instance/1".utf8))
        encoder.fixed(transaction)
        encoder.u32(index)
        bytes = Array(SHA256.hash(encoder.bytes).bytes.prefix(Address.byteCount))
    }

    package static func < (left: Address, right: Address) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension Address: BCSCodable, CustomStringConvertible {
    package func encode(to encoder: inout BCSEncoder) { encoder.fixed(bytes) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { bytes = try decoder.fixed(Address.byteCount) }

    /// A well-known name as text, any other address as 40 hexadecimal digits.
    package var description: String {
        let name = bytes.prefix { $0 != 0 }
        let isName =
            !name.isEmpty && name.allSatisfy { (97...122).contains($0) || $0 == 45 }
            && bytes[name.count...].allSatisfy { $0 == 0 } && name.count < Address.byteCount
        return isName ? String(decoding: name, as: UTF8.self) : Hex.encode(bytes)
    }

    /// Parses what `description` writes.
    package init?(text: String) {
        if let raw = Hex.decode(text), raw.count == Address.byteCount {
            bytes = raw
            return
        }
        let ascii = Array(text.utf8)
        guard !ascii.isEmpty, ascii.count < Address.byteCount,
            ascii.allSatisfy({ (97...122).contains($0) || $0 == 45 })
        else { return nil }
        bytes = ascii + [UInt8](repeating: 0, count: Address.byteCount - ascii.count)
    }
}

/// One call: the instance, the method's number in the contract's interface, and its BCS arguments.
package struct Call: Hashable, Sendable, BCSCodable {
    package static let argumentBytesMax = 64 * 1024

    package let instance: Address
    package let method: UInt16
    package let arguments: [UInt8]

    package init(instance: Address, method: UInt16, arguments: [UInt8]) {
        self.instance = instance
        self.method = method
        self.arguments = arguments
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(instance)
        encoder.u16(method)
        encoder.blob(arguments)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        instance = try Address(from: &decoder)
        method = try decoder.u16()
        arguments = try decoder.blob(max: Call.argumentBytesMax)
    }
}

/// What a sender signs. The calls succeed or fail as one.
package struct TransactionBody: Hashable, Sendable, BCSCodable {
    package static let callsMax = 32
    package static let actorBytesMax = 128

    /// SHA-256 of the genesis: a transaction is valid on one network only.
    package let network: Digest
    package let sender: PublicKey
    /// The identifier (DID) that the sender acts for; nil for the one its key belongs to.
    package let actor: String?
    /// Block time up to which it may run; at most 10 minutes ahead when it is included.
    package let expiry: Timestamp
    /// Makes two otherwise equal transactions different.
    package let salt: UInt64
    package let calls: [Call]

    package init(
        network: Digest, sender: PublicKey, actor: String? = nil, expiry: Timestamp, salt: UInt64, calls: [Call]
    ) {
        self.network = network
        self.sender = sender
        self.actor = actor
        self.expiry = expiry
        self.salt = salt
        self.calls = calls
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(network)
        encoder.value(sender)
        encoder.bool(actor != nil)
        if let actor { encoder.string(actor) }
        encoder.value(expiry)
        encoder.u64(salt)
        encoder.vector(calls)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        network = try decoder.digest()
        sender = try PublicKey(from: &decoder)
        actor = try decoder.bool() ? try decoder.string(max: TransactionBody.actorBytesMax) : nil
        expiry = try Timestamp(from: &decoder)
        salt = try decoder.u64()
        calls = try decoder.vector(max: TransactionBody.callsMax)
        guard !calls.isEmpty else { throw decoder.failure(.invalid("a transaction needs at least one call")) }
    }
}

/// A transaction as received: `BCS(body) || signature`. Its bytes are kept, never encoded again. Holding one says that
/// the bytes are well formed, not that the signature is right: that is `SignedTransaction`.
///
/// An object, because pools, blocks and queues hand it on many times: a copy is one reference count, not one per array.
package final class Transaction: Sendable, Hashable {
    package static let byteCountMax = 96 * 1024
    /// Block time by which an expiry may lie ahead, in milliseconds.
    package static let lifetimeMillisecondsMax: UInt64 = 600_000

    package let bytes: [UInt8]
    package let body: TransactionBody
    package let signature: Signature
    /// SHA-256 of all bytes: the name of the transaction in proposals and receipts.
    package let digest: Digest
    /// What the signature covers. Replays are recognised by it, so that signing again is no new transaction.
    package let signedDigest: Digest

    package init(bytes: [UInt8]) throws(BCSError) {
        guard bytes.count <= Transaction.byteCountMax else {
            throw BCSError(.tooLong(limit: Transaction.byteCountMax), at: 0)
        }
        var decoder = BCSDecoder(bytes)
        body = try TransactionBody(from: &decoder)
        let bodyEnd = decoder.offset
        signature = try Signature(from: &decoder)
        try decoder.finish()
        self.bytes = bytes
        digest = SHA256.hash(bytes)
        signedDigest = Transaction.signedDigest(network: body.network, bodyBytes: bytes[..<bodyEnd])
    }

    /// `SHA-256("commonwatt/tx/1" || network id || body bytes)`.
    package static func signedDigest(network: Digest, bodyBytes: ArraySlice<UInt8>) -> Digest {
        SHA256.hash(prefix: SigningDomain.transaction, network, bodyBytes)
    }

    /// Signs a body with a secp256k1 key.
    package convenience init(signing body: TransactionBody, with key: Secp256k1.SecretKey) throws(BCSError) {
        let bodyBytes = body.bcs
        let digest = Transaction.signedDigest(network: body.network, bodyBytes: bodyBytes[...])
        try self.init(bytes: bodyBytes + key.sign(digest).bytes)
    }

    package static func == (left: Transaction, right: Transaction) -> Bool { left.digest == right.digest }
    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    /// Checks the signature (some 28 µs for secp256k1). Every node does it once per transaction, on entry.
    package func verifySignature() -> Bool {
        SignatureVerifier.verify(signature, by: body.sender, over: signedDigest)
    }

    /// The same by a parsed form of the sender's key; false when `key` is another one's.
    package func verifySignature(by key: Secp256k1.VerifyingKey) -> Bool {
        key.publicKey == body.sender && key.verify(signature, signedDigest)
    }
}
