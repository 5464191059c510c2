/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Anchors", "0c925678fcab1dd24444e1cbdbe8ff7dce53c1986c644cf37f8f2ed13e63bd7a"),
        ("Governance", "e181a7fcb635214246e65e3965cf0b4f964a3ca1e0c8fbe950c1b59121f30f0e"),
        ("Identity", "706f651adfbb7e422065741818ce4aa5bcd852a51e36867164e5102c218fb1de"),
        ("Trading", "aa608f18f4f88c88f26868d5f593e869517acd35f7bd73f759205af2b5145faf"),
    ]
}
