import Foundation
import LedgerCrypto
import Primitives
import Storage
import TestSupport
import Testing

let owner = JournalOwner(network: SHA256.hash([1]), node: SHA256.hash([2]))

func small() -> JournalOptions {
    var options = JournalOptions()
    options.segmentBytes = 16 * 1024
    return options
}

func entry(_ sequence: UInt64, bytes: Int = 100) -> JournalEntry {
    JournalEntry(sequence: sequence, payload: [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: bytes))
}

/// A counter in the place of random numbers.
func nonces(from first: UInt64 = 1) -> () -> UInt64 {
    var next = first
    return {
        next += 1
        return next &* 0x9e37_79b9_7f4a_7c15
    }
}

var fuzzCount: Int { ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap { Int($0) } ?? 150 }

@Suite struct JournalTests {
    @Test func recordsSurviveRestartsAndSegments() throws {
        let folder = FaultyFolder()
        try Journal.prepareFresh(folder, owner: owner)
        var next: UInt64 = 1
        for start in 0..<4 {
            let (journal, records) = try Journal.open(folder, owner: owner, options: small(), nonce: nonces())
            #expect(journal.standing == (start == 0 ? .fresh : .continued))
            #expect(journal.boots == UInt64(start + 1))
            #expect(records == (1..<next).map { entry($0, bytes: Int($0 * 37 % 3000)) })
            for _ in 0..<9 {
                let group = (0..<4).map { entry(next + $0, bytes: Int((next + $0) * 37 % 3000)) }
                try journal.append(group)
                next += 4
            }
            journal.close()
        }
    }

    @Test func pruningDropsWholeSegmentsAndReusesOne() throws {
        let folder = FaultyFolder()
        try Journal.prepareFresh(folder, owner: owner)
        var (journal, _) = try Journal.open(folder, owner: owner, options: small(), nonce: nonces())
        for sequence in 1...200 { try journal.append([entry(UInt64(sequence), bytes: 1000)]) }
        let before = try folder.names().count
        try journal.prune(upTo: 150)
        #expect(try folder.names().count < before)
        #expect(try folder.names().contains("spare"))
        for sequence in 201...260 { try journal.append([entry(UInt64(sequence), bytes: 1000)]) }
        journal.close()
        let records: [JournalEntry]
        (journal, records) = try Journal.open(folder, owner: owner, options: small(), nonce: nonces(from: 99))
        let first = try #require(records.first).sequence
        #expect(first == journal.firstKeptSequence && first <= 151)
        #expect(records == (first...260).map { entry($0, bytes: 1000) })
    }

    /// Votes wait for the same disk.
    @Test func theSpareSegmentIsWrittenInSmallSteps() throws {
        let folder = FaultyFolder()
        try Journal.prepareFresh(folder, owner: owner)
        var options = JournalOptions()
        options.segmentBytes = 5 * 1024 * 1024 + 4096
        let (journal, _) = try Journal.open(folder, owner: owner, options: options, nonce: nonces())
        try journal.spare.prepare()
        #expect(try folder.contents("spare")?.count == options.segmentBytes)
        #expect(folder.unsyncedMax <= 1024 * 1024)
        journal.close()
    }

    @Test func aGapOrAnOversizedRecordIsRefusedAndStopsTheJournal() throws {
        let folder = FaultyFolder()
        try Journal.prepareFresh(folder, owner: owner)
        let (journal, _) = try Journal.open(folder, owner: owner, options: small())
        try journal.append([entry(1)])
        #expect(throws: StorageError.self) { try journal.append([entry(3)]) }
        #expect { try journal.append([entry(2)]) } throws: { ($0 as? StorageError)?.kind == .stopped }
        let other = FaultyFolder()
        try Journal.prepareFresh(other, owner: owner)
        let (second, _) = try Journal.open(other, owner: owner, options: small())
        #expect { try second.append([entry(1, bytes: 20_000)]) } throws: { ($0 as? StorageError)?.kind == .tooLarge }
    }

