import DataSets
import DataWorkload
import Foundation
import LedgerCrypto
import Primitives
import TestSupport
import Testing

@Suite("Parts of data sets: the format")
struct PartFormatTests {
    @Test func goldenVectors() throws {
        let csv = Tables.csv(hours: 24)
        let table = try Tables.manifest(csv)
        let lines = try Tables.manifest(Tables.jsonLines(40), .jsonLines(time: "at", .rfc3339), zone: .cleansed)
        let file = try PartBuilder.manifest(
            of: Array("any bytes".utf8),
            .file(name: "report.pdf", mediaType: "application/pdf", from: Timestamp(1), to: Timestamp(2)),
            zone: .results, salt: Tables.salt, inputs: [table.digest])
        for (name, manifest) in [("csv", table), ("json-lines", lines), ("file", file)] {
            #expect(try Golden.matches("data-set/\(name)-manifest", manifest.bcs))
            #expect(try Manifest(bcs: manifest.bcs) == manifest)
            #expect(manifest.digest == SHA256.hash(manifest.bcs))
        }
        #expect(try Golden.matches("data-set/csv-content", csv))
        let range = SliceRange.time(from: Timestamp(Tables.start), to: Timestamp(Tables.start + 1))
        let content = Array(csv.dropFirst(table.header.content.head.count))
        #expect(try Golden.matches("data-set/csv-slice", Tables.slice(table, content: content, range).flatMap { $0 }))
        let anchors = [table, lines, file].flatMap { $0.digest.bytes + $0.root.bytes }
        #expect(try Golden.matches("data-set/digests-and-roots", anchors))
    }

    @Test func chunksHoldWholeSortedRows() throws {
        let csv = Tables.csv(hours: 6_000)
        let manifest = try Tables.manifest(csv)
        #expect(manifest.chunks.count > 5)
        #expect(manifest.header.rows == 18_000)
        #expect(manifest.header.from == Timestamp(Tables.start))
        #expect(manifest.header.to == Timestamp(Tables.start + 5_999 * 3_600_000 + 1))
        #expect(manifest.chunks.allSatisfy { $0.byteCount <= Manifest.chunkBytesMax })
        // A chunk is as full as it can be: the first row of the next one would not have fitted.
        #expect(manifest.chunks.dropLast().allSatisfy { Int($0.byteCount) > Manifest.chunkBytesMax - 100 })
        #expect(try PartBuilder.manifest(of: csv, like: manifest.header) == manifest)
        var other = csv
        other[other.count - 4] ^= 1
        #expect(try PartBuilder.manifest(of: other, like: manifest.header).digest != manifest.digest)
    }

    static let times: [(TimeForm, String, UInt64?)] = [
        (.rfc3339, "2015-10-04T01:00:00Z", 1_443_920_400_000),
        (.rfc3339, "2015-10-04T03:00:00+02:00", 1_443_920_400_000),
        (.rfc3339, "2015-10-04 03:00:00.25+0200", 1_443_920_400_250),
        (.rfc3339, "2015-10-03T20:30:00-04:30", 1_443_920_400_000),
        (.rfc3339, "2016-02-29T00:00:00Z", 1_456_704_000_000), (.rfc3339, "2015-02-29T00:00:00Z", nil),
        (.rfc3339, "2015-10-04T01:00:00", nil), (.rfc3339, "2015-10-04T25:00:00Z", nil), (.rfc3339, "", nil),
        (.rfc3339, "1969-12-31T23:59:59Z", nil), (.rfc3339, "2015-10-04T01:00:00+9900", nil),
        (.rfc3339, "2015-10-04T01:00:00Zjunk", nil), (.rfc3339, "2015-10-04T01:00:00.Z", nil),
        (.local(offsetMinutes: 60), "2016-07-31T23:00", 1_470_002_400_000),
        (.local(offsetMinutes: 60), "2016-07-31T23:00Z", nil), (.seconds, "1443920400", 1_443_920_400_000),
        (.seconds, "-5", nil), (.seconds, "99999999999999999999", nil),
        (.milliseconds, "1443920400001", 1_443_920_400_001),
        (.milliseconds, "1e9", nil),
    ]

    @Test(arguments: times) func timesOfRows(_ form: TimeForm, _ text: String, _ expected: UInt64?) {
        #expect(form.time(text.utf8)?.value == expected)
    }

