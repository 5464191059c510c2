package import Chain
package import Primitives

/// Whom a marketplace account belongs to.
package enum AccountKind: UInt8, ContractCode {
    /// Holder: SHA-256 of the text of its `did:cwatt`, under which Identity has the document.
    case organisation = 0
    /// Holder: SHA-256 of the text of a pairwise `did:key` (or `did:peer:0`), made for this marketplace alone.
    case person = 1
}

package enum AccountStatus: UInt8, ContractCode {
    /// Opened by a sponsor, not confirmed by the holder.
    case pending = 0
    case active = 1
    /// May only take back what it gave: consents, offers, agreements.
    case suspended = 2
    /// For ever.
    case revoked = 3

    /// In texts of rejections, which are part of receipts.
    package var word: String {
        switch self {
        case .pending: "pending"
        case .active: "active"
        case .suspended: "suspended"
        case .revoked: "revoked"
        }
    }
}

/// What an account is on the marketplace (D2.3).
package struct MarketRoles: ContractBits {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let dataProvider = MarketRoles(rawValue: 1)
    package static let serviceProvider = MarketRoles(rawValue: 2)
    package static let dataUser = MarketRoles(rawValue: 4)
    package static let serviceUser = MarketRoles(rawValue: 8)
    /// Governs the marketplace. Given and taken by two thirds of the council only.
    package static let marketOperator = MarketRoles(rawValue: 16)

    package static let named: [(name: String, bit: MarketRoles)] = [
        ("data-provider", .dataProvider), ("service-provider", .serviceProvider), ("data-user", .dataUser),
        ("service-user", .serviceUser), ("operator", .marketOperator),
    ]
}

/// What may be done on the marketplace: the rows of the authorisation matrix of D2.3.
package struct Capabilities: ContractBits {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let contracting = Capabilities(rawValue: 1 << 0)
    package static let search = Capabilities(rawValue: 1 << 1)
    package static let billing = Capabilities(rawValue: 1 << 2)
    package static let fulfil = Capabilities(rawValue: 1 << 3)
    package static let order = Capabilities(rawValue: 1 << 4)
    /// Governance of own services and data.
    package static let governOwn = Capabilities(rawValue: 1 << 5)
    package static let governMarketplace = Capabilities(rawValue: 1 << 6)
    package static let useService = Capabilities(rawValue: 1 << 7)
    package static let requestInnovation = Capabilities(rawValue: 1 << 8)
    package static let requestComposition = Capabilities(rawValue: 1 << 9)
    package static let advertise = Capabilities(rawValue: 1 << 10)
    package static let publish = Capabilities(rawValue: 1 << 11)
    package static let procureInnovation = Capabilities(rawValue: 1 << 12)
    package static let procureComposition = Capabilities(rawValue: 1 << 13)
    package static let authenticate = Capabilities(rawValue: 1 << 14)
    package static let accessData = Capabilities(rawValue: 1 << 15)
    package static let shareData = Capabilities(rawValue: 1 << 16)

    package static let named: [(name: String, bit: Capabilities)] = [
        ("contracting", .contracting), ("search", .search), ("billing", .billing), ("fulfil", .fulfil),
        ("order", .order), ("govern-own", .governOwn), ("govern-marketplace", .governMarketplace),
        ("use-service", .useService), ("request-innovation", .requestInnovation),
        ("request-composition", .requestComposition), ("advertise", .advertise), ("publish", .publish),
        ("procure-innovation", .procureInnovation), ("procure-composition", .procureComposition),
        ("authenticate", .authenticate), ("access-data", .accessData), ("share-data", .shareData),
    ]
}

/// A marketplace account, as Accounts stores it. No name and no address: those lie in the credential, off chain.
package struct Account: Hashable, Sendable, ContractValue {
    /// SHA-256 of the holder's DID as text.
    package let holder: Digest
    package let kind: AccountKind
    package var status: AccountStatus
    /// The partner that opened it and issued its Account Contract credential.
    package let sponsor: String
    /// Of confirmed Account Contracts, and the operator's by the council.
    package var roles: MarketRoles
    /// What the authorisation matrix gives these roles; written with them, so that readers need no matrix.
    package var capabilities: Capabilities
    /// Digest of the newest confirmed Account Contract credential; zero before.
    package var credential: Digest
    /// Account Contracts so far, also those that wait for the holder. Numbered from 0.
    package var contracts: UInt16
    /// Actors that are administrators; at least one from the confirmation on, none before.
    package var administrators: UInt16
    package let opened: Timestamp
    /// Block time of the last change of status.
    package var changed: Timestamp
    /// Number of the reason of the last suspension or revocation; 0 for none. Never text.
    package var reason: UInt16

    package init(
        holder: Digest, kind: AccountKind, status: AccountStatus = .pending, sponsor: String, roles: MarketRoles = [],
        capabilities: Capabilities = [], credential: Digest = .zero, contracts: UInt16 = 0, administrators: UInt16 = 0,
        opened: Timestamp, changed: Timestamp, reason: UInt16 = 0
    ) {
        self.holder = holder
        self.kind = kind
        self.status = status
        self.sponsor = sponsor
        self.roles = roles
        self.capabilities = capabilities
        self.credential = credential
        self.contracts = contracts
        self.administrators = administrators
        self.opened = opened
        self.changed = changed
        self.reason = reason
    }

    package static let shape = Shape.fields(
        "Account", ("holder", .digest), ("kind", AccountKind.shape), ("status", AccountStatus.shape),
        ("sponsor", .text(max: Partner.idBytesMax)), ("roles", MarketRoles.shape),
        ("capabilities", Capabilities.shape), ("credential", .digest), ("contracts", .u16), ("administrators", .u16),
        ("opened", .u64), ("changed", .u64), ("reason", .u16))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(holder)
        encoder.value(kind)
        encoder.value(status)
        encoder.string(sponsor)
        encoder.value(roles)
        encoder.value(capabilities)
        encoder.fixed(credential)
        encoder.u16(contracts)
        encoder.u16(administrators)
        encoder.value(opened)
        encoder.value(changed)
        encoder.u16(reason)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        holder = try decoder.digest()
        kind = try AccountKind(from: &decoder)
        status = try AccountStatus(from: &decoder)
        sponsor = try decoder.string(max: Partner.idBytesMax)
        roles = try MarketRoles(from: &decoder)
        capabilities = try Capabilities(from: &decoder)
        credential = try decoder.digest()
        contracts = try decoder.u16()
        administrators = try decoder.u16()
        opened = try Timestamp(from: &decoder)
        changed = try Timestamp(from: &decoder)
        reason = try decoder.u16()
    }
}

extension Context {
    /// A marketplace account by the digest of its holder's DID; whatever its status.
    package func account(_ holder: Digest) throws(Rejection) -> Account? {
        try read(Directory.accounts.stateKey(holder, at: WellKnown.accounts))
    }

    /// Whether the holder of an account can still be reached with money: an organisation's DID is live. A person's is its
    /// key, and never ends.
    package func isReachable(_ holder: Digest) throws(Rejection) -> Bool {
        guard let account = try account(holder) else { return false }
        if account.kind == .person { return true }
        return try documentKeys(holder) != nil
    }
}
