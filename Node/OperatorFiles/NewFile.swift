package import Foundation

/// A file that a command makes and that nobody can make again, or not the same: never over another one.
package enum NewFile {
    /// Throws when something is at `path` already. `what` begins the sentence, such as "A community file"; `remedy` says
    /// how another place is named.
    package static func require(_ path: String, _ what: String, remedy: String = "choose another place") throws {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw UserError("\(path) exists already. \(what) is never overwritten: \(remedy), or move it away.")
        }
    }

    /// Before the work, so that nothing is sent or signed for a file that cannot be written. Makes no folder.
    package static func check(_ path: String, option: String = "--out") throws {
        try require(path, "A file", remedy: "choose another with \(option)")
        guard let folder = FileManager.folder(of: path) else { return }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) && isFolder.boolValue else {
            throw UserError(
                "There is no folder \(folder) to write \(path) into; make it, or choose another with \(option).")
        }
    }

    package static func write(_ data: Data, to path: String, option: String = "--out") throws {
        try check(path, option: option)
        do {
            try data.write(to: URL(filePath: path), options: .withoutOverwriting)
        } catch {
            throw UserError("\(path) could not be written: \(error.localizedDescription)")
        }
    }
}
