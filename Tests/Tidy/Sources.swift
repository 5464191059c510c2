import Foundation
import TestSupport

/// The project's Swift files as text.
enum Sources {
    static let pureFloors = ["Ledger", "Contracts"]
    static let floors = ["Ledger", "Contracts", "Node", "tools", "Tests"]

    static func files(in folders: [String]) -> [URL] {
        folders.flatMap { folder -> [URL] in
            let root = Shared.project.appending(path: folder)
            let found = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
            return (found?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
        }.sorted { $0.path < $1.path }
    }

    static func relative(_ file: URL) -> String {
        String(file.standardizedFileURL.path.dropFirst(Shared.project.path.count + 1))
    }

    static func lines(_ file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
    }

    /// Module names imported by a file: imports stand before all other code.
    static func imports(_ lines: [String]) -> [String] {
        lines.prefix { isHead($0) }.compactMap { line in
            guard
                let match = line.firstMatch(
                    of:
                        /^\s*(?:@[\w()]+\s+)*(?:package |internal |public |private )?import (?:struct |enum |class |func )?(\w+)/
                )
            else { return nil }
            return String(match.1)
        }
    }

    /// An import, a comment, an attribute's condition or nothing.
    private static func isHead(_ line: String) -> Bool {
        line.isEmpty || line.hasPrefix("//") || line.hasPrefix("#") || line.contains("import ")
    }
}
