/// The roles of partners in words, for helps; docs/operating.md has the same table.
enum RoleTable {
    static let meanings: [(name: String, meaning: String)] = [
        ("council", "proposes and approves changes; votes on DIDs and on the market's operators"),
        ("validator", "may run a validator, and reports for it"),
        ("grid-operator", "registers, confirms and retires meters"),
        ("data-provider", "registers meters, anchors readings and results, offers data sets"),
        ("community-administrator", "founds and runs energy communities"),
        ("attester", "recomputes and attests settlements: said for others, no call asks for it"),
        ("oracle", "publishes prices: said for others, a community's rules name its oracles"),
        ("participant", "takes part in the marketplace: said for others, no call asks for it"),
        ("issuer", "endorses DIDs, schemas and credentials; sponsors accounts of the market"),
        ("payment-gateway", "confirms, and takes back, payments made outside the ledger"),
    ]

    static let help =
        "Roles and what they allow; the council changes them later (`gov propose change-partner`):\n"
        + meanings.map { "  \($0.name)\(String(repeating: " ", count: max(1, 25 - $0.name.count)))\($0.meaning)" }
        .joined(separator: "\n")
}
