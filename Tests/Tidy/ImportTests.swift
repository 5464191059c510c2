import Foundation
import TestSupport
import Testing

/// Who may import whom, read from every source file and the manifest.
@Suite struct ImportTests {
    let manifest: PackageManifest

    init() throws { manifest = try PackageManifest() }

    /// Names of the project's modules and of products that the files below a folder import.
    private func imports(below folder: String) throws -> Set<String> {
        let known = Set(manifest.modules.keys).union(manifest.products)
        return Set(try Sources.files(in: [folder]).flatMap { Sources.imports(try Sources.lines($0)) })
            .intersection(known)
    }

    /// The build refuses an import that is not listed, in release builds of everything; this refuses the other way round,
    /// so that the manifest is the true drawing of the house.
    @Test func targetsListExactlyWhatTheyImport() throws {
        #expect(manifest.targets.count > 40 && manifest.products.count > 10)
        for target in manifest.targets {
            let imported = try imports(below: target.path)
            let listed = Set(target.uses.map { manifest.products.contains($0) ? $0 : $0.replacing("-", with: "_") })
            let unused = listed.subtracting(imported).sorted()
            let missing = imported.subtracting(listed).sorted()
            #expect(unused.isEmpty, "\(target.name) lists \(unused.joined(separator: " ")) and imports none of it")
            #expect(missing.isEmpty, "\(target.name) imports \(missing.joined(separator: " ")) and does not list it")
        }
    }

    @Test func aManifestIsReadAsItIsWritten() {
        let read = PackageManifest(
            text: """
                let packages: [String: Target.Dependency] = [
                    "Logging": .product(name: "Logging", package: "swift-log"),
                ]
                let targets: [Target] = [
                    library("CThing", at: "Ledger/CThing", "libthing", "libthing-dev"),
                    module("One", at: "Ledger/One", settings: transparent),
                    module(
                        "Two", at: "Node/Two",
                        "One CThing "
                            + "Logging", excluding: ["README.md"]),
                    program(
                        "a-program", at: "tools/Program", "Two",
                        // A reason.
                        linking: ["jemalloc"]),
                    tests("TwoTests", at: "Tests/Two", "Two", running: "a-program"),
                ]
                """)
        #expect(read.targets.map(\.name) == ["CThing", "One", "Two", "a-program", "TwoTests"])
        #expect(read.targets.map(\.uses) == [[], [], ["One", "CThing", "Logging"], ["Two"], ["Two"]])
        #expect(read.targets.map(\.floor) == ["Ledger", "Ledger", "Node", "tools", "Tests"])
        #expect(read.products == ["Logging"] && read.modules["a_program"]?.path == "tools/Program")
    }

    /// The two lower floors import each other's modules and the C libraries below them, and nothing else: no Foundation,
    /// no clock, no threads, no network.
    @Test func pureFloorsImportNothingButThemselves() throws {
        let own = Set(manifest.targets.filter { Sources.pureFloors.contains($0.floor) }.map(\.module))
        for file in Sources.files(in: Sources.pureFloors) {
            for name in Sources.imports(try Sources.lines(file)) where !own.contains(name) {
                Issue.record("\(Sources.relative(file)) imports \(name)")
            }
        }
    }

    @Test func floorsNeverPointUpward() throws {
        let rank = ["Ledger": 0, "Contracts": 1, "Node": 2, "tools": 3, "Tests": 4]
        for file in Sources.files(in: Sources.floors) {
            let path = Sources.relative(file)
            let mine = try #require(rank[String(path.split(separator: "/")[0])])
            for name in Sources.imports(try Sources.lines(file)) {
                guard let floor = manifest.modules[name]?.floor, let theirs = rank[floor] else { continue }
                #expect(theirs <= mine, "\(path) imports \(name) from the floor \(floor) above it")
            }
        }
    }

    /// Contracts are the folders of their floor but these: what authors import, what runs them, and the list of them.
    @Test func contractsNeverImportEachOther() throws {
        let others: Set = ["ContractKit", "ContractHost", "ContractSuite"]
        let contracts = manifest.targets.filter { $0.floor == "Contracts" && !others.contains($0.name) }
        #expect(contracts.count >= 8)
        let names = Set(contracts.map(\.module))
        for contract in contracts {
            for name in try imports(below: contract.path).intersection(names).sorted() {
                Issue.record("\(contract.name) imports \(name): contracts call each other through the host")
            }
        }
    }

    /// Commands speak to nodes as anybody does. What a node is made of is for the wiring alone.
    @Test func commandsNeverReachIntoANode() throws {
        let inside: Set = [
            "Consensus", "LedgerState", "Replica", "Storage", "NodeRuntime", "Duties", "RPC", "ReadModels", "DataAPI",
            "ServiceLifecycle", "UnixSignals",
        ]
        let program = try #require(manifest.modules["commonwatt"])
        #expect(program.uses.contains("Wiring"))
        #expect(try imports(below: program.path).intersection(inside).sorted() == [])
    }
}
