internal import ArgumentParser
internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Trading

extension CecCommand {
    struct MemberKey: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "member-key",
            abstract: "Make a member's key, or show one: what the grid operator confirms a meter for.",
            discussion:
                "A member uses the key for one community: it signs the consent, changes of terms, and the withdrawal.")
        @Argument(help: "Secret key file; made when there is none.") var path: String
        @OptionGroup var output: OutputOptions

        func run() throws {
            let isNew = !FileManager.default.fileExists(atPath: path)
            let key = isNew ? try KeyFile.create(at: path) : try KeyFile.read(path)
            let holder = Consent.holder(key.publicKey).description
            try output.show(["key": key.publicKey.description, "holder": holder]) {
                "\(isNew ? "Wrote" : "The key in") \(path)\n  key     \(key.publicKey)\n  holder  \(holder)"
            }
        }
    }

    struct Leave: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a membership, as the administrator.",
            discussion: "The meters are free from then on. A member who wants out needs no administrator: see withdraw."
        )
        @Option(help: "Number of the member.") var member: UInt32
        @Option(help: "First time that no longer counts, UTC, such as 2016-10-17T07:00Z.") var until: String
        @OptionGroup var office: Office

        func run() async throws {
            let member = MemberNumber(member)
            let (period, time) = try await office.opened { office, _, address in
                let resolution = try await office.rules(of: address).period
                let period = try resolution.beginning(at: until)
                try await PeriodWords.telling(resolution) {
                    try await office.session.run(
                        [Community.endMembership.call(on: address, MembershipEnd(member: member, until: period))],
                        doing: "ending the membership")
                }
                return (period, resolution.text(period))
            }
            try office.output.show(["member": UInt64(member.value), "until": period.value]) {
                "The membership of member \(member) ends at \(time)."
            }
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Free the meters of a member whose membership is over, where that did not happen by itself.",
            discussion: "Any partner may send it; refused while the membership is not over.")
        @Option(help: "Address of the community.") var community: String
        @Option(help: "Number of the member.") var member: UInt32
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let address = try CommunityFile.address(community)
            let (number, sender) = (MemberNumber(member), try connection.signer())
            _ = try await ChainSession.with(connection, sender) { session in
                try await session.run(
                    [Community.releaseMeters.call(on: address, number)], doing: "the release of member \(number)")
            }
            try output.show(["member": member]) { "The meters of member \(member) are free." }
        }
    }

    struct Withdraw: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Withdraw a member's consent; it takes effect with the next period.",
            discussion: """
                Signed with the member's key; any partner may send it, and the administrator is not asked. Needs the address \
                of the community only, no community file.
                """)
        @Option(help: "Address of the community.") var community: String
        @Option(help: "Number of the member.") var member: UInt32
        @Option(help: "Secret key file of the member.") var memberKey: String
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let address = try CommunityFile.address(community)
            let (key, number, sender) = (
                try KeyFile.read(memberKey, maker: KeyFile.memberMaker), MemberNumber(member), try connection.signer()
            )
            let (ended, time) = try await ChainSession.with(connection, sender) { session in
                let record = try await session.ask(Community.memberQuery, of: address, number)
                let digest = Withdrawal.signingDigest(
                    network: session.network, community: address, member: number, consent: record.consent)
                let withdrawal = Withdrawal(member: number, signature: MemberSignature(signing: digest, with: key))
                try await session.run(
                    [Community.withdraw.call(on: address, withdrawal)], doing: "the withdrawal of member \(number)")
                let rules = try await session.ask(Community.rulesQuery, of: address, Nothing())
                let ended = try await session.ask(Community.memberQuery, of: address, number)
                return (ended, ended.until.map { rules.period.text($0) })
            }
            try output.show(["member": UInt64(member), "until": ended.until?.value ?? 0]) {
                "Member \(member) withdrew" + (time.map { "; the membership ends at \($0)." } ?? ".")
            }
        }
    }

    struct Amend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a member's tariff, keys, limits or agreements from a period on.",
            discussion: """
                --terms is a file as for `cec admit`; it replaces all of the member's terms. Keys alone are the administrator's \
                to change; for anything else the member signs (--member-key).
                """)
        @Option(help: "Number of the member.") var member: UInt32
        @Option(help: "First time that it holds for, UTC, such as 2016-10-17T07:00Z.") var from: String
        @Option(help: "File of the new terms.") var terms: String
        @Option(help: "Secret key file of the member.") var memberKey: String?
        @OptionGroup var office: Office

        func run() async throws {
            let (number, key) = (
                MemberNumber(member), try memberKey.map { try KeyFile.read($0, maker: KeyFile.memberMaker) }
            )
            guard let file = try TermsFile.read(terms) else { throw UserError("Name the terms with --terms.") }
            guard file.plant == nil else {
                throw UserError("The owners of a plant are fixed at its admission: end it and admit it anew.")
            }
            let settings = try file.settings()
            let (period, time) = try await office.opened { office, _, address in
                let resolution = try await office.rules(of: address).period
                let period = try resolution.beginning(at: from)
                let record = try await office.session.ask(Community.memberQuery, of: address, number)
                let change = SettingsChange(member: number, from: period, settings: settings)
                let digest = Amendment.signingDigest(
                    network: office.session.network, community: address, number: record.amendments, change: change)
                let amendment = Amendment(
                    change: change, signature: key.map { MemberSignature(signing: digest, with: $0) })
                try await PeriodWords.telling(resolution) {
                    try await office.session.run(
                        [Community.amend.call(on: address, amendment)], doing: "changing the terms of member \(number)")
                }
                return (period, resolution.text(period))
            }
            try office.output.show(["member": UInt64(member), "from": period.value]) {
                "The new terms of member \(member) hold from \(time) on."
            }
        }
    }

    struct Prices: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publish hourly prices of a series, as the oracle that the rules name.",
            discussion: """
                Signed with the oracle partner's key (--key). A value is never changed, and only hours after the last settled \
                period take one; where none was published, the fallback of the tariff counts.
                """)
        @Option(help: "Address of the community.") var community: String
        @Option(help: "Position of the series in the rules, from 0.") var series: UInt8 = 0
        @Option(help: "First hour, UTC, such as 2016-10-17T07:00Z.") var from: String
        @Option(
            help:
                "Prices per kWh, one an hour, comma-separated; negative ones after an equals sign: --values=-0.01,0.02")
        var values: String?
        @Option(help: "File with one price per kWh in a line, one an hour.") var list: String?
        @OptionGroup var connection: ConnectionOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard (values == nil) != (list == nil) else { throw ValidationError("give --values or --list") }
        }

        func run() async throws {
            let address = try CommunityFile.address(community)
            let start = try TimeArgument.parse(from)
            guard start.value % PriceDay.millisecondsPerHour == 0,
                let first = UInt32(exactly: start.value / PriceDay.millisecondsPerHour)
            else { throw UserError("--from must be a full hour.") }
            let prices = try numbers()
            let (series, sender) = (series, try connection.signer())
            try await ChainSession.with(connection, sender) { session in
                for begin in stride(from: 0, to: prices.count, by: PublishedPrices.valuesMax) {
                    let part = Array(prices[begin..<min(begin + PublishedPrices.valuesMax, prices.count)])
                    let published = PublishedPrices(
                        series: series, firstHour: first &+ UInt32(clamping: begin), values: part)
                    try await session.run(
                        [Community.publish.call(on: address, published)], doing: "publishing prices")
                }
            }
            try output.show(["series": Int(series), "hours": prices.count]) {
                "Published \(prices.count) hours of series \(series) from \(from) on."
            }
        }

        private func numbers() throws -> [Amount] {
            let text: String
            if let list {
                guard let data = FileManager.default.contents(atPath: list) else {
                    throw UserError("No prices at \(list).")
                }
                text = String(decoding: data, as: UTF8.self)
            } else {
                text = values ?? ""
            }
            let parts = text.split { $0 == "," || $0.isNewline || $0 == " " }
            guard !parts.isEmpty, parts.count <= 24 * 366 else { throw UserError("There are no prices, or too many.") }
            return try parts.map { part in
                guard let value = Double(part) else { throw UserError("'\(part)' is no price.") }
                return try DayTime.whole(value, 1_000_000)
            }
        }
    }
}

extension ChainSession {
    /// Works with a session at the nodes that the options name.
    static func with<Result>(
        _ connection: ConnectionOptions, _ sender: Sender, _ body: (ChainSession) async throws -> Result
    ) async throws -> Result {
        try await connection.nodes.with { try await body(try await ChainSession($0, sender)) }
    }
}
