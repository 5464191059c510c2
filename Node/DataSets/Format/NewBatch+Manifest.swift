package import Anchors
package import Primitives

extension NewBatch {
    /// A part as it is to be anchored.
    package init(_ manifest: Manifest, supersedes: Digest? = nil) {
        self.init(
            digest: manifest.digest, root: manifest.root, count: manifest.count, from: manifest.header.from,
            to: manifest.header.to, supersedes: supersedes)
    }
}
