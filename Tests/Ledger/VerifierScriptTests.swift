import Chain
import Foundation
import LightClient
import Primitives
import TestSupport
import Testing

/// The scripts of tools/verifier.
enum Script {
    static let python: URL? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        .map { URL(filePath: String($0)).appending(path: "python3") }
        .first { FileManager.default.isExecutableFile(atPath: $0.path) }

    static var isUsable: Bool { (try? run(["--help"]))?.status == 0 }

    static func run(
        _ arguments: [String], of name: String = "commonwatt_verify.py"
    ) throws -> (status: Int32, text: String) {
        let process = Process()
        process.executableURL = python ?? URL(filePath: "/nonexistent")
        let script = Shared.project.appending(path: "tools/verifier/\(name)").path
        process.arguments = ["-I", "-B", script] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}

/// The independent verifier of bundles against golden and damaged ones, always asked beside our own.
@Suite struct VerifierScriptTests {
    private let chain: TestChain
    private let bundles: [(name: String, bundle: ProofBundle)]

    init() throws {
        chain = try TestChain()
        bundles = [
            ("existence", try chain.bundle(["k1"], height: 2)),
            ("absence", try chain.bundle(["nobody"], height: 2, descendants: 1)),
            ("epochs", try chain.bundle(["k1", "k30", "nobody"], height: 7, descendants: 2)),
            ("header", try chain.bundle([], height: 3)),
        ]
    }

    private static func json(_ bundle: ProofBundle) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return try encoder.encode(ProofBundleDocument(bundle)) + Data("\n".utf8)
    }

    @Test func goldenFiles() throws {
        #expect(try Golden.matches(file: "proof-bundle/genesis.bcs", Data(chain.genesis.bcs)))
        for (name, bundle) in bundles {
            #expect(try Golden.matches(file: "proof-bundle/\(name).bcs", Data(bundle.bcs)), "\(name) changed")
            #expect(try Golden.matches(file: "proof-bundle/\(name).json", Self.json(bundle)), "\(name) changed")
        }
    }

    private func script(_ genesis: URL, _ bundle: URL, _ more: [String] = []) throws -> (status: Int32, text: String) {
        try Script.run([genesis.path, bundle.path, "--now", "\(chain.now.value)"] + more)
    }

    @Test(.enabled(if: Script.isUsable)) func acceptsTheGoldenBundles() throws {
        let folder = Golden.folder.appending(path: "proof-bundle")
        for (name, bundle) in bundles {
            for form in ["bcs", "json"] {
                let result = try script(
                    folder.appending(path: "genesis.bcs"), folder.appending(path: "\(name).\(form)"),
                    ["--max-age", "60"])
                #expect(result.status == 0, "\(name).\(form): \(result.text)")
                #expect(result.text.contains("verified: height \(bundle.header.height), epoch \(bundle.header.epoch)"))
                for entry in bundle.entries {
                    let value = entry.value.map { Hex.encode($0) } ?? "absent"
                    #expect(result.text.contains("\(Hex.encode(entry.key)) = \(value)"), "\(name).\(form)")
                }
            }
        }
        // As a node serves it: the bundle beside the node's own word.
        let answer = FileManager.default.temporaryDirectory.appending(
            path: "commonwatt-answer-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: answer) }
        let bundle = try String(contentsOf: folder.appending(path: "existence.json"), encoding: .utf8)
        try "{\"height\": 2, \"proof\": \(bundle)}".write(to: answer, atomically: true, encoding: .utf8)
        let served = try script(folder.appending(path: "genesis.bcs"), answer)
        #expect(served.status == 0 && served.text.contains("verified: height 2"), "\(served.text)")
        try #"{"height": 2, "value": "00"}"#.write(to: answer, atomically: true, encoding: .utf8)
        let bare = try script(folder.appending(path: "genesis.bcs"), answer)
        #expect(bare.status == 1 && bare.text.contains("proof=1"), "\(bare.text)")
        let stale = try script(
            folder.appending(path: "genesis.bcs"), folder.appending(path: "existence.bcs"), ["--max-age", "1"])
        #expect(stale.status == 1 && stale.text.contains("REFUSED"))
    }

    /// Damaged bundles, and well-formed ones that lie: both verifiers refuse each, with a reason and without a crash.
    @Test(.enabled(if: Script.isUsable)) func refusesWhatOurVerifierRefuses() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "commonwatt-verifier-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let genesis = folder.appending(path: "genesis.bcs")
        try Data(chain.genesis.bcs).write(to: genesis)
        let (short, long) = (bundles[0].bundle, bundles[2].bundle)
        let header = short.header
        let entry = short.entries[0]
        var lies = [
            short.with(entries: [ProofBundle.Entry(key: entry.key, value: [1], proof: entry.proof)]),
            short.with(entries: [ProofBundle.Entry(key: entry.key, value: nil, proof: entry.proof)]),
            short.with(entries: [ProofBundle.Entry(key: [1], value: nil, proof: bundles[1].bundle.entries[0].proof)]),
            short.with(finalization: try chain.certificate(header, kind: .notarize)),
            short.with(finalization: try chain.certificate(header, view: View(9))),
            short.with(finalization: try chain.certificate(header, signers: [0, 1])),
            short.with(finalization: try chain.certificate(header, signers: [0, 1, 1])),
            short.with(finalization: try chain.certificate(header, network: .zero)),
            short.with(finalization: try chain.certificate(chain.headers[1])),
            short.with(header: header.with(stateRoot: .zero)),
            short.with(epochEnds: long.epochEnds),
            long.with(epochEnds: [long.epochEnds[0]]), long.with(epochEnds: long.epochEnds.reversed()),
            long.with(descendants: Array(long.descendants.dropFirst())), long.with(descendants: []),
        ].map(\.bcs)
        var random = SeededGenerator(seed: 3)
        while lies.count < 26 {
            let damaged = random.damage(long.bcs)
            if damaged != long.bcs { lies.append(damaged) }
        }
        for (number, bytes) in lies.enumerated() {
            let ours = try? ProofBundle(bcs: bytes).verify(
                from: TrustAnchor(chain.genesis), now: chain.now, ageMillisecondsMax: .max)
            let place = folder.appending(path: "bundle")
            try Data(bytes).write(to: place)
            let result = try script(genesis, place)
            #expect(result.status == (ours == nil ? 1 : 0), "lie \(number): \(result.text)")
            #expect(ours != nil || result.text.hasPrefix("REFUSED: "), "lie \(number): \(result.text)")
            if number < 15 { #expect(ours == nil, "lie \(number)") }
        }
        let other = folder.appending(path: "other.bcs")
        try Data(
            Genesis(
                name: "other-net", time: chain.genesis.time, parameters: chain.genesis.parameters,
                validators: chain.genesis.validators, application: []
            ).bcs
        ).write(to: other)
        let place = folder.appending(path: "bundle")
        try Data(short.bcs).write(to: place)
        #expect(try script(other, place).text.contains("another network"))
        for text in [
            "{}", "{\"format\":\"commonwatt/proof-bundle/1\"}", "{", "", "[]", String(repeating: "[", count: 9_999),
        ] {
            try Data(text.utf8).write(to: place)
            let result = try script(genesis, place)
            #expect(result.status == 1 && result.text.hasPrefix("REFUSED: "), "\(text.prefix(40)): \(result.text)")
        }
    }
}
