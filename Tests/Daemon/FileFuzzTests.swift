import Foundation
import Fuzzing
import Primitives
import Simulator
import Testing

@testable import commonwatt

/// Files that people edit: damaged ones are refused with an error, or read; never does the program stop.
/// `COMMONWATT_FUZZ` raises the inputs per file.
struct FileFuzzTests {
    struct Form: Sendable, CustomTestStringConvertible {
        let name: String
        let sample: String
        let read: @Sendable (_ path: String) throws -> Void
        var testDescription: String { name }
    }

    static let digest = String(repeating: "ab", count: 32)
    static let forms: [Form] = [
        Form(
            name: "key", sample: "commonwatt-secret-key/1 secp256k1\n\(String(repeating: "11", count: 32))\n",
            read: { _ = try KeyFile.read($0) }),
        Form(
            name: "settings",
            sample: """
                partner: gridco
                genesis: genesis.json
                keys: keys
                validator: true
                listen-peers: 0.0.0.0:7400
                listen-rpc: 127.0.0.1:8400
                peers:
                  coop: coop.example:7400
                full-nodes: [\(digest)]
                requests-per-second-max: 100
                log: info
                """,
            read: { _ = try SettingsFile.read($0) }),
        Form(
            name: "community",
            sample: """
                {"community":"\(digest.prefix(40))","partner":"gridco","clock":[[0,-480],[1700000000000,-420]],"members":[]}
                """,
            read: { _ = try CommunityFile.read($0).localClock }),
    ]

    @Test(arguments: forms) func damagedFilesNeverStopTheProgram(_ form: Form) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "fuzz-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try KeyFile.write(Data(form.sample.utf8), to: path)
        try form.read(path)
        let rounds = max(400, ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap(Int.init) ?? 0)
        var random = SeededRandom(seed: 4)
        var refused = 0
        for _ in 0..<rounds {
            let bytes = Damage.apply(to: [Array(form.sample.utf8)], isText: true, &random)
            // In place, so that the file keeps its mode.
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: Data(bytes))
            try file.close()
            do { try form.read(path) } catch { refused += 1 }
        }
        #expect(refused > 0 && refused < rounds, "\(refused) of \(rounds) refused")
    }
}
