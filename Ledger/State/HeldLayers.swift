internal import Primitives

/// What stays in memory of lately stored blocks, so that it is not read back: of each of them what no later block has
/// replaced by the newest checkpoint. Most of what a block writes are upper nodes that the next block writes again; without
/// those, leaves and lower nodes of many more blocks fit.
///
/// Only a tree that descends from that checkpoint may look here.
final class HeldLayers: Sendable {
    /// So many blocks. Of the older ones hardly anything is left, and every checkpoint looks at each.
    static let layersMax = 4_096
    static let none = HeldLayers([], bytes: [])

    /// Ascending by version, each with something in it.
    let layers: [StateLayer]
    /// Of each layer.
    private let bytes: [Int]
    /// Of all.
    let byteCount: Int

    private init(_ layers: [StateLayer], bytes: [Int]) {
        self.layers = layers
        self.bytes = bytes
        byteCount = bytes.reduce(0, +)
    }

    /// With the layers that a checkpoint stores, all newer than those that are here. Lets go of what they replaced, and of the
    /// oldest layers beyond `bytesMax` and `layersMax`. Linear in the layers and in what is left in those that changed.
    func adding(_ stored: [StateLayer], bytesMax: Int) -> HeldLayers {
        let all = layers + stored
        var goneNodes = [[UInt32]](repeating: [], count: all.count)
        var goneLeaves = goneNodes
        for layer in stored {
            for record in layer.stale {
                guard let index = StateLayer.index(of: record.version, in: all) else { continue }
                switch record {
                case .node(_, _, let place): goneNodes[index].append(place)
                case .leaf(_, _, let place): goneLeaves[index].append(place)
                }
            }
        }
        var kept: [StateLayer] = []
        var bytes: [Int] = []
        var total = 0
        for index in all.indices.reversed() where kept.count < HeldLayers.layersMax {
            let isUnchanged = index < layers.count && goneNodes[index].isEmpty && goneLeaves[index].isEmpty
            let layer = isUnchanged ? all[index] : all[index].stored(goneNodes[index], goneLeaves[index])
            if layer.recordCount == 0 { continue }
            let size = isUnchanged ? self.bytes[index] : layer.byteCount
            total += size
            if total > bytesMax { break }
            kept.append(layer)
            bytes.append(size)
        }
        return HeldLayers(kept.reversed(), bytes: bytes.reversed())
    }
}

extension StateLayer {
    /// As it stays in memory when it is stored: without what later blocks replaced, and without its stale list.
    fileprivate func stored(_ goneNodes: [UInt32], _ goneLeaves: [UInt32]) -> StateLayer {
        StateLayer(version: version, nodes: nodes.without(goneNodes), leaves: leaves.without(goneLeaves), stale: [])
    }

    fileprivate var byteCount: Int { 256 + nodes.byteCount + leaves.byteCount }
}
