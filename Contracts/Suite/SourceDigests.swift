/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Accounts", "fd994d78835bcef36e81ed2e275f3ae59bd8e574661734e34d63133ddd45109f"),
        ("Agreements", "4ecd6f90b1a52419ee2381a7ae3b2ebbb387d012c176817253b726328eaabafe"),
        ("Anchors", "0c925678fcab1dd24444e1cbdbe8ff7dce53c1986c644cf37f8f2ed13e63bd7a"),
        ("Billing", "9ace3408e00823fb8648cf3fd858e8163b18c3484729f379fa037a88373c606f"),
        ("Governance", "e93071703773a7531d7b47885e18d2c6a574bb2fa2b3f842582d92d0cb94f1a5"),
        ("Identity", "95dff2fdfb7ccfb5b052c5319a40cd3fa4eb58e46c1e4a0c5ab9dc94125e28c4"),
        ("Results", "b82e8e56bb362538ff5e3db3e43c438c60a29282c97afa1d9245e79a0386ae44"),
        ("Trading", "a8f8a6bda44d407965eec7cb25c98abf1c004374e70e88dfd93a824aa5e762ad"),
    ]
}
