internal import Primitives

/// What stays in memory of lately stored blocks, so that it is not read back: of each of them what no later block has
/// replaced by the newest checkpoint, and a little more. Most of what a block writes are upper nodes that the next block
/// writes again; without those, leaves and lower nodes of many more blocks fit.
///
/// Only a tree that descends from that checkpoint may look here.
final class HeldLayers: Sendable {
    /// So many blocks. Of the older ones hardly anything is left, and every checkpoint looks at each.
    static let layersMax = 4_096
    static let none = HeldLayers([], [], byteCount: 0)

    /// Of a layer, what is no longer part of the state and still here, and the estimated bytes of all that is.
    private struct Rest: Sendable {
        var goneNodes: [UInt32] = []
        var goneLeaves: [UInt32] = []
        var bytes = 0

        var goneCount: Int { goneNodes.count + goneLeaves.count }
    }

    /// A layer is copied without what is gone when that is at least one of so many of its records: copying all of them for
    /// the few that each checkpoint replaces would cost more than the blocks themselves.
    private static let goneShare = 4

    /// Ascending by version, each with something in it.
    let layers: [StateLayer]
    private let rests: [Rest]
    /// Estimated, of all.
    let byteCount: Int

    private init(_ layers: [StateLayer], _ rests: [Rest], byteCount: Int) {
        self.layers = layers
        self.rests = rests
        self.byteCount = byteCount
    }

    /// With the layers that a checkpoint stores, all newer than those that are here. Lets go of what they replaced, and of the
    /// oldest layers beyond `bytesMax` and `layersMax`. Linear in the layers and in what is left in those that lost many
    /// records.
    func adding(_ stored: [StateLayer], bytesMax: Int) -> HeldLayers {
        let all = layers + stored
        var rests = rests + [Rest](repeating: Rest(), count: stored.count)
        for layer in stored {
            for record in layer.stale {
                guard let index = StateLayer.index(of: record.version, in: all) else { continue }
                switch record {
                case .node(_, _, let place): rests[index].goneNodes.append(place)
                case .leaf(_, _, let place): rests[index].goneLeaves.append(place)
                }
            }
        }
        var kept: [StateLayer] = []
        var keptRests: [Rest] = []
        var total = 0
        for index in all.indices.reversed() where kept.count < HeldLayers.layersMax {
            var (layer, rest) = (all[index], rests[index])
            if rest.goneCount * HeldLayers.goneShare >= layer.recordCount {
                layer = layer.stored(rest.goneNodes, rest.goneLeaves)
                rest = Rest(bytes: layer.byteCount)
            } else if index >= layers.count {
                layer = layer.stored([], [])
                rest.bytes = layer.byteCount
            }
            if layer.recordCount == 0 { continue }
            let size = rest.bytes + rest.goneCount * 4
            if total + size > bytesMax { break }
            total += size
            kept.append(layer)
            keptRests.append(rest)
        }
        return HeldLayers(kept.reversed(), keptRests.reversed(), byteCount: total)
    }
}

extension StateLayer {
    /// As it stays in memory when it is stored: without what later blocks replaced, and without its stale list.
    fileprivate func stored(_ goneNodes: [UInt32], _ goneLeaves: [UInt32]) -> StateLayer {
        StateLayer(version: version, nodes: nodes.without(goneNodes), leaves: leaves.without(goneLeaves), stale: [])
    }

    fileprivate var byteCount: Int { 256 + nodes.byteCount + leaves.byteCount }
}
