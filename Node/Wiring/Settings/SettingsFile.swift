internal import Foundation
internal import OperatorFiles
internal import Yams

/// Reads a YAML file of settings. What it refuses, it names: file, line, setting, what was expected and what is there.
struct SettingsFile {
    private let path: String
    private var settings = UserSettings()

    static func read(_ path: String) throws -> UserSettings {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw UserError("No configuration file at \(path).")
        }
        var file = SettingsFile(path: path)
        try file.read(String(decoding: data, as: UTF8.self))
        return file.settings
    }

    private init(path: String) { self.path = path }

    private mutating func read(_ text: String) throws {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw UserError("\(path) is not a valid configuration: \(SettingsFile.words(error))")
        }
        guard let root, root.scalar?.string != "" else { return }
        guard let mapping = root.mapping else {
            throw refusal(root, "expected lines 'name: value', but the file is \(SettingsFile.words(root))")
        }
        let known = UserSettings.fields
        for (key, value) in mapping {
            let name = key.scalar?.string ?? SettingsFile.words(key)
            guard let field = known.first(where: { $0.name == name })?.field else {
                let names = known.map(\.name)
                let hint =
                    Spelling.nearest(to: name, in: names).map { "did you mean '\($0)'?" }
                    ?? "known are \(names.sorted().joined(separator: ", "))."
                throw refusal(key, "unknown setting '\(name)'; \(hint)")
            }
            try take(value, name, field)
        }
    }

    private mutating func take(_ node: Node, _ name: String, _ field: UserSettings.Field) throws {
        let wrong = refusal(node, "setting '\(name)' must be \(field.expected), but is \(SettingsFile.words(node))")
        switch field {
        case .text(let path):
            guard let text = SettingsFile.text(node) else { throw wrong }
            settings[keyPath: path] = text
        case .truth(let path):
            guard let flag = node.bool else { throw wrong }
            settings[keyPath: path] = flag
        case .number(let path):
            guard let number = node.int else { throw wrong }
            settings[keyPath: path] = number
        case .list(let path):
            guard let entries = node.sequence else { throw wrong }
            settings[keyPath: path] = try entries.map { entry in
                guard let text = SettingsFile.text(entry) else { throw inside(name, entry) }
                return text
            }
        case .map(let path):
            guard let entries = node.mapping else { throw wrong }
            var map: [String: String] = [:]
            for (key, value) in entries {
                guard let name = SettingsFile.text(key) else { throw inside(name, key) }
                guard let text = SettingsFile.text(value) else { throw inside("\(name)' of 'peers", value) }
                map[name] = text
            }
            settings[keyPath: path] = map
        }
    }

    private func inside(_ name: String, _ node: Node) -> UserError {
        refusal(node, "an entry of setting '\(name)' must be a text, but is \(SettingsFile.words(node))")
    }

    private func refusal(_ node: Node, _ what: String) -> UserError {
        let place = node.mark.map { ", line \($0.line)" } ?? ""
        return UserError("\(path)\(place): \(what)")
    }

    /// A scalar as it is written; nil for everything else, and where nothing is written.
    private static func text(_ node: Node) -> String? {
        guard let text = node.scalar?.string, node.null == nil else { return nil }
        return text
    }

    private static func words(_ node: Node) -> String {
        switch node {
        case .mapping: return "a map of names"
        case .sequence: return "a list"
        case .scalar(let scalar):
            if node.null != nil { return "empty" }
            if node.bool != nil || node.float != nil { return scalar.string }
            return "the text '\(scalar.string)'"
        case .alias: return "an alias"
        }
    }

    private static func words(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let names, _):
            "these stand more than once: \(names.sorted().joined(separator: ", "))"
        default: "\(error)"
        }
    }
}