    static let bad: [(String, String, String)] = [
        ("wrong columns", "time,a\n1,2\n2,3,4\n", "line 3: the row has 3 columns, the header 2"),
        ("too few columns", "time,a\n1\n", "line 2: the row has 1 columns, the header 2"),
        ("no time column", "when,a\n1,2\n", "line 1: there is no column 'time'"),
        ("doubled column", "time,time\n1,2\n", "line 1: two columns have one name"),
        ("nameless column", "time,\n1,2\n", "line 1: every column has a name"),
        ("truncated", "time,a\n1,2\n2,", "line 3: the last row does not end with a line break"),
        ("open quote", "time,a\n1,\"2\n2,3\n", "line 2: the last row does not end"),
        ("stray quote", "time,a\n1,2\"3\n", "line 2: a quote stands inside"),
        ("after a quote", "time,a\n1,\"2\"3\n", "line 2: a comma is missing after a quoted field"),
        ("unsorted", "time,a\n2,x\n1,y\n", "line 3: the row is earlier than the one before"),
        ("no time", "time,a\nsoon,x\n", "line 2: 'soon' is no time"),
        ("empty line", "time,a\n1,x\n\n2,y\n", "line 3: the row has 1 columns"),
        ("no rows", "time,a\n", "there are no rows"), ("nothing", "", "line 1: there is no header line"),
        ("zero byte", "time,a\n1,\0\n", "line 2: the row is not UTF-8 text"),
        ("byte order mark", "\u{feff}time,a\n1,2\n", "line 1: the file begins with a byte order mark"),
        ("line number behind line breaks", "time,a\n1,\"x\ny\"\n0,z\n", "line 4: the row is earlier"),
    ]

    @Test(arguments: bad) func badTablesAreNamed(_ name: String, _ text: String, _ message: String) throws {
        let error = try #require(throws: PartProblem.self) { try Tables.manifest(Array(text.utf8)) }
        #expect(error.description.hasPrefix(message), "\(name): \(error)")
    }

    @Test func compressedContentIsNotUnpacked() throws {
        // A gzip head, a zip head and a file of one repeated byte: nothing grows, nothing is taken for a table.
        for head: [UInt8] in [
            [0x1f, 0x8b, 8, 0, 0, 0, 0, 0], [0x50, 0x4b, 3, 4], [UInt8](repeating: 0, count: 1 << 20),
        ] {
            let error = try #require(throws: PartProblem.self) { try Tables.manifest(head + [10, 10]) }
            #expect("\(error)".contains("compressed files are not unpacked here"), "\(error)")
        }
    }

