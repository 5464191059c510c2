internal import Chain
internal import Primitives

/// Keys and records of the state in the node's store. Versions are big-endian in keys, so that new nodes are appended.
/// Records of 01 are history (`StorePart`), the others name them and are written after them.
///
///     01 version(8) depth(1) nibbles       a radix-16 node; two nibbles per byte, an odd last one in the high half
///     01 version(8) ff SHA-256(key)(32)    a leaf: BCS blob key, blob value
///     03 since(8) part(4)                  keys of 01, without their tag, each as a BCS blob: these records are not part
///                                          of the state at version `since` or later
///     04 00                                the newest checkpoint: u16 format, u64 version, root
///     04 01 version(8)                     a readable version: its root
///
/// A root is one byte (0 empty, 1 leaf, 2 node), u64 version, 32-byte hash and, for a leaf, SHA-256 of its key.
enum StateRecords {
    static let formatVersion: UInt16 = 2
    static let nodeTag = StorePart.stateTag
    static let staleTag: UInt8 = 0x03
    static let metaTag: UInt8 = 0x04
    static let newest: [UInt8] = [metaTag, 0x00]
    private static let leafMark: UInt8 = 0xff

    static func node(_ path: NodePath, _ version: UInt64) -> [UInt8] {
        var encoder = BCSEncoder(reserving: 10 + Digest.byteCount)
        encodeNodeKey(path, version, to: &encoder)
        return encoder.bytes
    }

    static func leaf(_ keyHash: Digest, _ version: UInt64) -> [UInt8] {
        var encoder = BCSEncoder(reserving: 10 + Digest.byteCount)
        encodeLeafKey(keyHash, version, to: &encoder)
        return encoder.bytes
    }

    static func encodeNodeKey(_ path: NodePath, _ version: UInt64, to encoder: inout BCSEncoder) {
        encodeKeyStart(version, UInt8(truncatingIfNeeded: path.depth), to: &encoder)
        path.prefix.withUnsafeBytes { encoder.fixed($0.prefix((path.depth + 1) / 2)) }
    }

    static func encodeLeafKey(_ keyHash: Digest, _ version: UInt64, to encoder: inout BCSEncoder) {
        encodeKeyStart(version, leafMark, to: &encoder)
        encoder.fixed(keyHash)
    }

    private static func encodeKeyStart(_ version: UInt64, _ mark: UInt8, to encoder: inout BCSEncoder) {
        encoder.u8(nodeTag)
        encoder.u64(version.byteSwapped)
        encoder.u8(mark)
    }

    /// Keys of one part of a stale list: some 10 KB.
    static let stalePartMax = 256

    static func stale(since version: UInt64, part: UInt32) -> [UInt8] {
        stale(since: version) + withUnsafeBytes(of: part.bigEndian) { [UInt8]($0) }
    }

    /// Prefix of all stale lists since `version`.
    static func stale(since version: UInt64) -> [UInt8] { [staleTag] + bigEndian(version) }

    /// A part of a stale list. `records` are keys of `node` or `leaf`.
    static func stalePart(_ records: ArraySlice<StaleRecord>) -> [UInt8] {
        var encoder = BCSEncoder(reserving: records.count * 48)
        for record in records { record.encodeListed(to: &encoder) }
        return encoder.bytes
    }

    /// The node and leaf keys that a part of a stale list names.
    static func records(ofStalePart bytes: [UInt8]) throws(BCSError) -> [[UInt8]] {
        var decoder = BCSDecoder(bytes)
        var records: [[UInt8]] = []
        while decoder.remaining > 0 {
            let record = try decoder.blob(max: 9 + Digest.byteCount)
            guard record.count >= 9, records.count < stalePartMax else {
                throw decoder.failure(.invalid("a part of a stale list"))
            }
            records.append([nodeTag] + record)
        }
        return records
    }

    static func version(_ version: UInt64) -> [UInt8] { [metaTag, 0x01] + bigEndian(version) }

    /// The version that a key of `version(_:)` names; nil for other keys.
    static func version(ofKey key: [UInt8]) -> UInt64? {
        guard key.count == 10, key[0] == metaTag, key[1] == 0x01 else { return nil }
        return key[2...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { [UInt8]($0) } }

    static func encodeLeafRecord(
        key: some Collection<UInt8>, value: some Collection<UInt8>, to encoder: inout BCSEncoder
    ) {
        encoder.blob(key)
        encoder.blob(value)
    }

    static func decodeLeaf(_ record: [UInt8]) throws(BCSError) -> StateLeaf {
        var decoder = BCSDecoder(record)
        let leaf = StateLeaf(
            key: try decoder.blob(max: StateChange.keyBytesMax), value: try decoder.blob(max: StateChange.valueBytesMax)
        )
        try decoder.finish()
        return leaf
    }

    static func root(_ root: Subtree) -> [UInt8] {
        var encoder = BCSEncoder(reserving: 80)
        encodeRoot(root, to: &encoder)
        return encoder.bytes
    }

    static func newest(version: UInt64, root: Subtree) -> [UInt8] {
        var encoder = BCSEncoder(reserving: 96)
        encoder.u16(formatVersion)
        encoder.u64(version)
        encodeRoot(root, to: &encoder)
        return encoder.bytes
    }

    private static func encodeRoot(_ root: Subtree, to encoder: inout BCSEncoder) {
        switch root {
        case .empty: encoder.u8(0)
        case .leaf: encoder.u8(1)
        case .inner: encoder.u8(2)
        }
        root.encodePointer(to: &encoder)
    }

    static func decodeRoot(_ record: [UInt8]) throws(BCSError) -> Subtree {
        var decoder = BCSDecoder(record)
        let root = try decodeRoot(&decoder)
        try decoder.finish()
        return root
    }

    private static func decodeRoot(_ decoder: inout BCSDecoder) throws(BCSError) -> Subtree {
        switch try decoder.u8() {
        case 0: return .empty
        case 1: return try Subtree(pointer: &decoder, isLeaf: true)
        case 2: return try Subtree(pointer: &decoder, isLeaf: false)
        case let tag: throw decoder.failure(.unknownTag(UInt32(tag)))
        }
    }

    static func decodeNewest(_ record: [UInt8]) throws(BCSError) -> (version: UInt64, root: Subtree) {
        var decoder = BCSDecoder(record)
        guard try decoder.u16() == formatVersion else {
            throw decoder.failure(.invalid("the stored state has another format version than \(formatVersion)"))
        }
        let version = try decoder.u64()
        let root = try decodeRoot(&decoder)
        try decoder.finish()
        return (version, root)
    }
}
