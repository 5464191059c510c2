internal import Foundation

/// A file that a command makes and that nobody can make again, or not the same: never over another one.
enum NewFile {
    /// Before the work, so that nothing is sent or signed for a file that cannot be written. Makes no folder.
    static func check(_ path: String, option: String = "--out") throws {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw UserError(
                "\(path) exists already, and nothing was written. Move it away, or choose another with \(option).")
        }
        let folder = (path as NSString).deletingLastPathComponent
        var isFolder: ObjCBool = false
        guard
            folder.isEmpty
                || FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) && isFolder.boolValue
        else {
            throw UserError(
                "There is no folder \(folder) to write \(path) into; make it, or choose another with \(option).")
        }
    }

    static func write(_ data: Data, to path: String, option: String = "--out") throws {
        try check(path, option: option)
        do {
            try data.write(to: URL(filePath: path), options: .withoutOverwriting)
        } catch {
            throw UserError("\(path) could not be written: \(error.localizedDescription)")
        }
    }
}
