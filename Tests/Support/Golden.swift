package import Foundation
import Primitives

/// Committed bytes of formats, one hexadecimal line per file under `Tests/Golden`. A changed format fails; whoever
/// means the change runs the tests once with COMMONWATT_WRITE_GOLDEN=1 and commits what that writes.
package enum Golden {
    package static let folder: URL = Shared.project.appending(path: "Tests/Golden")

    package static var isWriting: Bool { ProcessInfo.processInfo.environment["COMMONWATT_WRITE_GOLDEN"] == "1" }

    /// Whether `bytes` are the committed ones of `name` (a path below the folder, without extension).
    package static func matches(_ name: String, _ bytes: [UInt8]) throws -> Bool {
        let text = Hex.encode(bytes) + "\n"
        return try matches(file: name + ".hex", Data(text.utf8))
    }

    /// The same for a whole file.
    package static func matches(file: String, _ content: Data) throws -> Bool {
        let place = folder.appending(path: file)
        if isWriting {
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: place)
        }
        return try Data(contentsOf: place) == content
    }
}
