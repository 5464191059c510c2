internal import Chain
internal import ContractKit
internal import Foundation
internal import LedgerCrypto
internal import LightClient
internal import Primitives
internal import Trading

/// One run over a statement. Each step throws what is wrong; the steps after a failed one are not tried.
struct StatementVerification {
    /// What is wrong, in words.
    struct Wrong: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    let genesis: Genesis
    let now: Timestamp
    private(set) var checks: [StatementCheck] = []
    private(set) var provedAt: Timestamp?
    private(set) var height: Height?
    private(set) var subject: StatementSubject?

    init(genesis: Genesis, now: Timestamp) {
        self.genesis = genesis
        self.now = now
    }

    mutating func verify(_ file: Data) {
        let (genesis, now) = (genesis, now)
        guard let statement = step(.file, { try Self.read(file, network: genesis.network) }),
            let state = step(.chain, { try ProvedState.verify(statement, genesis: genesis, now: now) })
        else { return finish() }
        provedAt = state.time
        height = state.height
        guard recompute(statement, state) else { return finish() }
        _ = step(.sums) {
            guard try statement.sums == Statement.Sums(statement.lines) else {
                throw Wrong("the sums are not those of the lines")
            }
            return ("balance \(statement.sums.balance) micro-units", ())
        }
        finish()
    }

    /// Whether every step from the rules to the amounts passed.
    private mutating func recompute(_ statement: Statement, _ state: ProvedState) -> Bool {
        guard let rules = step(.rules, { try state.rules(statement) }),
            let member = step(.member, { try state.member(statement) }),
            let records = step(.periods, { try state.records(statement, member) }),
            let lines = step(.lines, { try Self.lines(statement, records, rules, member, state) }),
            let batches = step(.readings, { try state.batches(statement, member, rules, lines) }),
            let balances = step(.balances, { try Self.balances(lines, rules, batches) }),
            step(.prices, { try Self.prices(lines, rules) }) != nil
        else { return false }
        subject = try? state.subject(statement, rules, member, batches)
        return step(.amounts, { try Self.amounts(lines, balances, rules) }) != nil
    }

    private mutating func step<Value>(
        _ name: StatementCheck.Name, _ body: () throws -> (detail: String, value: Value)
    ) -> Value? {
        do {
            let (detail, value) = try body()
            checks.append(StatementCheck(name: name, passed: true, detail: detail))
            return value
        } catch {
            let detail = (error as? Wrong)?.text ?? "\(error)"
            checks.append(StatementCheck(name: name, passed: false, detail: detail))
            return nil
        }
    }

    /// Checks that were not reached fail: a statement is right as a whole or not at all.
    private mutating func finish() {
        let done = Set(checks.map(\.name))
        for name in StatementCheck.Name.allCases where !done.contains(name) {
            checks.append(
                StatementCheck(name: name, passed: false, detail: StatementCheck.notReached))
        }
        let order = StatementCheck.Name.allCases
        checks.sort { (order.firstIndex(of: $0.name) ?? 0) < (order.firstIndex(of: $1.name) ?? 0) }
    }

    private static func read(_ file: Data, network: Digest) throws -> (detail: String, value: Statement) {
        let statement = try Statement(json: file)
        guard statement.format == Statement.formatName else { throw Wrong("the format is not \(Statement.formatName)") }
        guard statement.network == network.description else {
            throw Wrong("the statement is of another network than the genesis file")
        }
        guard statement.lines.count + statement.open.count <= Statement.linesMax else {
            throw Wrong("the statement has more than \(Statement.linesMax) periods")
        }
        guard try statement.json() == file else {
            throw Wrong("the file was changed: it is not the form in which statements are written")
        }
        return ("\(statement.lines.count) settled periods", statement)
    }

    // MARK: Lines

    /// A line that is in the tree, with its settlement.
    struct ProvedLine {
        let line: StatementLine
        let start: Timestamp
        /// The member with its settings in the period.
        let member: Member
        /// The own batches under the root of the inputs.
        let batches: [Digest]
        /// From open totals.
        let volumes: PeriodVolumes?
        /// Of the rules' price series.
        let values: [Amount?]
    }

    private static func lines(
        _ statement: Statement, _ records: [PeriodNumber: SettlementRecord], _ rules: CommunityRules,
        _ member: Member, _ state: ProvedState
    ) throws -> (detail: String, value: [ProvedLine]) {
        let community = try Hex.address(statement.community)
        let changes = try state.changes(statement, member)
        let lines = try statement.lines.map { (shown) throws -> ProvedLine in
            let period = PeriodNumber(shown.period)
            func wrong(_ what: String) -> Wrong { Wrong("period \(period): \(what)") }
            guard let record = records[period] else { throw wrong("it has no settlement on the chain") }
            guard let start = rules.period.start(of: period), start.value == shown.start else {
                throw wrong("its start is wrong")
            }
            guard shown.version == record.claim.version, shown.stage == "\(record.claim.stage)" else {
                throw wrong("the chain has another version or stage")
            }
            let inputs = try SettlementInputs(bcs: try Hex.bytes(shown.inputs))
            guard inputs.digest == record.inputs, inputs.rules == rules.digest else {
                throw wrong("the settlement on the chain has other inputs")
            }
            let line = try StatementLine(
                shown, community: community, member: MemberNumber(statement.member))
            let leaf = line.leaf(salt: try Hex.digest(shown.salt))
            guard leaf == (try Hex.digest(shown.leaf)) else { throw wrong("the line is not the one that was hashed") }
            guard
                MerkleTree.verify(
                    leaf: leaf, index: shown.index, count: Int(record.claim.members),
                    path: try shown.path.map { try Hex.digest($0) }, root: record.claim.root)
            else { throw wrong("the line is not under the root on the chain") }
            var volumes: PeriodVolumes?
            if case .open(let totals) = record.claim.totals { volumes = try PeriodVolumes(totals) }
            return ProvedLine(
                line: line, start: start, member: member.in(period, changes: changes),
                batches: try places(shown, inputs), volumes: volumes,
                values: try state.prices(statement, rules, at: start))
        }
        return ("\(lines.count) lines under the roots on the chain", lines)
    }

