package import ContractKit

/// The authorisation matrix of D2.3 as data: which roles give which capability.
package enum AuthorisationMatrix {
    private static let providers: MarketRoles = [.dataProvider, .serviceProvider]
    private static let users: MarketRoles = [.dataUser, .serviceUser]

    /// One row per capability, in the order of its bits.
    package static let rows: [(capability: Capabilities, roles: MarketRoles)] = [
        (.contracting, providers.union(users)),
        (.search, providers.union(users)),
        (.billing, providers.union(users)),
        (.fulfil, providers),
        (.order, users),
        (.governOwn, providers),
        (.governMarketplace, .marketOperator),
        (.useService, .serviceUser),
        (.requestInnovation, .serviceUser),
        (.requestComposition, .serviceUser),
        (.advertise, providers),
        (.publish, .serviceProvider),
        (.procureInnovation, .serviceProvider),
        (.procureComposition, .serviceProvider),
        (.authenticate, providers.union(users).union(.marketOperator)),
        (.accessData, .dataUser),
        (.shareData, .dataProvider),
    ]

    /// What any of `roles` gives.
    package static func capabilities(of roles: MarketRoles) -> Capabilities {
        rows.reduce(into: []) { sum, row in if !row.roles.isDisjoint(with: roles) { sum.formUnion(row.capability) } }
    }
}

/// Steps of an account's life.
package enum AccountStep: Hashable, Sendable, CaseIterable {
    case confirm, suspend, reinstate, revoke
}

extension AccountStatus {
    /// Where a step leads; nil when it is forbidden.
    package func after(_ step: AccountStep) -> AccountStatus? {
        switch (self, step) {
        case (.pending, .confirm), (.suspended, .reinstate): .active
        case (.active, .suspend): .suspended
        case (.pending, .revoke), (.active, .revoke), (.suspended, .revoke): .revoked
        default: nil
        }
    }
}
