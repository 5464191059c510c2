import Chain
import ContractHost
import Encodings
import Identity
import IdentityClient
import LedgerCrypto
import LightClient
import NodeClient
import Primitives
import RPC
import Resolver
import TestSupport
import Testing

/// A node that lies in every way that one can, and a verifier that says how.
@Suite struct LyingNodeTests {
    /// Changes in the text of an answer.
    static func spoil(_ body: [UInt8], _ old: String, _ new: String) -> [UInt8] {
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains(old), "nothing to spoil: \(old)")
        return Array(text.replacing(old, with: new).utf8)
    }

    static func refusal(
        _ registry: RegistryFixture, _ body: [UInt8], _ target: String, _ selection: VersionSelection = .latest,
        _ change: (inout ResolutionVerifier) -> Void = { _ in }, now: Timestamp = RegistryFixture.now
    ) -> ResolutionRefusal? {
        var verifier = registry.verifier
        change(&verifier)
        do throws(ResolutionRefusal) {
            _ = try verifier.verify(body, for: target, selection: selection, now: now)
            return nil
        } catch { return error }
    }

    @Test func anHonestAnswerIsBelieved() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let body = try await registry.ask(did).body
        let verified = try registry.verifier.verify(body, for: did, now: RegistryFixture.now)
        #expect(verified.outcome == .content(registry.content(0).document(of: registry.did(0))))
        #expect(verified.version == 1 && verified.latest == 1)
        let absent = try await registry.ask(ResolutionTests.unknown).body
        let nothing = try registry.verifier.verify(absent, for: ResolutionTests.unknown, now: RegistryFixture.now)
        #expect(nothing.outcome == .absent)
        let schema = try await registry.schema(0)
        for target in [schema] {
            let answer = try await registry.ask(target, accept: "application/did-url-dereferencing").body
            #expect(Self.refusal(registry, answer, target) == nil)
        }
    }

    /// The bound of documents is not that of answers, whose proofs grow with the epochs.
    @Test func aLongAnswerIsBelieved() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let body = try await registry.ask(did).body
        func padded(_ byteCount: Int) -> [UInt8] {
            Array("{\"padding\":\"\(String(repeating: "x", count: byteCount))\",".utf8) + body.dropFirst()
        }
        #expect(Self.refusal(registry, padded(JSON.byteCountMax), did) == nil)
        guard case .malformed = Self.refusal(registry, padded(ResolutionVerifier.answerBytesMax), did) else {
            Issue.record("an answer above the bound was read")
            return
        }
    }

    @Test func changedDocumentsAreCaught() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let body = try await registry.ask(did).body
        let evil = Self.spoil(body, "https://a.example/didcomm", "https://evil.example/didcomm")
        #expect(Self.refusal(registry, evil, did) == .documentChanged)
        let schema = try await registry.schema(0)
        let answer = try await registry.ask(schema, accept: "application/did-url-dereferencing").body
        #expect(Self.refusal(registry, Self.spoil(answer, "since", "until"), schema) == .documentChanged)
        // The answer about another DID, however right, is none about this one.
        try await registry.create(1)
        let other = try await registry.ask(registry.did(1).description).body
        #expect(Self.refusal(registry, other, did) == .recordMissing("object"))
        #expect(
            Self.refusal(registry, body, "did:cwatt:other:\(did.split(separator: ":")[3])") == .otherNetwork("other"))
        let dated = Self.spoil(body, "\"created\":\"20", "\"created\":\"19")
        #expect(Self.refusal(registry, dated, did) == .metadataWrong("created"))
    }

    @Test func oldStatesAreCaught() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let before = try await registry.ask(did).body
        try await registry.rotate(0, from: 1, by: 0, to: 1)
        let after = try await registry.ask(did).body
        let height = await registry.node.height
        // Old and whole: only its age or the height that was asked for tell.
        let late = RegistryFixture.now.adding(milliseconds: 120_000)
        guard case .proofRefused(.tooOld) = Self.refusal(registry, before, did, now: late) else {
            Issue.record("an old state was believed")
            return
        }
        let wanted = Self.refusal(registry, before, did) { $0.minimumHeight = height }
        #expect(wanted == .belowMinimum(height.previous ?? height, wanted: height))
        // The old document under the new proof.
        let first = try await registry.ask(did, ["versionId": "1"]).body
        #expect(Self.refusal(registry, first, did) == .oldVersion(given: 1, latest: 2))
        #expect(Self.refusal(registry, first, did, .number(1)) == nil)
        #expect(Self.refusal(registry, first, did, .number(2)) == .otherVersion(given: 1))
        #expect(Self.refusal(registry, after, did, .number(1)) == .otherVersion(given: 2))
        let renamed = Self.spoil(first, "\"versionId\":\"1\"", "\"versionId\":\"2\"")
        #expect(Self.refusal(registry, renamed, did) != nil)
    }

    @Test func missingAndForgedProofsAreCaught() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let bare = try await registry.ask(did, ["proof": "0"]).body
        #expect(Self.refusal(registry, bare, did) == .proofMissing)
        let absent = try await registry.ask(ResolutionTests.unknown, ["proof": "0"]).body
        #expect(Self.refusal(registry, absent, ResolutionTests.unknown) == .proofMissing)
        let body = try await registry.ask(did).body
        // One signature's last digits, the certificate's kind, the state root.
        let text = String(decoding: body, as: UTF8.self)
        let signature = try #require(text.firstMatch(of: /"signature":"([0-9a-f]{128})"/))
        let forged = Self.spoil(body, String(signature.1), String(String(signature.1).reversed()))
        guard case .proofRefused(.signature) = Self.refusal(registry, forged, did) else {
            Issue.record("a forged certificate was believed")
            return
        }
        guard
            case .proofRefused(.notAFinalization) = Self.refusal(
                registry, Self.spoil(body, "\"finalize\"", "\"notarize\""), did)
        else {
            Issue.record("a notarization passed for a finalization")
            return
        }
        let root = try #require(text.firstMatch(of: /"stateRoot":"([0-9a-f]{64})"/))
        let moved = Self.spoil(body, String(root.1), String(String(root.1).reversed()))
        guard case .proofRefused = Self.refusal(registry, moved, did) else {
            Issue.record("another state root was believed")
            return
        }
        // A whole network of another's making.
        let other = try await RegistryFixture()
        try await other.create(0)
        let foreign = try await other.ask(did).body
        guard case .proofRefused(.network) = Self.refusal(registry, foreign, did) else {
            Issue.record("another network's certificate was believed")
            return
        }
        #expect(Self.refusal(registry, Array("{}".utf8), did) == .malformed("metadata is missing"))
    }

    @Test func hiddenDeactivationIsCaught() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let alive = try await registry.ask(did).body
        let lie = Self.spoil(alive, "\"created\"", "\"deactivated\":true,\"created\"")
        #expect(Self.refusal(registry, lie, did) == .falselyDeactivated)
        try await registry.end(0, at: 1, by: 0)
        let honest = try await registry.ask(did).body
        let verified = try registry.verifier.verify(honest, for: did, now: RegistryFixture.now)
        #expect(verified.outcome == .deactivated && verified.isDeactivated)
        // The document of before with the proof of now, with and without the flag.
        let first = try await registry.ask(did, ["versionId": "1"]).body
        #expect(Self.refusal(registry, first, did) == .deactivationHidden)
        let hidden = Self.spoil(first, "\"deactivated\":true,", "")
        #expect(Self.refusal(registry, hidden, did) == .deactivationHidden)
        #expect(Self.refusal(registry, hidden, did, .number(1)) == .deactivationHidden)
        #expect(Self.refusal(registry, first, did, .number(1)) == nil)
    }

    @Test func falseNotFoundIsCaught() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        // A true proof of another's absence.
        let other = try await registry.ask(ResolutionTests.unknown).body
        #expect(Self.refusal(registry, other, did) == .recordMissing("object"))
        // The proof of its presence under a 404.
        let none = try await registry.ask(did, ["versionId": "9"]).body
        #expect(Self.refusal(registry, none, did, .number(9)) == nil)
        #expect(Self.refusal(registry, none, did) == .falselyAbsent)
        #expect(Self.refusal(registry, none, did, .number(1)) == .falselyAbsent)
        let early = DateTime.end(of: "2001-01-01T00:00:00Z") ?? Timestamp(0)
        let past = try await registry.ask(did, ["versionTime": "2001-01-01T00:00:00Z"]).body
        #expect(Self.refusal(registry, past, did, .time(early)) == nil)
        #expect(Self.refusal(registry, past, did, .time(registry.bench.time)) == .falselyAbsent)
        // An error that nothing proves.
        let error = try await registry.ask("did:other:x").body
        guard case .failed = Self.refusal(registry, error, did) else {
            Issue.record("an unproved error was believed")
            return
        }
        let body = try await registry.ask(did).body
        #expect(
            Self.refusal(registry, try Self.invented(body, over: other), ResolutionTests.unknown) == .invented)
    }

    /// A document for what is not there: the found answer with the proof of the absence.
    static func invented(_ found: [UInt8], over absence: [UInt8]) throws -> [UInt8] {
        let proof = try #require(try JSON(parsing: absence)["didResolutionMetadata"]?["proof"])
        let metadata = try #require(try JSON(parsing: found)["didDocumentMetadata"]?.members)
        let answer = JSON.object(
            try #require(try JSON(parsing: found).members).map { member in
                guard member.name == "didDocumentMetadata" else { return member }
                return JSON.Member(
                    member.name, .object(metadata.filter { $0.name != "proof" } + [JSON.Member("proof", proof)]))
            })
        return answer.canonical() ?? []
    }

    /// Any single bit of an answer turned: it is refused, or says the same.
    @Test func damagedAnswersAreNeverBelievedAsSomethingElse() async throws {
        let registry = try await RegistryFixture()
        try await registry.create(0)
        let did = registry.did(0).description
        let body = try await registry.ask(did).body
        let right = registry.content(0).document(of: registry.did(0))
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<600 {
            var bad = body
            bad[Int(generator.next() % UInt64(bad.count))] ^= UInt8(1 << (generator.next() % 8))
            if let verified = try? registry.verifier.verify(bad, for: did, now: RegistryFixture.now) {
                #expect(verified.outcome == .content(right))
            }
        }
    }
}
