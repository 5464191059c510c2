/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Accounts", "6529ecfae07493a5bf4eea5ee51ee3ce5d904628c3874cd25ad149cea83b7b1e"),
        ("Agreements", "75df459f8c6961416857b4cf1e206804609eebe65fb63e66b1ff3bd655737ff4"),
        ("Anchors", "ed6143bba94a0c970661c105f46b586095187b29ed236be20244e96df3d4986d"),
        ("Billing", "a1179d4a409f0307a3079e4cbd4076ef2a72e202b54cc77752d34a1f9a897d6b"),
        ("Governance", "e93071703773a7531d7b47885e18d2c6a574bb2fa2b3f842582d92d0cb94f1a5"),
        ("Identity", "95dff2fdfb7ccfb5b052c5319a40cd3fa4eb58e46c1e4a0c5ab9dc94125e28c4"),
        ("Results", "178eac0372f09b251cac97fe7151337fa79eae14bccc312d8837534437ea1c46"),
        ("Trading", "a8f8a6bda44d407965eec7cb25c98abf1c004374e70e88dfd93a824aa5e762ad"),
    ]
}
