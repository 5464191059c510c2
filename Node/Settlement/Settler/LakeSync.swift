internal import Chain
internal import ContractKit
internal import DataLake
internal import LedgerCrypto
internal import Primitives
internal import Trading

/// Asks the other partners of a community's policy for what this lake lacks. Who does not answer is passed over.
struct LakeSync: Sendable {
    /// Batches that one run fetches.
    static let fetchedMax = 4_096

    let partner: String
    let lake: DataLake
    let chain: ChainView
    let ask: SettlementEngine.Ask

    /// The administrator first, who has everything first.
    func others(_ community: CommunityView) -> [String] {
        var names = [community.head.administrator]
        for name in chain.attesters(of: community.rules) where !names.contains(name) { names.append(name) }
        return names.filter { $0 != partner }
    }

    /// Fetches anchored batches that reach into [from, to); how many came.
    func fetchBatches(_ community: CommunityView, from: Timestamp, to: Timestamp) async -> Int {
        var fetched = 0
        for other in others(community) {
            for listed in await list(other, community.address, from, to) {
                guard fetched < LakeSync.fetchedMax else { return fetched }
                guard isWanted(listed, community),
                    case .batchBytes(let bytes)? = await ask(other, .batch(listed.digest)),
                    SHA256.hash(bytes) == listed.digest, let batch = try? ReadingBatch(bcs: bytes),
                    batch.meter == listed.meter, (try? lake.store(bytes)) != nil
                else { continue }
                fetched += 1
            }
        }
        return fetched
    }

    /// A list that is full is asked for again in halves.
    private func list(_ other: String, _ community: Address, _ from: Timestamp, _ to: Timestamp) async -> [ListedBatch]
    {
        guard case .listed(let batches)? = await ask(other, .list(community: community, from: from, to: to)) else {
            return []
        }
        let middle = Timestamp(from.value + (to.value - min(from.value, to.value)) / 2)
        guard batches.count >= LakeMessage.listMax, middle > from, middle < to,
            to.value - from.value > Resolution.minutes15.milliseconds
        else { return batches }
        return await list(other, community, from, middle) + list(other, community, middle, to)
    }

    private func isWanted(_ listed: ListedBatch, _ community: CommunityView) -> Bool {
        do {
            if let entry = try lake.entry(listed.digest), entry.status != .corrupted { return false }
            guard let anchor = try chain.anchor(listed.digest), try chain.isReadings(anchor, of: listed.meter),
                try !chain.isDeleted(listed.digest)
            else { return false }
            return try chain.mayHold(listed.meter, partner: partner)
                || chain.mayHold(listed.meter, from: listed.from, to: listed.to, of: community, partner: partner)
        } catch {
            return false
        }
    }

    /// Makes sure that the salts of a version are here; false when nobody gave them. Salts follow from keys that the
    /// administrator has; partners have those of what they attested. Of a version that the chain took they are checked
    /// against its record, whoever gives them; those of another one come from the administrator's node alone, since nothing
    /// tells whether what another partner gives is not of its own making.
    func fetchSalts(_ community: CommunityView, _ members: [Member], _ period: PeriodNumber, _ version: UInt32) async
        -> Bool
    {
        let (address, numbers) = (community.address, members.map(\.number))
        let own = try? lake.secrets.derivedSalts(
            of: numbers, in: address, period: period, version: version, membership: community.head.members)
        if own != nil { return true }
        let administrator = community.head.administrator
        let attempted = try? lake.secrets.salts(
            of: numbers, in: address, period: period, version: version, origin: administrator)
        if attempted != nil { return true }
        var found: SaltList?
        if let record = try? chain.settlement(of: address, period: period), record.claim.version == version {
            let fetch = SettledFetch(community: address, record: record, others: others(community), ask: ask)
            if let inputs = await fetch.inputs() { found = await fetch.salts(inputs) }
        } else if administrator != partner {
            let parts = SaltParts(community: address, period: period, version: version)
            found = await parts.fetch(count: numbers.count) { await ask(administrator, $0) }
        }
        guard let found, found.members.map(\.member) == numbers,
            (try? lake.secrets.store(found, of: address, period: period, version: version)) != nil
        else { return false }
        return true
    }
}
