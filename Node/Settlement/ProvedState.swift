internal import Chain
internal import ContractKit
internal import DataLake
internal import LedgerCrypto
internal import LightClient
internal import Primitives
internal import Trading

/// The state records that a statement's bundles prove.
struct ProvedState {
    typealias Wrong = StatementVerification.Wrong

    private let values: [[UInt8]: [UInt8]?]
    /// Time of the block that it is the state of.
    let time: Timestamp
    let height: Height

    /// Verifies every bundle from the genesis; all must be of one block.
    static func verify(
        _ statement: Statement, genesis: Genesis, now: Timestamp
    ) throws -> (detail: String, value: ProvedState) {
        var values: [[UInt8]: [UInt8]?] = [:]
        var header: BlockHeader?
        for document in statement.proofs {
            let bundle = try document.bundle()
            // One text for one bundle: no capital digits.
            guard ProofBundleDocument(bundle) == document else { throw Wrong("a proof was changed") }
            let verified = try bundle.verify(
                from: TrustAnchor(genesis), now: now, ageMillisecondsMax: .max)
            guard header == nil || header == verified.header else {
                throw Wrong("the proofs are of different blocks")
            }
            header = verified.header
            for entry in verified.entries {
                guard values.updateValue(entry.value, forKey: entry.key) == nil else {
                    throw Wrong("a state record is proved twice")
                }
            }
        }
        guard let header else { throw Wrong("there are no proofs") }
        return (
            "\(values.count) state records proved at height \(header.height)",
            ProvedState(values: values, time: header.time, height: header.height)
        )
    }

    /// A record that the bundles must prove to exist.
    func record<Value: BCSDecodable>(_ key: [UInt8], _ what: String) throws -> Value {
        guard let found: Value = try optional(key, what) else { throw Wrong("the chain has no record of \(what)") }
        return found
    }

    /// A record, or nil when the bundles prove that there is none.
    private func optional<Value: BCSDecodable>(_ key: [UInt8], _ what: String) throws -> Value? {
        guard let proved = values[key] else { throw Wrong("the statement proves nothing about \(what)") }
        return try proved.map { try Value(bcs: $0) }
    }

    func rules(_ statement: Statement) throws -> (detail: String, value: CommunityRules) {
        let head: CommunityHead = try record(
            StatementKeys.head(try Hex.address(statement.community)), "the community")
        let bytes = try Hex.bytes(statement.rules)
        guard SHA256.hash(bytes) == head.rules else { throw Wrong("the community has other rules on the chain") }
        let rules = try CommunityRules(bcs: bytes)
        return ("rules of \(rules.name)", rules)
    }

    func member(_ statement: Statement) throws -> (detail: String, value: Member) {
        let number = MemberNumber(statement.member)
        let key = StatementKeys.member(number, try Hex.address(statement.community))
        let member: Member = try record(key, "member \(number)")
        guard member.number == number else { throw Wrong("the record is of another member") }
        return ("member \(number) with \(member.meters.count) meters", member)
    }

    /// The settlements of the span. The statement must have a line for each, and name each other period as open.
    func records(
        _ statement: Statement, _ member: Member
    ) throws -> (detail: String, value: [PeriodNumber: SettlementRecord]) {
        let community = try Hex.address(statement.community)
        guard statement.from < statement.to, statement.to - statement.from <= UInt64(Statement.linesMax) else {
            throw Wrong("the span is empty or too long")
        }
        var records: [PeriodNumber: SettlementRecord] = [:]
        var settled: [UInt64] = []
        var open: [UInt64] = []
        // A statement begins and ends within the membership, so that one span has one form.
        guard member.isActive(in: PeriodNumber(statement.from)), member.isActive(in: PeriodNumber(statement.to - 1))
        else { throw Wrong("the span is not within the membership") }
        for period in (statement.from..<statement.to).map({ PeriodNumber($0) }) {
            let record: SettlementRecord? = try optional(
                StatementKeys.settlement(period, community), "period \(period)")
            guard let record else {
                open.append(period.value)
                continue
            }
            guard record.claim.period == period else { throw Wrong("the record is of another period") }
            records[period] = record
            settled.append(period.value)
        }
        guard statement.lines.map(\.period) == settled else { throw Wrong("a settled period lacks, or is there twice") }
        guard statement.open == open else { throw Wrong("the open periods are not those of the chain") }
        return ("\(settled.count) settled, \(open.count) open", records)
    }

    /// The batches of the statement by digest: anchored, of the member's meters, each used by a settlement, and all that
    /// are needed.
    func batches(
        _ statement: Statement, _ member: Member, _ rules: CommunityRules, _ lines: [StatementVerification.ProvedLine]
    ) throws -> (detail: String, value: [Digest: ReadingBatch]) {
        var batches: [Digest: ReadingBatch] = [:]
        let used = Set(lines.flatMap(\.batches))
        var last: Digest?
        for text in statement.batches {
            let bytes = try Hex.bytes(text)
            let digest = SHA256.hash(bytes)
            if let last, last >= digest { throw Wrong("the batches are not in order") }
            last = digest
            let batch = try ReadingBatch(bcs: bytes)
            let anchor: BatchAnchor = try record(StatementKeys.anchor(digest), "batch \(digest.short)")
            guard anchor.digest == digest, anchor.schema == ReadingBatch.schema else {
                throw Wrong("the anchor of batch \(digest.short) is another one")
            }
            guard member.meters.contains(batch.meter) else { throw Wrong("batch \(digest.short) is of another meter") }
            guard used.contains(digest) else { throw Wrong("batch \(digest.short) was used by no settlement") }
            batches[digest] = batch
        }
        let expected = StatementKeys.all(
            try Hex.address(statement.community), member, rules,
            periods: (statement.from..<statement.to).map { PeriodNumber($0) },
            batches: Array(batches.keys))
        guard Set(expected) == Set(values.keys) else { throw Wrong("the statement proves something that is not in it") }
        let readings = batches.values.reduce(0) { $0 + $1.readings.count }
        return ("\(readings) readings in \(batches.count) anchored batches", batches)
    }

    /// Amendments of the member, in their order.
    func changes(_ statement: Statement, _ member: Member) throws -> [SettingsChange] {
        let community = try Hex.address(statement.community)
        return try (0..<member.amendments).map { number in
            try record(StatementKeys.change(member.number, number, community), "amendment \(number)")
        }
    }

    /// Values of the rules' price series for the hour of `start`.
    func prices(_ statement: Statement, _ rules: CommunityRules, at start: Timestamp) throws -> [Amount?] {
        let community = try Hex.address(statement.community)
        guard let place = PriceDay.place(of: start) else { return rules.series.map { _ in nil } }
        return try rules.series.indices.map { series in
            let day: PriceDay? = try optional(
                StatementKeys.priceDay(series, place.day, community), "price series \(series)")
            return day?.values[place.hour]
        }
    }
}
