import Encodings
import Identity
import Primitives
import Resolver

/// Answers about times, and about objects that have versions; and lies about them.
extension GoldenAnswerTests {
    private static let spoil = LyingNodeTests.spoil

    /// `known`: the answers of before.
    static func times(_ registry: RegistryFixture, _ known: [(String, [UInt8])]) async throws -> Answers {
        func file(_ name: String) -> [UInt8] { known.first { $0.0 == name }?.1 ?? [] }
        let ended = registry.did(1).description
        try await registry.create(5)
        let did = registry.did(5).description
        registry.advance(seconds: 3_600)
        try await registry.rotate(5, from: 1, by: 5, to: 6)
        let newest = try await ask(registry, did)
        let forged = try await registry.forge(7)
        let self7 = try await ask(registry, forged)
        let times = try JSON(parsing: newest)["didDocumentMetadata"]
        let (created, updated) = (times?["created"]?.text ?? "", times?["updated"]?.text ?? "")
        let answers: [(String, [UInt8])] = [
            ("time-version-1.json", try await ask(registry, did, ["versionTime": created])),
            ("time-version-2.json", try await ask(registry, did, ["versionTime": updated])),
            ("time-before.json", try await ask(registry, did, ["versionTime": "2001-01-01T00:00:00Z"])),
            ("lie-invented.json", try LyingNodeTests.invented(newest, over: file("absent.json"))),
            ("lie-deactivated.json", spoil(newest, "\"created\"", "\"deactivated\":true,\"created\"")),
            ("lie-self-certified.json", self7),
        ]
        let other = did.replacing(":bench:", with: ":other:")
        let cases = [
            Case(file: "time-version-1.json", url: did, versionTime: created, expected: "found"),
            Case(file: "time-version-2.json", url: did, versionTime: updated, expected: "found"),
            Case(file: "time-before.json", url: did, versionTime: "2001-01-01T00:00:00Z", expected: "absent"),
            Case(file: "time-version-2.json", url: did, versionTime: created, expected: "other version"),
            Case(file: "time-version-1.json", url: did, versionTime: updated, expected: "other version"),
            Case(file: "time-version-1.json", url: did, expected: "old version"),
            Case(file: "time-before.json", url: did, versionTime: created, expected: "falsely absent"),
            Case(file: "time-before.json", url: did, expected: "falsely absent"),
            Case(file: "lie-invented.json", url: ResolutionTests.unknown, expected: "invented"),
            Case(file: "lie-deactivated.json", url: did, expected: "falsely deactivated"),
            Case(file: "lie-self-certified.json", url: forged, expected: "not self-certified"),
            Case(file: "time-version-2.json", url: did, minimumHeight: 1, expected: "found"),
            Case(file: "time-version-2.json", url: did, minimumHeight: 1_000, expected: "below minimum"),
            Case(file: "absent.json", url: ResolutionTests.unknown, minimumHeight: 1_000, expected: "below minimum"),
            Case(file: "time-version-2.json", url: other, expected: "other network"),
            Case(file: "time-version-2.json", url: ended, expected: "record missing"),
        ]
        return (answers, cases)
    }

    static func objects(_ registry: RegistryFixture) async throws -> Answers {
        try await registry.create(4)
        let revocations = try await registry.revocationRegistry(4)
        let list = try await registry.revoke(0b000, in: revocations, after: 0, by: 4)
        let status = try await registry.anchor([1], after: 0, by: 4)
        let (list1, status1) = (try await ask(registry, list), try await ask(registry, status))
        registry.advance(seconds: 3_600)
        try await registry.revoke(0b010, in: revocations, after: 1, by: 4)
        try await registry.anchor([2], after: 1, by: 4)
        let (list2, status2) = (try await ask(registry, list), try await ask(registry, status))
        let created = try JSON(parsing: list1)["contentMetadata"]?["created"]?.text ?? ""
        let of1 = try await ask(registry, list, ["versionId": "1"])
        let then = try await ask(registry, list, ["versionTime": created])
        let answers: [(String, [UInt8])] = [
            ("registry.json", try await ask(registry, revocations)), ("list.json", list2), ("list-version-1.json", of1),
            ("list-time.json", then), ("status.json", status2),
            ("status-version-1.json", try await ask(registry, status, ["versionId": "1"])),
            ("old-list.json", list1), ("old-status.json", status1),
            // A revoked credential that stands as a good one, and a list that never was.
            ("lie-list-bit.json", spoil(list2, "\"revocationList\":[0,1,0]", "\"revocationList\":[0,0,0]")),
            ("lie-list-timestamp.json", spoil(list2, "\"timestamp\":17", "\"timestamp\":18")),
            ("lie-status-url.json", spoil(status2, "https://a.example/status/1", "https://b.example/status/1")),
            (
                "lie-registry-tails.json",
                spoil(
                    try await ask(registry, revocations), "https://tails.example/x", "https://tails.example/y")
            ),
        ]
        let unknown = list.replacing("/0", with: "/1")
        let cases = [
            Case(file: "registry.json", url: revocations, expected: "found"),
            Case(file: "list.json", url: list, expected: "found"),
            Case(file: "list-version-1.json", url: list, versionID: 1, expected: "found"),
            Case(file: "list-time.json", url: list, versionTime: created, expected: "found"),
            Case(file: "status.json", url: status, expected: "found"),
            Case(file: "status-version-1.json", url: status, versionID: 1, expected: "found"),
            Case(file: "list-version-1.json", url: list, expected: "old version"),
            Case(file: "list.json", url: list, versionTime: created, expected: "other version"),
            Case(file: "list.json", url: list, versionID: 1, expected: "other version"),
            Case(file: "list.json", url: unknown, expected: "record missing"),
            Case(file: "status-version-1.json", url: status, expected: "old version"),
            // A whole state of before the revocation: only the height that was asked for tells.
            Case(file: "old-list.json", url: list, expected: "found"),
            Case(file: "old-list.json", url: list, minimumHeight: 1_000, expected: "below minimum"),
            Case(file: "old-status.json", url: status, minimumHeight: 1_000, expected: "below minimum"),
            Case(file: "lie-list-bit.json", url: list, expected: "document changed"),
            Case(file: "lie-list-timestamp.json", url: list, expected: "document changed"),
            Case(file: "lie-status-url.json", url: status, expected: "document changed"),
            Case(file: "lie-registry-tails.json", url: revocations, expected: "document changed"),
            Case(file: "status.json", url: list, expected: "record missing"),
        ]
        return (answers, cases)
    }
}
