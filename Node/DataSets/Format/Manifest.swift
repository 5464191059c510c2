internal import LedgerCrypto
package import Primitives

/// What a part says of itself: leaf 0 of its tree. Format: docs/formats/data-set.md.
package struct PartHeader: Hashable, Sendable, BCSCodable {
    package static let formatVersion: UInt16 = 1

    /// Drawn at random, so that nobody recognises content by its digests.
    package let salt: Digest
    package let zone: DataZone
    package let content: PartContent
    /// Time covered: `from` inclusive, `to` exclusive.
    package let from: Timestamp
    package let to: Timestamp
    /// Bytes of all chunks; the header line of a CSV is not among them.
    package let byteCount: UInt64
    package let rows: UInt64
    package let chunks: UInt32
    /// Parts that this one was computed from, by content address; for results.
    package let inputs: [Digest]
    /// The column that counts for a price per kWh; nil where the data is not about energy.
    package let energy: EnergyColumn?

    package static let inputsMax = 64

    package init(
        salt: Digest, zone: DataZone, content: PartContent, from: Timestamp, to: Timestamp, byteCount: UInt64,
        rows: UInt64, chunks: UInt32, inputs: [Digest] = [], energy: EnergyColumn? = nil
    ) {
        self.salt = salt
        self.zone = zone
        self.content = content
        self.from = from
        self.to = to
        self.byteCount = byteCount
        self.rows = rows
        self.chunks = chunks
        self.inputs = inputs
        self.energy = energy
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(PartHeader.formatVersion)
        encoder.fixed(salt)
        encoder.u8(zone.rawValue)
        encoder.value(content)
        encoder.value(from)
        encoder.value(to)
        encoder.u64(byteCount)
        encoder.u64(rows)
        encoder.u32(chunks)
        encoder.vector(inputs) { $0.fixed($1) }
        encoder.option(energy)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == PartHeader.formatVersion else {
            throw decoder.failure(.invalid("this part has another format version than \(PartHeader.formatVersion)"))
        }
        salt = try decoder.digest()
        let zone = try decoder.u8()
        guard let known = DataZone(rawValue: zone) else { throw decoder.failure(.unknownTag(UInt32(zone))) }
        self.zone = known
        content = try PartContent(from: &decoder)
        from = try Timestamp(from: &decoder)
        to = try Timestamp(from: &decoder)
        byteCount = try decoder.u64()
        rows = try decoder.u64()
        chunks = try decoder.u32()
        inputs = try decoder.vector(max: PartHeader.inputsMax) {
            (decoder: inout BCSDecoder) throws(BCSError) -> Digest in try decoder.digest()
        }
        energy = try decoder.option()
        guard from < to, chunks > 0, Int(chunks) <= Manifest.chunksMax, byteCount <= UInt64(Manifest.byteCountMax)
        else {
            throw decoder.failure(.invalid("a part covers a span of time, and has 1 to \(Manifest.chunksMax) chunks"))
        }
        if let energy {
            do throws(PartProblem) { _ = try EnergyMeter(content, energy) } catch {
                throw decoder.failure(.invalid(error.description))
            }
        }
    }
}

/// One chunk: leaf 1 + index of the part's tree. A reader can check chunks beside the own ones by this alone.
package struct ChunkDescriptor: Hashable, Sendable, BCSCodable {
    /// Bytes from the start of the first chunk.
    package let offset: UInt64
    package let byteCount: UInt32
    package let rows: UInt32
    /// Times of the first and last row; both 0 in a file.
    package let first: Timestamp
    package let last: Timestamp
    /// `SHA-256(salt || bytes)`.
    package let digest: Digest

    package init(offset: UInt64, byteCount: UInt32, rows: UInt32, first: Timestamp, last: Timestamp, digest: Digest) {
        self.offset = offset
        self.byteCount = byteCount
        self.rows = rows
        self.first = first
        self.last = last
        self.digest = digest
    }

    package static func digest(salt: Digest, _ bytes: ArraySlice<UInt8>) -> Digest {
        SHA256.hash(prefix: salt.bytes, bytes)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(offset)
        encoder.u32(byteCount)
        encoder.u32(rows)
        encoder.value(first)
        encoder.value(last)
        encoder.fixed(digest)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        offset = try decoder.u64()
        byteCount = try decoder.u32()
        rows = try decoder.u32()
        first = try Timestamp(from: &decoder)
        last = try Timestamp(from: &decoder)
        digest = try decoder.digest()
        guard byteCount > 0, byteCount <= Manifest.chunkBytesMax, first <= last,
            offset <= UInt64(Manifest.byteCountMax)
        else { throw decoder.failure(.invalid("no chunk is like this")) }
    }
}

/// Header and chunks of a part. SHA-256 of its BCS is the part's content address on the chain, the Merkle root over its
/// leaves the anchor's root, and 1 + chunks the anchor's count.
package struct Manifest: Hashable, Sendable, BCSCodable {
    package static let schema = "commonwatt/data/1"
    package static let chunkBytesMax = 65_536
    /// Bytes of a part; a larger data set has more parts.
    package static let byteCountMax = 32 * 1_048_576
    /// Two chunks that follow each other hold more than `chunkBytesMax`, so a part has at most so many.
    package static let chunksMax = 1_024
    package static let bytesMax = 8 * 1_048_576

    package let header: PartHeader
    package let chunks: [ChunkDescriptor]
    /// Content address.
    package let digest: Digest
    package let root: Digest
    private let tree: MerkleLevels

    package init(header: PartHeader, chunks: [ChunkDescriptor]) {
        self.header = header
        self.chunks = chunks
        tree = MerkleLevels([MerkleTree.leaf(header.bcs)] + chunks.map { MerkleTree.leaf($0.bcs) })
        root = tree.root
        var encoder = BCSEncoder()
        encoder.value(header)
        encoder.vector(chunks)
        digest = SHA256.hash(encoder.bytes)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(header)
        encoder.vector(chunks)
    }

    /// Refuses gaps, overlaps, rows out of order, and more chunks than the content is cut into: the chunks are those of
    /// one sorted content.
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        let header = try PartHeader(from: &decoder)
        let chunks: [ChunkDescriptor] = try decoder.vector(max: Manifest.chunksMax)
        var offset: UInt64 = 0
        var rows: UInt64 = 0
        var last = Timestamp(0)
        var before: UInt32?
        for chunk in chunks {
            guard chunk.offset == offset, chunk.first >= last else {
                throw decoder.failure(.invalid("the chunks are not in order"))
            }
            if let before, before + chunk.byteCount <= UInt32(Manifest.chunkBytesMax) {
                throw decoder.failure(.invalid("two chunks would be one: the part is not cut as parts are"))
            }
            before = chunk.byteCount
            offset += UInt64(chunk.byteCount)
            rows += UInt64(chunk.rows)
            last = chunk.last
        }
        guard chunks.count == Int(header.chunks), offset == header.byteCount, rows == header.rows else {
            throw decoder.failure(.invalid("the chunks are not those of the header"))
        }
        self.init(header: header, chunks: chunks)
    }

    /// Entries of the tree: what the anchor's `count` says.
    package var count: UInt32 { header.chunks + 1 }

    /// Siblings of the header (nil) or of a chunk; nil for a chunk that is not there.
    /// O(log n), without hashing.
    package func path(chunk: Int?) -> [Digest]? {
        guard let chunk else { return tree.path(0) }
        return chunk < 0 ? nil : tree.path(chunk + 1)
    }
}
