package import Chain
internal import Consensus
package import Primitives

extension PeerMessage: BCSCodable {
    /// Format version, enum tag, fields.
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u8(PeerMessage.formatVersion)
        switch self {
        case .hello(let hello):
            encoder.uleb(0)
            encoder.value(hello)
        case .consensus(let message, let transactions):
            encoder.uleb(1)
            encoder.value(message)
            encoder.vector(transactions) { $0.blob($1.bytes) }
        case .transactions(let transactions):
            encoder.uleb(2)
            encoder.vector(transactions) { $0.blob($1.bytes) }
        case .request(let request, let id):
            encoder.uleb(3)
            encoder.u64(id)
            encoder.value(request)
        case .response(let response, let id):
            encoder.uleb(4)
            encoder.u64(id)
            encoder.value(response)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u8() == PeerMessage.formatVersion else {
            throw decoder.failure(.invalid("the peer speaks another version than \(PeerMessage.formatVersion)"))
        }
        switch try decoder.uleb() {
        case 0: self = .hello(try Hello(from: &decoder))
        case 1:
            let message = try ConsensusMessage(from: &decoder)
            let transactions = try PeerMessage.transactions(from: &decoder)
            guard PeerMessage.belong(transactions, to: message) else {
                throw decoder.failure(.invalid("the transactions are not those that a proposal may carry"))
            }
            self = .consensus(message, transactions: transactions)
        case 2: self = .transactions(try PeerMessage.transactions(from: &decoder))
        case 3:
            let id = try decoder.u64()
            self = .request(try FetchRequest(from: &decoder), id: id)
        case 4:
            let id = try decoder.u64()
            self = .response(try FetchResponse(from: &decoder), id: id)
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }

    /// Decodes a whole message of at most `byteCountMax` bytes.
    package static func decode(_ bytes: [UInt8]) throws(BCSError) -> PeerMessage {
        guard bytes.count <= PeerMessage.byteCountMax else {
            throw BCSError(.tooLong(limit: PeerMessage.byteCountMax), at: 0)
        }
        return try PeerMessage(bcs: bytes)
    }

    private static func belong(_ transactions: [Transaction], to message: ConsensusMessage) -> Bool {
        if transactions.isEmpty { return true }
        guard case .proposal(let proposal) = message else { return false }
        return transactions.reduce(0) { $0 + $1.bytes.count } <= inlineBytesMax
            && transactions.map(\.digest) == proposal.transactions
    }

    static func transactions(from decoder: inout BCSDecoder) throws(BCSError) -> [Transaction] {
        try decoder.vector(max: Block.transactionsMax) { (decoder: inout BCSDecoder) throws(BCSError) in
            try Transaction(bytes: try decoder.blob(max: Transaction.byteCountMax))
        }
    }

    /// Transactions that come with the message and are not known to be signed rightly. The runtime may check them in
    /// parallel and deliver `.checked` (`.gossiped` for gossip) with the right ones. Those of a block that was asked for are
    /// not among them: a quorum stands behind it (`JudgeRequest.isCertified`).
    package var uncheckedTransactions: [Transaction] {
        switch self {
        case .consensus(.proposal, let transactions), .transactions(let transactions),
            .response(.transactions(let transactions), _):
            transactions
        default: []
        }
    }
}
