internal import ArgumentParser
internal import Foundation
internal import Primitives
internal import Settlement

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a statement offline, with nothing but the genesis file.",
        discussion: "Exit code 0 when every check passed, 1 when one failed: then the statement must not be trusted.")

    @Argument(help: "The statement (JSON).") var statement: String
    @Option(help: "The genesis file of the network.") var genesis: String
    @OptionGroup var output: OutputOptions

    struct Report: Encodable {
        struct Check: Encodable {
            let name: String
            let passed: Bool
            let detail: String
        }
        let isRight: Bool
        let holdsAsOf: UInt64?
        let checks: [Check]

        init(_ report: StatementReport) {
            isRight = report.isRight
            holdsAsOf = report.provedAt?.value
            checks = report.checks.map { Check(name: $0.name.rawValue, passed: $0.passed, detail: $0.detail) }
        }
    }

    static func check(_ path: String, genesis: String) throws -> StatementReport {
        let trusted = try GenesisAssembly.read(genesis)
        guard let data = FileManager.default.contents(atPath: path) else { throw UserError("No statement at \(path).") }
        let now = Timestamp(UInt64(max(0, Date().timeIntervalSince1970 * 1000)))
        return StatementVerifier(genesis: trusted).verify(data, now: now)
    }

    func run() throws {
        let report = try VerifyCommand.check(statement, genesis: genesis)
        try output.show(Report(report)) {
            var lines = report.checks.map { "\($0.passed ? "✓" : "✗") \($0.name.rawValue): \($0.detail)" }
            let time = report.provedAt.map { ReportPage.minute($0.value) }
            lines.append("")
            lines.append(
                report.isRight
                    ? "The statement is right. It holds as of \(time ?? "an unknown time"); a later correction would be a new statement."
                    : "The statement is WRONG: \(report.failures.first.map { "\($0.name.rawValue): \($0.detail)" } ?? "a check is missing")."
            )
            return lines.joined(separator: "\n")
        }
        if !report.isRight { throw ExitCode(1) }
    }
}
