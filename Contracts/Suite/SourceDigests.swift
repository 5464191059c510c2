/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Accounts", "c9dc206f942628736f1847a8c9c06252fa701efba03ebb1118aaecadd90883ae"),
        ("Agreements", "ed080bc690710b729efd42e5074b0e66674f4241b50036aeb023d1d9f7335dbf"),
        ("Anchors", "0c925678fcab1dd24444e1cbdbe8ff7dce53c1986c644cf37f8f2ed13e63bd7a"),
        ("Billing", "3fcda61deb2ceedb8456462fd0914ef87c64fd502fcf04a8e846729e57bef5b7"),
        ("Governance", "e93071703773a7531d7b47885e18d2c6a574bb2fa2b3f842582d92d0cb94f1a5"),
        ("Identity", "95dff2fdfb7ccfb5b052c5319a40cd3fa4eb58e46c1e4a0c5ab9dc94125e28c4"),
        ("Results", "b82e8e56bb362538ff5e3db3e43c438c60a29282c97afa1d9245e79a0386ae44"),
        ("Trading", "a8f8a6bda44d407965eec7cb25c98abf1c004374e70e88dfd93a824aa5e762ad"),
    ]
}
