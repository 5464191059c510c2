internal import Chain
internal import ContractKit
internal import Primitives
internal import Synchronization
internal import Trading

/// What the lake has read of the chain and can never change under the name by which it is kept: members by the digest of
/// the community's log of them, a meter's data provider, anchors. The newest state still says what was deleted.
package final class ChainCache: Sendable {
    /// Of all communities together; some 60 MB. What is beyond is read each time.
    static let membersMax = 262_144
    /// Some 60 MB; then all are forgotten.
    static let anchorsMax = 400_000
    static let metersMax = 400_000

    /// Members of a community and their amendments.
    struct Membership: Sendable {
        /// `CommunityHead.members`.
        let digest: Digest
        let members: [Member]
        let changes: [MemberNumber: [SettingsChange]]
    }

    private struct State {
        var memberships: [Address: Membership] = [:]
        var providers: [UInt64: String] = [:]
        var anchors: [Digest: BatchAnchor] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    func membership(of community: Address, _ digest: Digest) -> Membership? {
        state.withLock { state in state.memberships[community].flatMap { $0.digest == digest ? $0 : nil } }
    }

    func keep(_ membership: Membership, of community: Address) {
        state.withLock { state in
            state.memberships[community] = nil
            let others = state.memberships.values.reduce(0) { $0 + $1.members.count }
            if others + membership.members.count > ChainCache.membersMax { state.memberships = [:] }
            if membership.members.count <= ChainCache.membersMax { state.memberships[community] = membership }
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
