import Anchors
import Chain
import ContractKit
import DataLake
import Foundation
import LedgerCrypto
import LightClient
import Primitives
import Settlement
import Synchronization
import TestSupport
import Testing
import Trading
import TradingTestSupport

@Suite("Statements")
struct StatementTests {
    static let hours: UInt64 = 3
    static let end = PeriodNumber(Homes.first.value + hours)

    /// Two settled hours of three; the third is open.
    private func settled() async throws -> (Cluster, Address) {
        let cluster = try Cluster()
        let address = try cluster.community(
            Homes.rules(), homes: 4, from: Homes.first, batches: (1...4).map { Homes.batch($0, hours: Self.hours) })
        for hour in 0..<UInt64(2) { _ = try await cluster.settle(address, PeriodNumber(Homes.first.value + hour)) }
        return (cluster, address)
    }

    @Test func rightStatementPassesEveryCheck() async throws {
        let (cluster, address) = try await settled()
        for member in 1...4 {
            let statement = try await cluster.statement(of: member, in: address, from: Homes.first, to: Self.end)
            let report = cluster.verify(try statement.json())
            #expect(report.isRight, "\(report.failures)")
            #expect(report.checks.map(\.name) == StatementCheck.Name.allCases)
            #expect(statement.lines.count == 2 && statement.open == [Self.end.value - 1])
            #expect(statement.sums.production == statement.lines.reduce(0) { $0 + $1.production })
            #expect(report.provedAt != nil)
        }
    }

