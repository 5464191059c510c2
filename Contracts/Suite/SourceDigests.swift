/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Accounts", "45404c431de1ea6dc3a41676c4e3aee7a98c7eacfc549937bcdf65625e01545d"),
        ("Agreements", "e1a94684bd21b77f906715b76ab1f5c9b2cc49413fccc850cbcb8c4c255c3bda"),
        ("Anchors", "ed6143bba94a0c970661c105f46b586095187b29ed236be20244e96df3d4986d"),
        ("Billing", "35f816730d41777fe93da7a3fe4daca75877f16c478f3ca7828d648941d334c8"),
        ("Governance", "aabff979d1e2c761b90eee47a20584813d3d4626eace7108fc9a63293fb5a885"),
        ("Identity", "95dff2fdfb7ccfb5b052c5319a40cd3fa4eb58e46c1e4a0c5ab9dc94125e28c4"),
        ("Results", "178eac0372f09b251cac97fe7151337fa79eae14bccc312d8837534437ea1c46"),
        ("Trading", "7a8b8e8449dc6341985e1c3cdfc602ac803cb99b686949c2c3a4e87ad498f18f"),
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
    static let rules = "674f8285b9bd70ec08a9764ebd9abec6704e8fa380d6cbae54e6a3a2cd07a7fc"
}
