internal import Foundation

/// Files that exist nowhere else are never overwritten.
enum NewFile {
    /// Throws when something is at `path` already. `what` begins the sentence, such as "A community file"; `remedy` says
    /// how another place is named.
    static func require(_ path: String, _ what: String, remedy: String) throws {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw UserError("\(path) exists already. \(what) is never overwritten: \(remedy), or move it away.")
        }
    }
}
