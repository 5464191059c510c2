import ContractHost
import Encodings
import Foundation
import Identity
import LightClient
import NodeClient
import Primitives
import Resolver
import TestSupport
import Testing

/// Answers that are committed, right and wrong ones, for verifiers in other languages (Tests/Golden/did-resolution).
/// `cases.json` says what each must give.
@Suite struct GoldenAnswerTests {
    static let now: UInt64 = 1_767_225_600_000

    struct Case {
        let file: String
        let url: String
        var versionID: UInt32?
        /// RFC 3339; whole seconds mean all of that second.
        var versionTime: String?
        var minimumHeight: UInt64 = 0
        /// `found`, `deactivated`, `absent`, or why it is refused.
        let expected: String

        var selection: VersionSelection {
            if let versionID { return .number(versionID) }
            guard let versionTime else { return .latest }
            return .time(DateTime.end(of: versionTime) ?? Timestamp(0))
        }

        var json: JSONValue {
            var members: [JSONValue.Member] = [.init("file", .string(file)), .init("url", .string(url))]
            if let versionID { members.append(.init("versionId", .unsigned(UInt64(versionID)))) }
            if let versionTime { members.append(.init("versionTime", .string(versionTime))) }
            if minimumHeight > 0 { members.append(.init("minimumHeight", .unsigned(minimumHeight))) }
            return .object(members + [.init("expected", .string(expected))])
        }
    }

    typealias Answers = (answers: [(String, [UInt8])], cases: [Case])

    @Test func answersAreAsPinned() async throws {
        let registry = try await RegistryFixture(fixedNow: Self.now)
        var (answers, cases) = try await Self.answers(registry)
        for more in [try await Self.times(registry, answers), try await Self.objects(registry)] {
            answers += more.answers
            cases += more.cases
        }
        #expect(try Golden.matches(file: "did-resolution/genesis.bcs", Data(registry.node.genesis.bcs)))
        #expect(try Golden.matches(file: "did-resolution/genesis.json", Data(registry.node.genesis.file)))
        for (file, body) in answers {
            #expect(try Golden.matches(file: "did-resolution/\(file)", Data(body)), "\(file) changed")
        }
        #expect(try Golden.matches(file: "did-resolution/cases.json", Data(Self.list(cases))))
        for one in cases {
            let body = answers.first { $0.0 == one.file }?.1 ?? []
            #expect(Self.outcome(registry, body, one) == one.expected, "\(one.file) for \(one.expected)")
        }
    }

    static func outcome(_ registry: RegistryFixture, _ body: [UInt8], _ one: Case) -> String {
        var verifier = registry.verifier
        verifier.minimumHeight = Height(one.minimumHeight)
        do throws(ResolutionRefusal) {
            let verified = try verifier.verify(
                body, for: one.url, selection: one.selection, now: Timestamp(now))
            switch verified.outcome {
            case .content: return "found"
            case .deactivated: return "deactivated"
            case .absent: return "absent"
            }
        } catch {
            return name(error)
        }
    }

    /// The words of docs/formats/did-resolution-proof.md.
    static func name(_ refusal: ResolutionRefusal) -> String {
        switch refusal {
        case .malformed: "malformed"
        case .failed: "failed"
        case .otherNetwork: "other network"
        case .proofMissing: "proof missing"
        case .proofRefused: "proof refused"
        case .recordMissing: "record missing"
        case .belowMinimum: "below minimum"
        case .oldVersion: "old version"
        case .otherVersion: "other version"
        case .documentChanged: "document changed"
        case .deactivationHidden: "deactivation hidden"
        case .falselyDeactivated: "falsely deactivated"
        case .falselyAbsent: "falsely absent"
        case .invented: "invented"
        case .notSelfCertified: "not self-certified"
        case .metadataWrong: "metadata wrong"
        }
    }

    /// As the format says: by the DID, or by the DID URL of an object.
    static func ask(
        _ registry: RegistryFixture, _ url: String, _ options: [String: String] = [:]
    ) async throws -> [UInt8] {
        let form = url.contains("/") ? "application/did-url-dereferencing" : "application/did-resolution"
        return try await registry.ask(url, accept: form, options).body
    }

    private static func answers(_ registry: RegistryFixture) async throws -> Answers {
        try await registry.create(0)
        try await registry.create(1)
        try await registry.rotate(0, from: 1, by: 0, to: 2)
        try await registry.end(1, at: 1, by: 1)
        let schema = try await registry.schema(3, creating: true)
        let (did, ended) = (registry.did(0).description, registry.did(1).description)
        func ask(_ url: String, _ options: [String: String] = [:]) async throws -> [UInt8] {
            try await Self.ask(registry, url, options)
        }
        let newest = try await ask(did)
        let first = try await ask(did, ["versionId": "1"])
        let endedFirst = try await ask(ended, ["versionId": "1"])
        let forged = String(decoding: newest, as: UTF8.self).firstMatch(of: /"signature":"([0-9a-f]{128})"/)?.1 ?? ""
        let spoil = LyingNodeTests.spoil
        let answers: [(String, [UInt8])] = [
            ("document.json", newest), ("version-1.json", first), ("deactivated.json", try await ask(ended)),
            ("ended-version-1.json", endedFirst), ("absent.json", try await ask(ResolutionTests.unknown)),
            ("no-such-version.json", try await ask(did, ["versionId": "9"])), ("schema.json", try await ask(schema)),
            ("lie-changed.json", spoil(newest, "https://a.example/didcomm", "https://evil.example/didcomm")),
            ("lie-no-proof.json", try await ask(did, ["proof": "0"])),
            ("lie-forged.json", spoil(newest, String(forged), String(forged.reversed()))),
            ("lie-hidden.json", spoil(endedFirst, "\"deactivated\":true,", "")),
            ("lie-time.json", spoil(newest, "\"updated\":\"20", "\"updated\":\"19")),
        ]
        let unknown = ResolutionTests.unknown
        let cases = [
            Case(file: "document.json", url: did, expected: "found"),
            Case(file: "version-1.json", url: did, versionID: 1, expected: "found"),
            Case(file: "deactivated.json", url: ended, expected: "deactivated"),
            Case(file: "ended-version-1.json", url: ended, versionID: 1, expected: "found"),
            Case(file: "absent.json", url: unknown, expected: "absent"),
            Case(file: "no-such-version.json", url: did, versionID: 9, expected: "absent"),
            Case(file: "schema.json", url: schema, expected: "found"),
            Case(file: "lie-changed.json", url: did, expected: "document changed"),
            Case(file: "version-1.json", url: did, expected: "old version"),
            Case(file: "document.json", url: did, versionID: 1, expected: "other version"),
            Case(file: "lie-no-proof.json", url: did, expected: "proof missing"),
            Case(file: "lie-forged.json", url: did, expected: "proof refused"),
            Case(file: "ended-version-1.json", url: ended, expected: "deactivation hidden"),
            Case(file: "lie-hidden.json", url: ended, versionID: 1, expected: "deactivation hidden"),
            Case(file: "no-such-version.json", url: did, expected: "falsely absent"),
            Case(file: "absent.json", url: did, expected: "record missing"),
            Case(file: "lie-time.json", url: did, expected: "metadata wrong"),
        ]
        return (answers, cases)
    }

    private static func list(_ cases: [Case]) -> [UInt8] {
        JSONValue.object([.init("now", .unsigned(now)), .init("cases", .array(cases.map(\.json)))]).pretty
    }
}
