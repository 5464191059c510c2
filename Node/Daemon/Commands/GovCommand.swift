internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import Governance
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Transport

struct GovCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gov", abstract: "Govern the network: propose, approve, list; rotate the own validator's keys.",
        discussion:
            "At least two thirds of the council must approve; a proposal is carried out after the delay that the network has set.",
        subcommands: [
            GovProposeCommand.self, Approve.self, Withdraw.self, Expire.self, GovListCommand.self, Partners.self,
            GovClaimCommand.self, GovRotateCommand.self,
        ])

    struct Approve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Approve an open proposal.")
        @Argument(help: "Number of the proposal.") var number: UInt64
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let call = Governance.approve.call(on: WellKnown.governance, ProposalID(number))
            try await GovCommand.send(call, "approving proposal \(number)", connection, output) { _ in
                "Approved proposal \(number)."
            }
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take back an own open proposal.")
        @Argument(help: "Number of the proposal.") var number: UInt64
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let call = Governance.withdraw.call(on: WellKnown.governance, ProposalID(number))
            try await GovCommand.send(call, "withdrawing proposal \(number)", connection, output) { _ in
                "Withdrew proposal \(number)."
            }
        }
    }

    struct Expire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Close a proposal whose time is over, where that did not happen by itself.")
        @Argument(help: "Number of the proposal.") var number: UInt64
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await connection.nodes.with { client in
                guard let proposal = try await GovRead.proposal(number, client) else {
                    throw UserError("There is no proposal \(number); see `commonwatt gov list`.")
                }
                guard proposal.status == .open else {
                    throw UserError("Proposal \(number) is not open any more: \(GovCommand.describe(proposal.status)).")
                }
                // The chain's clock decides; this one only spares a refusal that says less.
                guard proposal.expiry.time <= .wallClock else {
                    throw UserError(
                        "Proposal \(number) is open until \(proposal.expiry.time.text) and cannot be closed before; its proposer can take it back with `commonwatt gov withdraw \(number)`."
                    )
                }
            }
            let call = Governance.expire.call(on: WellKnown.governance, ProposalID(number))
            try await GovCommand.send(call, "closing proposal \(number)", connection, output) { _ in
                "Proposal \(number) has expired."
            }
        }
    }

    struct Partners: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the partners and their roles.")
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        struct Row: Encodable {
            let id: String
            let name: String
            let roles: [String]
            let isSuspended: Bool
        }

        func run() async throws {
            let rows = try await GovRead.partners(connection).map { partner in
                Row(
                    id: partner.id, name: partner.name,
                    roles: Roles.named.filter { partner.roles.contains($0.role) }.map(\.name),
                    isSuspended: partner.isSuspended)
            }
            try output.show(rows) {
                var table = TextTable([("partner", .left), ("name", .left), ("roles", .left), ("state", .left)])
                for row in rows {
                    table.add([
                        row.id, row.name, row.roles.joined(separator: ", "), row.isSuspended ? "suspended" : "active",
                    ])
                }
                return table.text()
            }
        }
    }

    struct Done: Encodable {
        let height: UInt64
        let message: String
    }

    static func send(
        _ call: Call, _ doing: String, _ connection: ConnectionOptions, _ output: OutputOptions,
        _ text: (TransactionResult) throws -> String
    ) async throws {
        let key = try connection.signer()
        let result = try await connection.nodes.with {
            try await ChainSession($0, key).run([call], doing: doing)
        }
        let message = try text(result)
        try output.show(Done(height: result.height.value, message: message)) { message }
    }

    static func describe(_ action: Action) -> String {
        switch action {
        case .addPartner(let partner): "add partner \(partner.id) (\(partner.name))"
        case .changePartner(let id, let name, let roles):
            "change partner \(id): \(name), "
                + Roles.named.filter { roles.contains($0.role) }.map(\.name).joined(separator: "+")
        case .replaceKeys(let id, let keys): "replace the keys of \(id) by \(keys.count) new"
        case .suspend(let id): "suspend \(id)"
        case .reinstate(let id): "reinstate \(id)"
        case .addValidator(let claim): "add the validator of \(claim.validator.partner)"
        case .removeValidator(let partner): "remove the validator of \(partner)"
        case .activate(let activation):
            "activate \(activation.version.name) version \(activation.version.version) from height \(activation.from)"
        case .setParameters(let parameters): "set the network's parameters: \(describe(parameters))"
        case .locate(let id, let country): "record that the node of \(id) stands in \(country)"
        }
    }

    static func describe(_ parameters: NetworkParameters) -> String {
        [
            "quota-window \(parameters.quotaWindowMilliseconds) ms",
            "quota-transactions \(parameters.quotaTransactions)",
            "quota-work \(parameters.quotaWork)", "transaction-work \(parameters.transactionWorkMax)",
            "enact-delay \(parameters.enactDelayMilliseconds) ms",
            "proposal-lifetime \(parameters.proposalLifetimeMilliseconds) ms",
        ].joined(separator: ", ")
    }

    static func describe(_ status: Proposal.Status) -> String {
        switch status {
        case .open: "open"
        case .approved(let time): "approved, carried out at \(time.text)"
        case .enacted(let height): "carried out in block \(height)"
        case .failed(let code): "refused when it was to be carried out: \(GovRead.words(code))"
        case .expired: "expired"
        case .withdrawn: "withdrawn"
        }
    }
}
