package import DataSets
internal import LedgerCrypto
package import Primitives

/// Content for the tests of data sets.
package enum Tables {
    package static let salt = SHA256.hash(Array("salt of the tests".utf8))
    package static let start: UInt64 = 1_443_920_400_000
    package static let csvSource = PartBuilder.Source.csv(time: "time", .milliseconds)

    /// `hours` hours of `meters` meters, one row each, some with a quoted note that has a comma and a line break.
    package static func csv(hours: Int, meters: Int = 3) -> [UInt8] {
        var text = "time,meter,load_wh,note\r\n"
        for hour in 0..<hours {
            for meter in 0..<meters {
                let note = hour % 50 == 7 ? "\"checked, \"\"twice\"\"\nby hand\"" : ""
                text +=
                    "\(start + UInt64(hour) * 3_600_000),CL0\(meter),\((hour * 37 + meter * 411) % 5_000),\(note)\r\n"
            }
        }
        return Array(text.utf8)
    }

    package static func jsonLines(_ rows: Int) -> [UInt8] {
        Array((0..<rows).map { "{\"at\":\"\(stamp($0))\",\"kw\":\($0 % 91),\"name\":\"é\($0)\"}\n" }.joined().utf8)
    }

    /// 2015-10-04 and following, a minute apart.
    package static func stamp(_ minute: Int) -> String {
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "2015-10-\(two(4 + minute / 1_440))T\(two(minute / 60 % 24)):\(two(minute % 60)):00+02:00"
    }

    package static func manifest(
        _ bytes: [UInt8], _ source: PartBuilder.Source = csvSource, zone: DataZone = .harmonised
    ) throws -> Manifest {
        try PartBuilder.manifest(of: bytes, source, zone: zone, salt: salt)
    }

    package static func anchor(_ manifest: Manifest) -> PartAnchor {
        PartAnchor(digest: manifest.digest, root: manifest.root, count: manifest.count)
    }

    /// The frames of a slice, as an honest node writes them.
    package static func slice(_ manifest: Manifest, content: [UInt8], _ range: SliceRange) -> [[UInt8]] {
        let head = SliceHead(manifest, range: range, proof: [])
        let chunks = manifest.chunks(in: range).compactMap { chunk(manifest, content: content, $0) }
        return [SliceFrame.bytes(head)] + chunks.map { SliceFrame.bytes($0) }
    }

    package static func chunk(_ manifest: Manifest, content: [UInt8], _ index: Int) -> SliceChunk? {
        let descriptor = manifest.chunks[index]
        guard let path = manifest.path(chunk: index) else { return nil }
        let start = Int(descriptor.offset)
        return SliceChunk(
            proved: ProvedDescriptor(descriptor: descriptor, path: path),
            bytes: Array(content[start..<start + Int(descriptor.byteCount)]))
    }

    /// Reads frames in pieces of odd sizes; the content that was delivered.
    package static func read(_ frames: [[UInt8]], _ anchor: PartAnchor, _ range: SliceRange) throws -> [UInt8] {
        var reader = SliceReader(part: anchor.digest, range: range)
        var content: [UInt8] = []
        let bytes = frames.flatMap { $0 }
        for start in stride(from: 0, to: bytes.count, by: 8_191) {
            reader.append(bytes[start..<min(bytes.count, start + 8_191)])
            if reader.head == nil {
                guard let head = try reader.readHead() else { continue }
                try reader.check(head: head, anchor: anchor)
            }
            while let chunk = try reader.readChunk() { content += chunk }
        }
        try reader.finish()
        return content
    }
}
