internal import ArgumentParser
internal import Chain
internal import ContractHost
internal import ContractKit
internal import ContractSuite
internal import Foundation
internal import Governance
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Transport

struct GovProposeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "propose", abstract: "Propose a change; the proposer approves it by that.",
        subcommands: [
            AddPartner.self, ChangePartner.self, ReplaceKeys.self, Suspend.self, Reinstate.self, Locate.self,
            AddValidator.self, RemoveValidator.self, SetParameters.self, Activate.self,
        ])

    static func send(_ action: Action, _ connection: ConnectionOptions, _ output: OutputOptions) async throws {
        let call = Governance.propose.call(on: WellKnown.governance, Propose(action))
        try await GovCommand.send(call, "proposing to \(GovCommand.describe(action))", connection, output) { result in
            guard let bytes = result.receipt.outputs.first else { return "Proposed." }
            let number = try Governance.propose.output(bytes).number
            return
                "Proposal \(number): \(GovCommand.describe(action)). Others approve with `commonwatt gov approve \(number)`."
        }
    }

    struct AddPartner: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take in a partner by its signed part (commonwatt genesis part).")
        @Argument(help: "File of the part.") var part: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let partner = try GenesisPart.read(part).checked().partner
            let known = try await GovRead.partners(connection)
            guard !known.contains(where: { $0.id == partner.id }) else {
                throw UserError(
                    "The network has a partner '\(partner.id)' already; change its name or roles with `commonwatt gov propose change-partner`, its keys with `replace-keys`."
                )
            }
            try await GovProposeCommand.send(.addPartner(partner), connection, output)
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Suspend a partner.")
        @Argument(help: "Identifier of the partner.") var partner: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions
        func run() async throws {
            _ = try await GovRead.partner(partner, connection)
            try await GovProposeCommand.send(.suspend(id: partner), connection, output)
        }
    }

    struct Reinstate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Reinstate a suspended partner.")
        @Argument(help: "Identifier of the partner.") var partner: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions
        func run() async throws {
            _ = try await GovRead.partner(partner, connection)
            try await GovProposeCommand.send(.reinstate(id: partner), connection, output)
        }
    }

    struct Locate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record the country where a partner's node stands; data sets may be bound to countries.")
        @Argument(help: "Identifier of the partner.") var partner: String
        @Argument(help: "Country by ISO 3166-1, two capital letters, e.g. DE.") var country: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard let code = CountryCode(country) else {
                throw UserError("'\(country)' is no country code: two capital letters by ISO 3166-1, e.g. DE.")
            }
            _ = try await GovRead.partner(partner, connection)
            try await GovProposeCommand.send(.locate(id: partner, country: code), connection, output)
        }
    }

    struct AddValidator: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a partner run a validator, by the claim that it made (commonwatt gov claim).",
            discussion: """
                The partner's node should run and follow the chain: it reports by itself that it has caught up, without which \
                the proposal is refused when it is to be carried out.
                """)
        @Argument(help: "File of the claim.") var claim: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let claim = try ClaimFile.read(claim)
            let partner = try await GovRead.partner(claim.validator.partner, connection)
            guard partner.roles.contains(.validator) else {
                throw UserError(
                    "'\(partner.id)' has not the role validator; give it with `commonwatt gov propose change-partner \(partner.id) --add-role validator`."
                )
            }
            try await GovProposeCommand.send(.addValidator(claim), connection, output)
        }
    }

    struct RemoveValidator: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a partner's validator out of the set.")
        @Argument(help: "Identifier of the partner.") var partner: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions
        func run() async throws {
            let set = try await connection.nodes.with { try await $0.validators().validators }
            guard set.index(ofPartner: partner) != nil else {
                throw UserError(
                    "'\(partner)' runs no validator; validators are \(set.validators.map(\.partner).joined(separator: ", "))."
                )
            }
            try await GovProposeCommand.send(.removeValidator(partner: partner), connection, output)
        }
    }

    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Activate a contract version of this release from a height on, once a quorum of validators has it.")
        @Argument(help: "Name of the contract.") var contract: String
        @Argument(help: "Its version.") var version: UInt32
        @Option(help: "Height.") var from: UInt64
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard let known = ContractSuite.release.contract(contract, version: version) else {
                throw UserError("This release carries no version \(version) of '\(contract)'.")
            }
            let activation = Activation(known.contractVersion, from: Height(from))
            try await GovProposeCommand.send(.activate(activation), connection, output)
        }
    }
}
