/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Accounts", "97d983c311f02827e2db05b3838ade1a2ff3dd3195826bc6514866d28b1ff735"),
        ("Agreements", "6c6258ee7ea80d45cd8c33a3b6d3832afa1232a59e5869bbc10f35d64f98f9b9"),
        ("Anchors", "ed6143bba94a0c970661c105f46b586095187b29ed236be20244e96df3d4986d"),
        ("Billing", "cdc7e3f267d7b1f1a7bf74b2de51d67def8b48588ed02a57d10e7516a51a3091"),
        ("Governance", "e93071703773a7531d7b47885e18d2c6a574bb2fa2b3f842582d92d0cb94f1a5"),
        ("Identity", "95dff2fdfb7ccfb5b052c5319a40cd3fa4eb58e46c1e4a0c5ab9dc94125e28c4"),
        ("Results", "178eac0372f09b251cac97fe7151337fa79eae14bccc312d8837534437ea1c46"),
        ("Trading", "a8f8a6bda44d407965eec7cb25c98abf1c004374e70e88dfd93a824aa5e762ad"),
    ]
}
