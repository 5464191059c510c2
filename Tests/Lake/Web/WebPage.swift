import Foundation
import TestSupport

/// The verifier page of tools/webverifier: built once, asked under node or in Chromium.
enum WebPage {
    static let folder = Shared.project.appending(path: "tools/webverifier")

    static func program(_ names: [String]) -> URL? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return names.lazy.flatMap { name in folders.lazy.map { URL(filePath: String($0)).appending(path: name) } }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    static let python = program(["python3"])
    static let node = program(["node", "nodejs"])
    static let chromium = program(["chromium", "chromium-browser", "google-chrome"])

    /// Whether it could be built: without a package index there is no source of the curve's library. Any other failure
    /// of the build is one of the test.
    static var isBuilt: Bool {
        get throws { try build.get() }
    }

    private static let build: Result<Bool, any Error> = Result {
        let outcome = try run(python, [folder.appending(path: "build.py").path])
        if outcome.status == 75 { return false }
        guard outcome.status == 0 else { throw TestFailureText("build.py: \(outcome.text)") }
        return true
    }

    struct TestFailureText: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    static func run(_ program: URL?, _ arguments: [String]) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = program ?? URL(filePath: "/nonexistent")
        process.arguments = arguments
        let place = FileManager.default.temporaryDirectory.appending(path: "commonwatt-page-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: place.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: place) }
        let output = try FileHandle(forWritingTo: place)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: try Data(contentsOf: place), as: UTF8.self))
    }

    /// What the page says of each file.
    static func verdicts(_ files: [Data], genesis: Data, inBrowser: Bool) throws -> [WebVerifierTests.Verdict] {
        let work = FileManager.default.temporaryDirectory.appending(path: "commonwatt-page-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: work) }
        let genesisPlace = work.appending(path: "genesis.bcs")
        try genesis.write(to: genesisPlace)
        var list: [[Any]] = []
        for (index, file) in files.enumerated() {
            let place = work.appending(path: "statement-\(index).json")
            try file.write(to: place)
            list.append([genesisPlace.path, place.path, Date().timeIntervalSince1970.rounded() * 1_000])
        }
        let listPlace = work.appending(path: "list.json")
        try JSONSerialization.data(withJSONObject: list).write(to: listPlace)
        let outcome =
            inBrowser
            ? try run(python, [folder.appending(path: "browser.py").path, "--list", listPlace.path])
            : try run(node, [folder.appending(path: "verify.mjs").path, "--list", listPlace.path])
        guard outcome.status == 0 else { throw TestFailureText(outcome.text) }
        return try JSONDecoder().decode([WebVerifierTests.Verdict].self, from: Data(outcome.text.utf8))
    }
}
