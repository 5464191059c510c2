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

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Check a statement, invoice, receipt, credit note or agreement offline, with nothing but the genesis file.",
        discussion: """
            Exit code 0 when every check passed, 1 when one failed: then the statement must not be trusted; 2 when the file is no \
            statement, or one of another network: then nothing is said about a statement. A right statement can be \
            another one than yours: compare community, administrator and meters with what you know, or give what you \
            expect; what differs is exit code 1, too. A statement holds as of the block that it proves; --online asks a \
            node, which is not trusted, whether a correction replaced a period since then (exit code 3), and whether the \
            readings are those of each meter's data provider.
            """)

    @Argument(help: "The statement or document (JSON).") var statement: String
    @Option(help: "The genesis file of the network.") var genesis: String
    @Option(help: "Address of a node's API: asks it, with proofs, whether a correction superseded the statement.")
    var online: String?
    @Option(
        help:
            "For --online: file that keeps the newest verified state; no older one is believed. Made at the first time."
    )
    var trusted: String?
    @OptionGroup var expected: ExpectedSubject
    @OptionGroup var output: OutputOptions

    struct Report: Encodable {
        struct Check: Encodable {
            let name: String
            let passed: Bool
            let detail: String
        }
        let isRight: Bool
        let holdsAsOf: UInt64?
        let height: UInt64?
        let checks: [Check]
        /// Whom it is about; nil when it is wrong.
        let about: SubjectWords?
        /// What is not as expected; nil when nothing is.
        let unexpected: String?
        /// Only with --online.
        let online: SupersededReport?

        init(_ report: StatementReport, unexpected: String? = nil, online: SupersededReport? = nil) {
            about = report.isRight ? report.subject.map { SubjectWords($0) } : nil
            self.unexpected = unexpected
            isRight = report.isRight
            holdsAsOf = report.provedAt?.value
            height = report.height?.value
            self.online = online
            checks = report.checks.map { Check(name: $0.name.rawValue, passed: $0.passed, detail: $0.detail) }
        }
    }

    static func check(_ path: String, genesis: String) throws -> StatementReport {
        let trusted = try GenesisFile.read(genesis)
        guard let data = FileManager.default.contents(atPath: path) else { throw UserError("No statement at \(path).") }
        return StatementVerifier(genesis: trusted).verify(data, now: .wallClock)
    }

    func run() async throws {
        if let data = FileManager.default.contents(atPath: statement), LedgerDocument.claims(data) {
            return try DocumentCheck(data, genesis: try GenesisFile.read(genesis)).show(output)
        }
        if let problem = try misfit() {
            output.progress("Error: \(problem)")
            throw ExitCode(2)
        }
        let report = try VerifyCommand.check(statement, genesis: genesis)
        let superseded = report.isRight ? try await askOnline(report.subject) : nil
        let unexpected = report.isRight ? try report.subject.flatMap { try expected.difference($0) } : nil
        try output.show(Report(report, unexpected: unexpected, online: superseded)) {
            var lines = report.checks.map { "\(VerifyCommand.mark($0)) \($0.name.rawValue): \($0.detail)" }
            if report.isRight, let subject = report.subject { lines += ["", SubjectWords(subject).text] }
            lines.append("")
            lines.append(report.isRight ? right(report) : wrong(report))
            if report.isRight, let unexpected { lines.append("It is NOT the expected one: \(unexpected).") }
            if report.isRight, let open = try? unsettled(), !open.isEmpty { lines.append("! \(open)") }
            if let superseded { lines.append(superseded.text) }
            return lines.joined(separator: "\n")
        }
        if !report.isRight || unexpected != nil || superseded?.foreign.isEmpty == false { throw ExitCode(1) }
        if let superseded, !superseded.isCurrent { throw ExitCode(3) }
    }

    /// What of the span is not settled for good, in words.
    private func unsettled() throws -> String {
        guard let data = FileManager.default.contents(atPath: statement) else { return "" }
        return SpanState([try Statement(json: data)]).words
    }

    /// Why the file cannot be judged at all; nil when it is a statement of this network, right or wrong.
    private func misfit() throws -> String? {
        struct Head: Decodable {
            let format: String?
            let network: String?
        }
        guard let data = FileManager.default.contents(atPath: statement) else {
            return "No statement at \(statement)."
        }
        guard let head = try? JSONDecoder().decode(Head.self, from: data) else {
            let what = data.prefix(200).contains(UInt8(ascii: "<")) ? " It looks like a page for reading." : ""
            return
                "\(statement) is no statement: it is not JSON.\(what) Choose the JSON file that belongs to it, such as member-7.json."
        }
        guard head.format == Statement.formatName else {
            return
                "\(statement) is no statement: its format is \(head.format.map { "'\($0.prefix(60))'" } ?? "not named"), not '\(Statement.formatName)'."
        }
        let trusted = try GenesisFile.read(genesis)
        guard let network = head.network, network != trusted.network.description else { return nil }
        return
            "\(statement) is of another network (\(network.prefix(8))…) than \(genesis) (\(trusted.name), \(trusted.network.description.prefix(8))…). Choose the genesis file of the statement's network; if this is the right one, the statement is none of it."
    }

    /// Checks that an earlier failure kept from being made have no verdict of their own.
    private static func mark(_ check: StatementCheck) -> String {
        check.passed ? "✓" : check.isReached ? "✗" : "–"
    }

    private func right(_ report: StatementReport) -> String {
        let time = report.provedAt.map { ReportPage.minute($0.value) } ?? "an unknown time"
        let block = report.height.map { "block \($0) of \(time)" } ?? time
        return "The statement is right. It holds as of \(block); a later correction would be a new statement."
    }

    private func wrong(_ report: StatementReport) -> String {
        "The statement is WRONG: \(report.failures.first.map { "\($0.name.rawValue): \($0.detail)" } ?? "a check is missing")."
    }

    private func askOnline(_ subject: StatementSubject?) async throws -> SupersededReport? {
        guard let online else { return nil }
        guard let trust = try TrustOptions.trust(genesis: genesis, trusted: trusted) else { return nil }
        guard let data = FileManager.default.contents(atPath: statement) else {
            throw UserError("No statement at \(statement).")
        }
        return try await Trust.with(trust, [online]) { client in
            try await SupersededReport.ask(
                try Statement(json: data), subject, ProvedReader(client: client, anchor: trust.anchor))
        }
    }
}

