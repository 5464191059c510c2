internal import LedgerCrypto
package import Primitives

/// Which chunks of a part are wanted.
package enum SliceRange: Hashable, Sendable, BCSCodable {
    case all
    /// Rows from `from` inclusive to `to` exclusive; tables only.
    case time(from: Timestamp, to: Timestamp)
    /// Bytes of the chunks' content, from `from` inclusive to `to` exclusive.
    case bytes(from: UInt64, to: UInt64)

    package var problem: String? {
        switch self {
        case .all: nil
        case .time(let from, let to): from < to ? nil : "the span of time ends before it begins"
        case .bytes(let from, let to): from < to ? nil : "the range of bytes ends before it begins"
        }
    }

    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .all: encoder.uleb(0)
        case .time(let from, let to):
            encoder.uleb(1)
            encoder.value(from)
            encoder.value(to)
        case .bytes(let from, let to):
            encoder.uleb(2)
            encoder.u64(from)
            encoder.u64(to)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .all
        case 1: self = .time(from: try Timestamp(from: &decoder), to: try Timestamp(from: &decoder))
        case 2: self = .bytes(from: try decoder.u64(), to: try decoder.u64())
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}

extension Manifest {
    /// The chunks that a range touches; they follow each other. Empty when it touches none: then `lowerBound` is where
    /// they would be.
    package func chunks(in range: SliceRange) -> Range<Int> {
        let first: Int
        let end: Int
        switch range {
        case .all: return 0..<chunks.count
        case .time(let from, let to):
            first = chunks.partitioned { $0.last < from }
            end = chunks.partitioned { $0.first < to }
        case .bytes(let from, let to):
            first = chunks.partitioned { $0.offset + UInt64($0.byteCount) <= from }
            end = chunks.partitioned { $0.offset < to }
        }
        return first..<max(first, end)
    }
}

extension [ChunkDescriptor] {
    /// How many at the front meet a condition that all behind them do not meet. O(log n).
    fileprivate func partitioned(_ isBefore: (ChunkDescriptor) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// A descriptor with its way to the root.
package struct ProvedDescriptor: Hashable, Sendable, BCSCodable {
    package static let pathMax = 32

    package let descriptor: ChunkDescriptor
    package let path: [Digest]

    package init(descriptor: ChunkDescriptor, path: [Digest]) {
        self.descriptor = descriptor
        self.path = path
    }

    init?(_ manifest: Manifest, _ index: Int) {
        guard manifest.chunks.indices.contains(index), let path = manifest.path(chunk: index) else { return nil }
        self.init(descriptor: manifest.chunks[index], path: path)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(descriptor)
        encoder.vector(path) { $0.fixed($1) }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        descriptor = try ChunkDescriptor(from: &decoder)
        path = try ProvedDescriptor.path(&decoder)
    }

    static func path(_ decoder: inout BCSDecoder) throws(BCSError) -> [Digest] {
        try decoder.vector(max: pathMax) { (decoder: inout BCSDecoder) throws(BCSError) -> Digest in
            try decoder.digest()
        }
    }

    /// Whether it is chunk `index` of a part whose tree has `count` leaves under `root`.
    package func isChunk(_ index: UInt32, count: UInt32, root: Digest) -> Bool {
        MerkleTree.verify(
            leaf: MerkleTree.leaf(descriptor.bcs), index: Int(index) + 1, count: Int(count), path: path, root: root)
    }
}

/// A chunk as it is delivered.
package struct SliceChunk: Hashable, Sendable, BCSCodable {
    package let proved: ProvedDescriptor
    package let bytes: [UInt8]

    package init(proved: ProvedDescriptor, bytes: [UInt8]) {
        self.proved = proved
        self.bytes = bytes
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(proved)
        encoder.blob(bytes)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        proved = try ProvedDescriptor(from: &decoder)
        bytes = try decoder.blob(max: Manifest.chunkBytesMax)
    }
}

/// What stands before the chunks of a slice: what they are part of, where they stand in it, what stands beside them, and
/// the state of the chain that says so. Format: docs/formats/data-set.md.
package struct SliceHead: Hashable, Sendable, BCSCodable {
    package static let formatVersion: UInt16 = 1
    package static let bytesMax = 9 * 1_048_576

    package let part: Digest
    package let range: SliceRange
    package let header: PartHeader
    package let headerPath: [Digest]
    /// Index of the first chunk delivered, and how many are.
    package let first: UInt32
    package let count: UInt32
    /// The chunks beside those delivered; nil at the ends of the part.
    package let before: ProvedDescriptor?
    package let after: ProvedDescriptor?
    /// BCS of the proof bundle over the state keys that the reader's check needs.
    package let proof: [UInt8]

    package init(_ manifest: Manifest, range: SliceRange, proof: [UInt8]) {
        let chunks = manifest.chunks(in: range)
        part = manifest.digest
        self.range = range
        header = manifest.header
        headerPath = manifest.path(chunk: nil) ?? []
        first = UInt32(chunks.lowerBound)
        count = UInt32(chunks.count)
        before = ProvedDescriptor(manifest, chunks.lowerBound - 1)
        after = ProvedDescriptor(manifest, chunks.upperBound)
        self.proof = proof
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(SliceHead.formatVersion)
        encoder.fixed(part)
        encoder.value(range)
        encoder.value(header)
        encoder.vector(headerPath) { $0.fixed($1) }
        encoder.u32(first)
        encoder.u32(count)
        encoder.option(before)
        encoder.option(after)
        encoder.blob(proof)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == SliceHead.formatVersion else {
            throw decoder.failure(.invalid("this slice has another format version than \(SliceHead.formatVersion)"))
        }
        part = try decoder.digest()
        range = try SliceRange(from: &decoder)
        header = try PartHeader(from: &decoder)
        headerPath = try ProvedDescriptor.path(&decoder)
        first = try decoder.u32()
        count = try decoder.u32()
        before = try decoder.option()
        after = try decoder.option()
        proof = try decoder.blob(max: SliceHead.bytesMax)
    }
}

/// A slice on the wire: the head, then each chunk, each after its length (u32, little-endian).
package enum SliceFrame {
    package static func bytes(_ value: some BCSEncodable) -> [UInt8] {
        let body = value.bcs
        var encoder = BCSEncoder(reserving: body.count + 4)
        encoder.u32(UInt32(clamping: body.count))
        encoder.fixed(body)
        return encoder.bytes
    }
}
