import Foundation
import TestSupport

/// What `Package.swift` says of the project's own targets, read as text.
struct PackageManifest {
    struct Target {
        let name: String
        /// Folder of its sources, from the project's own.
        let path: String
        /// Names of the targets and products that it lists as dependencies.
        let uses: Set<String>

        /// Ledger, Contracts, Node, tools or Tests.
        var floor: String { String(path.split(separator: "/")[0]) }
        /// As an import writes it.
        var module: String { name.replacingOccurrences(of: "-", with: "_") }
    }

    let targets: [Target]
    /// Products of other packages by the names that the manifest gives them.
    let products: Set<String>

    init() throws {
        try self.init(text: String(contentsOf: Shared.project.appending(path: "Package.swift"), encoding: .utf8))
    }

    /// Targets are made by `module`, `program`, `tests`, `library` and `constant`, each on a line of its own: name, path, then the
    /// dependencies as texts, then arguments with labels.
    init(text: String) {
        let code = text.components(separatedBy: "\n").map { $0.components(separatedBy: "    //")[0] }
        targets = code.indices.compactMap { start in
            guard let kind = code[start].firstMatch(of: /^    (module|program|tests|library|constant)\(/) else {
                return nil
            }
            let end = code[start...].firstIndex { $0.hasSuffix("),") } ?? code.endIndex - 1
            let call = code[start...end].joined(separator: "\n")
            let listed = call.replacing(/\b(excluding|settings|linking|running): [\s\S]*/, with: "")
            let texts = listed.matches(of: /"([^"]*)"/).map { String($0.1) }
            guard texts.count >= 2 else { return nil }
            // What a system library lists after its path are its packages; what a constant does, its name.
            let names =
                ["library", "constant"].contains(kind.1)
                ? [] : texts[2...].flatMap { $0.split(separator: " ").map(String.init) }
            return Target(name: texts[0], path: texts[1], uses: Set(names))
        }
        products = Set(text.matches(of: /"([\w]+)": \.product\(/).map { String($0.1) })
    }

    /// Modules by the names that imports give them.
    var modules: [String: Target] {
        Dictionary(targets.map { ($0.module, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
