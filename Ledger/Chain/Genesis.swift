internal import LedgerCrypto
package import Primitives

/// Consensus parameters of a network. Times in milliseconds.
package struct ChainParameters: Hashable, Sendable, BCSCodable {
    /// Δ0: assumed message delay while all goes well.
    package var delayMilliseconds: UInt32 = 250
    /// Δmax: bound of the delay after many failed views.
    package var delayMillisecondsMax: UInt32 = 8_000
    /// S: views of silence after which a leader's turn is skipped at once.
    package var skipAfterViews: UInt32 = 12
    /// W: how far ahead of the current view votes are kept.
    package var voteWindowViews: UInt32 = 64
    /// An idle network makes an empty block this often.
    package var heartbeatMilliseconds: UInt32 = 5_000
    /// How far a block's time may lie ahead of a voter's clock.
    package var clockSkewMillisecondsMax: UInt32 = 2_000
    /// Unfinalized blocks above which leaders propose empty blocks.
    package var unfinalizedBlocksMax: UInt32 = 16
    package var blockTransactionsMax: UInt32 = 4_096
    package var blockBytesMax: UInt32 = 2 * 1024 * 1024
    /// Work units of contracts per block.
    package var blockWorkMax: UInt64 = 2_000_000_000
    /// Due scheduled calls run per block: 2 or more, since the council's and others' share them.
    package var scheduledCallsMax: UInt32 = 64

    package init() {}

    package func encode(to encoder: inout BCSEncoder) {
        for value in [
            delayMilliseconds, delayMillisecondsMax, skipAfterViews, voteWindowViews, heartbeatMilliseconds,
            clockSkewMillisecondsMax, unfinalizedBlocksMax, blockTransactionsMax, blockBytesMax,
        ] { encoder.u32(value) }
        encoder.u64(blockWorkMax)
        encoder.u32(scheduledCallsMax)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        delayMilliseconds = try decoder.u32()
        delayMillisecondsMax = try decoder.u32()
        skipAfterViews = try decoder.u32()
        voteWindowViews = try decoder.u32()
        heartbeatMilliseconds = try decoder.u32()
        clockSkewMillisecondsMax = try decoder.u32()
        unfinalizedBlocksMax = try decoder.u32()
        blockTransactionsMax = try decoder.u32()
        blockBytesMax = try decoder.u32()
        blockWorkMax = try decoder.u64()
        scheduledCallsMax = try decoder.u32()
        guard scheduledCallsMax > 1, delayMilliseconds > 0, delayMillisecondsMax >= delayMilliseconds,
            skipAfterViews > 0,
            voteWindowViews > 1, heartbeatMilliseconds > 0, unfinalizedBlocksMax > 0,
            (1...UInt32(Block.transactionsMax)).contains(blockTransactionsMax),
            (UInt32(Transaction.byteCountMax)...UInt32(Block.byteCountMax)).contains(blockBytesMax)
        else { throw decoder.failure(.invalid("a consensus parameter is out of range")) }
    }
}

/// What all nodes of a network start from. Its SHA-256 is the network id.
package struct Genesis: Hashable, Sendable, BCSCodable {
    package static let formatVersion: UInt16 = 1
    package static let nameBytesMax = 32
    package static let applicationBytesMax = 4 * 1024 * 1024

    /// Lower-case name, the `<network>` of DIDs.
    package let name: String
    package let time: Timestamp
    package let parameters: ChainParameters
    package let validators: ValidatorSet
    /// What the contracts start from (partners, keys, roles); its format belongs to the contract suite.
    package let application: [UInt8]

    package init(
        name: String, time: Timestamp, parameters: ChainParameters, validators: ValidatorSet, application: [UInt8]
    ) {
        self.name = name
        self.time = time
        self.parameters = parameters
        self.validators = validators
        self.application = application
    }

    /// The network id.
    package var network: Digest { SHA256.hash(bcs) }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u16(Genesis.formatVersion)
        encoder.string(name)
        encoder.value(time)
        encoder.value(parameters)
        encoder.value(validators)
        encoder.blob(application)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        guard try decoder.u16() == Genesis.formatVersion else {
            throw decoder.failure(.invalid("this genesis has another format version than \(Genesis.formatVersion)"))
        }
        name = try decoder.string(max: Genesis.nameBytesMax)
        guard !name.isEmpty, name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
        else { throw decoder.failure(.invalid("a network name has letters a-z, digits and hyphens")) }
        time = try Timestamp(from: &decoder)
        parameters = try ChainParameters(from: &decoder)
        validators = try ValidatorSet(from: &decoder)
        application = try decoder.blob(max: Genesis.applicationBytesMax)
    }

    /// Header of block 0, certified by the genesis itself. `stateRoot` comes from the application.
    package func header(stateRoot: Digest) -> BlockHeader {
        BlockHeader(
            network: network, height: Height(0), view: View(0), epoch: Epoch(0), parent: .zero, parentView: View(0),
            time: time, proposer: 0, transactionsRoot: Block.transactionsRoot([]), stateRoot: stateRoot,
            receiptsRoot: Receipt.root([]), validatorSet: validators.digest, nextValidatorSet: validators.digest)
    }
}
