package import Primitives

/// What a partner may do on the network. Governance grants roles; bits are part of the wire format.
package struct Roles: OptionSet, Hashable, Sendable, ContractValue {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Votes on governance proposals.
    package static let council = Roles(rawValue: 1 << 0)
    /// May run a validator.
    package static let validator = Roles(rawValue: 1 << 1)
    /// Registers meters and confirms whom they belong to.
    package static let gridOperator = Roles(rawValue: 1 << 2)
    /// Uploads and anchors readings.
    package static let dataProvider = Roles(rawValue: 1 << 3)
    /// Creates and runs energy communities.
    package static let communityAdministrator = Roles(rawValue: 1 << 4)
    /// Recomputes and attests settlements.
    package static let attester = Roles(rawValue: 1 << 5)
    /// Publishes tariffs and prices that contracts read.
    package static let oracle = Roles(rawValue: 1 << 6)
    /// Takes part in the marketplace.
    package static let participant = Roles(rawValue: 1 << 7)
    /// Endorses DIDs, schemas and credentials.
    package static let issuer = Roles(rawValue: 1 << 8)
    /// Confirms payments that were made outside the ledger.
    package static let paymentGateway = Roles(rawValue: 1 << 9)

    /// Every role with its name in files and JSON, by ascending bit.
    package static let named: [(name: String, role: Roles)] = [
        ("council", .council), ("validator", .validator), ("grid-operator", .gridOperator),
        ("data-provider", .dataProvider), ("community-administrator", .communityAdministrator),
        ("attester", .attester), ("oracle", .oracle), ("participant", .participant), ("issuer", .issuer),
        ("payment-gateway", .paymentGateway),
    ]
    /// The names, "a or b", for texts.
    package var words: String {
        Roles.named.filter { contains($0.role) }.map(\.name).joined(separator: " or ")
    }

    package static let all = Roles(rawValue: (1 << 10) - 1)

    package static let shape = Shape.u32
    package func encode(to encoder: inout BCSEncoder) { encoder.u32(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        rawValue = try decoder.u32()
        guard rawValue & ~Roles.all.rawValue == 0 else { throw decoder.failure(.invalid("unknown role bit")) }
    }
}
