package import Chain
package import LedgerCrypto
package import Primitives

/// What a key does in the name of a marketplace account: a signature inside the call. The transaction's sender only
/// carries and pays it, so people and organisations act with the keys of their wallets and need no key of a partner.
package struct Act: Hashable, Sendable, ContractValue {
    /// Holder of the account: SHA-256 of its DID.
    package let account: Digest
    package let key: PublicKey
    /// Acts of this key for this account so far: each is done once.
    package let sequence: UInt64
    /// The last block time at which it counts, at most 30 days ahead.
    package let until: Timestamp
    /// Over `signingDigest`.
    package let signature: Signature

    /// Whoever carries an act may keep it so long.
    package static let lifetimeMillisecondsMax: UInt64 = 30 * Timestamp.dayMilliseconds
    /// What clients give an act that is carried at once.
    package static let usualLifetimeMilliseconds: UInt64 = 600_000

    package init(account: Digest, key: PublicKey, sequence: UInt64, until: Timestamp, signature: Signature) {
        self.account = account
        self.key = key
        self.sequence = sequence
        self.until = until
        self.signature = signature
    }

    /// `SHA-256("commonwatt/act/2" || network || instance || u16 method || account || u64 sequence || u64 until ||
    /// SHA-256(body))`; numbers little-endian, the time in milliseconds, the body as BCS.
    package static func signingDigest(
        network: Digest, instance: Address, method: UInt16, account: Digest, sequence: UInt64, until: Timestamp,
        body: Digest
    ) -> Digest {
        var encoder = BCSEncoder()
        encoder.fixed(network)
        encoder.value(instance)
        encoder.u16(method)
        encoder.fixed(account)
        encoder.u64(sequence)
        encoder.value(until)
        encoder.fixed(body)
        return SigningDomain.digest(Array("commonwatt/act/2".utf8), encoder.bytes)
    }

    package static let shape = Shape.fields(
        "Act", ("account", .digest), ("key", .publicKey), ("sequence", .u64), ("until", .u64),
        ("signature", .signature))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.value(key)
        encoder.u64(sequence)
        encoder.value(until)
        encoder.value(signature)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        key = try PublicKey(from: &decoder)
        sequence = try decoder.u64()
        until = try Timestamp(from: &decoder)
        signature = try Signature(from: &decoder)
    }
}

/// Arguments of a call with the act that authorises them.
package struct Signed<Body: ContractValue & Hashable>: Hashable, Sendable, ContractValue {
    package let body: Body
    package let act: Act

    package init(_ body: Body, by act: Act) {
        self.body = body
        self.act = act
    }

    package static var shape: Shape {
        .record("Signed", [Shape.Field("body", Body.shape), Shape.Field("act", Act.shape)])
    }
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(body)
        encoder.value(act)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        body = try Body(from: &decoder)
        act = try Act(from: &decoder)
    }
}

/// Makes signed arguments. `sign` answers for keys that the caller holds, in a file, an agent or a security module.
package struct ActSigner {
    package let network: Digest
    package let account: Digest
    package let key: PublicKey
    /// Acts of this key for this account so far: `Directory.actCounts`.
    package var sequence: UInt64
    /// The last block time at which what it signs counts.
    package let until: Timestamp
    package let sign: (PublicKey, Digest) -> Signature?

    package init(
        network: Digest, account: Digest, key: PublicKey, sequence: UInt64, until: Timestamp,
        sign: @escaping (PublicKey, Digest) -> Signature?
    ) {
        self.network = network
        self.account = account
        self.key = key
        self.sequence = sequence
        self.until = until
        self.sign = sign
    }

    /// Nil when the key is not held.
    package func sign<Body>(_ body: Body, as method: UInt16, on instance: Address) -> Signed<Body>? {
        let digest = Act.signingDigest(
            network: network, instance: instance, method: method, account: account, sequence: sequence,
            until: until, body: SHA256.hash(body.bcs))
        return sign(key, digest).map {
            Signed(body, by: Act(account: account, key: key, sequence: sequence, until: until, signature: $0))
        }
    }
}

