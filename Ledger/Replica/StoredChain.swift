internal import Chain
internal import LedgerState
internal import Primitives

/// What the store holds when a node starts, or the genesis when it is empty.
struct StoredChain {
    let network: Digest
    let view: ChainView
    /// Root of the current epoch.
    let root: BlockHeader
    let window: ReplayWindow
    /// A snapshot was being taken over when the store was last written.
    let marker: SnapshotMarker?
    /// What has to be stored first on an empty store.
    let genesis: (work: StoreWork, state: StateCheckpoint)?

    /// The newest stored block; nil on an empty store.
    var storedTip: Height? { genesis == nil ? view.tip.height : nil }

    static func open(
        application: some Application, genesis: Genesis, reader: any KeyValueReader
    ) throws(StorageFailure) -> StoredChain {
        let network = genesis.network
        guard let bytes = try reader.get(ChainStore.tip) else {
            return try begin(application: application, genesis: genesis, network: network, reader: reader)
        }
        let tip: StoredTip = try ChainStore.decode(bytes, "tip")
        guard tip.network == network else {
            throw StorageFailure("the store belongs to network \(tip.network), the genesis to \(network)")
        }
        let missing = StorageFailure("the store lacks a part of block \(tip.height): repair the node from its peers")
        guard let blockBytes = try reader.get(ChainStore.block(tip.height)) else { throw missing }
        let block: Block = try ChainStore.decode(blockBytes, "block \(tip.height)")
        let marker = try SnapshotMarker.read(reader)
        guard let state = try StateSnapshot.open(reader), state.version == tip.height,
            state.root == block.header.stateRoot
        else {
            throw StorageFailure(
                "the stored state is not that of block \(tip.height), the newest stored one: repair the node from its peers"
            )
        }
        // Parts of the store may be damaged apart from each other: this reads the root's node.
        _ = try state.value([0])
        var view = ChainView(
            reader: reader, tip: block.header, state: state, finalization: nil, validators: genesis.validators)
        guard let epoch = try view.epoch(view.epoch), let root = try view.header(at: epoch.root) else { throw missing }
        view.validators = epoch.validators
        view.finalization = try view.finalization(at: tip.height)
        guard tip.height.value == 0 || view.finalization != nil else { throw missing }
        return StoredChain(
            network: network, view: view, root: root, window: try window(of: view), marker: marker, genesis: nil)
    }

    private static func begin(
        application: some Application, genesis: Genesis, network: Digest, reader: any KeyValueReader
    ) throws(StorageFailure) -> StoredChain {
        let changes: [StateChange]
        do {
            changes = try application.genesisState(genesis)
        } catch {
            throw StorageFailure("the application refuses the genesis: \(error)")
        }
        let state = try StateSnapshot.empty(over: reader).applying(changes, version: Height(0))
        let header = genesis.header(stateRoot: state.root)
        guard let block = Block(header: header, transactions: []) else {
            throw StorageFailure("the genesis block is malformed")
        }
        let checkpoint = try state.checkpoint()
        var batch = try checkpoint.batch()
        batch.put(ChainStore.block(header.height), block.bcs)
        batch.put(ChainStore.height(of: header.digest), header.height.bcs)
        batch.put(ChainStore.receipts(header.height), StoredReceipts(receipts: []).bcs)
        batch.put(ChainStore.signed(header.height), SignedEntries(block).bcs)
        batch.put(
            ChainStore.epoch(Epoch(0)),
            EpochRecord(epoch: Epoch(0), root: header.height, validators: genesis.validators).bcs)
        batch.put(ChainStore.tip, StoredTip(network: network, height: header.height).bcs)
        let all = batch
        let work = StoreWork { () throws(StorageFailure) in all }
        let view = ChainView(
            reader: reader, tip: header, state: state, finalization: nil, validators: genesis.validators)
        return StoredChain(
            network: network, view: view, root: header, window: ReplayWindow(), marker: nil,
            genesis: (work, checkpoint))
    }

    /// The replay window at the tip, from the blocks of the last `lifetimeMillisecondsMax`: a transaction of an older block
    /// has expired.
    private static func window(of view: ChainView) throws(StorageFailure) -> ReplayWindow {
        var window = ReplayWindow()
        window.advance(to: view.tip.time)
        var height = view.tip.height
        while true {
            guard let bytes = try view.reader.get(ChainStore.signed(height)) else {
                throw StorageFailure(
                    "the store lacks the transactions of block \(height): repair the node from its peers")
            }
            let signed: SignedEntries = try ChainStore.decode(bytes, "transactions of block \(height)")
            let end = signed.time.adding(milliseconds: Transaction.lifetimeMillisecondsMax)
            guard end >= view.tip.time, let below = height.previous else { return window }
            window.insert(signed.entries)
            height = below
        }
    }
}
