package import Chain
package import LedgerCrypto

/// Who makes a call, as the host established it. A contract trusts nothing else about its caller.
package struct Caller: Sendable, Hashable {
    package enum Origin: Sendable, Hashable {
        /// A signed transaction.
        case transaction
        /// Another instance, within the call that it received; `key` and `partner` stay those of the transaction.
        case instance(Address)
        /// The instance itself, by a call that it scheduled.
        case schedule
        /// The genesis.
        case genesis
    }

    package let origin: Origin
    /// The signing key; nil for scheduled calls and genesis.
    package let key: PublicKey?
    /// The partner that the key belongs to or acts for.
    package let partner: String?
    /// Roles of the partner, reduced to those that were delegated when the key is a delegate's.
    package let roles: Roles
    /// Whether the key is a delegate's, and none of the partner's own.
    package let isDelegate: Bool

    package init(origin: Origin, key: PublicKey?, partner: String?, roles: Roles, isDelegate: Bool) {
        self.origin = origin
        self.key = key
        self.partner = partner
        self.roles = roles
        self.isDelegate = isDelegate
    }
}
