internal import ArgumentParser
internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading

extension CecCommand {
    struct Month: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Close a span: overview of the community, postings, bank files.",
            discussion: """
                Writes into the folder --out: overview.html (every member; it stays with the administrator), postings.csv, \
                plants.csv (what the billing agent of a shared plant owes its owners), and \
                with --accounts the SEPA files payments.xml (pain.001.001.09) and debits.xml (pain.008.001.08). The accounts \
                file is JSON: {"community": {"name", "iban", "bic"}, "creditor", "members": [{"member", "account": {…}, \
                "mandate", "mandateDate"}]}. Bank files need --day, and that every period of the span is settled for good; \
                --partial makes them all the same, of what is settled.
                """)
        @OptionGroup var span: SpanOptions
        @Option(help: "File with the bank accounts of community and members.") var accounts: String?
        @Option(
            help:
                "Day on which the bank is to act, such as 2016-11-15; debits need some days before it. Required with --accounts."
        )
        var day: String?
        @Flag(help: "Make bank files though periods of the span are open or provisional.") var partial = false
        @Option(help: "Folder to write into.") var out = "month"
        @OptionGroup var office: Office

        struct Outcome: Encodable {
            let files: [String]
            let members: Int
            let openPeriods: Int
            let provisionalPeriods: Int
            let notInBankFiles: [String]
        }

        func validate() throws {
            guard accounts == nil || day != nil else {
                throw ValidationError("give --day: when the bank is to act, such as 2016-11-15")
            }
        }

        func run() async throws {
            let output = office.output
            let (span, file) = (span, try CommunityFile.read(office.path))
            let bank = try accounts.map { path in
                guard let data = FileManager.default.contents(atPath: path) else {
                    throw UserError("No accounts at \(path).")
                }
                return try BankAccounts(json: data)
            }
            let (rules, statements, members) = try await office.opened { office, file, address in
                let rules = try await office.rules(of: address)
                let made = try await Statements.make(
                    office, file.members.map(\.number), address, try span.periods(rules), output.progress)
                var members: [Member] = []
                for statement in made {
                    members.append(
                        try await office.session.ask(
                            Community.memberQuery, of: address, MemberNumber(statement.0.member)))
                }
                return (rules, made.map(\.0), members)
            }
            let state = SpanState(statements)
            if bank != nil, !partial, !state.isFinal {
                throw UserError(
                    "\(state.words) No file was written. Settle them first (`commonwatt cec watch` shows what they wait for), leave --accounts away, or give --partial for bank files of what is settled."
                )
            }
            let postings = try PostingList(statements: statements, rules: rules)
            let names = Dictionary(file.members.map { ($0.number, $0.name) }, uniquingKeysWith: { first, _ in first })
            var files = [
                (
                    "overview.html",
                    MonthPage(rules: rules, statements: statements, postings: postings, names: names).html()
                ),
                ("postings.csv", postings.csv(bank, others: names)),
            ]
            let plants = try PlantShares(statements: statements, members: members)
            if !plants.rows.isEmpty { files.append(("plants.csv", plants.csv(names: names))) }
            var left: [String] = []
            if let bank {
                let sepa = try SEPAFiles(
                    postings, accounts: bank, day: day ?? "", purpose: "\(rules.name) \(span.text)",
                    now: .wallClock)
                if let payments = sepa.payments { files.append(("payments.xml", payments)) }
                if let debits = sepa.debits { files.append(("debits.xml", debits)) }
                left = sepa.left.map { "member \($0.member): \($0.reason)" }
            }
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
            for (name, text) in files {
                // Persons and their accounts: for the administrator's eyes.
                try KeyFile.write(Data(text.utf8), to: "\(out)/\(name)")
            }
            let outcome = Outcome(
                files: files.map { "\(out)/\($0.0)" }, members: statements.count,
                openPeriods: state.open, provisionalPeriods: state.provisional, notInBankFiles: left)
            try output.show(outcome) {
                (["Wrote \(outcome.files.joined(separator: ", "))."] + (state.isFinal ? [] : [state.words]) + left)
                    .joined(separator: "\n")
            }
        }
    }
}

/// How far a span is settled.
struct SpanState {
    /// Periods in which somebody of the statements is a member, those of them without a settlement, and those whose
    /// settlement waits for readings.
    let periods: Int
    let open: Int
    let provisional: Int

    init(_ statements: [Statement]) {
        let unsettled = Set(statements.flatMap(\.open))
        let lines = statements.flatMap(\.lines)
        periods = unsettled.union(lines.map(\.period)).count
        open = unsettled.count
        provisional = Set(lines.filter { $0.stage == "\(SettlementStage.provisional)" }.map(\.period)).count
    }

    var isFinal: Bool { open == 0 && provisional == 0 }

    /// A sentence on what lacks; empty when nothing does.
    var words: String {
        var parts: [String] = []
        if open > 0 { parts.append("\(open) of \(Human.count(periods, "period")) are not settled yet") }
        if provisional > 0 {
            parts.append(
                open > 0
                    ? "\(provisional) are provisional"
                    : "\(provisional) of \(Human.count(periods, "period")) are provisional")
        }
        return parts.isEmpty ? "" : "This span is not final: \(parts.joined(separator: ", "))."
    }
}
