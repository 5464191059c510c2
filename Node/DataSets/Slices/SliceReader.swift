internal import LedgerCrypto
package import Primitives

/// What the chain says about a part, proved by the slice's bundle or known otherwise.
package struct PartAnchor: Hashable, Sendable {
    package let digest: Digest
    package let root: Digest
    package let count: UInt32

    package init(digest: Digest, root: Digest, count: UInt32) {
        self.digest = digest
        self.root = root
        self.count = count
    }
}

/// Why a slice is not what was asked for. Whoever served it is at fault, unless bytes were lost on the way.
package enum SliceFault: Error, Hashable, Sendable, CustomStringConvertible {
    case malformed(String)
    case otherPart
    case otherRange
    /// The header, a chunk or a neighbour is not under the anchored root.
    case notAnchored(String)
    /// Chunks of the range are missing.
    case incomplete(String)
    /// A chunk's bytes are not those that were anchored.
    case altered(chunk: UInt32)
    /// A chunk is not what its own descriptor says: its owner anchored something wrong.
    case untrueDescriptor(chunk: UInt32, String)
    case endsEarly

    package var description: String {
        switch self {
        case .malformed(let why): "the slice cannot be read: \(why)"
        case .otherPart: "the slice is of another part than the one asked for"
        case .otherRange: "the slice is of another range than the one asked for"
        case .notAnchored(let what): "\(what) is not under the root that the chain has for this part: it was altered"
        case .incomplete(let what): "the slice leaves something out: \(what)"
        case .altered(let chunk): "chunk \(chunk) is not the one that was anchored: it was altered"
        case .untrueDescriptor(let chunk, let what):
            "chunk \(chunk) is not what its owner anchored it as (\(what)): the owner's part is wrong"
        case .endsEarly: "the slice ends early"
        }
    }
}

