internal import ArgumentParser
internal import ContractSuite
internal import Foundation
internal import Primitives
internal import Wiring

/// The `commonwatt` executable: one program for partners, community administrators and members.
@main
struct Commonwatt: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commonwatt",
        abstract: "A node of the Commonwatt network, and the tools around it.",
        discussion: """
            Partners run a validator: keys, genesis, node, journal, status, gov, partner.
            Community administrators settle: cec create, admit, ingest, settle, statement.
            Issuers and wallets: did, schema, creddef, status-list.
            Forecasts: forecast.
            The data market: account, agreement, invoice, billing.
            Members check: verify.
            Data providers and users: data.
            Developers try it out: devnet, tx.

            Exit code 0: done. 1: it failed; the error says why, with the number of a rejection. 4: nobody can say whether a \
            transaction took effect. 64: the arguments are wrong. Others are in the help of the command. With --json a \
            failure is a JSON document on standard output, too: error, exitCode, and rejection or reason where there is one.
            """,
        version: "commonwatt \(BuildInfo.version), rules \(ContractSuite.rules)",
        subcommands: [
            KeysCommand.self, GenesisCommand.self, NodeCommand.self, JournalCommand.self, DevnetCommand.self,
            TxCommand.self,
            GovCommand.self, CecCommand.self, VerifyCommand.self, StatusCommand.self, DIDCommand.self,
            SchemaCommand.self, CredentialDefinitionCommand.self, StatusListCommand.self, PartnerCommand.self,
            ForecastCommand.self,
            DataCommand.self,
            AccountCommand.self, AgreementCommand.self, InvoiceCommand.self, BillingCommand.self,
        ])
    static func main() async {
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch {
            end(error)
        }
    }

    /// Errors of arguments and exit codes that a command chose are the parser's to show.
    private static func end(_ error: any Error) -> Never {
        guard exitCode(for: error) == .failure, !(error is ExitCode) else { exit(withError: error) }
        let failure = Failure(error)
        FileHandle.standardError.write(Data("Error: \(failure.error)\n".utf8))
        if CommandLine.arguments.contains("--json") { try? OutputOptions.print(failure) }
        exit(withError: ExitCode(failure.exitCode))
    }
}
