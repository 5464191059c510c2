import DataSets
import DataWorkload
import LedgerCrypto
import Primitives
import TestSupport
import Testing
import TradingTestSupport

@Suite("Slices and their proofs")
struct SliceTests {
    let csv = Tables.csv(hours: 6_000)
    let manifest: Manifest
    let content: [UInt8]

    init() throws {
        manifest = try Tables.manifest(csv)
        content = Array(csv.dropFirst(manifest.header.content.head.count))
    }

    private func time(_ hour: Int, _ more: Int = 0) -> Timestamp {
        Timestamp(UInt64(Int(Tables.start) + hour * 3_600_000 + more))
    }

    /// Rows of [from, to) by splitting the text, without chunks and proofs.
    private func expected(_ from: Timestamp, _ to: Timestamp, where keeps: (Int) -> Bool = { _ in true }) -> [UInt8] {
        var kept: [UInt8] = []
        for hour in 0..<6_000 where time(hour) >= from && time(hour) < to {
            for meter in 0..<3 where keeps((hour * 37 + meter * 411) % 5_000) {
                let note = hour % 50 == 7 ? "\"checked, \"\"twice\"\"\nby hand\"" : ""
                kept += Array("\(time(hour).value),CL0\(meter),\((hour * 37 + meter * 411) % 5_000),\(note)\r\n".utf8)
            }
        }
        return kept
    }

