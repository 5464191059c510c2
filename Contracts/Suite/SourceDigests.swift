/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Accounts", "8d19322dfa54e942b48bf03bc6019a3ad8af249e20ad07caf2198e09ed3fa981"),
        ("Agreements", "605de165f2fd8798599c731fe82c98dd67d4e99caeaa2d6b644f46591b40713d"),
        ("Anchors", "0c925678fcab1dd24444e1cbdbe8ff7dce53c1986c644cf37f8f2ed13e63bd7a"),
        ("Billing", "72bf4578bc19f9ffc09a48a56217e8f3a9085e0b2870bc56cc4a15f500054cb5"),
        ("Governance", "79e3de80fba3eac23fc6ab09a23d415e98d7fe733d3bb0eac9bef18f9be53506"),
        ("Identity", "706f651adfbb7e422065741818ce4aa5bcd852a51e36867164e5102c218fb1de"),
        ("Results", "b82e8e56bb362538ff5e3db3e43c438c60a29282c97afa1d9245e79a0386ae44"),
        ("Trading", "aa608f18f4f88c88f26868d5f593e869517acd35f7bd73f759205af2b5145faf"),
    ]
}
