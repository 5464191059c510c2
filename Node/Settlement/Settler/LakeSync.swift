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
    /// How long one partner may take in a run: communities and periods wait meanwhile. The next run goes on.
    static let partnerMilliseconds = 30_000
    /// Batches that a partner lists and does not give, in a run.
    static let vainMax = 16

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
        for other in others(community) where fetched < LakeSync.fetchedMax && !Task.isCancelled {
            fetched += await fetchBatches(community, from, to, of: other, limit: LakeSync.fetchedMax - fetched)
        }
        return fetched
    }

    /// From one partner, page by page: a list that is full is asked for again in halves. One that is silent or slow, or lists what it
    /// does not give, is passed over for the rest.
    private func fetchBatches(
        _ community: CommunityView, _ from: Timestamp, _ to: Timestamp, of other: String, limit: Int
    ) async -> Int {
        let end = ContinuousClock.now + .milliseconds(LakeSync.partnerMilliseconds)
        var (fetched, vain, strange) = (0, 0, 0)
        // Halves of halves: no more of them than a time has bits.
        var spans = [(from: from, to: to)]
        while let span = spans.popLast() {
            guard !Task.isCancelled, ContinuousClock.now < end,
                case .listed(let page)? = await ask(
                    other, .list(community: community.address, from: span.from, to: span.to))
            else { return fetched }
            for listed in page {
                guard fetched < limit, vain < LakeSync.vainMax, strange < LakeMessage.listMax, !Task.isCancelled,
                    ContinuousClock.now < end
                else { return fetched }
                switch judge(listed, community) {
                case .rests: break
                case .strange: strange += 1
                case .wanted:
                    guard let answer = await ask(other, .batch(listed.digest)) else { return fetched }
                    if store(answer, listed) { fetched += 1 } else { vain += 1 }
                }
            }
            let length = span.to.value - min(span.from.value, span.to.value)
            guard page.count >= LakeMessage.listMax, length > Resolution.minutes15.milliseconds else { continue }
            let middle = Timestamp(span.from.value + length / 2)
            spans += [(middle, span.to), (span.from, middle)]
        }
        return fetched
    }

    /// Keeps a batch that is what was listed: the right to hold it was judged by that.
    private func store(_ answer: LakeMessage, _ listed: ListedBatch) -> Bool {
        guard case .batchBytes(let bytes) = answer, SHA256.hash(bytes) == listed.digest,
            let batch = try? ReadingBatch(bcs: bytes), batch.meter == listed.meter,
            let span = batch.span, span.from == listed.from, span.to == listed.to
        else { return false }
        return (try? lake.store(bytes)) != nil
    }

    private enum Listing {
        case wanted
        /// It is here, or not for this lake.
        case rests
        /// The chain does not name it, or not yet. A page of such ones is no list.
        case strange
    }

    private func judge(_ listed: ListedBatch, _ community: CommunityView) -> Listing {
        do {
            if let entry = try lake.entry(listed.digest), entry.status != .corrupted { return .rests }
            guard let anchor = try chain.anchor(listed.digest), try chain.isReadings(anchor, of: listed.meter) else {
                return .strange
            }
            let mayHold = try chain.mayHold(listed.meter, from: listed.from, to: listed.to, partner: partner) {
                [community]
            }
            return try mayHold && !chain.isDeleted(listed.digest) ? .wanted : .rests
        } catch {
            return .rests
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