    /// The digests of the batches that a line names, each at its place under the root of the inputs.
    private static func places(_ shown: Statement.Line, _ inputs: SettlementInputs) throws -> [Digest] {
        var last = -1
        return try shown.batches.map { place in
            let digest = try Hex.digest(place.digest)
            guard place.index > last,
                MerkleTree.verify(
                    leaf: digest, index: place.index, count: Int(inputs.batchCount),
                    path: try place.path.map { try Hex.digest($0) }, root: inputs.batchRoot)
            else { throw Wrong("period \(shown.period): a batch is not among those of the settlement") }
            last = place.index
            return digest
        }
    }

    // MARK: Recomputing

    private static func balances(
        _ lines: [ProvedLine], _ rules: CommunityRules, _ batches: [Digest: ReadingBatch]
    ) throws -> (detail: String, value: [MemberBalance]) {
        let balances = try lines.map { proved -> MemberBalance in
            let period = proved.line.period
            let own = try proved.batches.map { digest in
                guard let batch = batches[digest] else { throw Wrong("period \(period): a batch lacks") }
                return batch
            }
            guard
                let balance = try BalanceAssembly.balances(
                    of: [proved.member], rules: rules, period: period, batches: own, values: proved.values
                ).first, balance.production == proved.line.production,
                balance.consumption == proved.line.consumption, balance.quality == proved.line.quality
            else { throw Wrong("period \(period): the readings give another production, consumption or quality") }
            return balance
        }
        return ("production and consumption of \(balances.count) periods recomputed", balances)
    }

    private static func prices(
        _ lines: [ProvedLine], _ rules: CommunityRules
    ) throws -> (detail: String, value: Void) {
        for proved in lines {
            let line = proved.line
            let right = try VerifiablePrices(
                rules, member: proved.member, at: proved.start, volumes: proved.volumes, values: proved.values)
            let rates = rules.charges(at: proved.start)
            guard line.communityPrices == right.inside ?? line.communityPrices,
                line.gridPrices == right.grid ?? line.gridPrices,
                rates == line.charges.map({ LineCharges(ratesOf: $0) })
            else { throw Wrong("period \(proved.line.period): a price is not the one of the rules") }
        }
        return ("four prices in each of \(lines.count) periods", ())
    }

    private static func amounts(
        _ lines: [ProvedLine], _ balances: [MemberBalance], _ rules: CommunityRules
    ) throws -> (detail: String, value: Void) {
        for (proved, balance) in zip(lines, balances) {
            let line = proved.line
            let again = try StatementLine(
                community: line.community, period: line.period, version: line.version, balance: balance,
                received: line.received, given: line.given, prices: LinePrices(of: line, rules))
            guard again == line, line.received >= 0, line.given >= 0, line.bought >= 0, line.sold >= 0 else {
                throw Wrong("period \(line.period): energy or an amount does not follow from balance and prices")
            }
        }
        return ("energy and money of \(lines.count) periods recomputed", ())
    }
}

extension StatementLine {
    /// The line that a statement shows.
    fileprivate init(_ shown: Statement.Line, community: Address, member: MemberNumber) throws {
        guard let quality = Quality.allCases.first(where: { "\($0)" == shown.quality }) else {
            throw StatementVerification.Wrong("period \(shown.period): unknown quality")
        }
        self.init(
            community: community, period: PeriodNumber(shown.period), version: shown.version, member: member,
            production: shown.production, consumption: shown.consumption, received: shown.received,
            given: shown.given, bought: shown.bought, sold: shown.sold,
            communityPrices: PricePair(consumption: shown.prices.received, production: shown.prices.given),
            gridPrices: PricePair(consumption: shown.prices.bought, production: shown.prices.sold),
            paidForReceived: shown.paidForReceived, earnedForGiven: shown.earnedForGiven,
            paidForBought: shown.paidForBought, earnedForSold: shown.earnedForSold, quality: quality,
            charges: shown.charges.map { charges in
                LineCharges(
                    gridFeeRate: charges.gridFeeRate, fundLevyRate: charges.fundLevyRate,
                    incentiveRate: charges.incentiveRate, shared: charges.shared, gridFee: charges.gridFee,
                    fundLevy: charges.fundLevy, incentive: charges.incentive)
            })
    }
}

extension Hex {
    /// Lower-case digits only, so that bytes have one text.
    static func bytes(_ text: String) throws -> [UInt8] {
        guard let bytes = decode(text), encode(bytes) == text else {
            throw StatementVerification.Wrong("'\(text.prefix(16))…' is not lower-case hexadecimal")
        }
        return bytes
    }

    static func digest(_ text: String) throws -> Digest {
        guard let digest = Digest(try bytes(text)) else {
            throw StatementVerification.Wrong("'\(text.prefix(16))…' is not 32 bytes")
        }
        return digest
    }

    static func address(_ text: String) throws -> Address {
        guard let address = Address(try bytes(text)) else {
            throw StatementVerification.Wrong("'\(text.prefix(40))' is not the address of a community")
        }
        return address
    }
}
