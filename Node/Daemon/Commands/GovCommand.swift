internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import Governance
internal import LedgerCrypto
internal import NodeClient
internal import Primitives
internal import Transport

struct GovCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gov", abstract: "Govern the network: propose, approve, list; rotate the own validator's keys.",
        discussion:
            "At least two thirds of the council must approve; a proposal is carried out after the delay that the network has set.",
        subcommands: [
            GovProposeCommand.self, Approve.self, Withdraw.self, Expire.self, List.self, Partners.self,
            GovClaimCommand.self, Rotate.self,
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
            let call = Governance.expire.call(on: WellKnown.governance, ProposalID(number))
            try await GovCommand.send(call, "closing proposal \(number)", connection, output) { _ in
                "Proposal \(number) has expired."
            }
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace the keys of the own validator by those of another folder.",
            discussion: """
                Destroy the old keys once the change is final: whoever holds enough retired keys of one epoch could show a \
                new client another history.
                """)
        @Option(help: "Identifier of the own partner.") var partner: String
        @Option(help: "Folder of the new keys.") var newKeys: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let claim = try await GovClaimCommand.claim(of: partner, keys: newKeys, connection)
            let call = Governance.rotateValidator.call(on: WellKnown.governance, claim)
            try await GovCommand.send(call, "rotating the validator's keys", connection, output) { result in
                "The next epoch, after block \(result.height), has the new keys. Start the node with them, then destroy the old ones."
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List proposals, newest first.")
        @Option(help: "How many.") var limit = 50
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        struct Row: Encodable {
            let number: UInt64
            let proposer: String
            let action: String
            let status: String
        }

        func run() async throws {
            let rows = try await NodeClient.with(connection.addresses) { client in
                var rows: [Row] = []
                var number: UInt64 = 0
                while true {
                    let bytes: [UInt8]
                    do {
                        bytes = try await client.query(
                            WellKnown.governance, Governance.proposalQuery.number, arguments: ProposalID(number).bcs)
                    } catch ClientError.problem(let report) where report.code != nil {
                        // Numbers ascend without gaps: the first unknown one ends the list.
                        break
                    }
                    let proposal = try Proposal(bcs: bytes)
                    rows.append(
                        Row(
                            number: proposal.number, proposer: proposal.proposer,
                            action: GovCommand.describe(proposal.action), status: GovCommand.describe(proposal.status)))
                    number += 1
                }
                return Array(rows.reversed().prefix(max(0, limit)))
            }
            try output.show(rows) {
                guard !rows.isEmpty else { return "No proposal has been made." }
                var table = TextTable([("number", .right), ("by", .left), ("action", .left), ("status", .left)])
                for row in rows { table.add([String(row.number), row.proposer, row.action, row.status]) }
                return table.text()
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
            let rows = try await NodeClient.with(connection.addresses) { client in
                var rows: [Row] = []
                var from = ""
                while true {
                    let bytes = try await client.query(
                        WellKnown.governance, Governance.partnersQuery.number, arguments: PartnerPage(from: from).bcs)
                    let page = try PartnerList(bcs: bytes).partners
                    rows += page.map { partner in
                        Row(
                            id: partner.id, name: partner.name,
                            roles: Roles.named.filter { partner.roles.contains($0.role) }.map(\.name),
                            isSuspended: partner.isSuspended)
                    }
                    guard page.count == PartnerList.countMax, let last = page.last else { break }
                    from = last.id + "\u{1}"
                }
                return rows
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
        let result = try await NodeClient.with(connection.addresses) {
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
        case .setParameters: "set the network's parameters"
        case .locate(let id, let country): "record that the node of \(id) stands in \(country)"
        }
    }

    static func describe(_ status: Proposal.Status) -> String {
        switch status {
        case .open: "open"
        case .approved(let time): "approved, carried out at \(time.text)"
        case .enacted(let height): "carried out in block \(height)"
        case .failed(let code): "refused when it was to be carried out (rejection \(code))"
        case .expired: "expired"
        case .withdrawn: "withdrawn"
        }
    }
}