    @Test func aFailedWriteStopsTheJournalForGood() throws {
        let folder = FaultyFolder()
        try Journal.prepareFresh(folder, owner: owner)
        let (journal, _) = try Journal.open(folder, owner: owner, options: small())
        try journal.append([entry(1)])
        folder.failAt = folder.operations + 1  // The write goes through, its sync does not.
        #expect { try journal.append([entry(2)]) } throws: { ($0 as? StorageError)?.kind == .full }
        folder.failAt = .max
        #expect { try journal.append([entry(2)]) } throws: { ($0 as? StorageError)?.kind == .stopped }
    }

    @Test func whatIsNotTrustedIsLost() throws {
        func standing(_ folder: FaultyFolder, witness: FaultyFolder? = nil) throws -> JournalStanding {
            try Journal.open(folder, owner: owner, options: small(), witness: witness).journal.standing
        }
        func isLost(_ standing: JournalStanding) -> Bool { if case .lost = standing { true } else { false } }

        let empty = FaultyFolder()
        #expect(isLost(try standing(empty)))
        #expect(isLost(try standing(empty)), "a loss stays until it is resolved")
        let (recovering, _) = try Journal.open(empty, owner: owner, options: small())
        try recovering.append([entry(7)])
        try recovering.resolveLoss()
        let (continued, records) = try Journal.open(empty, owner: owner, options: small())
        #expect(continued.standing == .continued && records == [entry(7)])

        let backup = empty.copied()
        let (restored, none) = try Journal.open(backup, owner: owner, options: small())
        #expect(isLost(restored.standing) && none.isEmpty)
        #expect(try backup.names().contains { $0.hasPrefix("aside-segment-") })

        let moved = empty.copied()
        try Journal.adoptMoved(moved, owner: owner)
        #expect(try standing(moved) == .continued)

        let fresh = FaultyFolder()
        try Journal.prepareFresh(fresh, owner: owner)
        #expect(isLost(try standing(fresh.copied())), "a copy of a fresh folder is no fresh folder")
        #expect(try standing(fresh) == .fresh)
        #expect(try standing(fresh) == .fresh, "no record was written")
        #expect(throws: StorageError.self) { try Journal.prepareFresh(fresh, owner: owner) }
        let stranger = JournalOwner(network: owner.network, node: .zero)
        #expect(throws: StorageError.self) { try Journal.open(fresh, owner: stranger) }
    }

