package import ContractKit
package import LedgerCrypto
package import Primitives

/// What an issuer partner opens, and the holder confirms.
package struct OpenAccount: Hashable, Sendable, ContractValue {
    package static let administratorsMax = 8

    /// SHA-256 of the holder's DID as text.
    package let holder: Digest
    package let kind: AccountKind
    /// Digest of the Account Contract credential.
    package let credential: Digest
    /// Without the operator's; none for an operator to be.
    package let roles: MarketRoles
    /// Keys of the first administrators; a person's own key for a person.
    package let administrators: [PublicKey]

    package init(
        holder: Digest, kind: AccountKind, credential: Digest, roles: MarketRoles, administrators: [PublicKey]
    ) {
        self.holder = holder
        self.kind = kind
        self.credential = credential
        self.roles = roles
        self.administrators = administrators
    }

    package static let shape = Shape.fields(
        "OpenAccount", ("holder", .digest), ("kind", AccountKind.shape), ("credential", .digest),
        ("roles", MarketRoles.shape), ("administrators", .list(.publicKey, max: administratorsMax)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(holder)
        encoder.value(kind)
        encoder.fixed(credential)
        encoder.value(roles)
        encoder.vector(administrators)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        holder = try decoder.digest()
        kind = try AccountKind(from: &decoder)
        credential = try decoder.digest()
        roles = try MarketRoles(from: &decoder)
        administrators = try decoder.vector(max: OpenAccount.administratorsMax)
    }
}

/// Further roles under a new Account Contract credential.
package struct AddContract: Hashable, Sendable, ContractValue {
    package let holder: Digest
    package let credential: Digest
    package let roles: MarketRoles
    /// Number of an unconfirmed contract of the same issuer whose place it takes; nil for a further one.
    package let replaces: UInt16?

    package init(holder: Digest, credential: Digest, roles: MarketRoles, replaces: UInt16? = nil) {
        self.holder = holder
        self.credential = credential
        self.roles = roles
        self.replaces = replaces
    }

    package static let shape = Shape.fields(
        "AddContract", ("holder", .digest), ("credential", .digest), ("roles", MarketRoles.shape),
        ("replaces", .option(.u16)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(holder)
        encoder.fixed(credential)
        encoder.value(roles)
        encoder.option(replaces.map(ContractNumber.init))
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        holder = try decoder.digest()
        credential = try decoder.digest()
        roles = try MarketRoles(from: &decoder)
        replaces = try decoder.option(ContractNumber.self)?.number
    }
}

package struct ContractNumber: Hashable, Sendable, ContractValue {
    package let number: UInt16
    init(_ number: UInt16) { self.number = number }
    package static let shape = Shape.fields("ContractNumber", ("number", .u16))
    package func encode(to encoder: inout BCSEncoder) { encoder.u16(number) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { number = try decoder.u16() }
}

package struct ContractID: Hashable, Sendable, ContractValue {
    package let holder: Digest
    package let number: UInt16

    package init(holder: Digest, number: UInt16) {
        self.holder = holder
        self.number = number
    }

    package static let shape = Shape.fields("ContractID", ("holder", .digest), ("number", .u16))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(holder)
        encoder.u16(number)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        holder = try decoder.digest()
        number = try decoder.u16()
    }
}

/// An Account Contract of an account: what its holder agreed to, by digest.
package struct AccountContract: Hashable, Sendable, ContractValue {
    package let credential: Digest
    package let roles: MarketRoles
    /// SHA-256 of the BCS of `OpenAccount` or `AddContract`: what the holder signs.
    package let statement: Digest
    package let sponsor: String
    /// Of the first contract: the administrators that begin with the confirmation.
    package let administrators: [PublicKey]
    package let offered: Timestamp
    package var confirmed: Timestamp?

    init(
        credential: Digest, roles: MarketRoles, statement: Digest, sponsor: String, administrators: [PublicKey] = [],
        offered: Timestamp
    ) {
        self.credential = credential
        self.roles = roles
        self.statement = statement
        self.sponsor = sponsor
        self.administrators = administrators
        self.offered = offered
        confirmed = nil
    }

    package static let shape = Shape.fields(
        "AccountContract", ("credential", .digest), ("roles", MarketRoles.shape), ("statement", .digest),
        ("sponsor", .text(max: Partner.idBytesMax)),
        ("administrators", .list(.publicKey, max: OpenAccount.administratorsMax)), ("offered", .u64),
        ("confirmed", .option(.u64)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(credential)
        encoder.value(roles)
        encoder.fixed(statement)
        encoder.string(sponsor)
        encoder.vector(administrators)
        encoder.value(offered)
        encoder.option(confirmed)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        credential = try decoder.digest()
        roles = try MarketRoles(from: &decoder)
        statement = try decoder.digest()
        sponsor = try decoder.string(max: Partner.idBytesMax)
        administrators = try decoder.vector(max: OpenAccount.administratorsMax)
        offered = try Timestamp(from: &decoder)
        confirmed = try decoder.option()
    }
}

/// The holder's signature under an Account Contract.
package struct ConfirmContract: Hashable, Sendable, ContractValue {
    package let holder: Digest
    package let number: UInt16
    /// A control key of the organisation's DID, or the person's own.
    package let key: PublicKey
    /// Over `signingDigest`.
    package let signature: Signature

    package init(holder: Digest, number: UInt16, key: PublicKey, signature: Signature) {
        self.holder = holder
        self.number = number
        self.key = key
        self.signature = signature
    }

    /// `SHA-256("commonwatt/account/1" || network || holder || u16 number || statement)`; `statement` is SHA-256 of the
    /// BCS of the `OpenAccount` or `AddContract` that is confirmed.
    package static func signingDigest(network: Digest, holder: Digest, number: UInt16, statement: Digest) -> Digest {
        var encoder = BCSEncoder()
        encoder.fixed(network)
        encoder.fixed(holder)
        encoder.u16(number)
        encoder.fixed(statement)
        return SigningDomain.digest(Array("commonwatt/account/1".utf8), encoder.bytes)
    }

    package static let shape = Shape.fields(
        "ConfirmContract", ("holder", .digest), ("number", .u16), ("key", .publicKey), ("signature", .signature))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(holder)
        encoder.u16(number)
        encoder.value(key)
        encoder.value(signature)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        holder = try decoder.digest()
        number = try decoder.u16()
        key = try PublicKey(from: &decoder)
        signature = try Signature(from: &decoder)
    }
}

package struct ContractNotice: Hashable, Sendable, ContractValue {
    package let holder: Digest
    package let number: UInt16
    package let contract: AccountContract

    init(holder: Digest, number: UInt16, contract: AccountContract) {
        self.holder = holder
        self.number = number
        self.contract = contract
    }

    package static let shape = Shape.fields(
        "ContractNotice", ("holder", .digest), ("number", .u16), ("contract", AccountContract.shape))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(holder)
        encoder.u16(number)
        encoder.value(contract)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        holder = try decoder.digest()
        number = try decoder.u16()
        contract = try AccountContract(from: &decoder)
    }
}
