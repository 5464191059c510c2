package import Chain
package import Primitives

/// What a verifier already believes: the validators of one epoch of one network. It starts as the genesis; a client
/// that keeps the one of its last verified bundle needs shorter bundles, and is safe from retired keys of older epochs.
package struct TrustAnchor: Hashable, Sendable, BCSCodable {
    package let network: Digest
    package let epoch: Epoch
    /// The set that certifies the blocks of `epoch`.
    package let validators: ValidatorSet
    /// A final header of that epoch, or the end of the one before.
    package let height: Height
    /// Digest of that header; nil for the genesis, whose state root is not known to every verifier.
    package let header: Digest?

    package init(network: Digest, epoch: Epoch, validators: ValidatorSet, height: Height, header: Digest?) {
        self.network = network
        self.epoch = epoch
        self.validators = validators
        self.height = height
        self.header = header
    }

    package init(_ genesis: Genesis) {
        self.init(
            network: genesis.network, epoch: Epoch(0), validators: genesis.validators, height: Height(0), header: nil)
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(network)
        encoder.value(epoch)
        encoder.value(validators)
        encoder.value(height)
        encoder.option(header)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        network = try decoder.digest()
        epoch = try Epoch(from: &decoder)
        validators = try ValidatorSet(from: &decoder)
        height = try Height(from: &decoder)
        header = try decoder.option()
    }
}
