package import Chain
package import LedgerCrypto
package import Primitives

extension WellKnown {
    package static let accounts = Address(wellKnown: "accounts")
    package static let agreements = Address(wellKnown: "agreements")
    package static let billing = Address(wellKnown: "billing")
}

/// Records of the marketplace that several contracts read; the one of the named instance alone writes them.
extension Directory {
    /// At `WellKnown.governance`: the country where a partner's node stands, by partner.
    package static let countries = StorageMap<String, CountryCode>(18, "countries")
    /// At `WellKnown.accounts`, by holder.
    package static let accounts = StorageMap<Digest, Account>(1, "accounts")
    /// At `WellKnown.accounts`: acts of a key for an account so far. Never removed, so that no act runs twice.
    package static let actCounts = StorageMap<Pair<Digest, PublicKey>, Height>(2, "actCounts")
    /// At `WellKnown.agreements`, by number.
    package static let agreements = StorageMap<UInt64, Agreement>(1, "agreements")
    /// At `WellKnown.agreements`: accesses of a recurring plan's periods, by agreement and period.
    package static let periodAccesses = StorageMap<Pair<UInt64, UInt64>, Height>(14, "periodAccesses")

    /// Numbers of Identity's collections of heads and of control records.
    static let documentHeads: UInt8 = 4
    static let documentControls: UInt8 = 7

    static func documentKey(_ did: Digest, _ collection: UInt8) -> [UInt8] {
        var key = StateKeys.prefix(WellKnown.identity, collection)
        did.appendKey(to: &key)
        return key
    }
}

extension Context {
    /// Where a partner's node stands, as governance decided; nil while it has not.
    package func country(of partner: String) throws(Rejection) -> CountryCode? {
        try read(Directory.countries.stateKey(partner, at: WellKnown.governance))
    }
}
