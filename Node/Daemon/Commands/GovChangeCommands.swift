internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import Governance
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives

extension GovProposeCommand {
    struct ChangePartner: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a partner's name or roles; what is not named stays.", discussion: RoleTable.help)
        @Argument(help: "Identifier of the partner.") var partner: String
        @Option(help: "Its new full name.") var name: String?
        @Option(
            name: .customLong("role"), help: "A role that it shall have, instead of all that it has; repeat for more.")
        var roles: [String] = []
        @Option(name: .customLong("add-role"), help: "A role that it gets; repeat for more.") var added: [String] = []
        @Option(name: .customLong("remove-role"), help: "A role that it loses; repeat for more.")
        var removed: [String] = []
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let present = try await GovRead.partner(partner, connection)
            var set = roles.isEmpty ? present.roles : try GenesisPart.roleSet(roles)
            set.formUnion(try GenesisPart.roleSet(added))
            set.subtract(try GenesisPart.roleSet(removed))
            let name = name ?? present.name
            guard set != present.roles || name != present.name else {
                throw UserError("'\(partner)' has this name and these roles already; nothing was proposed.")
            }
            guard !set.isEmpty else { throw UserError("A partner keeps a role at least; suspend it instead.") }
            guard (1...Partner.nameBytesMax).contains(name.utf8.count) else {
                throw UserError("A partner's full name has 1 to \(Partner.nameBytesMax) bytes.")
            }
            try await GovProposeCommand.send(.changePartner(id: partner, name: name, roles: set), connection, output)
        }
    }

    struct ReplaceKeys: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Replace all operator keys of a partner that lost its own, or from which they were stolen.",
            discussion: """
                The partner makes new keys (`commonwatt keys new --dir new-keys`), tells the council the operator key that \
                `keys show` prints, over a way that no thief has, and puts the new operator.key into its node's keys when the \
                proposal was carried out. Consensus and transport keys are others: `gov rotate` replaces those.
                """)
        @Argument(help: "Identifier of the partner.") var partner: String
        @Argument(help: "Its new public keys, as `keys show` prints them: secp256k1:02…") var keys: [String]
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let made = try keys.map(PartnerCommand.key)
            guard (1...Partner.keysMax).contains(made.count), Set(made).count == made.count else {
                throw UserError("A partner has 1 to \(Partner.keysMax) keys, each once.")
            }
            let partners = try await GovRead.partners(connection)
            _ = try GovRead.partner(partner, in: partners)
            if let (owner, key) = partners.lazy.flatMap({ owner in owner.keys.map { (owner.id, $0) } })
                .first(where: { made.contains($0.1) && $0.0 != partner })
            {
                throw UserError("\(key) belongs to the partner '\(owner)'; nothing was proposed.")
            }
            try await GovProposeCommand.send(.replaceKeys(id: partner, keys: made), connection, output)
        }
    }

    struct SetParameters: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-parameters",
            abstract: "Change the network's parameters; what is not named stays as it is.")
        @Option(help: "Milliseconds of a window in which transactions and work of a partner are counted.")
        var quotaWindow: UInt64?
        @Option(help: "Transactions of a partner per window, 10 or more.") var quotaTransactions: UInt64?
        @Option(help: "Work units of a partner per window.") var quotaWork: UInt64?
        @Option(help: "Work units of a transaction, 20000000 or more.") var transactionWork: UInt64?
        @Option(help: "Milliseconds from a proposal's approval until it is carried out, at most 90 days.")
        var enactDelay: UInt64?
        @Option(help: "Milliseconds that a proposal stays open, 1 minute to 365 days.") var proposalLifetime: UInt64?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let present = try await GovRead.parameters(connection)
            var changed = present
            changed.quotaWindowMilliseconds = quotaWindow ?? present.quotaWindowMilliseconds
            changed.quotaTransactions = quotaTransactions ?? present.quotaTransactions
            changed.quotaWork = quotaWork ?? present.quotaWork
            changed.transactionWorkMax = transactionWork ?? present.transactionWorkMax
            changed.enactDelayMilliseconds = enactDelay ?? present.enactDelayMilliseconds
            changed.proposalLifetimeMilliseconds = proposalLifetime ?? present.proposalLifetimeMilliseconds
            guard changed != present else {
                throw UserError("The network has: \(GovCommand.describe(present)). Name what shall change.")
            }
            if let problem = changed.problem { throw UserError("Such parameters would stop the network: \(problem).") }
            try await GovProposeCommand.send(.setParameters(changed), connection, output)
        }
    }
}
