internal import Chain
internal import DataLake
internal import Primitives

/// The lake's view of the chain, under a name of its own: the replica has a `ChainView`, too.
typealias LakeChain = ChainView

extension LakeChain {
    /// Made of what the node's view of the chain holds; `state` must stay readable while the chain goes on.
    static func of(
        network: Digest, time: Timestamp, validators: ValidatorSet, state: any StateReader & Sendable,
        cache: ChainCache, events: ChainEvents
    ) -> LakeChain {
        LakeChain(network: network, time: time, validators: validators, state: state, cache: cache, events: events)
    }
}