    @Test func anySpanGivesItsRowsAndProvesThem() throws {
        var generator = SeededGenerator(seed: 5)
        var spans = [(0, 6_000), (0, 1), (5_999, 6_000), (-5, 0), (6_000, 6_010), (-10, 7_000), (100, 101)]
        for _ in 0..<40 {
            let from = Int.random(in: 0..<6_000, using: &generator)
            spans.append((from, from + Int.random(in: 1..<900, using: &generator)))
        }
        for (first, end) in spans {
            let range = SliceRange.time(from: time(first), to: time(end))
            let read = try Tables.read(
                Tables.slice(manifest, content: content, range), Tables.anchor(manifest), range)
            let cut = try RowCut(manifest.header.content, from: time(first), to: time(end), filter: nil)
            #expect(try cut.rows(of: read) == expected(time(first), time(end)), "\(first)..<\(end)")
        }
        // Between two hours there is nothing, and that is proved.
        let gap = SliceRange.time(from: time(3, 1), to: time(3, 2))
        let read = try Tables.read(Tables.slice(manifest, content: content, gap), Tables.anchor(manifest), gap)
        #expect(
            try RowCut(manifest.header.content, from: time(3, 1), to: time(3, 2), filter: nil).rows(of: read).isEmpty)
    }

    @Test func filtersKeepWhatTheySay() throws {
        let filter = try RowFilter("load_wh >= 4000 and load_wh < 4100")
        let cut = try RowCut(manifest.header.content, from: time(0), to: time(6_000), filter: filter)
        #expect(try cut.rows(of: content) == expected(time(0), time(6_000)) { $0 >= 4_000 && $0 < 4_100 })
        let meter = try RowCut(
            manifest.header.content, from: time(0), to: time(1), filter: try RowFilter("meter = 'CL01' and note = ''"))
        #expect(try meter.rows(of: content) == Array("\(time(0).value),CL01,411,\r\n".utf8))
        #expect(throws: PartProblem.self) {
            try RowCut(manifest.header.content, from: time(0), to: time(1), filter: try RowFilter("nothing = 1"))
        }
        for text in [
            "", "a", "a =", "a = 1 or b = 2", "a = 'x", "= 1",
            Array(repeating: "a=1", count: 9).joined(separator: " and "),
        ] {
            #expect(throws: PartProblem.self, "\(text)") { try RowFilter(text) }
        }
        #expect(try RowFilter(bcs: filter.bcs) == filter)
        #expect(try RowFilter(filter.text) == filter)
        let lines = try Tables.manifest(Tables.jsonLines(200), .jsonLines(time: "at", .rfc3339))
        let some = try RowCut(
            lines.header.content, from: Timestamp(0), to: Timestamp(.max), filter: try RowFilter("kw >= 90"))
        #expect(
            String(decoding: try some.rows(of: Tables.jsonLines(200)), as: UTF8.self).split(separator: "\n").count == 2)
    }

    @Test func bytesAndWholeParts() throws {
        for (from, to) in [
            (0, 1), (65_000, 66_000), (0, content.count), (content.count - 1, content.count + 50), (7, 700_000),
        ] {
            let range = SliceRange.bytes(from: UInt64(from), to: UInt64(to))
            let chunks = manifest.chunks(in: range)
            let read = try Tables.read(Tables.slice(manifest, content: content, range), Tables.anchor(manifest), range)
            let start = Int(manifest.chunks[chunks.lowerBound].offset)
            #expect(start <= from && read == Array(content[start..<start + read.count]))
            #expect(start + read.count >= min(to, content.count))
        }
        let all = try Tables.read(Tables.slice(manifest, content: content, .all), Tables.anchor(manifest), .all)
        #expect(manifest.header.content.head + all == csv)
        let beyond = SliceRange.bytes(from: UInt64(content.count), to: UInt64(content.count + 1))
        #expect(
            try Tables.read(Tables.slice(manifest, content: content, beyond), Tables.anchor(manifest), beyond).isEmpty)
    }

    // MARK: lies

    private func fault(_ frames: [[UInt8]], _ range: SliceRange) -> SliceFault? {
        do {
            _ = try Tables.read(frames, Tables.anchor(manifest), range)
            return nil
        } catch { return error as? SliceFault }
    }

    private func isIncomplete(_ fault: SliceFault?) -> Bool { if case .incomplete? = fault { true } else { false } }

    @Test func whatIsLeftOutIsFound() throws {
        // The span touches three chunks; a node serves an honest slice of a shorter span as if it were that of the longer.
        let border = manifest.chunks[3].first
        let wanted = SliceRange.time(from: manifest.chunks[1].first, to: border)
        let shorter = SliceRange.time(from: manifest.chunks[2].first, to: border)
        func relabelled(_ range: SliceRange) throws -> [[UInt8]] {
            var frames = Tables.slice(manifest, content: content, range)
            var head = SliceHead(manifest, range: wanted, proof: []).bcs
            let honest = SliceHead(manifest, range: range, proof: []).bcs
            // Both ranges have one length in bytes: put the wanted one in front of the other slice.
            head = Array(head[0..<(2 + 32 + 17)]) + honest[(2 + 32 + 17)...]
            frames[0] = SliceFrame.bytes(try SliceHead(bcs: head))
            return frames
        }
        #expect(fault(Tables.slice(manifest, content: content, wanted), wanted) == nil)
        #expect(isIncomplete(fault(try relabelled(shorter), wanted)))
        #expect(
            isIncomplete(
                fault(try relabelled(.time(from: manifest.chunks[1].first, to: manifest.chunks[2].first)), wanted)))
        #expect(fault(Tables.slice(manifest, content: content, shorter), wanted) == .otherRange)
        // Cut off, a chunk missing in the middle, bytes behind the end.
        let honest = Tables.slice(manifest, content: content, wanted)
        #expect(fault(Array(honest.dropLast()), wanted) == .endsEarly)
        #expect(fault(honest + [[0]], wanted) == .malformed("bytes follow the last chunk"))
        #expect(fault(Array(honest[0...0] + honest[2...]), wanted) != nil)
    }

    @Test func everyAlteredByteIsFound() throws {
        let small = try Tables.manifest(Tables.csv(hours: 2))
        let bytes = Array(Tables.csv(hours: 2).dropFirst(small.header.content.head.count))
        let frames = Tables.slice(small, content: bytes, .all)
        var flat = frames.flatMap { $0 }
        // The proof of the chain is the only part that this reader does not judge, and it is empty here.
        for index in flat.indices {
            flat[index] ^= 1
            #expect(throws: (any Error).self, "byte \(index)") { try Tables.read([flat], Tables.anchor(small), .all) }
            flat[index] ^= 1
        }
        #expect(try Tables.read([flat], Tables.anchor(small), .all) == bytes)
    }

    @Test func anOwnersUntrueDescriptorIsFound() throws {
        // An owner who anchors times that the rows do not have: found by whoever reads the chunk.
        let honest = try Tables.manifest(Tables.csv(hours: 2))
        let bytes = Array(Tables.csv(hours: 2).dropFirst(honest.header.content.head.count))
        let chunk = honest.chunks[0]
        let lying = Manifest(
            header: honest.header,
            chunks: [
                ChunkDescriptor(
                    offset: 0, byteCount: chunk.byteCount, rows: chunk.rows, first: chunk.first,
                    last: chunk.last.adding(milliseconds: 1), digest: chunk.digest)
            ])
        let error = #expect(throws: SliceFault.self) {
            try Tables.read(Tables.slice(lying, content: bytes, .all), Tables.anchor(lying), .all)
        }
        guard case .untrueDescriptor? = error else { throw TestFailure("\(String(describing: error))") }
        #expect(PartBuilder.problem(ofChunk: bytes, lying.chunks[0], honest.header.content) != nil)
    }
}
