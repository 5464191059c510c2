internal import ArgumentParser
internal import Chain
internal import Foundation
internal import LedgerCrypto
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading

extension CecCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Found a community with rules that are never edited.",
            discussion: """
                --rules is a JSON file with any model, price rule, tariff, time bands, period, deadlines and attesters \
                (docs/models.md shows one). Without it: even split at community tariffs, hourly, with --name, --zone, \
                --currency, --attester and --threshold. --check shows the rules in full, with what is a default, and sends \
                nothing.
                """)
        @Option(help: "File of the rules.") var rules: String?
        @Option(help: "Name of the community, when there is no --rules.") var name: String?
        @Option(
            help:
                "Time zone by which days, months and time bands go, such as Europe/Zurich, or UTC; unless the file of rules has it."
        )
        var zone: String?
        @Option(help: "Identifier of the own partner, who administrates it. Default: whose key it is.")
        var partner: String?
        @Option(help: "Currency, three capital letters, when there is no --rules.") var currency = "EUR"
        @Option(
            name: .customLong("attester"),
            help:
                "A partner that may hold and recompute the data, when there is no --rules; repeat. Default: every validator."
        )
        var attesters: [String] = []
        @Option(help: "How many must agree, when there is no --rules; 0 means a quorum.") var threshold: UInt16 = 0
        @Flag(help: "Only check the rules and show them in full; nothing is sent or written.") var check = false
        @OptionGroup var office: Office

        struct Founded: Encodable {
            let community: String
            let partner: String
            let file: String
            let rules: [String: String]
        }

        func validate() throws {
            guard (rules == nil) != (name == nil) else { throw ValidationError("give --rules or --name") }
            guard rules != nil || zone != nil else {
                throw ValidationError("give --zone, such as Europe/Zurich: days, months and time bands go by it")
            }
        }

        func run() async throws {
            // It holds which meter is whose; to be known before the community is founded.
            if !check {
                try NewFile.require(office.path, "A community file", remedy: "name another with --file")
            }
            let text = try chosen()
            let fields = Dictionary(text.fields.map { ($0.name, $0.value) }) { first, _ in first }
            if check { return try office.output.show(fields) { text.text } }
            let (address, name) = try await office.with(partner: partner) { office in
                try await office.registerSigningKey()
                let address = try await office.create(text.rules)
                try await office.setKeys([], communityKey: Draw.digest(), of: address)
                return (address, office.partner)
            }
            let file = CommunityFile(
                community: address.description, partner: name, clock: CommunityFile.clock(text.rules.clock),
                members: [])
            try file.write(to: office.path)
            let founded = Founded(community: address.description, partner: name, file: office.path, rules: fields)
            try office.output.show(founded) {
                "Founded \(text.rules.name) at \(address), run by \(name); days and months are those of \(text.zone). Wrote \(office.path)."
            }
        }

        private func chosen() throws -> RulesText {
            let year = Calendar(identifier: .gregorian).component(.year, from: Date())
            if let rules {
                let file = try RulesFile.read(rules)
                return RulesText(
                    rules: try file.rules(year: year, zone: zone), zone: try file.chosenZone(zone),
                    defaults: file.defaults)
            }
            let zone = zone ?? ""
            let made = PilotRules.rules(
                name: name ?? "", currency: currency, attesters: attesters, threshold: threshold,
                clock: try RulesFile.clock(zone, year))
            if let problem = made.problem { throw UserError("The rules are not valid: \(problem).") }
            let given = ["name", "zone"] + (attesters.isEmpty ? [] : ["attesters"])
            let text = RulesText(rules: made, zone: zone, defaults: [])
            return RulesText(rules: made, zone: zone, defaults: Set(text.fields.map(\.name)).subtracting(given))
        }
    }

    struct Admit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Admit a member with its meters, which the grid operator has confirmed.",
            discussion: """
                The member's key signs the consent; it names the partners that may recompute the member's data. --terms is a \
                JSON file with the member's own tariff, keys, limits, agreements, or, for a plant that members own by shares, \
                the billing agent and the owners (docs/models.md shows one).
                """)
        @Option(help: "Name of the meter in the source of readings.") var name: String
        @Option(help: "Pseudonymous number of the meter.") var meter: UInt64
        @Option(name: .customLong("other"), help: "A further meter of the member, NAME=NUMBER; repeat.") var others:
            [String] = []
        @Option(help: "Secret key file of the member.") var memberKey: String
        @Option(help: "Digest of the consent credential (64 hexadecimal digits).") var credential: String
        @Option(help: "First time that counts, UTC, such as 2016-10-17T07:00Z.") var from: String
        @Option(help: "File of the member's terms.") var terms: String?
        @OptionGroup var office: Office

        func run() async throws {
            guard let digest = Digest(hex: credential) else {
                throw UserError("--credential is no digest of 64 hexadecimal digits.")
            }
            let (member, agreed, more) = (
                try KeyFile.read(memberKey, maker: KeyFile.memberMaker), try TermsFile.read(terms), try furtherMeters()
            )
            let path = office.path
            let number = try await office.opened { office, file, address in
                let rules = try await office.rules(of: address)
                let terms = MembershipTerms(
                    meters: ([meter] + more.values).map { MeterNumber($0) }.sorted(),
                    settings: try agreed?.settings() ?? .none, plant: try agreed?.plantTerms(),
                    from: try rules.period.beginning(at: from))
                let admission = office.admission(
                    of: terms, memberKey: member, credential: digest, to: address, rules: rules)
                guard let number = try await office.admit([admission], to: address).first else {
                    throw UserError("The chain gave the member no number.")
                }
                // The community's key stays as it is: only the member's is new.
                try await office.setMemberKey(number, of: address)
                var changed = file
                changed.members.append(
                    CommunityFile.Member(
                        name: name, number: number.value, meter: meter, others: more.isEmpty ? nil : more))
                try changed.write(to: path)
                return number
            }
            try office.output.show(["member": number.value]) { "Admitted \(name) as member \(number)." }
        }

        private func furtherMeters() throws -> [String: UInt64] {
            var meters: [String: UInt64] = [:]
            for text in others {
                let parts = text.split(separator: "=")
                guard parts.count == 2, let number = UInt64(parts[1]), number != meter,
                    meters.updateValue(number, forKey: String(parts[0])) == nil
                else { throw UserError("--other is NAME=NUMBER, each meter once, not '\(text)'.") }
            }
            return meters
        }
    }
}
