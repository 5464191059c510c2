import Foundation
import TestSupport
import Testing

/// Rules of the house that the compiler does not check.
@Suite struct TidyTests {
    static let pureFloors = ["Ledger", "Contracts"]
    static let floors = ["Ledger", "Contracts", "Node", "tools", "Tests"]
    /// A file beyond this is two files.
    static let fileLinesMax = 400
    static let functionLinesMax = 100

    static func swiftFiles(in floors: [String]) -> [URL] {
        floors.flatMap { floor -> [URL] in
            let root = Shared.project.appending(path: floor)
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

    /// Module names imported by a file.
    static func imports(_ lines: [String]) -> [String] {
        lines.compactMap { line in
            guard
                let match = line.firstMatch(
                    of:
                        /^\s*(?:@[\w()]+\s+)*(?:package |internal |public |private )?import (?:struct |enum |class |func )?(\w+)/
                )
            else { return nil }
            return String(match.1)
        }
    }

    @Test func thereIsSomethingToCheck() {
        #expect(TidyTests.swiftFiles(in: TidyTests.floors).count > 100)
    }

    @Test func pureFloorsImportNothingImpure() throws {
        let banned: Set = [
            "Foundation", "FoundationEssentials", "Dispatch", "Glibc", "Synchronization", "_Concurrency", "NIOCore",
        ]
        for file in TidyTests.swiftFiles(in: TidyTests.pureFloors) {
            for name in TidyTests.imports(try TidyTests.lines(file)) where banned.contains(name) {
                Issue.record("\(TidyTests.relative(file)) imports \(name)")
            }
        }
    }

    @Test func pureFloorsHaveNoFloatingPointClockOrRandomness() throws {
        let banned =
            /\b(Double|Float|Float16|SystemRandomNumberGenerator|ContinuousClock|SuspendingClock|Task|DispatchQueue|Thread)\b/
        for file in TidyTests.swiftFiles(in: TidyTests.pureFloors) {
            for (index, line) in try TidyTests.lines(file).enumerated() {
                let code = line.components(separatedBy: "//")[0]
                if let match = code.firstMatch(of: banned) {
                    Issue.record("\(TidyTests.relative(file)):\(index + 1) uses \(match.1)")
                }
            }
        }
    }

    @Test func nothingFromOutsideCanTrap() throws {
        let banned = /fatalError\(|try!|\bas! |preconditionFailure\(|unowned\(unsafe\)/
        for file in TidyTests.swiftFiles(in: ["Ledger", "Contracts", "Node"]) {
            for (index, line) in try TidyTests.lines(file).enumerated() {
                let code = line.components(separatedBy: "//")[0]
                if code.firstMatch(of: banned) != nil {
                    Issue.record("\(TidyTests.relative(file)):\(index + 1) can stop the process: \(code)")
                }
            }
        }
    }

    @Test func floorsNeverPointUpward() throws {
        let modules = try TidyTests.moduleFloors()
        let rank = ["Ledger": 0, "Contracts": 1, "Node": 2, "tools": 3, "Tests": 4]
        for file in TidyTests.swiftFiles(in: TidyTests.floors) {
            let path = TidyTests.relative(file)
            let floor = String(path.split(separator: "/")[0])
            for name in TidyTests.imports(try TidyTests.lines(file)) {
                guard let target = modules[name], let mine = rank[floor], let theirs = rank[target] else { continue }
                #expect(theirs <= mine, "\(path) imports \(name) from the floor \(target) above it")
            }
        }
    }

    @Test func contractsNeverImportEachOther() throws {
        let contracts: Set = [
            "Accounts", "Agreements", "Anchors", "Billing", "Governance", "Identity", "Results", "Trading",
        ]
        for file in TidyTests.swiftFiles(in: ["Contracts"]) {
            let path = TidyTests.relative(file)
            let folder = String(path.split(separator: "/")[1])
            guard contracts.contains(folder) else { continue }
            for name in TidyTests.imports(try TidyTests.lines(file)) where contracts.contains(name) {
                Issue.record("\(path) imports the contract \(name): contracts call each other through the host")
            }
        }
    }

    /// Whatever contracts, their kit and their host are made of counts among the rules, whose digest nodes compare.
    @Test func theRulesDigestMissesNoModule() throws {
        let digests = Shared.project.appending(path: "Contracts/Suite/SourceDigests.swift")
        let text = try String(contentsOf: digests, encoding: .utf8)
        let folder = /^ *"((?:Contracts|Ledger)\/[\w\/]+)",$/.anchorsMatchLineEndings()
        let listed = Set(text.matches(of: folder).map { String($0.1) })
        #expect(listed.count > 8)
        let manifest = try String(contentsOf: Shared.project.appending(path: "Package.swift"), encoding: .utf8)
        var uses: [String: (folder: String, modules: [String])] = [:]
        for match in manifest.matches(of: /(module|library)\(\s*"(\w+)", at: "([\w\/]+)"(?:,\s*"([\w ]*)")?/) {
            // A C library is named with what it is called elsewhere, not with modules.
            let modules = match.1 == "module" ? match.4.map { $0.split(separator: " ").map(String.init) } : nil
            uses[String(match.2)] = (String(match.3), modules ?? [])
        }
        var needed = ["ContractKit", "ContractHost", "LedgerState", "Encodings"]
        var seen: Set<String> = []
        while let name = needed.popLast() {
            guard seen.insert(name).inserted else { continue }
            let module = try #require(uses[name], "the manifest has no module \(name)")
            #expect(listed.contains(module.folder), "\(module.folder) is not among the rules")
            needed += module.modules
        }
        for folder in listed {
            var isFolder: ObjCBool = false
            let path = Shared.project.appending(path: folder).path
            let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            #expect(isThere && isFolder.boolValue, "\(folder)")
        }
    }

    @Test func filesAndFunctionsFitAScreen() throws {
        for file in TidyTests.swiftFiles(in: TidyTests.floors) {
            let lines = try TidyTests.lines(file)
            let path = TidyTests.relative(file)
            #expect(lines.count <= TidyTests.fileLinesMax, "\(path) has \(lines.count) lines")
            var start: (line: Int, indent: Int)?
            for (index, line) in lines.enumerated() {
                let indent = line.prefix { $0 == " " }.count
                if start == nil, !(line.contains("{") && line.hasSuffix("}")),
                    line.firstMatch(
                        of:
                            /^\s*(?:@\w+\s+)*(?:package |private |public |static |mutating |internal |nonisolated )*(?:func|init)\b/
                    ) != nil
                {
                    start = (index, indent)
                } else if let open = start, line.hasPrefix(String(repeating: " ", count: open.indent) + "}") {
                    let length = index - open.line + 1
                    #expect(
                        length <= TidyTests.functionLinesMax, "\(path):\(open.line + 1) a function of \(length) lines")
                    start = nil
                }
            }
        }
    }

    @Test func noMarksOfUnfinishedWork() throws {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK"]
        for file in TidyTests.swiftFiles(in: TidyTests.floors) {
            for (index, line) in try TidyTests.lines(file).enumerated() {
                for mark in marks where line.contains(mark) {
                    Issue.record("\(TidyTests.relative(file)):\(index + 1) holds \(mark)")
                }
            }
        }
    }

    /// Which floor each module's folder stands on, read from the manifest.
    static func moduleFloors() throws -> [String: String] {
        let manifest = try String(contentsOf: Shared.project.appending(path: "Package.swift"), encoding: .utf8)
        var floors: [String: String] = [:]
        for match in manifest.matches(of: /(?:module|program|library|tests)\(\s*"([\w-]+)", at: "(\w+)\//) {
            floors[String(match.1)] = String(match.2)
        }
        return floors
    }
}
