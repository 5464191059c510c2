import Chain
import ContractKit
import Foundation
import LedgerCrypto
import NodeClient
import Primitives
import Trading

/// A community on a network of processes, run with the commands that an administrator has.
struct CommunityRun {
    let network: ValidatorNetwork
    /// Of the community file.
    let file: String
    let address: Address
    private let name: String

    static let administrator = "coop"

    /// Founds a community with the rules of a JSON file.
    init(_ network: ValidatorNetwork, name: String, rules: String) async throws {
        self.network = network
        self.name = name
        file = "\(network.folder)/\(name).json"
        let path = "\(network.folder)/\(name)-rules.json"
        try rules.write(toFile: path, atomically: true, encoding: .utf8)
        try await Program.succeed(
            ["cec", "create", "--rules", path, "--partner", Self.administrator, "--file", file]
                + Self.signed(network, Self.administrator))
        struct Named: Decodable { let community: String }
        let text = try JSONDecoder().decode(Named.self, from: Data(contentsOf: URL(filePath: file))).community
        guard let address = Address(text: text) else { throw TestFailure("no address in \(file)") }
        self.address = address
    }

    /// Node and key of a partner.
    static func signed(_ network: ValidatorNetwork, _ partner: String) -> [String] {
        ["--node", network.url(partner), "--key", network.operatorKeyFile(partner)]
    }

    /// A command of the administrator.
    @discardableResult
    func cec(_ arguments: [String], seconds: Double = 120) async throws -> String {
        let outcome = try await refusable(arguments, seconds: seconds)
        guard outcome.exitCode == 0 else { throw TestFailure("cec \(arguments): \(outcome.output)") }
        return outcome.output
    }

    func refusable(_ arguments: [String], seconds: Double = 120) async throws -> Program.Outcome {
        try await Program.run(
            ["cec"] + arguments + ["--file", file] + Self.signed(network, Self.administrator), seconds: seconds)
    }

    func memberKey(_ member: String) -> String { "\(network.folder)/\(name)-\(member).key" }

    /// Makes the member's key, has the grid operator confirm the meters, and admits the member.
    func admit(
        _ member: String, meter: UInt64, others: [String: UInt64] = [:], from: String, terms: String? = nil
    ) async throws {
        struct Key: Decodable { let holder: String }
        let shown = try await Program.succeed(["cec", "member-key", memberKey(member), "--json"])
        let holder = try JSONDecoder().decode(Key.self, from: Data(shown.utf8)).holder
        for number in [meter] + others.values.sorted() {
            try await Program.succeed(
                [
                    "partner", "register-meter", "--meter", "\(number)", "--grid-operator", "gridco",
                    "--data-provider", Self.administrator, "--holder", holder,
                ] + Self.signed(network, "gridco"))
        }
        var arguments = [
            "admit", "--name", member, "--meter", "\(meter)", "--member-key", memberKey(member), "--credential",
            String(repeating: "ab", count: 32), "--from", from,
        ]
        for (name, number) in others.sorted(by: { $0.key < $1.key }) { arguments += ["--other", "\(name)=\(number)"] }
        if let terms { arguments += ["--terms", try write(terms, "\(member)-terms.json")] }
        try await cec(arguments)
    }

    func write(_ text: String, _ file: String) throws -> String {
        let path = "\(network.folder)/\(name)-\(file)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// Hands in hourly readings with UTC labels.
    func ingest(_ rows: [HourlyRow], file: String = "readings.csv", revision: Int = 0) async throws {
        let lines = rows.map { "\(TestTime.label($0.hour)),\($0.name),\($0.load),\($0.production)" }
        let path = try write((["period_start_local,meter,load_wh,pv_wh"] + lines).joined(separator: "\n") + "\n", file)
        try await cec(["ingest", path, "--revision", "\(revision)"], seconds: 300)
    }

    struct Report: Decodable {
        struct Wait: Decodable {
            let from: UInt64
            let to: UInt64
            let stage: String
            let missing: [UInt64]
            let series: [Int]
        }
        struct Community: Decodable {
            let community: String
            let unsettled: Int
            let provisional: Int
            let settled: Int
            let corrected: Int
            let overtaken: Int
            let waits: [Wait]
        }
        let isRunning: Bool
        let communities: [Community]
    }

    /// What the settler of the administrator's node says.
    func watch() async throws -> (isRunning: Bool, community: Report.Community) {
        let report = try JSONDecoder().decode(Report.self, from: Data(try await cec(["watch", "--json"]).utf8))
        guard let own = report.communities.first(where: { $0.community == address.description }) else {
            throw TestFailure("the settler says nothing of \(name)")
        }
        return (report.isRunning, own)
    }

    /// The current settlements of periods, as a node's state has them; nil where there is none.
    func records(_ periods: Range<UInt64>, node: String = "sunsupply") async throws -> [SettlementRecord?] {
        try await network.with([node]) { client in
            var records: [SettlementRecord?] = []
            for period in periods {
                let key = Community.settlements.stateKey(PeriodNumber(period), at: address)
                records.append(try await client.value(key).value.map { try SettlementRecord(bcs: $0) })
            }
            return records
        }
    }

    private struct Balance: Decodable {
        let sums: Sums
    }

    struct Sums: Decodable, Hashable {
        let production: Int64
        let consumption: Int64
        let received: Int64
        let given: Int64
        let bought: Int64
        let sold: Int64
        /// Micro-units; negative when the member owes.
        let balance: Int64
    }

    /// Sums of each member's statement, each verified offline.
    func balances(members: Int, from: String, hours: Int) async throws -> [Sums] {
        var sums: [Sums] = []
        for member in 1...members {
            let path = "\(network.folder)/\(name)-statement.json"
            try await cec([
                "statement", "--member", "\(member)", "--from", from, "--hours", "\(hours)", "--out", path,
            ])
            try await Program.succeed(["verify", path, "--genesis", network.genesisFile])
            sums.append(
                try JSONDecoder().decode(Balance.self, from: Data(contentsOf: URL(filePath: path))).sums)
        }
        return sums
    }
}

/// One line of a file of hourly readings.
struct HourlyRow {
    let name: String
    /// Hours since 1970 (UTC).
    let hour: UInt64
    var load: Int64
    var production: Int64
}

enum TestTime {
    private static func text(_ hour: UInt64) -> String {
        String(Date(timeIntervalSince1970: Double(hour * 3_600)).ISO8601Format().prefix(16))
    }
    /// As files of readings have it.
    static func label(_ hour: UInt64) -> String { text(hour) }
    /// As command lines have it.
    static func argument(_ hour: UInt64) -> String { text(hour) + "Z" }
    /// The running hour.
    static var now: UInt64 { UInt64(Date().timeIntervalSince1970) / 3_600 }
}