/// Whether the chain has newer versions of a statement's periods, or has settled those that it calls open.
struct SupersededReport: Encodable {
    let height: UInt64
    /// Periods with a newer version.
    let corrected: [UInt64]
    /// Periods that were open and are settled now.
    let settledSince: [UInt64]
    /// Meters with readings that another partner anchored than the one that the registry names for the meter.
    let foreign: [UInt64]

    var isCurrent: Bool { corrected.isEmpty && settledSince.isEmpty }

    var text: String {
        let asOf = "as of block \(height) of the node's chain"
        if !foreign.isEmpty {
            return
                "It is WRONG: readings of meter \(foreign.map(String.init).joined(separator: ", ")) are not from the meter's data provider, \(asOf)."
        }
        if isCurrent { return "No correction superseded it, \(asOf)." }
        var parts: [String] = []
        if !corrected.isEmpty {
            parts.append("\(corrected.count) of its periods were corrected (the first is \(corrected[0]))")
        }
        if !settledSince.isEmpty { parts.append("\(settledSince.count) periods that were open are settled") }
        return "It is SUPERSEDED: \(parts.joined(separator: ", ")), \(asOf). Ask for a new statement."
    }

    static func ask(
        _ statement: Statement, _ subject: StatementSubject?, _ reader: ProvedReader
    ) async throws -> SupersededReport {
        guard let community = Address(text: statement.community) else {
            throw UserError("The statement names no community.")
        }
        let header = try await reader.begin(Community.head.stateKey(at: community))
        var (corrected, settled): ([UInt64], [UInt64]) = ([], [])
        func record(_ period: UInt64) async throws -> SettlementRecord? {
            try await reader.value(Community.settlements.stateKey(PeriodNumber(period), at: community)).map {
                try SettlementRecord(bcs: $0)
            }
        }
        for line in statement.lines where try await record(line.period)?.claim.version != line.version {
            corrected.append(line.period)
        }
        for period in statement.open where try await record(period) != nil { settled.append(period) }
        var foreign: [UInt64] = []
        for readings in subject?.meters ?? [] {
            let key = Directory.meters.stateKey(readings.meter.value, at: WellKnown.identity)
            let provider = try await reader.value(key).map { try Meter(bcs: $0).dataProvider }
            if readings.providers.contains(where: { $0 != provider }) { foreign.append(readings.meter.value) }
        }
        return SupersededReport(
            height: header.height.value, corrected: corrected, settledSince: settled, foreign: foreign)
    }
}
