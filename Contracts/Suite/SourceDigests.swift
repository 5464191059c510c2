/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Accounts", "45404c431de1ea6dc3a41676c4e3aee7a98c7eacfc549937bcdf65625e01545d"),
        ("Agreements", "e1a94684bd21b77f906715b76ab1f5c9b2cc49413fccc850cbcb8c4c255c3bda"),
        ("Anchors", "59ae8372cd998afe45f7b4b55c876e4c1b30bb7480d517d9fd1ac84db030d02f"),
        ("Billing", "35f816730d41777fe93da7a3fe4daca75877f16c478f3ca7828d648941d334c8"),
        ("Governance", "4c53e80e4931c6521b3b689c0ed604c84d3c4f5c4104b04e6168fdc2bb4447da"),
        ("Identity", "a86f1979c709667dd78a4d2fbd39133655cd0e983a84c6ded3e3b0ad89246099"),
        ("Results", "178eac0372f09b251cac97fe7151337fa79eae14bccc312d8837534437ea1c46"),
        ("Trading", "081379ca2219a98be771c6c84050d519ed216dcc440d2d342a5ad31f267c3fc7"),
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
    static let rules = "3dc57fcc5e6142277d095121d1f95ac3d39261ecca064c39a8451673e557065a"
}
