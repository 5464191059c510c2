/// The roles of partners in words, for helps; docs/operating.md says more.
enum RoleTable {
    static let meanings: [(name: String, meaning: String)] = [
        ("council", "proposes and approves changes; votes on DIDs"),
        ("validator", "may run a validator, and reports for it"),
        ("grid-operator", "registers, confirms and retires meters"),
        ("data-provider", "registers meters, anchors readings, offers data"),
        ("community-administrator", "founds and runs energy communities"),
        ("attester", "attests settlements; no call asks for it"),
        ("oracle", "publishes prices; a community's rules name it"),
        ("participant", "is in the marketplace; no call asks for it"),
        ("issuer", "endorses DIDs and schemas; sponsors accounts"),
        ("payment-gateway", "confirms payments made outside the ledger"),
    ]

    static let help =
        "Roles and what they allow (docs/operating.md says more):\n"
        + meanings.map { "  \($0.name)\(String(repeating: " ", count: max(1, 25 - $0.name.count)))\($0.meaning)" }
        .joined(separator: "\n")
}