/// Reads a slice as it arrives and checks every byte of it against the anchor. Holds one chunk in memory.
///
/// Proved when `finish` returns: the chunks are those of the anchored part, unaltered, in order; none that the range
/// touches is missing, and (for a span of time) the chunk before ends before the span and the chunk after begins behind
/// it, as the owner anchored them.
package struct SliceReader: Sendable {
    private static let frameBytesMax = Manifest.chunkBytesMax + 4_096

    package let part: Digest
    package let range: SliceRange
    /// There once `head` has been read and checked.
    package private(set) var head: SliceHead?
    package private(set) var anchor: PartAnchor?
    private var pending: [UInt8] = []
    private var start = 0
    private var next: UInt32 = 0
    private var rows: UInt64 = 0
    private var offset: UInt64 = 0
    private var firstOffset: UInt64 = 0
    private var lastTime = Timestamp(0)

    package init(part: Digest, range: SliceRange) {
        self.part = part
        self.range = range
    }

    /// Rows in the chunks read so far, those outside the span included.
    package var rowsRead: UInt64 { rows }
    /// The first byte of the content that the slice has.
    package var contentOffset: UInt64 { firstOffset }

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        if start > 0 {
            pending.removeFirst(start)
            start = 0
        }
        pending.append(contentsOf: bytes)
    }

    private mutating func frame(max: Int) throws(SliceFault) -> [UInt8]? {
        guard pending.count - start >= 4 else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(pending[start + $1]) << (8 * $1) }
        guard length <= max else { throw .malformed("a frame of \(length) bytes") }
        guard pending.count - start - 4 >= length else { return nil }
        defer { start += 4 + length }
        return Array(pending[(start + 4)..<(start + 4 + length)])
    }

    /// The head, once it has arrived; unchecked until `check(head:anchor:)`.
    package mutating func readHead() throws(SliceFault) -> SliceHead? {
        guard let bytes = try frame(max: SliceHead.bytesMax) else { return nil }
        do { return try SliceHead(bcs: bytes) } catch { throw .malformed("\(error)") }
    }

    /// Checks the head against what the chain says of the part; chunks can be read from then on.
    package mutating func check(head: SliceHead, anchor: PartAnchor) throws(SliceFault) {
        guard head.part == part, anchor.digest == part else { throw .otherPart }
        guard head.range == range else { throw .otherRange }
        let isHeader = MerkleTree.verify(
            leaf: MerkleTree.leaf(head.header.bcs), index: 0, count: Int(anchor.count), path: head.headerPath,
            root: anchor.root)
        guard isHeader, head.header.chunks + 1 == anchor.count else { throw .notAnchored("the part's header") }
        let chunks = head.header.chunks
        let (end, overflow) = head.first.addingReportingOverflow(head.count)
        guard !overflow, end <= chunks else { throw .malformed("chunks beyond the end of the part") }
        try check(head.before, index: head.first.subtractingReportingOverflow(1), of: chunks, anchor, "before")
        try check(head.after, index: (end, end >= chunks), of: chunks, anchor, "behind")
        if case .time(let from, let to) = range {
            guard head.header.content.isTable else { throw .malformed("a file has no rows to cut by time") }
            if let before = head.before, before.descriptor.last >= from {
                throw .incomplete("the chunk before has rows of the span")
            }
            if let after = head.after, after.descriptor.first < to {
                throw .incomplete("the chunk behind has rows of the span")
            }
        }
        if case .all = range, head.first != 0 || head.count != chunks { throw .incomplete("not all chunks are there") }
        self.head = head
        self.anchor = anchor
        next = head.first
    }

    /// The chunk beside those delivered must be there, except at the ends of the part.
    private func check(
        _ neighbour: ProvedDescriptor?, index: (partialValue: UInt32, overflow: Bool), of chunks: UInt32,
        _ anchor: PartAnchor, _ side: String
    ) throws(SliceFault) {
        guard !index.overflow else {
            if neighbour != nil { throw .malformed("there is no chunk \(side)") }
            return
        }
        guard let neighbour else { throw .incomplete("the proof of the chunk \(side) is missing") }
        guard neighbour.isChunk(index.partialValue, count: anchor.count, root: anchor.root) else {
            throw .notAnchored("the chunk \(side)")
        }
    }

    /// The next chunk's bytes, checked; nil until it has arrived whole, and after the last one.
    package mutating func readChunk() throws(SliceFault) -> [UInt8]? {
        guard let head, let anchor, next < head.first + head.count else { return nil }
        guard let frame = try frame(max: SliceReader.frameBytesMax) else { return nil }
        let chunk: SliceChunk
        do { chunk = try SliceChunk(bcs: frame) } catch { throw .malformed("\(error)") }
        let descriptor = chunk.proved.descriptor
        guard chunk.proved.isChunk(next, count: anchor.count, root: anchor.root) else {
            throw .notAnchored("chunk \(next)")
        }
        guard chunk.bytes.count == Int(descriptor.byteCount),
            ChunkDescriptor.digest(salt: head.header.salt, chunk.bytes[...]) == descriptor.digest
        else { throw .altered(chunk: next) }
        if next == head.first {
            offset = descriptor.offset
            firstOffset = offset
        }
        guard descriptor.offset == offset else { throw .untrueDescriptor(chunk: next, "its place") }
        if head.header.content.isTable { try checkRows(chunk, head.header.content) }
        offset += UInt64(descriptor.byteCount)
        next += 1
        return chunk.bytes
    }

    private mutating func checkRows(_ chunk: SliceChunk, _ content: PartContent) throws(SliceFault) {
        let descriptor = chunk.proved.descriptor
        if let problem = PartBuilder.problem(ofChunk: chunk.bytes, descriptor, content) {
            throw .untrueDescriptor(chunk: next, problem.description)
        }
        guard descriptor.first >= lastTime else { throw .untrueDescriptor(chunk: next, "rows out of order") }
        lastTime = descriptor.last
        rows += UInt64(descriptor.rows)
    }

    /// To be called at the end of the bytes: throws when something is missing or left over.
    package func finish() throws(SliceFault) {
        guard let head, next == head.first + head.count else { throw .endsEarly }
        guard start == pending.count else { throw .malformed("bytes follow the last chunk") }
        switch range {
        case .time: break
        case .all:
            guard offset == head.header.byteCount else { throw .incomplete("bytes of the part") }
        case .bytes(let from, let to):
            let (from, to) = (min(from, head.header.byteCount), min(to, head.header.byteCount))
            guard from < to else { break }
            guard head.count > 0, firstOffset <= from, offset >= to else { throw .incomplete("bytes of the range") }
        }
    }
}
