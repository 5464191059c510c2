package import Chain
internal import ContractKit
package import DataLake
internal import LedgerCrypto
package import LightClient
internal import Primitives
package import Trading

/// Why a statement cannot be made.
package struct StatementError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Writes a member's statement from lake and chain.
package struct StatementBuilder: Sendable {
    /// Proves the given state keys, all at one height; at most 256 keys a call.
    package typealias Prove = @Sendable ([[UInt8]]) async throws -> ProofBundle

    private let lake: DataLake
    private let chain: ChainView
    private let prove: Prove

    /// `chain` must be the state that `prove` proves.
    package init(lake: DataLake, chain: ChainView, prove: @escaping Prove) {
        self.lake = lake
        self.chain = chain
        self.prove = prove
    }

    /// The statement of `member` over the periods [first, end), cut to the membership.
    package func statement(
        of number: MemberNumber, in address: Address, from first: PeriodNumber, to end: PeriodNumber
    ) async throws -> Statement {
        guard let community = try chain.community(address),
            let member = try chain.read(Community.members, number, of: address)
        else { throw StatementError("the chain has no member \(number) in community \(address)") }
        let (from, to) = (max(first, member.from), min(end, member.until ?? end))
        guard from < to, to.distance(above: from) <= UInt64(Statement.linesMax) else {
            throw StatementError("a statement covers 1 to \(Statement.linesMax) periods of the membership")
        }
        let periods = (from.value..<to.value).map { PeriodNumber($0) }
        var lines: [Statement.Line] = []
        var open: [UInt64] = []
        var batches: [Digest: [UInt8]] = [:]
        for period in periods {
            guard let record = try chain.settlement(of: address, period: period) else {
                open.append(period.value)
                continue
            }
            lines.append(try line(of: member, record, community, &batches))
        }
        let ordered = batches.sorted { $0.key < $1.key }
        return Statement(
            format: Statement.formatName, network: chain.network.description, community: Hex.encode(address.bytes),
            member: number.value, from: from.value, to: to.value, rules: Hex.encode(community.rules.bcs),
            sums: try Statement.Sums(lines), lines: lines, open: open, batches: ordered.map { Hex.encode($0.value) },
            proofs: try await proofs(
                StatementKeys.all(
                    address, member, community.rules, periods: periods, batches: ordered.map(\.key))))
    }

    private func line(
        of member: Member, _ record: SettlementRecord, _ community: CommunityView, _ batches: inout [Digest: [UInt8]]
    ) throws -> Statement.Line {
        let (period, version) = (record.claim.period, record.claim.version)
        guard
            let (stored, origin) = try lake.results.settled(
                of: community.address, period: period, version: version, inputs: record.inputs),
            case let entries = try lake.results.entries(
                of: community.address, period: period, version: version, origin: origin),
            let index = entries.firstIndex(where: { $0.member == member.number }), let line = entries[index].line
        else {
            throw StatementError(
                "the results of period \(period), version \(version) are not in this lake, or were erased")
        }
        guard let salt = try salt(of: line, entries[index].leaf, community, origin),
            let path = MerkleTree.path(entries.map(\.leaf), index: index)
        else { throw StatementError("the salt of period \(period), version \(version) is not in this lake") }
        let own = try places(of: member, in: stored.batches, &batches)
        guard let start = community.rules.period.start(of: period) else {
            throw StatementError("period \(period) is out of range")
        }
        return Statement.Line(
            line, start: start, stage: record.claim.stage, salt: salt, leaf: entries[index].leaf, index: index,
            path: path, inputs: stored.inputs, batches: own)
    }

    /// The salt that makes this leaf of the line: beside the results of partner `origin`, or what counts here.
    private func salt(
        of line: StatementLine, _ leaf: Digest, _ community: CommunityView, _ origin: String?
    ) throws -> Digest? {
        for place in origin == nil ? [nil] : [origin, nil] {
            let salt = try lake.secrets.salt(
                of: line.member, in: community.address, period: line.period, version: line.version, origin: place)
            if let salt, line.leaf(salt: salt) == leaf { return salt }
        }
        return nil
    }

    /// The member's own batches among those of a settlement, whose bytes are put into `bytes`.
    private func places(
        of member: Member, in batches: SettlementBatches, _ bytes: inout [Digest: [UInt8]]
    ) throws -> [Statement.BatchPlace] {
        var places: [Statement.BatchPlace] = []
        for (index, digest) in batches.digests.enumerated() {
            guard let entry = try lake.entry(digest), member.meters.contains(entry.meter),
                let path = MerkleTree.path(batches.digests, index: index)
            else { continue }
            if bytes[digest] == nil { bytes[digest] = try lake.bytes(digest) }
            places.append(
                Statement.BatchPlace(digest: digest.description, index: index, path: path.map(\.description)))
        }
        return places
    }

    private func proofs(_ keys: [[UInt8]]) async throws -> [ProofBundleDocument] {
        var documents: [ProofBundleDocument] = []
        for start in stride(from: 0, to: keys.count, by: ProofBundle.entriesMax) {
            let part = Array(keys[start..<min(start + ProofBundle.entriesMax, keys.count)])
            documents.append(ProofBundleDocument(try await prove(part)))
        }
        return documents
    }
}