extension Method {
    /// The call for a transaction, signed; nil when the signer does not hold its key.
    package func call<Body>(
        on instance: Address, _ body: Body, by signer: ActSigner
    ) -> Call? where Arguments == Signed<Body> {
        signer.sign(body, as: number, on: instance).map { call(on: instance, $0) }
    }
}

/// What another contract asks of Accounts.
package enum AccountMessages {
    /// Counts an act of the calling instance's call, or rejects it: the account is active, the key acts for it with all
    /// of these capabilities, the sequence is the next one, and the signature fits.
    package static let authorise = Message<ActRequest, Nothing>(9, "authorise")
    /// Rejects unless the account is active and the key acts for it with all of these capabilities.
    package static let requireActor = Message<ActorQuestion, Nothing>(10, "requireActor")
}

package struct ActorQuestion: Hashable, Sendable, ContractValue {
    package let account: Digest
    package let key: PublicKey
    package let capabilities: Capabilities

    package init(account: Digest, key: PublicKey, capabilities: Capabilities) {
        self.account = account
        self.key = key
        self.capabilities = capabilities
    }

    package static let shape = Shape.fields(
        "ActorQuestion", ("account", .digest), ("key", .publicKey), ("capabilities", Capabilities.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(account)
        encoder.value(key)
        encoder.value(capabilities)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        account = try decoder.digest()
        key = try PublicKey(from: &decoder)
        capabilities = try Capabilities(from: &decoder)
    }
}

/// In which standing of its account an act counts.
package enum ActScope: UInt8, ContractCode {
    /// While the account is active.
    case ordinary = 0
    /// Taking back what it gave: while it is suspended or revoked, too.
    case takesBack = 1
    /// Taking out what is its own, or paying with it; never while suspended. When the account is revoked, by a key of the
    /// holder's DID itself; when its DID is deactivated, too, by a key that two operators let.
    case windsUp = 2
    /// Taking back what it gave where its cash goes back for it, or using up a claim to some: while it is suspended, too, and
    /// when it is revoked by the keys that take that cash out.
    case givesBack = 3
}

package struct ActRequest: Hashable, Sendable, ContractValue {
    package let act: Act
    /// The calling contract's method.
    package let method: UInt16
    /// SHA-256 of the BCS of the call's body.
    package let body: Digest
    /// All of them are needed.
    package let capabilities: Capabilities
    package let scope: ActScope
    /// Whether only an administrator may do it.
    package let byAdministrator: Bool

    package init(
        act: Act, method: UInt16, body: Digest, capabilities: Capabilities, scope: ActScope = .ordinary,
        byAdministrator: Bool = false
    ) {
        self.act = act
        self.method = method
        self.body = body
        self.capabilities = capabilities
        self.scope = scope
        self.byAdministrator = byAdministrator
    }

    package static let shape = Shape.fields(
        "ActRequest", ("act", Act.shape), ("method", .u16), ("body", .digest), ("capabilities", Capabilities.shape),
        ("scope", ActScope.shape), ("byAdministrator", .bool))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(act)
        encoder.u16(method)
        encoder.fixed(body)
        encoder.value(capabilities)
        encoder.value(scope)
        encoder.bool(byAdministrator)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        act = try Act(from: &decoder)
        method = try decoder.u16()
        body = try decoder.digest()
        capabilities = try Capabilities(from: &decoder)
        scope = try ActScope(from: &decoder)
        byAdministrator = try decoder.bool()
    }
}

extension Context {
    /// Has Accounts judge the act behind a call of this contract; returns the acting account.
    @discardableResult
    package func authorise<Body>(
        _ signed: Signed<Body>, as method: UInt16, needing capabilities: Capabilities, scope: ActScope = .ordinary,
        byAdministrator: Bool = false
    ) throws(Rejection) -> Digest {
        let request = ActRequest(
            act: signed.act, method: method, body: SHA256.hash(signed.body.bcs), capabilities: capabilities,
            scope: scope, byAdministrator: byAdministrator)
        _ = try send(AccountMessages.authorise, to: WellKnown.accounts, request)
        return signed.act.account
    }
}
