import Anchors
import Chain
import ContractKit
import Foundation
import LedgerCrypto
import Primitives
import Synchronization
import Testing
import Trading

@testable import DataLake

/// What the index and the log of events keep in memory, however much comes in.
@Suite("Bounds of the index")
struct IndexBoundTests {
    private static let milliseconds = IndexedDay.milliseconds

    private func entry(_ number: Int, meter: UInt64, day: UInt64 = 1) -> BatchEntry {
        let from = Timestamp(day * Self.milliseconds)
        return BatchEntry(
            digest: SHA256.hash(Array("\(number) of \(meter) on \(day)".utf8)), meter: MeterNumber(meter), from: from,
            to: from.adding(milliseconds: 3_600_000), status: .held)
    }

    private func meters(_ index: LakeIndex, _ day: UInt64, _ catalogue: Catalogue) throws -> [MeterNumber] {
        let from = Timestamp(day * Self.milliseconds)
        return try index.meters(from: from, to: from.adding(milliseconds: Self.milliseconds), catalogue)
    }

    /// Days that grow after they were read push others out, and themselves when they are too large.
    @Test func holdsWhenADayGrows() throws {
        let folder = try TemporaryFolder()
        let catalogue = try Catalogue(path: folder.url.appending(path: "catalogue.sqlite").path)
        let index = LakeIndex(entriesMax: 100)
        for day in UInt64(1)...4 {
            try catalogue.add((0..<20).map { entry($0, meter: UInt64($0), day: day) })
            #expect(try meters(index, day, catalogue).count == 20)
        }
        #expect(index.count == 80)
        try catalogue.add((20..<90).map { entry($0, meter: UInt64($0), day: 1) })
        #expect(try meters(index, 1, catalogue).count == 90)
        #expect(index.count <= 100)
        for day in UInt64(2)...4 {
            try catalogue.add((20..<60).map { entry($0, meter: UInt64($0), day: day) })
            #expect(try meters(index, day, catalogue).count == 60)
            #expect(index.count <= 100)
        }
        // Too large for the index: left to the catalogue, as is a day that is so from the start.
        try catalogue.add((60..<101).map { entry($0, meter: UInt64($0), day: 4) })
        #expect(try meters(index, 4, catalogue).isEmpty)
        #expect(index.count <= 100)
    }

    /// Many batches of one meter and day take about the time of as many of many meters.
    @Test func manyBatchesOfOneMeterAndDay() throws {
        let folder = try TemporaryFolder()
        let catalogue = try Catalogue(path: folder.url.appending(path: "catalogue.sqlite").path)
        let index = LakeIndex()
        try catalogue.add((0..<60_000).map { entry($0, meter: 7) })
        let clock = ContinuousClock()
        var found: [MeterNumber] = []
        let building = try clock.measure { found = try meters(index, 1, catalogue) }
        #expect(found == [MeterNumber(7)])
        try catalogue.add((60_000..<120_000).map { entry($0, meter: 7) })
        let growing = try clock.measure { found = try meters(index, 1, catalogue) }
        #expect(found == [MeterNumber(7)])
        #expect(index.count == 120_000)
        // The square of these numbers takes many times as long.
        #expect(building < .seconds(4) && growing < .seconds(4), "\(building), \(growing)")
    }

    /// Whoever asks for some meters is not given those of others, nor are they counted.
    @Test func entriesOfSomeMeters() throws {
        let folder = try TemporaryFolder()
        let catalogue = try Catalogue(path: folder.url.appending(path: "catalogue.sqlite").path)
        for meter in UInt64(0)..<50 { try catalogue.add((0..<5).map { entry($0, meter: meter) }) }
        let (from, to) = (Timestamp(0), Timestamp(3 * Self.milliseconds))
        let found = try catalogue.entries(of: [MeterNumber(7), MeterNumber(3)], from: from, to: to, limit: 8)
        #expect(found.map(\.meter.value) == [3, 3, 3, 3, 3, 7, 7, 7])
        // For a great many in one pass, to the same result.
        let many = (UInt64(7)...UInt64(Catalogue.metersByIndexMax) + 7).map { MeterNumber($0) }
        let all = try catalogue.entries(from: from, to: to).filter { $0.meter.value >= 7 }
        #expect(try catalogue.entries(of: many, from: from, to: to) == all)
        #expect(try catalogue.entries(of: Array(many.prefix(60)), from: from, to: to) == all)
        #expect(try catalogue.entries(of: many, from: from, to: to, limit: 8) == Array(all.prefix(8)))
    }