    /// A right statement of somebody else is right, too: what it is about is told, and held against what is expected.
    @Test func whomAStatementIsAbout() async throws {
        let (cluster, address) = try await settled()
        let statement = try await cluster.statement(of: 2, in: address, from: Homes.first, to: Self.end)
        let subject = try #require(cluster.verify(try statement.json()).subject)
        #expect(subject.community == address && subject.name == "Sierra Crest")
        #expect(subject.administrator == Cluster.administrator && subject.member == MemberNumber(2))
        #expect(subject.meters.map(\.meter) == [TestNetwork.meter(2)])
        #expect(subject.meters.map(\.providers) == [[Cluster.provider]])
        #expect(subject.difference(community: nil, administrator: nil, provider: nil) == nil)
        #expect(
            subject.difference(
                community: address, administrator: Cluster.administrator, provider: Cluster.provider) == nil)
        let other = subject.difference(community: nil, administrator: nil, provider: "boreas")
        #expect(other?.contains("anchored by \(Cluster.provider), not boreas") == true)
        #expect(subject.difference(community: nil, administrator: "boreas", provider: nil) != nil)
        #expect(subject.difference(community: WellKnown.anchors, administrator: nil, provider: nil) != nil)
        // Nothing is told of what is not proved.
        var changed = statement
        changed.member = 3
        #expect(cluster.verify(try changed.json()).subject == nil)
    }

    /// A span around the membership is cut to it; a long one has more keys than one proof bundle holds.
    @Test func longSpans() async throws {
        let (cluster, address) = try await settled()
        let end = PeriodNumber(Homes.first.value + 300)
        let statement = try await cluster.statement(of: 3, in: address, from: PeriodNumber(1), to: end)
        #expect(statement.from == Homes.first.value && statement.open.count == 298 && statement.proofs.count == 2)
        let report = cluster.verify(try statement.json())
        #expect(report.isRight, "\(report.failures)")
        await #expect(throws: StatementError.self) {
            try await cluster.statement(of: 3, in: address, from: PeriodNumber(1), to: PeriodNumber(.max))
        }
        await #expect(throws: StatementError.self) {
            try await cluster.statement(of: 9, in: address, from: Homes.first, to: end)
        }
    }

    @Test func asATable() async throws {
        let (cluster, address) = try await settled()
        let statement = try await cluster.statement(of: 1, in: address, from: Homes.first, to: Self.end)
        let rows = statement.csv.split(separator: "\n").map { $0.split(separator: ",") }
        #expect(rows.count == 3 && rows.allSatisfy { $0.count == rows[0].count })
        #expect(rows[1][0] == "2016-08-01T06:00Z" && rows[1].last == "asProvided")
        #expect(Int64(rows[1][3]) == statement.lines[0].production)
    }

    @Test func everyChangedByteIsRefused() async throws {
        let (cluster, address) = try await settled()
        let file = try await cluster.statement(
            of: 1, in: address, from: Homes.first, to: PeriodNumber(Homes.first.value + 1)
        ).json()
        #expect(cluster.verify(file).isRight)
        // Every byte with COMMONWATT_FUZZ set, else every 37th.
        let step = ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"] == nil ? 37 : 1
        for at in stride(from: 0, to: file.count, by: step) {
            for change in [UInt8(1), 0x20] {
                var changed = file
                changed[at] ^= change
                #expect(!cluster.verify(changed).isRight, "byte \(at) ^ \(change)")
            }
            var cut = file
            cut.remove(at: at)
            #expect(!cluster.verify(cut).isRight, "without byte \(at)")
        }
        for length in [0, 1, file.count / 2, file.count - 1] { #expect(!cluster.verify(file.prefix(length)).isRight) }
        #expect(!cluster.verify(file + Data(" ".utf8)).isRight)
    }

    /// Every field changed in the value, and written in the right form again: the check that fails is the one that it
    /// belongs to.
    @Test func everyChangedFieldIsRefused() async throws {
        let (cluster, address) = try await settled()
        let statement = try await cluster.statement(of: 1, in: address, from: Homes.first, to: Self.end)
        let other = try await cluster.statement(of: 2, in: address, from: Homes.first, to: Self.end)
        typealias Name = StatementCheck.Name
        let rates = "\"gridFeeRate\":0,\"fundLevyRate\":0,\"incentiveRate\":0"
        let amounts = "\"shared\":0,\"gridFee\":0,\"fundLevy\":0,\"incentive\":0"
        let noCharges = try JSONDecoder().decode(Statement.Charges.self, from: Data("{\(rates),\(amounts)}".utf8))
        let changes: [(Name, String, (inout Statement) -> Void)] = [
            (.file, "format", { $0.format = "commonwatt/statement/2" }),
            (.file, "network", { $0.network = Digest.zero.description }),
            (.rules, "community", { $0.community = Hex.encode(WellKnown.host.bytes) }),
            (.rules, "rules", { $0.rules = Hex.encode(Homes.rules(activeMembersMin: 3).bcs) }),
            (.rules, "capital digits", { $0.rules = $0.rules.uppercased() }),
            (.member, "member", { $0.member = 2 }), (.periods, "from", { $0.from -= 1 }),
            (.periods, "to", { $0.to += 1 }), (.periods, "line twice", { $0.lines.append($0.lines[0]) }),
            (.periods, "line left out", { $0.lines.removeLast() }), (.periods, "open", { $0.open = [] }),
            (.periods, "lines swapped", { $0.lines.swapAt(0, 1) }),
            (.lines, "production", { $0.lines[0].production += 1 }),
            (.lines, "consumption", { $0.lines[0].consumption += 1 }),
            (.lines, "received", { $0.lines[0].received += 1 }), (.lines, "given", { $0.lines[0].given += 1 }),
            (.lines, "bought", { $0.lines[0].bought += 1 }), (.lines, "sold", { $0.lines[1].sold -= 1 }),
            (.lines, "c", { $0.lines[0].prices.received += 1 }), (.lines, "p", { $0.lines[0].prices.given += 1 }),
            (.lines, "b", { $0.lines[0].prices.bought += 1 }), (.lines, "f", { $0.lines[0].prices.sold += 1 }),
            (.lines, "paid", { $0.lines[0].paidForBought += 1 }),
            (.lines, "paid for received", { $0.lines[0].paidForReceived += 1 }),
            (.lines, "earned", { $0.lines[0].earnedForSold += 1 }),
            (.lines, "earned for given", { $0.lines[0].earnedForGiven += 1 }),
            (.lines, "quality", { $0.lines[0].quality = "adjusted" }),
            (.lines, "unknown quality", { $0.lines[0].quality = "good" }),
            (.lines, "version", { $0.lines[0].version += 1 }), (.lines, "stage", { $0.lines[0].stage = "corrected" }),
            (.lines, "start", { $0.lines[0].start += 1 }), (.lines, "salt", { $0.lines[0].salt = $0.lines[1].salt }),
            (.lines, "leaf", { $0.lines[0].leaf = $0.lines[1].leaf }),
            (.lines, "index", { $0.lines[0].index += 1 }), (.lines, "negative index", { $0.lines[0].index = -1 }),
            (.lines, "path", { $0.lines[0].path.removeLast() }),
            (.lines, "inputs", { $0.lines[0].inputs = "00" }),
            (.lines, "somebody else's line", { $0.lines[0] = other.lines[0] }),
            (.lines, "place of a batch", { $0.lines[0].batches[0].index += 1 }),
            (.lines, "path of a batch", { $0.lines[0].batches[0].path.removeLast() }),
            (.lines, "batch twice", { $0.lines[0].batches.append($0.lines[0].batches[0]) }),
            (.lines, "charges", { $0.lines[0].charges = noCharges }),
            (.balances, "batch of a line left out", { $0.lines[0].batches = [] }),
            (.readings, "batches left out", { $0.batches = [] }),
            (.readings, "batch of a neighbour", { $0.batches = other.batches }),
            (.sums, "sums", { $0.sums.balance += 1 }), (.sums, "sum of energy", { $0.sums.production += 1 }),
            (.chain, "no proofs", { $0.proofs = [] }),
            (.chain, "header", { $0.proofs[0].header.time += 1 }),
            (.chain, "state root", { $0.proofs[0].header.stateRoot = Digest.zero.description }),
            (.chain, "signature left out", { $0.proofs[0].finalization.signatures.removeLast(2) }),
            (.chain, "value", { $0.proofs[0].entries[2].value = $0.proofs[0].entries[3].value }),
            (.chain, "entry twice", { $0.proofs.append($0.proofs[0]) }),
            (.periods, "proof left out", { $0.proofs[0].entries.remove(at: 3) }),
            (
                .chain, "capital digits of a proof",
                {
                    $0.proofs[0].entries[0].key = $0.proofs[0].entries[0].key.uppercased()
                }
            ),
        ]
        for (name, what, change) in changes {
            var changed = statement
            change(&changed)
            #expect(changed != statement, "\(what) did not change")
            let report = cluster.verify(try changed.json())
            #expect(report.failures.first?.name == name, "\(what): \(report.failures.first.debugDescription)")
        }
    }

    @Test func anotherGenesisIsRefused() async throws {
        let (cluster, address) = try await settled()
        let statement = try await cluster.statement(of: 1, in: address, from: Homes.first, to: Self.end)
        let genesis = cluster.network.withLock { $0.genesis }
        let other = Genesis(
            name: "other", time: genesis.time, parameters: genesis.parameters, validators: genesis.validators,
            application: [])
        var moved = statement
        moved.network = other.network.description
        for file in [try statement.json(), try moved.json()] {
            #expect(!StatementVerifier(genesis: other).verify(file, now: cluster.chain.time).isRight)
        }
    }

    /// Erasing readings changes nothing that was proved: the statement made before, the chain, other members.
    @Test func erasureKeepsProofsAndReplay() async throws {
        let (cluster, address) = try await settled()
        let before = try await cluster.statement(of: 1, in: address, from: Homes.first, to: Self.end).json()
        let batch = Homes.batch(1, hours: Self.hours)
        // A settlement waits for a quorum only, so that one partner may not have fetched the batch.
        for partner in TestNetwork.partners {
            let lake = try cluster.lake(partner)
            if try lake.entry(batch.digest) != nil { try lake.erase(batch.digest, reason: 1) }
        }
        try cluster.network.withLock {
            _ = try $0.must(
                Anchors.tombstone, on: WellKnown.anchors, DeleteBatch(batch: batch.digest, reason: 1), by: "corona")
        }
        try cluster.lake(Cluster.administrator).secrets.destroy(MemberNumber(1), in: address)
        try cluster.lake(Cluster.administrator).results.eraseLines(of: MemberNumber(1), in: address)
        #expect(cluster.verify(before).isRight)
        let neighbour = try await cluster.statement(of: 2, in: address, from: Homes.first, to: Self.end)
        #expect(cluster.verify(try neighbour.json()).isRight)
        await #expect(throws: StatementError.self) {
            try await cluster.statement(of: 1, in: address, from: Homes.first, to: Self.end)
        }
        // The period is closed to correction, in the lake and on the chain.
        #expect(throws: SettlementRefusal.closed(batch: batch.digest, batch.meter)) {
            try cluster.engine().prepare(address, period: Homes.first)
        }
        #expect(cluster.chain.time > Timestamp(0))
        #expect(try cluster.chain.settlement(of: address, period: Homes.first)?.claim.version == 1)
    }
}
