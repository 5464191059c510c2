internal import ArgumentParser
internal import Chain
internal import Foundation
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading

extension CecCommand {
    /// A span of periods, as a person names it.
    struct SpanOptions: ParsableArguments {
        @Option(help: "First period, UTC, such as 2016-10-17T07:00Z.") var from: String?
        @Option(help: "Number of hours, 1 to 8,784.") var hours = 168
        @Option(help: "A local month of the community's clock, such as 2016-10, instead of --from and --hours.")
        var month: String?

        func validate() throws {
            guard (1...24 * 366).contains(hours) else { throw ValidationError("--hours is 1 to 8,784") }
            guard month == nil || from == nil else { throw ValidationError("give --month, or --from and --hours") }
        }

        /// First period, and the one after the last.
        func periods(_ rules: CommunityRules) throws -> (from: PeriodNumber, to: PeriodNumber) {
            if let month {
                guard let span = CivilTime.month(month, clock: rules.clock) else {
                    throw UserError("'\(month)' is no month; write it as 2016-10.")
                }
                return (rules.period.period(at: span.from), rules.period.period(at: span.to))
            }
            guard let from else { throw UserError("Name the span with --month, or with --from and --hours.") }
            let first = try rules.period.beginning(at: from)
            return (first, first.advanced(by: UInt64(hours) * (60 / rules.period.minutes)))
        }

        var text: String { month ?? "\(from ?? "") \(hours) h" }
    }

    enum StatementFormat: String, ExpressibleByArgument, CaseIterable {
        case json, csv, html
    }

    struct StatementCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "statement", abstract: "Write members' statements, which they can verify offline.",
            discussion: """
                One file covers the whole span, however many days. JSON is what is verified; CSV and HTML are for reading and \
                printing. Without --member, every member gets one, in the folder --out.
                """)
        @Option(help: "Number of the member; all without it.") var member: UInt32?
        @OptionGroup var span: SpanOptions
        @Option(help: "json, csv or html; repeat for more.") var format: [StatementFormat] = [.json]
        @Option(help: "File for one statement in one format, else a folder.") var out: String?
        @OptionGroup var office: Office

        func run() async throws {
            let output = office.output
            let (files, span, formats) = (try CommunityFile.read(office.path), span, format)
            let made = try await office.opened { office, file, address in
                let rules = try await office.rules(of: address)
                let periods = try span.periods(rules)
                let numbers = member.map { [$0] } ?? file.members.map(\.number)
                return (rules, try await Statements.make(office, numbers, address, periods, output.progress))
            }
            var written: [String] = []
            for (statement, data) in made.1 {
                for format in formats {
                    let path = try place(statement.member, format)
                    let name = files.members.first { $0.number == statement.member }?.name
                    // A person's energy and money: for the member's and the administrator's eyes.
                    try KeyFile.write(Statements.content(statement, data, made.0, format, name), to: path)
                    written.append(path)
                }
            }
            try output.show(["files": written]) {
                "Wrote \(written.joined(separator: ", ")). A member checks the JSON file with `commonwatt verify FILE --genesis genesis.json`, or with the verifier page."
            }
        }

        private func place(_ member: UInt32, _ format: StatementFormat) throws -> String {
            if self.member != nil, self.format.count == 1 { return out ?? "statement.\(format.rawValue)" }
            let folder = out ?? "statements"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            return "\(folder)/member-\(member).\(format.rawValue)"
        }
    }
}

/// Statements of many members.
enum Statements {
    /// Those whose membership touches the span; the others are told to `progress`.
    static func make(
        _ office: CommunityOffice, _ members: [UInt32], _ address: Address,
        _ span: (from: PeriodNumber, to: PeriodNumber),
        _ progress: (String) -> Void
    ) async throws -> [(Statement, Data)] {
        var all: [(Statement, Data)] = []
        for (index, member) in members.enumerated() {
            do {
                let data = try await office.statement(
                    of: MemberNumber(member), in: address, from: span.from, to: span.to)
                all.append((try Statement(json: data), data))
            } catch {
                guard members.count > 1 else { throw error }
                progress("no statement of member \(member): \(error)")
            }
            if members.count > 20, (index + 1) % 20 == 0 {
                progress("wrote \(index + 1) of \(members.count) statements")
            }
        }
        return all
    }

    static func content(
        _ statement: Statement, _ data: Data, _ rules: CommunityRules, _ format: CecCommand.StatementFormat,
        _ name: String?
    ) -> Data {
        switch format {
        case .json: data
        case .csv: Data(statement.csv.utf8)
        case .html: Data(StatementPage(statement: statement, rules: rules, name: name).html().utf8)
        }
    }
}
