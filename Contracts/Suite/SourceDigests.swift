/// SHA-256 over the sources of each contract's folder, as `tools/contract-digests.sh` computes it. A test compares them
/// with the sources; after a change of a contract run that script.
enum SourceDigests {
    static let byFolder: [(folder: String, digest: String)] = [
        ("Accounts", "b97e606f3d682de0b9365fb6f57c6c2f49346801688f2e98f2296437b6ebe871"),
        ("Agreements", "6e3ce9e885656a45e6eb881ab84dcd780844ec3a201ba4220b0a7ef357a03e60"),
        ("Anchors", "0c925678fcab1dd24444e1cbdbe8ff7dce53c1986c644cf37f8f2ed13e63bd7a"),
        ("Billing", "3a558864b01a22297bc804c9328fb0627f271eb50250bf8b9ff90eb45fd59d01"),
        ("Governance", "79e3de80fba3eac23fc6ab09a23d415e98d7fe733d3bb0eac9bef18f9be53506"),
        ("Identity", "706f651adfbb7e422065741818ce4aa5bcd852a51e36867164e5102c218fb1de"),
        ("Results", "b82e8e56bb362538ff5e3db3e43c438c60a29282c97afa1d9245e79a0386ae44"),
        ("Trading", "c3a7df4f8b0dcf889ad26b3226afab4bd312cfff643dabb02063ac6bb6f919e3"),
    ]
}
