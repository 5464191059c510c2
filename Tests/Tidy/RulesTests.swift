import Foundation
import TestSupport
import Testing

/// Whatever contracts, their kit and their host are made of counts among the rules, whose digest nodes compare.
@Suite struct RulesTests {
    @Test func theRulesDigestMissesNoModule() throws {
        let digests = Shared.project.appending(path: "Contracts/Suite/SourceDigests.swift")
        let text = try String(contentsOf: digests, encoding: .utf8)
        let folder = /^ *"((?:Contracts|Ledger)\/[\w\/]+)",$/.anchorsMatchLineEndings()
        let listed = Set(text.matches(of: folder).map { String($0.1) })
        #expect(listed.count > 8)
        let modules = try PackageManifest().modules
        var needed = ["ContractKit", "ContractHost", "LedgerState", "Encodings"]
        var seen: Set<String> = []
        while let name = needed.popLast() {
            guard seen.insert(name).inserted else { continue }
            let module = try #require(modules[name], "the manifest has no module \(name)")
            #expect(listed.contains(module.path), "\(module.path) is not among the rules")
            needed += module.uses
        }
        for folder in listed {
            var isFolder: ObjCBool = false
            let path = Shared.project.appending(path: folder).path
            let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            #expect(isThere && isFolder.boolValue, "\(folder)")
        }
    }
}
