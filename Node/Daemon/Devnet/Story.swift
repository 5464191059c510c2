internal import Chain
internal import Foundation
internal import LedgerCrypto
internal import NodeClient
internal import OperatorFiles
internal import Primitives
internal import Settlement
internal import Trading
internal import Wiring

/// One run of the main job. Every step is what the `cec` commands do.
struct Story {
    let layout: DevnetLayout
    let office: CommunityOffice
    let grid: ChainSession
    let progress: (String) -> Void

    private static let gridOperator = "gridco"
    private static let name = "Sierra Crest"

    func run(readings: String, hours: Int, member: String) async throws -> ReportData {
        let names = try Story.meterNames(readings)
        guard names.contains(member) else { throw UserError("\(readings) has no meter '\(member)'.") }
        let (file, address, rules, first) = try await found(names, readings)
        try await ingest(readings, file, from: first, hours: hours, rules)
        let claims = try await settle(address, first, hours, rules.period)
        let statements = try await statements(file, address, first, hours)
        guard let index = file.members.firstIndex(where: { $0.name == member }) else {
            throw UserError("'\(member)' was not admitted.")
        }
        let path = layout.root + "/statement.json"
        try statements[index].data.write(to: URL(filePath: path))
        progress("Wrote the statement of \(member) to \(path)")
        let checks = try VerifyCommand.check(path, genesis: layout.genesis)
        let status = try await office.session.client.nodeStatus()
        return try StoryReport(
            rules: rules, claims: claims, names: file.members.map(\.name), statements: statements.map(\.statement),
            member: index, checks: checks, status: status
        ).data()
    }

    /// Meter names in the order of the file.
    private static func meterNames(_ path: String) throws -> [String] {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw UserError("No readings at \(path).")
        }
        var names: [String] = []
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == 4 else { continue }
            let name = String(fields[1])
            // The file lists all homes of an hour before the next hour.
            if names.contains(name) { break }
            names.append(name)
        }
        guard !names.isEmpty else { throw UserError("\(path) holds no readings.") }
        return names
    }

    /// Start of the first local day of the file.
    private static func firstInstant(_ path: String, _ clock: LocalClock) throws -> Timestamp {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let line = text.split(separator: "\n").dropFirst().first(where: { $0.prefix(16).hasSuffix("T00:00") })
        else {
            throw UserError("\(path) has no hour that begins a day.")
        }
        let local = try TimeArgument.parse(String(line.prefix(16)) + "Z")
        guard let instant = clock.instants(ofLocalMinutes: Int64(local.value / 60_000)).first else {
            throw UserError("\(path) begins in an hour that daylight saving skips.")
        }
        return instant
    }

    private func found(
        _ names: [String], _ readings: String
    ) async throws -> (CommunityFile, Address, CommunityRules, PeriodNumber) {
        let clock = HourlyAdaptor.californiaClock
        let rules = PilotRules.rules(
            name: Story.name, currency: "USD", attesters: StoryCommand.attesters, threshold: StoryCommand.threshold,
            clock: clock)
        try await office.registerSigningKey()
        let address = try await office.create(rules)
        progress("Founded the community \(Story.name) at \(address)")
        let first = rules.period.period(at: try Story.firstInstant(readings, clock))
        var members: [(name: String, meter: MeterNumber, key: Secp256k1.SecretKey)] = []
        var used: Set<UInt64> = []
        for name in names {
            var number = UInt64.random(in: 100_000...999_999)
            while !used.insert(number).inserted { number = UInt64.random(in: 100_000...999_999) }
            members.append(
                (
                    name, MeterNumber(number),
                    try KeyFile.create(at: layout.root + "/members/\(name)-\(address.description.prefix(8)).key")
                ))
        }
        try await CommunityOffice.registerMeters(
            members.map { ($0.meter, $0.key.publicKey) }, gridOperator: Story.gridOperator,
            dataProvider: office.partner,
            grid: grid)
        progress("\(Story.gridOperator) confirmed \(members.count) meters")
        let admissions = members.map { member in
            office.admission(
                of: MembershipTerms(meters: [member.meter], from: first), memberKey: member.key,
                credential: Draw.digest(), to: address, rules: rules)
        }
        let numbers = try await office.admit(admissions, to: address)
        try await office.setKeys(
            numbers.map { MemberKeysMessage.Entry(member: $0, key: Draw.digest()) }, communityKey: Draw.digest(),
            of: address)
        progress(
            "Admitted \(numbers.count) members, each with a signed consent that names \(StoryCommand.attesters.joined(separator: ", "))"
        )
        let file = CommunityFile(
            community: address.description, partner: office.partner, clock: CommunityFile.clock(clock),
            members: zip(members, numbers).map {
                CommunityFile.Member(name: $0.name, number: $1.value, meter: $0.meter.value)
            })
        try file.write(to: layout.root + "/community.json")
        return (file, address, rules, first)
    }

    private func ingest(
        _ readings: String, _ file: CommunityFile, from first: PeriodNumber, hours: Int, _ rules: CommunityRules
    ) async throws {
        let adapted = try Ingestion.read(readings, file)
        guard let from = rules.period.start(of: first),
            let to = rules.period.start(of: first.advanced(by: UInt64(hours)))
        else {
            throw UserError("The span of hours is out of range.")
        }
        let batches = Ingestion.batches(adapted, from: from, to: to)
        progress(
            "The adaptor flags \(adapted.count(.estimated)) readings of the file as estimated and \(adapted.count(.missing)) as missing, and rejects \(adapted.rejectedCount) rows"
        )
        try await office.ingest(batches) {
            progress("Stored, anchored and replicated \($0) of \(batches.count) batches")
        }
    }

    private func settle(
        _ address: Address, _ first: PeriodNumber, _ hours: Int, _ resolution: Resolution
    ) async throws -> [AttestedSettlement] {
        var settled: [AttestedSettlement] = []
        let began = Date()
        for offset in 0..<UInt64(hours) {
            settled.append(try await office.settle(address, first.advanced(by: offset), resolution))
            if (offset + 1) % 24 == 0 || offset + 1 == UInt64(hours) {
                let each = Date().timeIntervalSince(began) / Double(offset + 1) * 1000
                progress("Settled \(offset + 1) of \(hours) hours (\(Int(each)) ms each, attested and final)")
            }
        }
        return settled
    }

    private func statements(
        _ file: CommunityFile, _ address: Address, _ first: PeriodNumber, _ hours: Int
    ) async throws -> [(data: Data, statement: Statement)] {
        var all: [(data: Data, statement: Statement)] = []
        for member in file.members {
            let data = try await office.statement(
                of: MemberNumber(member.number), in: address, from: first, to: first.advanced(by: UInt64(hours)))
            all.append((data, try Statement(json: data)))
        }
        progress("Wrote the statements of \(all.count) members")
        return all
    }
}

