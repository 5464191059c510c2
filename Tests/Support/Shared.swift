package import Foundation

/// Public vectors and data that lie beside the project in `../shared` when present. Tests that need them are skipped
/// visibly (`.enabled(if: Shared.isPresent)`) elsewhere.
package enum Shared {
    /// The project's own folder.
    package static let project: URL = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().standardizedFileURL

    /// Public vectors that came into the project; see Tests/Vectors/README.md.
    package static let vectors: URL = project.appending(path: "Tests/Vectors")

    package static let root: URL = project.appending(path: "../shared").standardizedFileURL

    package static var isPresent: Bool { FileManager.default.fileExists(atPath: root.path) }

    /// The `commonwatt` program: beside the test program, or where COMMONWATT_PROGRAM says.
    package static let program: String = {
        if let named = ProcessInfo.processInfo.environment["COMMONWATT_PROGRAM"] { return named }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let beside = URL(filePath: own).deletingLastPathComponent().appending(path: "commonwatt").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return project.appending(path: ".build/release/commonwatt").path
    }()

    package static func data(_ path: String) throws -> Data { try Data(contentsOf: root.appending(path: path)) }
}
