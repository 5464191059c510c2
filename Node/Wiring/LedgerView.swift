internal import Replica

/// The replica's view of the final chain, under a name of its own: the lake has a `ChainView`, too.
typealias LedgerView = ChainView
