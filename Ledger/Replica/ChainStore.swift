internal import Chain
internal import Primitives

/// Keys and values of the chain in the node's store. The replica owns the tags 0x10 to 0x2f. Heights and epochs in keys
/// are big-endian, so that they sort. All that is kept of a block by its height stands together, in the store's part
/// `blocks`; nothing above the stored tip counts.
enum ChainStore {
    static let formatVersion: UInt16 = 2

    /// tag, height, 0 -> BCS of the block.
    static func block(_ height: Height) -> [UInt8] { key(StorePart.blocksTag, height.value) + [0] }
    /// tag, block digest -> height.
    static func height(of block: Digest) -> [UInt8] { [0x11] + block.bytes }
    /// tag, height, 1 -> BCS vector of receipts.
    static func receipts(_ height: Height) -> [UInt8] { key(StorePart.blocksTag, height.value) + [1] }
    /// tag, height, 2 -> the block's own finalization. Absent when only a descendant has one.
    static func finalization(_ height: Height) -> [UInt8] { key(StorePart.blocksTag, height.value) + [2] }
    /// tag, transaction digest -> location.
    static func location(of transaction: Digest) -> [UInt8] { [locationTag] + transaction.bytes }
    static let locationTag: UInt8 = 0x14
    /// tag, epoch -> epoch record.
    static func epoch(_ epoch: Epoch) -> [UInt8] { key(0x15, epoch.value) }
    /// tag, height, 3 -> block time, then (signed digest, expiry) of each transaction: what the replay window is rebuilt from.
    static func signed(_ height: Height) -> [UInt8] { key(StorePart.blocksTag, height.value) + [3] }
    /// tag -> `StoredTip`.
    static let tip: [UInt8] = [0x1f]

    /// The keys of all blocks above `tip`, or of all blocks when there is none.
    static func blocks(above tip: Height?) -> (start: [UInt8], end: [UInt8]) {
        (tip.map { key(StorePart.blocksTag, $0.next.value) } ?? [StorePart.blocksTag], [StorePart.blocksTag + 1])
    }

    static func key(_ tag: UInt8, _ number: UInt64) -> [UInt8] {
        var bytes: [UInt8] = [tag]
        bytes.reserveCapacity(10)
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Decodes a stored value; damage is a failure of the disk.
    static func decode<Value: BCSDecodable>(
        _ bytes: [UInt8], _ what: @autoclosure () -> String
    ) throws(StorageFailure) -> Value {
        do {
            return try Value(bcs: bytes)
        } catch {
            throw StorageFailure("the stored \(what()) is damaged (\(error)): repair the node from its peers")
        }
    }
}

/// Up to where the store holds the chain.
struct StoredTip: BCSCodable {
    let network: Digest
    let height: Height

    init(network: Digest, height: Height) {
        self.network = network
        self.height = height
    }

    func encode(to encoder: inout BCSEncoder) {
        encoder.u16(ChainStore.formatVersion)
        encoder.fixed(network)
        encoder.value(height)
    }

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == ChainStore.formatVersion else {
            throw decoder.failure(.invalid("another format version than \(ChainStore.formatVersion)"))
        }
        network = try decoder.digest()
        height = try Height(from: &decoder)
    }
}

/// What a block adds to the replay window.
struct SignedEntries: BCSCodable {
    let time: Timestamp
    let entries: [Entry]

    struct Entry: BCSCodable {
        let digest: Digest
        let expiry: Timestamp

        init(_ transaction: Transaction) {
            digest = transaction.signedDigest
            expiry = transaction.body.expiry
        }

        func encode(to encoder: inout BCSEncoder) {
            encoder.fixed(digest)
            encoder.value(expiry)
        }

        init(from decoder: inout BCSDecoder) throws(BCSError) {
            digest = try decoder.digest()
            expiry = try Timestamp(from: &decoder)
        }
    }

    init(_ block: Block) {
        time = block.header.time
        entries = block.transactions.map(Entry.init)
    }

    func encode(to encoder: inout BCSEncoder) {
        encoder.value(time)
        encoder.vector(entries)
    }

    init(from decoder: inout BCSDecoder) throws(BCSError) {
        time = try Timestamp(from: &decoder)
        entries = try decoder.vector(max: Block.transactionsMax)
    }
}