/// The state keys that a statement proves, in order.
enum StatementKeys {
    static func all(
        _ community: Address, _ member: Member, _ rules: CommunityRules, periods: [PeriodNumber], batches: [Digest]
    ) -> [[UInt8]] {
        let changes = (0..<member.amendments).map { change(member.number, $0, community) }
        return [head(community), Self.member(member.number, community)] + periods.map { settlement($0, community) }
            + batches.map(anchor) + changes + priceDays(community, rules, periods)
    }

    static func change(_ member: MemberNumber, _ number: UInt16, _ community: Address) -> [UInt8] {
        Community.changes.stateKey(Pair(member, number), at: community)
    }

    static func priceDay(_ series: Int, _ day: UInt32, _ community: Address) -> [UInt8] {
        Community.priceDays.stateKey(Pair(UInt16(clamping: series), day), at: community)
    }

    /// A record for each series and day that a period of the span begins in.
    private static func priceDays(
        _ community: Address, _ rules: CommunityRules, _ periods: [PeriodNumber]
    ) -> [[UInt8]] {
        var days: [UInt32] = []
        for period in periods {
            guard let start = rules.period.start(of: period), let day = PriceDay.place(of: start)?.day else { continue }
            if days.last != day { days.append(day) }
        }
        return rules.series.indices.flatMap { series in days.map { priceDay(series, $0, community) } }
    }

    static func head(_ community: Address) -> [UInt8] { Community.head.stateKey(at: community) }
    static func member(_ number: MemberNumber, _ community: Address) -> [UInt8] {
        Community.members.stateKey(number, at: community)
    }
    static func settlement(_ period: PeriodNumber, _ community: Address) -> [UInt8] {
        Community.settlements.stateKey(period, at: community)
    }
    static func anchor(_ batch: Digest) -> [UInt8] { Directory.batches.stateKey(batch, at: WellKnown.anchors) }
}

extension Statement.Line {
    init(
        _ line: StatementLine, start: Timestamp, stage: SettlementStage, salt: Digest, leaf: Digest, index: Int,
        path: [Digest], inputs: SettlementInputs, batches: [Statement.BatchPlace]
    ) {
        self.init(
            period: line.period.value, start: start.value, version: line.version, stage: "\(stage)",
            production: line.production, consumption: line.consumption, received: line.received, given: line.given,
            bought: line.bought, sold: line.sold,
            prices: Statement.Prices(
                received: line.communityPrices.consumption, given: line.communityPrices.production,
                bought: line.gridPrices.consumption, sold: line.gridPrices.production),
            paidForReceived: line.paidForReceived, earnedForGiven: line.earnedForGiven,
            paidForBought: line.paidForBought, earnedForSold: line.earnedForSold, quality: "\(line.quality)",
            salt: salt.description, leaf: leaf.description, index: index, path: path.map(\.description),
            inputs: Hex.encode(inputs.bcs), batches: batches, charges: line.charges.map { Statement.Charges($0) })
    }
}

extension Statement.Charges {
    init(_ charges: LineCharges) {
        self.init(
            gridFeeRate: charges.gridFeeRate, fundLevyRate: charges.fundLevyRate,
            incentiveRate: charges.incentiveRate, shared: charges.shared, gridFee: charges.gridFee,
            fundLevy: charges.fundLevy, incentive: charges.incentive)
    }
}

extension Statement.Sums {
    /// Throws when a sum does not fit.
    init(_ lines: [Statement.Line]) throws {
        func sum(_ field: (Statement.Line) -> Int64) throws(ArithmeticOverflow) -> Int64 {
            var total: Int64 = 0
            for line in lines { total = try total.adding(field(line)) }
            return total
        }
        let (fee, levy) = (try sum { $0.charges?.gridFee ?? 0 }, try sum { $0.charges?.fundLevy ?? 0 })
        let incentive = try sum { $0.charges?.incentive ?? 0 }
        let earned = try sum(\.earnedForGiven).adding(sum(\.earnedForSold)).adding(incentive)
        let paid = try sum(\.paidForReceived).adding(sum(\.paidForBought)).adding(fee).adding(levy)
        self.init(
            production: try sum(\.production), consumption: try sum(\.consumption), received: try sum(\.received),
            given: try sum(\.given), bought: try sum(\.bought), sold: try sum(\.sold),
            paidForReceived: try sum(\.paidForReceived), earnedForGiven: try sum(\.earnedForGiven),
            paidForBought: try sum(\.paidForBought), earnedForSold: try sum(\.earnedForSold),
            gridFee: fee, fundLevy: levy, incentive: incentive,
            balance: try earned.subtracting(paid))
    }
}
