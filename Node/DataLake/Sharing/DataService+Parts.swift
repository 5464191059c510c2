internal import Chain
internal import DataSets
package import Primitives

extension DataService {
    /// BCS of a bundle that proves a page of a data set's list of parts, from a number on, in the newest final state.
    package func partList(of dataSet: Digest, from first: UInt64) throws -> [UInt8] {
        let (chain, prove) = try point()
        guard let keys = try PartList.keys(of: dataSet, from: first, { try chain.state.value($0) }) else {
            throw LakeRefusal(.notHeld, "the chain has no data set \(dataSet), or nothing is registered under its name")
        }
        return try prove(keys)
    }
}

extension DataService.Grant {
    /// Bytes that answering reads: twice those of the chunks where energy counts, since an access is logged with its energy
    /// before anything is written.
    package var readBytes: UInt64 {
        let once = manifest.chunks[chunks].reduce(UInt64(0)) { $0 + UInt64($1.byteCount) }
        return manifest.header.energy == nil ? once : 2 * once
    }
}
