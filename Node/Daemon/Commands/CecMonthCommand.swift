internal import ArgumentParser
internal import Foundation
internal import NodeClient
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
                "mandate", "mandateDate"}]}.
                """)
        @OptionGroup var span: SpanOptions
        @Option(help: "File with the bank accounts of community and members.") var accounts: String?
        @Option(help: "Day on which the bank is to act, such as 2016-11-15.") var day: String?
        @Option(help: "Folder to write into.") var out = "month"
        @OptionGroup var office: Office

        struct Outcome: Encodable {
            let files: [String]
            let members: Int
            let openPeriods: Int
            let notInBankFiles: [String]
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
                    postings, accounts: bank, day: day ?? today(), purpose: "\(rules.name) \(span.text)",
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
                openPeriods: Set(statements.flatMap(\.open)).count, notInBankFiles: left)
            try output.show(outcome) {
                (["Wrote \(outcome.files.joined(separator: ", "))."]
                    + (outcome.openPeriods > 0 ? ["\(outcome.openPeriods) periods of the span are still open."] : [])
                    + left)
                    .joined(separator: "\n")
            }
        }

        private func today() -> String { String(Date().ISO8601Format().prefix(10)) }
    }
}
