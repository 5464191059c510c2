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
    /// A final block above this height whose state the peer can send, proven from this epoch on.
    case snapshot(above: Height, epoch: Epoch)
    /// A final block and those below it, descending.
    case ancestors(of: Digest)
    /// Leaves of a stored version of the state, those above `after` in the order of SHA-256(key).
    case leaves(version: Height, after: Digest?)
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
        case .snapshot(let height, let epoch):
            encoder.uleb(3)
            encoder.value(height)
            encoder.value(epoch)
        case .ancestors(let digest):
            encoder.uleb(4)
            encoder.fixed(digest)
        case .leaves(let version, let after):
            encoder.uleb(5)
            encoder.value(version)
            encoder.option(after)
        }
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        switch try decoder.uleb() {
        case 0: self = .transactions(try decoder.vector(max: Block.transactionsMax))
        case 1: self = .block(try decoder.digest())
        case 2: self = .range(from: try Height(from: &decoder))
        case 3:
            let height = try Height(from: &decoder)
            self = .snapshot(above: height, epoch: try Epoch(from: &decoder))
        case 4: self = .ancestors(of: try decoder.digest())
        case 5:
            let version = try Height(from: &decoder)
            self = .leaves(version: version, after: try decoder.option())
        case let tag: throw decoder.failure(.unknownTag(tag))
        }
    }
}
