package import Chain
package import LedgerState
package import LightClient
package import Primitives

/// The answer to a `FetchRequest`. Nothing in it is trusted before it is checked.
package enum FetchResponse: Hashable, Sendable {
    /// Bytes of transactions in one answer.
    package static let transactionBytesMax = 4 * 1024 * 1024

    /// Bytes of one encoded block: its transactions and what frames them.
    package static let blockBytesMax = Block.byteCountMax + 128 * 1024

    /// The peer does not have it.
    case unavailable
    /// The peer has sent enough for now: ask again a little later.
    case busy
    case transactions([Transaction])
    /// BCS of a `Block`.
    case block([UInt8])
    case range(BlockRange)
    /// A header with what makes it final, without entries: the state after it can be had from this peer.
    case snapshot(ProofBundle)
    /// BCS of `Block`s, each the parent of the one before it.
    case ancestors([[UInt8]])
    case leaves(StateChunk)

    /// Blocks in one answer of `ancestors`.
    package static let ancestorsMax = 512
}

/// Consecutive final blocks with the proof that they are final.
package struct BlockRange: Hashable, Sendable {
    package static let blocksMax = 128
    /// Blocks are added while their bytes are below this; one block is always there.
    package static let blockBytesMax = 2 * 1024 * 1024
    /// Headers between the last block and the one with a finalization.
    package static let headersMax = 4_096

    /// BCS of `Block`s, ascending by height.
    package let blocks: [[UInt8]]
    /// Headers after the last block, up to the one that `finalization` is for; empty when it is for the last block.
    package let headers: [BlockHeader]
    package let finalization: Certificate

    package init(blocks: [[UInt8]], headers: [BlockHeader], finalization: Certificate) {
        self.blocks = blocks
        self.headers = headers
        self.finalization = finalization
    }
}

extension BlockRange: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.vector(blocks) { $0.blob($1) }
        encoder.vector(headers)
        encoder.value(finalization)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        blocks = try decoder.vector(max: BlockRange.blocksMax) { (decoder: inout BCSDecoder) throws(BCSError) in
            try decoder.blob(max: FetchResponse.blockBytesMax)
        }
        headers = try decoder.vector(max: BlockRange.headersMax)
        finalization = try Certificate(from: &decoder)
    }
}

extension FetchResponse: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .unavailable: encoder.uleb(0)
        case .transactions(let transactions):
            encoder.uleb(1)
            encoder.vector(transactions) { $0.blob($1.bytes) }
        case .block(let bytes):
            encoder.uleb(2)
            encoder.blob(bytes)
        case .range(let range):
            encoder.uleb(3)
            encoder.value(range)
        case .busy: encoder.uleb(4)
        case .snapshot(let bundle):
            encoder.uleb(5)
            encoder.blob(bundle.bcs)
        case .ancestors(let blocks):
            encoder.uleb(6)
            encoder.vector(blocks) { $0.blob($1) }
        case .leaves(let chunk):
            encoder.uleb(7)
            encoder.value(chunk)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .unavailable
        case 1: self = .transactions(try PeerMessage.transactions(from: &decoder))
        case 2: self = .block(try decoder.blob(max: FetchResponse.blockBytesMax))
        case 3: self = .range(try BlockRange(from: &decoder))
        case 4: self = .busy
        case 5: self = .snapshot(try ProofBundle(bcs: try decoder.blob(max: ProofBundle.byteCountMax)))
        case 6:
            self = .ancestors(
                try decoder.vector(max: FetchResponse.ancestorsMax) { (decoder: inout BCSDecoder) throws(BCSError) in
                    try decoder.blob(max: FetchResponse.blockBytesMax)
                })
        case 7: self = .leaves(try StateChunk(from: &decoder))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
