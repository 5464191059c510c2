/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Accounts", "0bed60e2440178fbb557c3d0540c1f74ce077d3cff1b56d5b6af27b003d6270e"),
        ("Agreements", "e1a94684bd21b77f906715b76ab1f5c9b2cc49413fccc850cbcb8c4c255c3bda"),
        ("Anchors", "0ba02d6122e499820c3644a3ccadcef1ee73a0b465169b42784b44ebb93ab153"),
        ("Billing", "35f816730d41777fe93da7a3fe4daca75877f16c478f3ca7828d648941d334c8"),
        ("Governance", "e2750b6767556de1b0157908293375fb02f0df3e5b7e96b7bf21cb33bcddbd6e"),
        ("Identity", "d21697f56e26240e6106a8f24d5166b10cfb9e088565dc7fd8edd5843ff446d8"),
        ("Results", "178eac0372f09b251cac97fe7151337fa79eae14bccc312d8837534437ea1c46"),
        ("Trading", "daeda90129fe852fea0708ebeee33e87fe7cfe96507c51f258e72b5b3e9b2df0"),
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
    static let rules = "3d84d72975d6288f268cbcfbc05438716f56ba34d6d2f5ca1fdcca4f3f245b37"
}
