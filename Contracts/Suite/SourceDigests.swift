/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Anchors", "0c925678fcab1dd24444e1cbdbe8ff7dce53c1986c644cf37f8f2ed13e63bd7a"),
        ("Governance", "e181a7fcb635214246e65e3965cf0b4f964a3ca1e0c8fbe950c1b59121f30f0e"),
        ("Identity", "706f651adfbb7e422065741818ce4aa5bcd852a51e36867164e5102c218fb1de"),
        ("Trading", "df453d64c5f413f4eabdc7b18ddb889f6908dc0d271c6a42686c2b3a83a34079"),
    ]
}