    @Test func theWitnessBetraysADiskPutBack() throws {
        let folder = FaultyFolder()
        let witness = FaultyFolder()
        try Journal.prepareFresh(folder, owner: owner)
        _ = try Journal.open(folder, owner: owner, options: small(), witness: witness)
        var random = SeededGenerator(seed: 1)
        let snapshot = folder.afterPowerLoss(&random)  // Same file identities: a snapshot of the whole disk.
        _ = try Journal.open(folder, owner: owner, options: small(), witness: witness)
        let (journal, _) = try Journal.open(snapshot, owner: owner, options: small(), witness: witness)
        guard case .lost = journal.standing else { return #expect(Bool(false), "not noticed") }
        #expect(journal.boots == 3)
    }
}

@Suite struct JournalCrashTests {
    /// Power fails at every write point; whatever parts of the unsynced writes survive, every record whose append
    /// returned is there, in order, and nothing else than a prefix of what was appended.
    @Test func nothingAcknowledgedIsLost() throws {
        for seed in 0..<UInt64(fuzzCount) {
            var random = SeededGenerator(seed: seed)
            var folder = FaultyFolder()
            try Journal.prepareFresh(folder, owner: owner)
            var acknowledged: UInt64 = 0
            for round in 0..<6 {
                let (journal, records) = try Journal.open(
                    folder, owner: owner, options: small(), nonce: nonces(from: seed * 1000 + UInt64(round) * 100))
                #expect(records.map(\.sequence).max() ?? 0 >= acknowledged, "seed \(seed)")
                for record in records { #expect(record == entry(record.sequence, bytes: Int(record.sequence % 1500))) }
                folder.failAt = folder.operations + Int.random(in: 0..<40, using: &random)
                var next = journal.lastSequence + 1
                while true {
                    let count = UInt64.random(in: 1...5, using: &random)
                    let group = (next..<next + count).map { entry($0, bytes: Int($0 % 1500)) }
                    do { try journal.append(group) } catch { break }
                    next += count
                    acknowledged = next - 1
                }
                folder = folder.afterPowerLoss(&random)
            }
        }
    }

    /// Power fails at every write point, also of starting and of pruning: what is left is never taken for a lost journal,
    /// and never for a fresh one when a record was acknowledged.
    @Test func noPowerFailureLosesTheJournal() throws {
        var pruned = 0
        for seed in 0..<UInt64(fuzzCount) {
            var random = SeededGenerator(seed: seed &+ 4321)
            var folder = FaultyFolder()
            try Journal.prepareFresh(folder, owner: owner)
            var acknowledged: UInt64 = 0
            for round in 0..<8 {
                folder.failAt = folder.operations + Int.random(in: 0..<120, using: &random)
                do {
                    let (journal, records) = try Journal.open(
                        folder, owner: owner, options: small(), nonce: nonces(from: seed * 1000 + UInt64(round) * 100))
                    let isExpected = journal.standing == .continued || acknowledged == 0 && journal.standing == .fresh
                    #expect(isExpected, "seed \(seed), round \(round): \(journal.standing)")
                    #expect(records.last?.sequence ?? 0 >= acknowledged, "seed \(seed)")
                    var next = journal.lastSequence + 1
                    while true {
                        let count = UInt64.random(in: 1...5, using: &random)
                        try journal.append((next..<next + count).map { entry($0, bytes: Int($0 % 1500)) })
                        next += count
                        acknowledged = next - 1
                        guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
                        let before = journal.firstKeptSequence
                        try journal.prune(upTo: UInt64.random(in: 0...acknowledged, using: &random))
                        if journal.firstKeptSequence > before { pruned += 1 }
                    }
                } catch {
                    #expect(error.kind == .full, "seed \(seed), round \(round): \(error)")
                }
                folder = folder.afterPowerLoss(&random)
            }
        }
        #expect(pruned > fuzzCount / 2)
    }

    /// Bytes change at random in synced files: either the records come back unchanged, or the damage is reported, or
    /// (documented) the very last group counts as torn.
    @Test func damageIsDetected() throws {
        var reported = 0
        for seed in 0..<UInt64(fuzzCount) {
            var random = SeededGenerator(seed: seed &+ 77)
            let folder = FaultyFolder()
            try Journal.prepareFresh(folder, owner: owner)
            let (journal, _) = try Journal.open(folder, owner: owner, options: small(), nonce: nonces(from: seed * 50))
            var next: UInt64 = 1
            while next <= 40 {
                let count = min(UInt64.random(in: 1...4, using: &random), 41 - next)
                try journal.append((next..<next + count).map { entry($0, bytes: Int($0 * 61 % 1200)) })
                next += count
            }
            let lastGroup = next - 4
            journal.close()
            let names = try folder.names().filter { $0.hasPrefix("segment-") }
            let name = try #require(names.randomElement(using: &random))
            let content = try #require(folder.files[name])
            let position = Int.random(in: 0..<content.current.count, using: &random)
            content.current[position] ^= UInt8.random(in: 1...255, using: &random)
            do {
                let (_, records) = try Journal.open(folder, owner: owner, options: small())
                for (index, record) in records.enumerated() {
                    #expect(record == entry(UInt64(index + 1), bytes: (index + 1) * 61 % 1200), "seed \(seed)")
                }
                #expect(records.count >= Int(lastGroup) - 1, "seed \(seed): silent loss")
            } catch {
                #expect(error.kind == .corrupt, "seed \(seed): \(error)")
                reported += 1
            }
        }
        #expect(reported > fuzzCount / 10)
    }

    @Test func arbitraryFilesNeverTrap() throws {
        for seed in 0..<UInt64(fuzzCount) {
            var random = SeededGenerator(seed: seed &+ 1234)
            let folder = FaultyFolder()
            try Journal.prepareFresh(folder, owner: owner)
            _ = try Journal.open(folder, owner: owner, options: small())
            for name in try folder.names() where Bool.random(using: &random) {
                let length = Int.random(in: 0..<9000, using: &random)
                folder.files[name]?.current =
                    Bool.random(using: &random)
                    ? (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                    : Array((folder.files[name]?.current ?? []).prefix(length))
            }
            _ = try? Journal.open(folder, owner: owner, options: small())
        }
    }
}