    // MARK: log of events

    private func anchored(_ number: Int, schema: String = ReadingBatch.schema) -> Event {
        let anchor = BatchAnchor(
            digest: SHA256.hash(Array("\(number)".utf8)), root: .zero, count: 1, from: Timestamp(0), to: Timestamp(1),
            schema: schema, owner: "corona", dataSet: "readings", supersedes: nil, height: Height(UInt64(number)))
        return Event(instance: WellKnown.anchors, kind: Anchors.anchored.number, payload: anchor.bcs)
    }

    private func events(_ height: UInt64, _ at: @escaping @Sendable (Height) throws(StorageFailure) -> [Event]?)
        -> ChainEvents
    {
        ChainEvents(height: Height(height), at: at)
    }

    @Test func theLogIsBoundedByBytes() throws {
        let log = EventLog(bytesMax: 100_000)
        let community = WellKnown.governance
        _ = try log.follow(events(0) { _ in [] }, from: nil, of: community)
        let large = Event(
            instance: community, kind: Community.admitted.number,
            payload: [UInt8](repeating: 1, count: Event.payloadBytesMax))
        let start = try log.follow(events(1) { _ in [large] }, from: nil).next
        let answer = try log.follow(events(500) { _ in [large] }, from: start)
        #expect(log.byteCount <= 100_000 && log.byteCount > 0)
        // Who needs what is gone is told so.
        #expect(answer.changes == nil && answer.next == start + 499)
        #expect(try log.follow(events(501) { _ in [large] }, from: answer.next).changes?.count == 1)
    }

    /// Events of other contracts under the same numbers, of other communities, and of other data sets are not kept.
    @Test func theLogKeepsWhatItsReadersWant() throws {
        let log = EventLog()
        let (known, other) = (WellKnown.governance, WellKnown.identity)
        let start = try log.follow(events(0) { _ in [] }, from: nil, of: known).next
        let block =
            [anchored(1), anchored(2, schema: "commonwatt/part/1")]
            + [known, other].map { Event(instance: $0, kind: Community.admitted.number, payload: [1]) }
        let answer = try log.follow(events(1) { _ in block }, from: start)
        let changes = try #require(answer.changes)
        #expect(changes.count == 2)
        guard case .anchored(let anchor)? = changes.first?.change, case .membership(let event)? = changes.last?.change
        else {
            Issue.record("\(changes)")
            return
        }
        #expect(anchor.digest == SHA256.hash(Array("1".utf8)) && event.instance == known)
    }

    /// A block that cannot be read does not make those before it count twice.
    @Test func theLogGoesOnBlockByBlock() throws {
        let log = EventLog()
        let start = try log.follow(events(0) { _ in [] }, from: nil).next
        #expect(throws: StorageFailure.self) {
            try log.follow(
                events(5) { (height) throws(StorageFailure) in
                    if height == Height(4) { throw StorageFailure("the disk refuses") }
                    return [self.anchored(Int(height.value))]
                }, from: start)
        }
        let seen = Mutex<[UInt64]>([])
        let answer = try log.follow(
            events(5) { height in
                seen.withLock { $0.append(height.value) }
                return [self.anchored(Int(height.value))]
            }, from: start)
        #expect(answer.changes?.map(\.height.value) == [1, 2, 3, 4, 5])
        #expect(seen.withLock { $0 } == [4, 5])
    }
}
