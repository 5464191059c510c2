internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import ContractSuite
internal import Foundation
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Wiring

struct GenesisCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "genesis", abstract: "Found a network: each partner makes a part, anyone assembles, all check.",
        discussion: """
            1. Each partner:
                 commonwatt keys new --dir keys
                 commonwatt genesis part --network NAME --partner ID --name "..." \\
                     --role council --role validator --role attester ...
            2. One of them, or each:
                 commonwatt genesis assemble --network NAME \\
                     --time 2026-11-27T16:00:00Z part1.json part2.json ...
            3. Each partner:
                 commonwatt genesis check genesis.json --part own-part.json
                 commonwatt genesis prepare --config node.yaml
                 (prepare once, before the first start: a validator without it abstains)
            """,
        subcommands: [Part.self, Assemble.self, Check.self, Prepare.self])

    struct Part: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make this partner's signed part.", discussion: RoleTable.help)
        @Option(help: "Name of the network: letters a-z, digits, hyphens.") var network: String
        @Option(help: "Identifier of the partner: letters a-z, digits, hyphens.") var partner: String
        @Option(help: "The partner's full name.") var name: String
        @Option(name: .customLong("role"), help: "A role, see below; repeat for more.")
        var roles: [String] = ["council", "validator", "attester"]
        @Option(help: "Folder of the keys.") var keys = "keys"
        @Flag(help: "The partner runs no validator.") var noValidator = false
        @Option(help: "File to write.") var out = "part.json"
        @OptionGroup var output: OutputOptions

        func run() throws {
            let set = try GenesisPart.roleSet(roles)
            if let problem = GenesisPart.problem(
                network: network, partner: partner, name: name, roles: set, isValidator: !noValidator)
            {
                throw UserError(problem)
            }
            try NewFile.check(out)
            let part = try GenesisPart(
                network: network, partner: partner, name: name, roles: roles, keys: try NodeKeys.read(keys),
                isValidator: !noValidator)
            _ = try part.checked()
            try part.write(to: out)
            try output.show(part) { "Wrote \(out). Send it to whoever assembles the genesis; it holds no secret." }
        }
    }

    struct Assemble: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make the genesis file of all parts.")
        @Option(help: "Name of the network.") var network: String
        @Option(
            help: """
                Time of block 0, such as 2026-11-27T16:00:00Z or milliseconds since 1970; all who assemble give the same. \
                Without it: now.
                """)
        var time: String?
        @Option(help: "Milliseconds between empty blocks of an idle network, 1 to 30000.")
        var heartbeat = ChainParameters().heartbeatMilliseconds
        @Option(help: "File to write.") var out = "genesis.json"
        @Argument(help: "Files of the parts.") var parts: [String]
        @OptionGroup var output: OutputOptions

        func run() throws {
            // Clients and partners believe a state of the last minute; an idle network must show one.
            guard (1...30_000).contains(heartbeat) else {
                throw UserError("--heartbeat must be 1 to 30000 milliseconds, not \(heartbeat).")
            }
            let time = try time.map { try GenesisTime.parse($0) } ?? .wallClock
            try NewFile.check(out)
            var parameters = ChainParameters()
            parameters.heartbeatMilliseconds = heartbeat
            let genesis = try GenesisAssembly.assemble(
                name: network, time: time, parts: try parts.map(GenesisPart.read), parameters: parameters)
            try GenesisFile.write(genesis, to: out)
            let summary = Summary(genesis)
            try output.show(summary) {
                summary.text + "\nWrote \(out). Each partner should check it with `commonwatt genesis check`."
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a genesis file: its form, its network id, the contracts' view, and your own part.")
        @Argument(help: "The genesis file.") var file: String
        @Option(name: .customLong("part"), help: "A part that must be in it unchanged; repeat for more.") var parts:
            [String] = []
        @OptionGroup var output: OutputOptions

        func run() throws {
            let genesis = try GenesisFile.read(file)
            try GenesisFile.checkApplication(genesis)
            if let problem = GenesisTime.problem(genesis.time) { throw UserError("\(file): \(problem)") }
            let suite = try SuiteGenesis(bcs: genesis.application)
            for path in parts {
                let part = try GenesisPart.read(path)
                let (partner, validator) = try part.checked()
                guard suite.partners.contains(partner) else {
                    throw UserError("\(file) does not hold the partner of \(path) as that part has it.")
                }
                if let validator, !genesis.validators.validators.contains(validator) {
                    throw UserError("\(file) does not hold the validator of \(path) as that part has it.")
                }
            }
            let summary = Summary(genesis)
            try output.show(summary) {
                summary.text + "\nThe file is whole"
                    + (parts.isEmpty ? "." : ", and it holds \(parts.joined(separator: ", ")) unchanged.")
                    + " Compare the network id with the other partners."
            }
        }
    }

    struct Prepare: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Mark this validator's empty journal as one that never voted; once, before the first start.")
        @Option(help: "Configuration file of the node.") var config: String
        @OptionGroup var output: OutputOptions

        func run() throws {
            let settings = try NodeSettings.load(config: config, flags: UserSettings())
            try NodeWiring.prepare(settings)
            try output.show(["prepared": settings.data]) {
                "Prepared \(settings.data). Start the node with `commonwatt node --config \(config)`."
            }
        }
    }

    struct Summary: Encodable {
        let network: String
        let networkID: String
        let time: UInt64
        let timeText: String
        let heartbeatMilliseconds: UInt32
        let validators: [String]
        let faultsTolerated: Int
        let partners: [String]

        init(_ genesis: Genesis) {
            network = genesis.name
            networkID = genesis.network.description
            time = genesis.time.milliseconds
            timeText = genesis.time.text
            heartbeatMilliseconds = genesis.parameters.heartbeatMilliseconds
            validators = genesis.validators.validators.map(\.partner)
            faultsTolerated = genesis.validators.faultsMax
            partners = ((try? SuiteGenesis(bcs: genesis.application))?.partners ?? []).map {
                partner in
                "\(partner.id) (\(partner.name)): "
                    + Roles.named.filter { partner.roles.contains($0.role) }.map(\.name).joined(separator: ", ")
            }
        }

        var text: String {
            """
            Network     \(network)
            Network id  \(networkID)
            Block 0     \(timeText), an idle network makes a block every \(heartbeatMilliseconds) ms
            Validators  \(validators.joined(separator: ", ")) (\(faultsTolerated) may be faulty)
            Partners    \(partners.joined(separator: "\n            "))
            """
        }
    }
}
