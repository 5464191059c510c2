internal import ArgumentParser
internal import CBuildInfo

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
            """,
        version: "commonwatt \(BuildInfo.version)",
        subcommands: [
            KeysCommand.self, GenesisCommand.self, NodeCommand.self, JournalCommand.self, DevnetCommand.self,
            TxCommand.self,
            GovCommand.self, CecCommand.self, VerifyCommand.self, StatusCommand.self, DIDCommand.self,
            SchemaCommand.self, CredentialDefinitionCommand.self, StatusListCommand.self, PartnerCommand.self,
            ForecastCommand.self,
            DataCommand.self,
            AccountCommand.self, AgreementCommand.self, InvoiceCommand.self, BillingCommand.self,
        ])
}

enum BuildInfo {
    static let number = "0.1.0"
    /// With the commit that it was built from, as tools/common.sh gives it to the build.
    static let version = text(commit: String(cString: commonwatt_commit()))

    static func text(commit: String) -> String { "\(number) (\(commit.isEmpty ? "source build" : commit))" }
}
