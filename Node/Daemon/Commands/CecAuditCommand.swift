internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import LightClient
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading

extension CecCommand {
    struct Audit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a community from the chain alone, through any node, with proofs.",
            discussion: """
                Needs no key, no readings and no trust in the node: every record is proved from the genesis, all at one \
                height. Checks that every period is settled, that energy and money of the totals add up, and that corrections \
                chain up. Exit code 1 when a check failed.
                """)
        @Argument(help: "Address of the community.") var community: String
        @Option(help: "First period to look at, UTC, such as 2016-10-17T07:00Z; the first of all without it.") var from:
            String?
        @Option(help: "End of the last period to look at, UTC.") var to: String?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let address = try CommunityFile.address(community)
            let (since, before) = (try from.map(TimeArgument.parse), try to.map(TimeArgument.parse))
            let output = output
            let (report, height) = try await connection.nodes.proving { (client, trust) in
                let reader = ProvedReader(client: client, anchor: trust.anchor)
                let header = try await reader.begin(Community.head.stateKey(at: address))
                let report = try await ChainAudit(community: address) { try await reader.value($0) }.run(
                    since: since, before: before, now: header.time
                ) { if $0 % 500 == 0 { output.progress("audited \($0) periods") } }
                return (report, header.height)
            }
            let text = AuditText(report: report, height: height)
            try output.show(text.document) { text.text }
            if !report.isRight { throw ExitCode(1) }
        }
    }
}

/// Reads state records of one height through a node that is not trusted.
actor ProvedReader {
    private let client: NodeClient
    private let anchor: TrustAnchor
    private var header: BlockHeader?

    /// `anchor`: the one that the client was made with.
    init(client: NodeClient, anchor: TrustAnchor) {
        self.client = client
        self.anchor = anchor
    }

    /// Proves a first key in the newest state; all that follows is read at that height.
    func begin(_ key: [UInt8]) async throws -> BlockHeader {
        let verified = try await client.verifiedValue(key)
        header = verified.header
        return verified.header
    }

    func value(_ key: [UInt8]) async throws -> [UInt8]? {
        guard let header else { throw UserError("The height was not fixed yet.") }
        let bundle = try await client.proof(key, at: header.height, from: anchor.epoch)
        let verified = try bundle.verify(from: anchor, now: .wallClock, ageMillisecondsMax: .max)
        guard verified.header == header, let entry = verified.entry(key) else {
            throw UserError("The node answered for another height or key than \(header.height).")
        }
        return entry.value
    }
}

/// What an audit found, for people and as JSON.
struct AuditText {
    let report: AuditReport
    let height: Height

    struct Document: Encodable {
        struct Check: Encodable {
            let name: String
            let passed: Bool
            let checked: Int
            let failed: Int
            let findings: [String]
        }
        let community: String
        let isRight: Bool
        let height: UInt64
        let administrator: String
        let members: Int
        let settled: Int
        let corrected: Int
        let sealed: Int
        let production: String
        let consumption: String
        let traded: String
        let fund: String
        let rounding: String
        let checks: [Check]
    }

    var document: Document {
        Document(
            community: report.community.description, isRight: report.isRight, height: height.value,
            administrator: report.administrator, members: report.members, settled: report.settled,
            corrected: report.corrected, sealed: report.sealed, production: "\(report.production)",
            consumption: "\(report.consumption)", traded: "\(report.traded)", fund: "\(report.fund)",
            rounding: "\(report.rounding)",
            checks: AuditReport.Check.allCases.map { check in
                let outcome = report.outcomes[check] ?? AuditReport.Outcome()
                return Document.Check(
                    name: check.rawValue, passed: outcome.failed == 0, checked: outcome.checked, failed: outcome.failed,
                    findings: outcome.findings.map { finding in
                        report.rules.map { PeriodWords.told(finding, $0.period) } ?? finding
                    })
            })
    }

    private func money(_ micro: Int128) -> String {
        Human.money(Int64(clamping: micro), currency: report.rules?.currency ?? "")
    }

    var text: String {
        var lines = document.checks.flatMap { check in
            ["\(check.passed ? "✓" : "✗") \(check.name): \(check.checked) checked, \(check.failed) wrong"]
                + check.findings.map { "    \($0)" }
                + (check.failed > check.findings.count && check.findings.count >= ChainAudit.findingsMax
                    ? ["    … further ones are not listed; audit a shorter span with --from and --to"] : [])
        }
        let stages = SettlementStage.allCases.compactMap { stage in
            report.stages[stage].map { "\($0) \(stage)" }
        }
        lines += [
            "",
            "\(report.settled) periods settled (\(stages.joined(separator: ", "))), \(report.corrected) replaced by a later version.",
            "Totals in the open: \(report.production) Wh made, \(report.consumption) Wh used, \(report.traded) Wh traded; fund \(money(report.fund)) and rounding \(money(report.rounding)).",
            "\(report.sealed) settlements have sealed totals, since few members were active: their sums cannot be seen from outside.",
            "Proved at height \(height). " + (report.isRight ? "Nothing is wrong." : "Something is WRONG."),
        ]
        return lines.joined(separator: "\n")
    }
}
