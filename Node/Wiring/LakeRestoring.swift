internal import Chain
internal import ContractHost
internal import ContractKit
internal import DataLake
internal import Logging
internal import NodeClient
internal import NodeRuntime
internal import Primitives
internal import RPC
internal import Replica
internal import Settlement
internal import Trading

extension LakeWiring {
    /// Brings back what the lake lacks until its task is cancelled, with at most a quarter of one core.
    func keepWhole(_ logger: Logger) async {
        var failure: String?
        while !Task.isCancelled {
            let began = ContinuousClock.now
            var isAtIt = false
            do {
                let status = await node.snapshot().status
                if !status.isSyncing, !status.isDiverged, node.view.tip.height > Height(0) {
                    let (addresses, isWhole) = try communities.communities(chain())
                    let done = try await restorer.round(addresses)
                    isAtIt = !isWhole || done.batches + done.periods > 0
                }
                failure = nil
            } catch {
                if failure != "\(error)" { logger.warning("what the lake lacks is not fetched: \(error)") }
                failure = "\(error)"
            }
            let pause = (ContinuousClock.now - began) * 3
            do { try await Task.sleep(for: isAtIt ? min(pause, .seconds(15)) : max(pause, .seconds(1))) } catch {
                return
            }
        }
    }

    /// Communities of the own partner, as of one final block.
    func communityList() async throws -> CommunityList {
        let chain = chain()
        var isWhole = false
        var addresses: [Address] = []
        while !isWhole { (addresses, isWhole) = try communities.communities(chain) }
        return CommunityList(
            partner: partner, time: chain.time.value, communities: try addresses.compactMap { try entry($0, chain) })
    }

    private func entry(_ address: Address, _ chain: LakeChain) throws -> CommunityList.Entry? {
        guard let view = try chain.community(address) else { return nil }
        let record = try chain.read(HostState.instances, address, of: WellKnown.host)
        let state =
            switch record?.status {
            case .superseded(let other)?: "superseded by \(other)"
            case .ended?: "ended"
            case .active?, nil: "active"
            }
        let last = view.head.lastSettled
        return CommunityList.Entry(
            community: address.description, name: view.rules.name, administrator: view.head.administrator,
            isAttester: chain.attesters(of: view.rules).contains(partner), state: state,
            periodMinutes: view.rules.period.minutes, members: view.head.openMemberships,
            membersEver: view.head.memberCount, lastSettled: last?.value,
            lastSettledStart: last.flatMap { view.rules.period.start(of: $0)?.value })
    }
}

extension LakeRoutes {
    func communities() async throws -> APIAnswer { try LakeRoutes.json(try await wiring.communityList()) }
}
