import Foundation
import TestSupport
import Testing

extension ProcessSuite {
    /// Allocations, hashes, signature checks and written bytes per transaction stay within the committed baseline.
    @Test(
        .enabled("clang, which comes with Swift, is not on the PATH") {
            try await Program.run(["-c", "command -v clang"], of: "/bin/sh", seconds: 10).exitCode == 0
        },
        .timeLimit(.minutes(3)))
    func aTransactionCostsNoMoreThanTheBaseline() async throws {
        let script = Shared.project.appending(path: "tools/Counts/counts.py").path
        let outcome = try await Program.run([script, "--check"], of: "/usr/bin/python3", seconds: 150)
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        #expect(outcome.output.contains("verifications"))
    }
}
