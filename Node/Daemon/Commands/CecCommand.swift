internal import ArgumentParser
internal import Chain
internal import DataLake
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import Primitives
internal import Settlement
internal import Trading

struct CecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cec",
        abstract: """
            Run a citizen energy community: compare models, create, admit, ingest, settle, statement, month, audit, erase.
            """,
        discussion: """
            These commands talk to the node of the community's administrator, whose lake holds the readings, and sign with \
            its operator key (--key). The community file keeps which meter is whose; it stays with the administrator.
            """,
        subcommands: [
            Compare.self, Create.self, Admit.self, Ingest.self, Settle.self, StatementCommand.self, Month.self,
            Audit.self, Erase.self,
        ])

    struct Office: ParsableArguments {
        @OptionGroup var connection: ConnectionOptions
        @Option(name: .customLong("file"), help: "The community file.") var path = "community.json"
        @OptionGroup var output: OutputOptions

        func with<Result>(
            partner: String, _ body: (CommunityOffice) async throws -> Result
        ) async throws -> Result {
            let key = try connection.signer()
            return try await NodeClient.with(connection.addresses) { client in
                try await body(CommunityOffice(session: try await ChainSession(client, key), partner: partner))
            }
        }

        func opened<Result>(
            _ body: (CommunityOffice, CommunityFile, Address) async throws -> Result
        ) async throws -> Result {
            let file = try CommunityFile.read(path)
            guard let address = Address(text: file.community) else {
                throw UserError("\(path) names no community: '\(file.community)'.")
            }
            return try await with(partner: file.partner) { try await body($0, file, address) }
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Found a community with rules that are never edited.")
        @Option(help: "Name of the community.") var name: String
        @Option(help: "Identifier of the own partner, who administrates it.") var partner: String
        @Option(help: "Currency, three capital letters.") var currency = "EUR"
        @Option(
            name: .customLong("attester"),
            help: "A partner that may hold and recompute the data; repeat. Default: every validator.")
        var attesters: [String] = []
        @Option(help: "How many must agree; 0 means a quorum.") var threshold: UInt16 = 0
        @OptionGroup var office: Office

        func run() async throws {
            let clock = HourlyAdaptor.californiaClock
            let rules = PilotRules.rules(
                name: name, currency: currency, attesters: attesters, threshold: threshold, clock: clock)
            let address = try await office.with(partner: partner) { office in
                try await office.registerSigningKey()
                let address = try await office.create(rules)
                try await office.setKeys([], communityKey: Draw.digest(), of: address)
                return address
            }
            let file = CommunityFile(
                community: address.description, partner: partner, clock: CommunityFile.clock(clock), members: [])
            try file.write(to: office.path)
            try office.output.show(file) { "Founded \(name) at \(address). Wrote \(office.path)." }
        }
    }

    struct Admit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Admit a member with its meter, which the grid operator has confirmed.",
            discussion:
                "The member's key signs the consent; it names the partners that may recompute the member's data.")
        @Option(help: "Name of the meter in the source of readings.") var name: String
        @Option(help: "Pseudonymous number of the meter.") var meter: UInt64
        @Option(help: "Secret key file of the member.") var memberKey: String
        @Option(help: "Digest of the consent credential (64 hexadecimal digits).") var credential: String
        @Option(help: "First hour that counts, UTC, such as 2016-10-17T07:00Z.") var from: String
        @OptionGroup var office: Office

        func run() async throws {
            guard let digest = Digest(hex: credential) else {
                throw UserError("--credential is no digest of 64 hexadecimal digits.")
            }
            let member = try KeyFile.read(memberKey)
            let path = office.path
            let number = try await office.opened { office, file, address in
                let rules = try await office.rules(of: address)
                let period = rules.period.period(at: try TimeArgument.parse(from))
                let admission = office.admission(
                    of: MeterNumber(meter), memberKey: member, credential: digest, to: address, rules: rules,
                    from: period)
                guard let number = try await office.admit([admission], to: address).first else {
                    throw UserError("The chain gave the member no number.")
                }
                // The community's key stays as it is: only the member's is new.
                try await office.setMemberKey(number, of: address)
                var changed = file
                changed.members.append(CommunityFile.Member(name: name, number: number.value, meter: meter))
                try changed.write(to: path)
                return number
            }
            try office.output.show(["member": number.value]) { "Admitted \(name) as member \(number)." }
        }
    }

    struct Settle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Settle hours: compute, have attested, put on the chain.")
        @Option(help: "First hour, UTC, such as 2016-10-17T07:00Z.") var from: String
        @Option(help: "Number of hours.") var hours = 1
        @OptionGroup var office: Office

        struct Row: Encodable {
            let period: UInt64
            let stage: String
            let attestations: Int
            let root: String
        }

        func run() async throws {
            let output = office.output
            let rows = try await office.opened { office, _, address in
                let rules = try await office.rules(of: address)
                let first = rules.period.period(at: try TimeArgument.parse(from))
                var rows: [Row] = []
                for offset in 0..<UInt64(max(0, hours)) {
                    let settled = try await office.settle(address, first.advanced(by: offset))
                    output.progress("settled \(offset + 1) of \(hours)")
                    rows.append(
                        Row(
                            period: settled.claim.period.value, stage: "\(settled.claim.stage)",
                            attestations: settled.attestations.count, root: settled.claim.root.description))
                }
                return rows
            }
            try output.show(rows) { "Settled \(rows.count) hours." }
        }
    }
}