    @Test func boundsHold() throws {
        let wide = "time," + (0..<RowReader.columnsMax).map { "c\($0)" }.joined(separator: ",") + "\n"
        #expect(throws: PartProblem.self) { try Tables.manifest(Array(wide.utf8)) }
        let long = Array("time,a\n1,".utf8) + [UInt8](repeating: 97, count: RowReader.rowBytesMax) + [10]
        let error = try #require(throws: PartProblem.self) { try Tables.manifest(long) }
        #expect("\(error)".contains("a row has at most"), "\(error)")
        let huge = [UInt8](repeating: 49, count: Manifest.byteCountMax + 1)
        #expect(throws: PartProblem.self) { try Tables.manifest(huge) }
        #expect(throws: PartProblem.self) {
            try Tables.manifest(Array("{\"at\":1}\n[]\n".utf8), .jsonLines(time: "at", .seconds))
        }
        #expect(throws: PartProblem.self) {
            try Tables.manifest(Array("{\"to\":1}\n".utf8), .jsonLines(time: "at", .seconds))
        }
        let deep = String(repeating: "[", count: 5_000)
        #expect(throws: PartProblem.self) {
            try Tables.manifest(Array("{\"at\":\(deep)\n".utf8), .jsonLines(time: "at", .seconds))
        }
    }

    static let names = [
        "../etc/passwd", "..", ".", "", "a/b", "a\\b", "a\0b", "-rf", ".hidden", "a:b", "a\nb", "trailing.",
        "trailing ",
        "\u{202e}fdp.exe", String(repeating: "x", count: 129),
    ]

    @Test(arguments: names) func namesThatAreTricksAreRefused(_ name: String) {
        #expect(DataNames.problem(fileName: name) != nil)
        #expect(throws: PartProblem.self) {
            try PartBuilder.manifest(
                of: [1], .file(name: name, mediaType: "text/plain", from: Timestamp(0), to: Timestamp(1)),
                zone: .harmonised, salt: Tables.salt)
        }
        // Also when it comes in bytes.
        let header = PartHeader(
            salt: Tables.salt, zone: .harmonised, content: .file(name: name, mediaType: "text/plain"),
            from: Timestamp(0),
            to: Timestamp(1), byteCount: 1, rows: 0, chunks: 1)
        #expect(throws: BCSError.self) { try PartHeader(bcs: header.bcs) }
    }

    @Test func namesOfDataSets() {
        for name in ["load-2016", "a/b.c", "x"] { #expect(DataNames.problem(dataSet: name) == nil) }
        for name in ["../x", "a/../b", "a//b", "/a", "a/", "A", "a b", "", ".a", String(repeating: "a", count: 65)] {
            #expect(DataNames.problem(dataSet: name) != nil)
        }
        for type in ["text/csv", "application/vnd.x+json"] { #expect(DataNames.problem(mediaType: type) == nil) }
        for type in ["text", "text/", "text/html; a=b", "a/b/c", "text/h\r\nSet-Cookie"] {
            #expect(DataNames.problem(mediaType: type) != nil)
        }
    }

    /// What names a column that is not there is refused when it is read, so that nothing looks for the column.
    @Test func columnsThatAreNotThereAreRefused() throws {
        let line = Array("time,load_wh\n".utf8)
        func isTaken(_ content: PartContent, _ energy: String? = nil) -> Bool {
            let header = PartHeader(
                salt: Tables.salt, zone: .harmonised, content: content, from: Timestamp(0), to: Timestamp(1),
                byteCount: 1, rows: 1, chunks: 1, energy: energy.map { EnergyColumn(name: $0, unit: .wattHours) })
            return (try? PartHeader(bcs: header.bcs)) == header
        }
        func csv(_ header: [UInt8], _ column: UInt16 = 0) -> PartContent {
            .csv(header: header, timeColumn: column, time: .milliseconds)
        }
        #expect(isTaken(csv(line, 1), "load_wh") && isTaken(.jsonLines(timeMember: "at", time: .seconds), "kw"))
        #expect(!isTaken(csv(line), "nothing") && !isTaken(csv(line, 2)) && !isTaken(csv(line, .max)))
        for bad in ["", "\n", "time,load_wh", "time,\n", "time,time\n", "time\nload\n", "time,\"x\n", "\u{feff}time\n"]
        {
            #expect(!isTaken(csv(Array(bad.utf8))), "\(bad)")
        }
        #expect(!isTaken(csv([116, 0, 10])) && !isTaken(csv([116, 0xff, 10])))
        #expect(!isTaken(.jsonLines(timeMember: "", time: .seconds)))
        #expect(!isTaken(.file(name: "a.pdf", mediaType: "application/pdf"), "load_wh"))
        // Nor does the line's reader trust the number, with and without quotes.
        for row in ["1,2\n", "\"1\",2\n"] {
            for wanted in [-1, 2, 7, Int.max] {
                #expect(throws: PartProblem.self) { try CSVLine.field(Array(row.utf8)[...], wanted, of: 2, line: 1) }
            }
        }
    }

    @Test func manifestsThatAreCutOtherwiseAreRefused() throws {
        let good = try Tables.manifest(Tables.csv(hours: 3))
        let chunk = good.chunks[0]
        let half = chunk.byteCount / 2
        func part(_ offset: UInt32, _ count: UInt32, _ rows: UInt32) -> ChunkDescriptor {
            ChunkDescriptor(
                offset: UInt64(offset), byteCount: count, rows: rows, first: chunk.first, last: chunk.first,
                digest: chunk.digest)
        }
        let header = good.header
        let cut = Manifest(
            header: PartHeader(
                salt: header.salt, zone: header.zone, content: header.content, from: header.from, to: header.to,
                byteCount: header.byteCount, rows: header.rows, chunks: 2),
            chunks: [part(0, half, 1), part(half, chunk.byteCount - half, chunk.rows - 1)])
        #expect(throws: BCSError.self) { try Manifest(bcs: cut.bcs) }
    }

    @Test func filtersAreBoundedAsAWhole() throws {
        let long = RowFilter.Condition("c", .equal, String(repeating: "x", count: 600))
        let one = RowFilter([long])
        #expect(try RowFilter(bcs: one.bcs) == one)
        #expect(throws: BCSError.self) { try RowFilter(bcs: RowFilter([long, long]).bcs) }
    }

    @Test func manifestsWithGapsAreRefused() throws {
        let good = try Tables.manifest(Tables.csv(hours: 6_000))
        var chunks = good.chunks
        chunks.remove(at: 1)
        #expect(throws: BCSError.self) { try Manifest(bcs: Manifest(header: good.header, chunks: chunks).bcs) }
        chunks = good.chunks
        chunks.swapAt(0, 1)
        #expect(throws: BCSError.self) { try Manifest(bcs: Manifest(header: good.header, chunks: chunks).bcs) }
    }

    @Test func randomBytesNeverTrap() throws {
        var generator = SeededGenerator(seed: 11)
        let alphabet: [UInt8] = [10, 34, 44, 49, 123, 125, 58, 0, 200]
        for _ in 0..<400 {
            let count = Int.random(in: 0..<300, using: &generator)
            let bytes = (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &generator)] }
            _ = try? Tables.manifest(Array("time,a\n".utf8) + bytes)
            _ = try? Tables.manifest(bytes, .jsonLines(time: "at", .seconds))
            _ = try? Manifest(bcs: bytes)
            _ = try? SliceHead(bcs: bytes)
        }
    }
}
