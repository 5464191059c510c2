internal import Anchors
internal import DataSets
internal import Primitives

extension NewBatch {
    /// A part as it is to be anchored.
    init(_ manifest: Manifest, supersedes: Digest? = nil) {
        self.init(
            digest: manifest.digest, root: manifest.root, count: manifest.count, from: manifest.header.from,
            to: manifest.header.to, supersedes: supersedes)
    }
}
