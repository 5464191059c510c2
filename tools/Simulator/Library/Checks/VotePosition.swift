package import Primitives

/// How far votes have come: an epoch and a view of it.
package struct VotePosition: Hashable, Sendable, Comparable {
    package var epoch = Epoch(0)
    package var view = View(0)

    package init() {}
    package init(epoch: Epoch, view: View) {
        self.epoch = epoch
        self.view = view
    }

    package static func < (left: VotePosition, right: VotePosition) -> Bool {
        left.epoch != right.epoch ? left.epoch < right.epoch : left.view < right.view
    }

    /// Views passed since an earlier position.
    package func views(since earlier: VotePosition) -> UInt64 {
        epoch == earlier.epoch ? view.distance(above: earlier.view) : view.value
    }
}
