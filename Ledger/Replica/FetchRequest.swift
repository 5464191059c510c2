internal import Chain
package import Primitives

/// What one replica asks another one for. Each is answered by one `FetchResponse` with the same id.
package enum FetchRequest: Hashable, Sendable {
    /// Transactions that a proposed block names. Answered with those that are known, as far as they fit.
    case transactions([Digest])
    /// A block by its digest, final or not.
    case block(Digest)
    /// Final blocks from this height on.
    case range(from: Height)
}

extension FetchRequest: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        switch self {
        case .transactions(let digests):
            encoder.uleb(0)
            encoder.vector(digests)
        case .block(let digest):
            encoder.uleb(1)
            encoder.fixed(digest)
        case .range(let height):
            encoder.uleb(2)
            encoder.value(height)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .transactions(try decoder.vector(max: Block.transactionsMax))
        case 1: self = .block(try decoder.digest())
        case 2: self = .range(from: try Height(from: &decoder))
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
