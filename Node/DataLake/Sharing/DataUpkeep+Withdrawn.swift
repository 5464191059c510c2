internal import Agreements
internal import ContractKit
internal import Logging
internal import Primitives

/// Copies of other partners' parts, where the descriptions do not let them lie any more.
extension DataUpkeep {
    /// Removes copies that the newest descriptions have not allowed here for `HoldingRights.graceMilliseconds` of the chain's time;
    /// those that went. Nothing while the chain is behind, and nothing of a data set whose description this node does not
    /// know: only a description says no. The own partner's parts stay in any case.
    @discardableResult
    package func letCopiesGo() throws -> [PartEntry] {
        let chain = try service.chain()
        guard chain.isFresh(service.now()) else { return [] }
        let known = try service.parts.withdrawn()
        var refusals: [Pair<String, String>: StorageRefusal?] = [:]
        var kept = Set<Digest>()
        var gone: [PartEntry] = []
        for entry in try service.parts.held() where entry.owner != service.partner && entry.isAnchored {
            let name = Pair(entry.owner, entry.dataSet)
            let refusal = try refusals[name] ?? service.refusal(entry.owner, entry.dataSet, chain)
            refusals[name] = refusal
            guard let refusal else { continue }
            let since = try service.parts.withdraw(entry.digest, at: chain.time)
            guard chain.time.distance(above: since) > HoldingRights.graceMilliseconds else {
                kept.insert(entry.digest)
                continue
            }
            try service.parts.forget(entry.digest)
            gone.append(entry)
            log.info(
                "the copy of part \(entry.digest.short) of \(entry.owner)/\(entry.dataSet) was removed: \(refusal.text)"
            )
        }
        if !known.isEmpty { try service.parts.restore(known.subtracting(kept)) }
        return gone
    }
}

extension DataService {
    /// Why a description of a data set does not let its parts lie at this node; nil when all do, or none is known.
    func refusal(_ owner: String, _ dataSet: String, _ chain: ChainView) throws -> StorageRefusal? {
        let country = try chain.read(Directory.countries, partner, of: WellKnown.governance)
        for each in try described(owner, dataSet, chain) {
            let refusal = AccessRule.storageRefusal(each.location, each.description, partner: partner, country: country)
            if let refusal { return refusal }
        }
        return nil
    }
}
