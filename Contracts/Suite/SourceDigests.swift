/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Accounts", "ec01cf55bace0aba20deca846872539d5bb03311fd4fdaa58605b477ad26d6d6"),
        ("Agreements", "e1a94684bd21b77f906715b76ab1f5c9b2cc49413fccc850cbcb8c4c255c3bda"),
        ("Anchors", "0ba02d6122e499820c3644a3ccadcef1ee73a0b465169b42784b44ebb93ab153"),
        ("Billing", "35f816730d41777fe93da7a3fe4daca75877f16c478f3ca7828d648941d334c8"),
        ("Governance", "758485c56467088a5039650e8e3b641298a5b09a1de5657e8eb7f6d5fa2055c9"),
        ("Identity", "9bb02406cbf96e2e3227fc30f5bd72de3846b4eb264c4124c49930ae9a698d7b"),
        ("Results", "178eac0372f09b251cac97fe7151337fa79eae14bccc312d8837534437ea1c46"),
        ("Trading", "14a1d28885843db5c6e3d4852eb14d84d48986c30d47a1ea4ccf9e3525cd8db1"),
    ]

    /// Folders whose sources decide, with those of the contracts, what a block results in: a node with others may come to
    /// another state from the same blocks.
    static let rulesFolders = [
        "Contracts/Host",
        "Contracts/Kit",
        "Ledger/COpenSSL",
        "Ledger/CSecp256k1",
        "Ledger/Chain",
        "Ledger/Crypto",
        "Ledger/Encodings",
        "Ledger/Primitives",
        "Ledger/Replica/Execution",
        "Ledger/State",
    ]

    /// The same digest over all of them.
    static let rules = "ea8321a590814d566396dfc44fcb735fc297d038175deebd249ee5bb788951f3"
}
