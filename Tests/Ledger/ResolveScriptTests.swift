import Foundation
import TestSupport
import Testing

/// The independent verifier of resolutions against the golden answers, true and false ones.
@Suite struct ResolveScriptTests {
    private struct Cases: Decodable {
        struct Case: Decodable {
            let file: String
            let url: String
        }

        let now: UInt64
        let cases: [Case]
    }

    private let folder = Golden.folder.appending(path: "did-resolution")
    private let cases: Cases

    init() throws {
        cases = try JSONDecoder().decode(Cases.self, from: Data(contentsOf: folder.appending(path: "cases.json")))
    }

    private func script(_ arguments: [String]) throws -> (status: Int32, text: String) {
        try Script.run(arguments, of: "commonwatt_resolve.py")
    }

    /// With either form of the genesis file.
    @Test(.enabled(if: Script.isUsable), arguments: ["genesis.bcs", "genesis.json"])
    func goldenCases(genesis: String) throws {
        let result = try script([
            "--genesis", folder.appending(path: genesis).path, "--cases", folder.appending(path: "cases.json").path,
        ])
        #expect(result.status == 0, "\(result.text)")
        let lines = result.text.split(separator: "\n")
        #expect(lines.count == cases.cases.count && lines.allSatisfy { $0.hasPrefix("ok ") }, "\(result.text)")
    }

    /// A genesis file in which one digit was changed is none, as for our own program.
    @Test(.enabled(if: Script.isUsable)) func refusesAnAlteredGenesis() throws {
        let text = try String(contentsOf: folder.appending(path: "genesis.json"), encoding: .utf8)
        let place = FileManager.default.temporaryDirectory.appending(path: "commonwatt-genesis-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        let delay = try #require(text.firstMatch(of: /"delayMilliseconds": \d+/))
        let attempts = [
            (text.replacing(delay.0, with: "\"delayMilliseconds\": 1"), "the genesis file was changed"),
            (text.replacing("\"application\"", with: "\"applications\""), "the genesis file's JSON"),
            (String(text.dropLast(9)), "the genesis file's JSON"),
        ]
        for (altered, reason) in attempts {
            #expect(altered != text)
            try Data(altered.utf8).write(to: place)
            let result = try script([
                "--genesis", place.path, "--cases", folder.appending(path: "cases.json").path,
            ])
            #expect(result.status == 1 && result.text.contains(reason), "\(result.text)")
        }
    }

    @Test(.enabled(if: Script.isUsable)) func refusesAnAlteredAnswer() throws {
        let first = try #require(cases.cases.first)
        let answer = try String(contentsOf: folder.appending(path: first.file), encoding: .utf8)
        let altered = answer.replacingOccurrences(of: "LinkedDomains", with: "LinkedDomaint")
        #expect(altered != answer)
        let place = FileManager.default.temporaryDirectory.appending(path: "commonwatt-resolve-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: place) }
        let arguments = [
            "--genesis", folder.appending(path: "genesis.bcs").path, "--now", "\(cases.now)", first.url, place.path,
        ]
        let attempts: [(text: String, status: Int32, start: String)] = [
            (answer, 0, "verified: document, version 2 of 2"), (altered, 1, "REFUSED: document changed"),
            ("{", 1, "REFUSED: malformed answer"),
        ]
        for (text, status, start) in attempts {
            try Data(text.utf8).write(to: place)
            let result = try script(arguments)
            #expect(result.status == status && result.text.hasPrefix(start), "\(result.text)")
        }
    }
}
