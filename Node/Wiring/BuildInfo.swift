internal import CBuildInfo

/// Which build of the program runs.
package enum BuildInfo {
    package static let number = "0.1.0"
    /// With the commit that it was built from, as tools/common.sh gives it to the build.
    package static let version = text(commit: String(cString: commonwatt_commit()))

    package static func text(commit: String) -> String { "\(number) (\(commit.isEmpty ? "source build" : commit))" }
}
