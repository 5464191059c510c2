internal import Chain
internal import Foundation
internal import LedgerCrypto
internal import Primitives
internal import Replica
internal import Storage

/// A node's folder: `chain/` holds the LevelDB, `journal/` the journal, `witness` counts starts.
struct NodeDisk {
    let store: KeyValueStore
    let journal: Journal
    let entries: [JournalEntry]

    static func open(_ configuration: NodeConfiguration) throws(RuntimeError) -> NodeDisk {
        let folder = configuration.folder
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let opened = try Journal.open(
                try DiskFolder(folder + "/journal"), owner: owner(configuration),
                witness: try DiskFolder(folder + "/witness"))
            let store = try KeyValueStore.open(at: folder + "/chain")
            return NodeDisk(store: store, journal: opened.journal, entries: opened.records)
        } catch {
            throw RuntimeError("the data folder \(folder) cannot be used: \(error)")
        }
    }

    /// The genesis ceremony of one validator: marks its empty journal as one that never voted. A folder that holds a
    /// journal is refused.
    static func prepareFresh(_ configuration: NodeConfiguration) throws(RuntimeError) {
        do {
            try FileManager.default.createDirectory(atPath: configuration.folder, withIntermediateDirectories: true)
            try Journal.prepareFresh(try DiskFolder(configuration.folder + "/journal"), owner: owner(configuration))
        } catch {
            throw RuntimeError("cannot prepare \(configuration.folder): \(error)")
        }
    }

    private static func owner(_ configuration: NodeConfiguration) -> JournalOwner {
        let node = configuration.consensusKey.map { SHA256.hash($0.publicKey.bcs) } ?? configuration.identity.peer
        return JournalOwner(network: configuration.genesis.network, node: node)
    }

    var isJournalLost: Bool {
        if case .lost = journal.standing { true } else { false }
    }

    /// What the replica starts from. A fresh journal begins with the ceremony's marker.
    func records<App: Application>(genesis: Genesis, as type: Replica<App>.Type) throws -> [JournalRecord] {
        if journal.standing == .fresh {
            let marker = Replica<App>.freshMarker(genesis)
            try journal.append([JournalEntry(sequence: 0, payload: marker)])
            return [JournalRecord(sequence: 0, bytes: marker)]
        }
        return entries.map { JournalRecord(sequence: $0.sequence, bytes: $0.payload) }
    }
}

extension NodeConfiguration {
    /// See `NodeDisk.prepareFresh`.
    package func prepareFresh() throws(RuntimeError) { try NodeDisk.prepareFresh(self) }
}
