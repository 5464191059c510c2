import Foundation
import Fuzzing
import LedgerCrypto
import OperatorFiles
import Primitives
import Simulator
import Testing
import Transport

@testable import Wiring
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
        Form(
            name: "rules",
            sample: """
                {"name":"A","periodMinutes":15,"zone":"Europe/Zurich","model":"staticKeys","priceRule":"midMarketRate",
                "gridTariff":{"consumption":0.25,"production":0.08,"bands":[{"days":"mon-fri","from":"17:00","to":"20:00",
                "consumption":0.3,"production":0.1}],"follows":{"series":0,"sides":"both","consumption":0.05}},
                "series":[{"name":"day-ahead","oracle":"sun"}],"gridFee":{"value":0.02,"bands":[]},"deadlineHours":24}
                """,
            read: { _ = try RulesFile.read($0).rules(year: 2024, zone: "Europe/Zurich") }),
        Form(
            name: "terms",
            sample: """
                {"tariff":{"consumption":0.3,"production":0.07},"key":{"value":2500,"bands":[{"from":"0:00","to":"6:00",
                "value":100}]},"producerKeys":[{"producer":9,"key":100}],"preferred":[{"producer":3,"wattHours":500}],
                "plant":{"agent":"coop","owners":[{"member":1,"share":4000}]}}
                """,
            read: { path in
                let file = try TermsFile.read(path)
                _ = (try file?.settings(), try file?.plantTerms())
            }),
    ]

    /// Forms whose samples need fresh keys.
    private static func keyed() throws -> [Form] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fuzz-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let keys = try NodeKeys.create(in: folder)
        let part = try GenesisPart(
            network: "pilot", partner: "gridco", name: "Grid Company", roles: ["validator", "grid-operator"],
            keys: keys,
            isValidator: true)
        try part.write(to: folder + "/part.json")
        let text = try String(contentsOfFile: folder + "/part.json", encoding: .utf8)
        return [
            Form(name: "genesis part", sample: text, read: { _ = try GenesisPart.read($0).checked() }),
            Form(
                name: "transport identity", sample: keys.transport.pem,
                read: { path in
                    let bytes = FileManager.default.contents(atPath: path) ?? Data()
                    _ = try TransportIdentity(pem: String(decoding: bytes, as: UTF8.self))
                }),
        ]
    }

    @Test func damagedKeysAndGenesisPartsNeverStopTheProgram() throws {
        for form in try FileFuzzTests.keyed() { try damagedFilesNeverStopTheProgram(form) }
    }

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
            // In place, so that the file keeps its mode, and never cut to nothing, after which ext4 waits for the disk.
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.write(contentsOf: Data(bytes))
            try file.truncate(atOffset: UInt64(bytes.count))
            try file.close()
            do { try form.read(path) } catch { refused += 1 }
        }
        #expect(refused > 0 && refused < rounds, "\(refused) of \(rounds) refused")
    }
}
