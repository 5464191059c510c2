import Testing

@testable import Wiring

/// What a build says of itself.
struct BuildInfoTests {
    @Test func aBuildNamesItsCommit() {
        #expect(BuildInfo.text(commit: "v0.1.0-3-g1a2b3c4d5e6f-dirty") == "0.1.0 (v0.1.0-3-g1a2b3c4d5e6f-dirty)")
        #expect(BuildInfo.text(commit: "") == "0.1.0 (source build)")
        #expect(BuildInfo.version.hasPrefix("0.1.0 (") && BuildInfo.version.hasSuffix(")"))
    }
}
