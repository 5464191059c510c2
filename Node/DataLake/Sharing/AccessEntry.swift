internal import ContractKit
package import DataSets
internal import LedgerCrypto
package import Primitives

/// One access that was served, as the node's log has it: leaf data of the log's Merkle root on the chain. The reader's
/// signature is in it, so a reader cannot deny that it asked, and no node can invent a request. How often one request was
/// answered is the node's word, within a bound: an honest node answers one at most `ReadRequest.answersMax` times (counted in
/// memory, so anew after a restart within the minute in which a request is fresh). More entries of one request in a log show
/// the node's fault to whoever reads it.
package struct AccessEntry: Hashable, Sendable, BCSCodable {
    package static let formatVersion: UInt16 = 1

    /// Drawn at random, so that nobody recognises an entry by its leaf.
    package let salt: Digest
    /// The reader's signed request, which names account, agreement, data set, part, range and purpose.
    package let request: ReadRequest
    /// Time of the block whose state allowed it.
    package let time: Timestamp
    /// What was delivered: bytes of content, rows, and thousandths of a watt-hour: in all rows of the chunks for a proved
    /// answer, which has whole chunks, and in the rows of the span for a plain one; before the filter.
    package let byteCount: UInt64
    package let rows: UInt64
    package let milliWattHours: Int64

    package init(
        salt: Digest, request: ReadRequest, time: Timestamp, byteCount: UInt64, rows: UInt64, milliWattHours: Int64
    ) {
        self.salt = salt
        self.request = request
        self.time = time
        self.byteCount = byteCount
        self.rows = rows
        self.milliWattHours = milliWattHours
    }

    package var leaf: Digest { MerkleTree.leaf(bcs) }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(AccessEntry.formatVersion)
        encoder.fixed(salt)
        encoder.value(request)
        encoder.value(time)
        encoder.u64(byteCount)
        encoder.u64(rows)
        encoder.i64(milliWattHours)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == AccessEntry.formatVersion else {
            throw decoder.failure(.invalid("this access has another format version than \(AccessEntry.formatVersion)"))
        }
        salt = try decoder.digest()
        request = try ReadRequest(from: &decoder)
        time = try Timestamp(from: &decoder)
        byteCount = try decoder.u64()
        rows = try decoder.u64()
        milliWattHours = try decoder.i64()
    }
}
