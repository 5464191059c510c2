/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Anchors", "2a1a6db222085be29aae25f5ca3271d8e5edd19b67fb71fe494b1c0db627676a"),
        ("Governance", "e181a7fcb635214246e65e3965cf0b4f964a3ca1e0c8fbe950c1b59121f30f0e"),
        ("Identity", "02640ea25bd62846df8122ae64aba32a25997fe658d51f1938c5f2ede47bf4b0"),
    ]
}
