import Foundation
import TestSupport
import Testing

extension ProcessSuite {
    /// The market's story as people run it: each step checks what it says, so its exit code is the verdict.
    @Test(.timeLimit(.minutes(3))) func theMarketStoryHolds() async throws {
        let folder = NSTemporaryDirectory() + "/commonwatt-story-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let script = Shared.project.appending(path: "tools/market-story").path
        let arguments = [
            "--dir", folder, "--base-port", "\(12_000 + Int(getpid()) % 400 * 20)", "--program", Program.path,
        ]
        let told = try await Program.run(arguments, of: script, seconds: 120)
        #expect(told.exitCode == 0, "\(told.output)")
        for words in [
            "✓ found out; nothing was kept", "it was altered", "ms old, at most 5000 ms", "The receipt 0 is right",
            "The end.",
        ] {
            #expect(told.output.contains(words), "\(words): \(told.output.suffix(2_000))")
        }
        #expect(!told.output.contains("\u{1b}["), "colour only on a terminal")
        #expect(!FileManager.default.fileExists(atPath: folder + "/devnet.pid"))
        // A step that does not do what it says ends the story, and everything that it started.
        let empty = NSTemporaryDirectory() + "/commonwatt-story-\(UUID().uuidString).csv"
        defer { try? FileManager.default.removeItem(atPath: empty) }
        try "utc_timestamp,a\n2016-05-01T01:00:00Z,1\n2016-05-01T00:00:00Z,1\n".write(
            toFile: empty, atomically: true, encoding: .utf8)
        let failed = try await Program.run(arguments + ["--data", empty], of: script, seconds: 120)
        #expect(failed.exitCode == 1 && failed.output.contains("✗ this should have worked"), "\(failed.output)")
        #expect(!FileManager.default.fileExists(atPath: folder + "/devnet.pid"))
    }
}