/// From settled claims and statements to what the report shows.
struct StoryReport {
    let rules: CommunityRules
    let claims: [AttestedSettlement]
    let names: [String]
    let statements: [Statement]
    /// Index of the member in front.
    let member: Int
    let checks: StatementReport
    let status: NodeStatus

    func data() throws -> ReportData {
        let shown = statements[member]
        return ReportData(
            network: status.networkName, networkID: status.network.description, community: rules.name,
            model: "even split at the community's tariffs", currency: rules.currency,
            offsets: CommunityFile.clock(rules.clock), hours: hours(),
            member: names[member],
            memberHours: shown.lines.map { line in
                ReportData.MemberHour(
                    start: line.start, production: line.production, consumption: line.consumption,
                    fromNeighbours: line.received, toNeighbours: line.given, amount: StoryReport.cost(line),
                    estimated: line.quality != "asProvided")
            },
            members: zip(names, statements).map(row),
            checks: checks.checks.map { .init(name: $0.name.rawValue, passed: $0.passed, detail: $0.detail) },
            chain: [
                "final block": "\(status.finalHeight)", "state root": status.stateRoot.description,
                "settled hours": "\(claims.count)",
                "attestations": "\(claims.reduce(0) { $0 + $1.attestations.count })",
                "hours with sealed totals (fewer than \(rules.activeMembersMin) producers or consumers)":
                    "\(claims.count { if case .sealed = $0.claim.totals { true } else { false } })",
            ])
    }

    /// Sums over the statements, which also cover the hours whose totals are sealed on the chain.
    private func hours() -> [ReportData.Hour] {
        guard let first = statements.first else { return [] }
        return first.lines.indices.map { index in
            let lines = statements.compactMap { $0.lines.indices.contains(index) ? $0.lines[index] : nil }
            func sum(_ field: (Statement.Line) -> Int64) -> Int64 { lines.reduce(0) { $0 + field($1) } }
            return ReportData.Hour(
                start: first.lines[index].start, production: sum(\.production), consumption: sum(\.consumption),
                traded: sum(\.received), bought: sum(\.bought), sold: sum(\.sold))
        }
    }

    private func row(_ name: String, _ statement: Statement) -> ReportData.MemberRow {
        ReportData.MemberRow(
            member: name, production: statement.sums.production, consumption: statement.sums.consumption,
            fromNeighbours: statement.sums.received, toNeighbours: statement.sums.given, cost: -statement.sums.balance,
            costAlone: statement.lines.reduce(0) { $0 + StoryReport.costAlone($1) })
    }

    private static func cost(_ line: Statement.Line) -> Int64 {
        line.paidForReceived + line.paidForBought - line.earnedForGiven - line.earnedForSold
    }

    /// What the hour would have cost with the grid alone, rounded down to micro-units.
    private static func costAlone(_ line: Statement.Line) -> Int64 {
        let balance = line.consumption - line.production
        return balance >= 0 ? balance * line.prices.bought / 1000 : balance * line.prices.sold / 1000
    }
}
