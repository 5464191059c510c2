internal import Chain
internal import Consensus
package import Primitives

/// One record of the replica's journal: format version, enum tag, payload.
enum JournalEntry {
    static let formatVersion: UInt8 = 1

    /// A fact of the consensus.
    case consensus(ConsensusRecord)
    /// BCS of a block that was executed; comes before every vote for it.
    case body([UInt8])

    var bytes: [UInt8] {
        let size = if case .body(let bytes) = self { bytes.count + 2 } else { 256 }
        var encoder = BCSEncoder(reserving: size)
        encoder.u8(JournalEntry.formatVersion)
        switch self {
        case .consensus(let record):
            encoder.uleb(0)
            encoder.value(record)
        case .body(let bytes):
            encoder.uleb(1)
            encoder.fixed(bytes)
        }
        return encoder.bytes
    }

    init(bytes: [UInt8]) throws(BCSError) {
        var decoder = BCSDecoder(bytes)
        guard try decoder.u8() == JournalEntry.formatVersion else {
            throw decoder.failure(.invalid("a journal record has another version than \(JournalEntry.formatVersion)"))
        }
        switch try decoder.uleb() {
        case 0:
            self = .consensus(try ConsensusRecord(from: &decoder))
            try decoder.finish()
        case 1: self = .body(Array(bytes[decoder.offset...]))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}

/// Journal records as tools see them.
package enum ReplicaJournal {
    /// Reads a record and writes it again: the same bytes, as a record has one encoding. Throws for bytes that are none.
    package static func rewritten(_ bytes: [UInt8]) throws(BCSError) -> [UInt8] { try JournalEntry(bytes: bytes).bytes }
}
