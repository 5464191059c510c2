internal import Chain
internal import ContractKit
internal import Primitives
internal import Synchronization
internal import Trading

/// What the lake has read of the chain and can never change under the name by which it is kept: members by the digest of
/// the community's log of them, a meter's data provider, anchors; and what final blocks said since.
package final class ChainCache: Sendable {
    /// Of all communities together; some 60 MB. What is beyond is read each time.
    static let membersMax = 262_144
    /// Some 60 MB; then all are forgotten.
    static let anchorsMax = 400_000
    static let metersMax = 400_000

    private struct State {
        /// With the number in the log of events from which on changes are missing.
        var memberships: [Address: (membership: Membership, number: UInt64)] = [:]
        var providers: [UInt64: String] = [:]
        var anchors: [Digest: BatchAnchor] = [:]
    }

    /// What final blocks said of anchors and members.
    let events = EventLog()
    private let state = Mutex(State())

    package init() {}

    /// The members that are known of a community, and the number in `events` to follow them from.
    func membership(of community: Address) -> (membership: Membership, number: UInt64)? {
        state.withLock { $0.memberships[community] }
    }

    func keep(_ membership: Membership, of community: Address, from number: UInt64) {
        state.withLock { state in
            state.memberships[community] = nil
            let others = state.memberships.values.reduce(0) { $0 + $1.membership.members.count }
            if others + membership.members.count > ChainCache.membersMax { state.memberships = [:] }
            if membership.members.count <= ChainCache.membersMax {
                state.memberships[community] = (membership, number)
            }
        }
    }

    func anchors(_ batches: [Digest]) -> [BatchAnchor?] {
        state.withLock { state in batches.map { state.anchors[$0] } }
    }

    func keep(_ anchors: [(batch: Digest, anchor: BatchAnchor)]) {
        state.withLock { state in
            if state.anchors.count + anchors.count > ChainCache.anchorsMax { state.anchors = [:] }
            for (batch, anchor) in anchors.prefix(ChainCache.anchorsMax) { state.anchors[batch] = anchor }
        }
    }

    func providers(_ meters: [MeterNumber]) -> [String?] {
        state.withLock { state in meters.map { state.providers[$0.value] } }
    }

    func keep(_ providers: [(meter: MeterNumber, provider: String)]) {
        state.withLock { state in
            if state.providers.count + providers.count > ChainCache.metersMax { state.providers = [:] }
            for (meter, provider) in providers.prefix(ChainCache.metersMax) {
                state.providers[meter.value] = provider
            }
        }
    }
}
