package import Chain
package import Primitives

/// One execution over a state: first reads, then the changes that they led to. Nodes that the reads had to fetch from the
/// store serve the changes too. For one thread, and for as long as the execution takes.
package final class StateSession: StateReader {
    private let snapshot: StateSnapshot
    private let memo = NodeMemo()

    package init(_ snapshot: StateSnapshot) { self.snapshot = snapshot }

    package func value(_ key: [UInt8]) throws(StorageFailure) -> [UInt8]? {
        try snapshot.tree.value(key, memo: memo)
    }

    /// As `StateSnapshot.applying`.
    package func applying(_ changes: [StateChange], version: Height) throws(StorageFailure) -> StateSnapshot {
        try snapshot.applying(changes, version: version, memo: memo)
    }
}

/// Nodes that were read from the store. Looked up by key, never iterated.
final class NodeMemo {
    /// 10 MB at worst; what is read beyond that is read again.
    private static let nodesMax = 8_192

    private struct Key: Hashable {
        let path: NodePath
        let version: UInt64
    }

    private var nodes: [Key: RadixNode] = [:]

    subscript(path: NodePath, version: UInt64) -> RadixNode? {
        get { nodes[Key(path: path, version: version)] }
        set {
            guard nodes.count < NodeMemo.nodesMax else { return }
            nodes[Key(path: path, version: version)] = newValue
        }
    }
}
