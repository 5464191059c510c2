package import Primitives

/// Where a node's final chain stands. A claim: it decides only whom to ask.
package struct Hello: Hashable, Sendable, BCSCodable {
    package let network: Digest
    /// Newest final, executed block.
    package let height: Height
    package let tip: Digest
    /// Epoch of the children of `tip`.
    package let epoch: Epoch

    package init(network: Digest, height: Height, tip: Digest, epoch: Epoch) {
        self.network = network
        self.height = height
        self.tip = tip
        self.epoch = epoch
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(network)
        encoder.value(height)
        encoder.fixed(tip)
        encoder.value(epoch)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        network = try decoder.digest()
        height = try Height(from: &decoder)
        tip = try decoder.digest()
        epoch = try Epoch(from: &decoder)
    }
}
