import Foundation
import Storage
import TestSupport
import Testing

/// A journal that lacks files, on a real disk: it counts as lost, never as one that was not used.
@Suite struct JournalLossTests {
    private func open(_ folder: DiskFolder) throws -> (journal: Journal, records: [JournalEntry]) {
        try Journal.open(folder, owner: owner, options: small())
    }

    private func isLost(_ journal: Journal) -> Bool { if case .lost = journal.standing { true } else { false } }

    private func segments(_ folder: DiskFolder) throws -> [String] {
        try folder.names().filter { $0.hasPrefix("segment-") }.sorted()
    }

    /// A journal of 200 records in many segments, closed, `pruned` of them given up.
    private func made(in place: TemporaryFolder, pruned: UInt64 = 0) throws -> DiskFolder {
        let folder = try DiskFolder(place.path + "/journal")
        try Journal.prepareFresh(folder, owner: owner)
        let (journal, _) = try open(folder)
        for sequence in 1...200 { try journal.append([entry(UInt64(sequence), bytes: 700)]) }
        if pruned > 0 { try journal.prune(upTo: pruned) }
        journal.close()
        return folder
    }

    @Test func freshUntilTheFirstRecordIsDurable() throws {
        let place = try TemporaryFolder()
        let folder = try DiskFolder(place.path + "/journal")
        try Journal.prepareFresh(folder, owner: owner)
        for _ in 0..<3 {
            let (journal, _) = try open(folder)
            #expect(journal.standing == .fresh)
            journal.close()
            #expect(try segments(folder).count == 1, "starts without records leave one file")
        }
        let (journal, _) = try open(folder)
        try journal.append([entry(1)])
        journal.close()
        let (again, records) = try open(folder)
        #expect(again.standing == .continued && records == [entry(1)])
    }

    @Test func withoutSegmentsItIsLost() throws {
        let place = try TemporaryFolder()
        let folder = try made(in: place)
        for name in try segments(folder) { try folder.remove(name) }
        let (journal, records) = try open(folder)
        #expect(isLost(journal) && records.isEmpty && journal.lastSequence == 0)
        journal.close()
        let (still, _) = try open(folder)
        #expect(isLost(still), "it stays so until it is settled")
        try still.resolveLoss()
        #expect(isLost(still), "nothing was made durable yet")
        try still.append([entry(1)])
        try still.resolveLoss()
        still.close()
        #expect(try open(folder).journal.standing == .continued)
    }

    /// Any file between the first and the last one.
    @Test(arguments: [0, 0.3, 0.6, 1]) func withoutOneSegmentItIsLost(_ place: Double) throws {
        let temporary = try TemporaryFolder()
        let folder = try made(in: temporary)
        let names = try segments(folder)
        try #require(names.count > 5)
        try folder.remove(names[Int(Double(names.count - 1) * place)])
        let (journal, records) = try open(folder)
        #expect(isLost(journal) && records.isEmpty)
        #expect(try folder.names().filter { $0.hasPrefix("aside-") }.count == names.count - 1)
    }

    @Test func theLastSegmentsAreMissed() throws {
        let place = try TemporaryFolder()
        let folder = try made(in: place)
        for name in try segments(folder).dropFirst(2) { try folder.remove(name) }
        #expect(isLost(try open(folder).journal))
    }

    /// Only the file that a start makes is there: it says itself that records were before it.
    @Test func anEmptyLastSegmentAloneIsLost() throws {
        let place = try TemporaryFolder()
        let folder = try made(in: place, pruned: 190)
        let (journal, _) = try open(folder)
        journal.close()
        let names = try segments(folder)
        for name in names.dropLast() { try folder.remove(name) }
        #expect(isLost(try open(folder).journal))
    }

    @Test func whatWasPrunedIsNotMissed() throws {
        let place = try TemporaryFolder()
        let folder = try made(in: place, pruned: 150)
        for _ in 0..<3 {
            let (journal, records) = try open(folder)
            #expect(journal.standing == .continued)
            let first = try #require(records.first?.sequence)
            #expect(first > 1 && first <= 151 && records.last == entry(200, bytes: 700))
            journal.close()
        }
    }

    @Test func anEmptyJournalOfANodeThatRanIsLost() throws {
        let place = try TemporaryFolder()
        let folder = try DiskFolder(place.path + "/journal")
        try Journal.prepareFresh(folder, owner: owner)
        let (journal, _) = try open(folder)
        try journal.countAsLost("the store has a chain")
        #expect(isLost(journal))
        journal.close()
        let (again, _) = try open(folder)
        #expect(isLost(again))
        try again.append([entry(1)])
        #expect(throws: StorageError.self) { try again.countAsLost("no more") }
    }
}
