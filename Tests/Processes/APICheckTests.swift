import Foundation
import TestSupport
import Testing

extension ProcessSuite {
    /// Whether schemathesis is there or could be installed; only a package index out of reach skips the test.
    static func apiCheckIsInstalled() async throws -> Bool {
        let outcome = try await Program.run(["--install"], of: APICheck.script, seconds: 300)
        switch outcome.exitCode {
        case 0: return true
        case 75: return false
        default: throw TestFailure("tools/api-check --install: \(outcome.output)")
        }
    }

    /// A real validator, while its network makes blocks, answers what its OpenAPI document says: every operation, with
    /// generated requests good and bad.
    @Test(
        .enabled("the package index cannot be reached to install schemathesis") { try await apiCheckIsInstalled() },
        .timeLimit(.minutes(8)))
    func answersAsItsDocumentSays() async throws {
        try await ValidatorNetwork.with(
            heartbeatMilliseconds: 500,
            prepare: { network in
                let settings = try String(contentsOfFile: network.settings("coop"), encoding: .utf8)
                try (settings + "requests-per-second-max: 1000000\n").write(
                    toFile: network.settings("coop"), atomically: true, encoding: .utf8)
            }
        ) { network in
            var writes = [try await network.write("before-the-check", through: "coop")]
            let outcome = try await Program.run(
                [network.url("coop"), "--max-time", "60"], of: APICheck.script, seconds: 240)
            writes.append(try await network.write("after-the-check", through: "coop"))
            #expect(outcome.exitCode == 0, "\(outcome.output)")
            #expect(network.isRunning("coop"))
            // A run that checked nothing says nothing.
            let generated = outcome.output.firstMatch(of: /(\d+) generated/).flatMap { Int($0.1) } ?? 0
            #expect(generated > 500, "\(outcome.output)")
            try await network.expectNothingLostOrDoubled(writes, on: ValidatorNetwork.partners)
        }
    }
}

enum APICheck {
    static let script = Shared.project.appending(path: "tools/api-check").path
}
