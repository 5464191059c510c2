internal import Chain
internal import ContractKit
internal import DataLake
internal import Primitives
internal import Trading

/// One settled period of which this lake lacks something: its readings, the salts, or the results.
///
/// Nothing is believed: the inputs are those whose digest the chain has, they name salts and batches, each batch is checked
/// as an anchored one, and results count when their root is the chain's.
struct PeriodRestore: Sendable {
    enum Step: Hashable, Sendable {
        /// Nothing lacks, or nothing can be had any more that this period could be computed from.
        case rests
        /// Everything is here now; so many batches came.
        case restored(batches: Int)
        /// Nobody who answered has it.
        case lacks
    }

    let community: CommunityView
    let partner: String
    let lake: DataLake
    let chain: ChainView
    let ask: SettlementEngine.Ask

    /// `known` are batches that the lake is known to have; those that are found are added.
    func run(_ period: PeriodNumber, known: inout Set<Digest>) async throws -> Step {
        guard let record = try chain.settlement(of: community.address, period: period) else { return .rests }
        let used = try lake.results.settled(
            of: community.address, period: period, version: record.claim.version, inputs: record.inputs)
        let sync = LakeSync(partner: partner, lake: lake, chain: chain, ask: ask)
        let others = sync.others(community)
        let fetch = SettledFetch(community: community.address, record: record, others: others, ask: ask)
        if let used {
            let missing = try missing(used.stored.batches, &known)
            try await bring(missing, from: others)
            let hasSalts = try hasSalts(record, used.origin)
            if missing.isEmpty, hasSalts { return .rests }
            let salts = try await hasSalts ? true : restoreSalts(used.stored.inputs, record, fetch) != nil
            return try step(missing, &known, isWhole: salts)
        }
        guard let inputs = await fetch.inputs(), let batches = await fetch.batches(inputs) else { return .lacks }
        let missing = try missing(batches, &known)
        try await bring(missing, from: others)
        let here = try self.missing(batches, &known).isEmpty
        guard let salts = try await restoreSalts(inputs, record, fetch), here else { return .lacks }
        guard try compute(inputs, batches, salts, record) else { return .rests }
        return .restored(batches: missing.count)
    }

    private func step(_ missing: [Digest], _ known: inout Set<Digest>, isWhole: Bool) throws -> Step {
        let left = try self.missing(SettlementBatches(missing), &known).count
        return left == 0 && isWhole ? .restored(batches: missing.count) : .lacks
    }

    /// Batches that the lake lacks, or whose file is damaged. Erased ones do not come back, nor do those that the owner
    /// declared deleted.
    private func missing(_ batches: SettlementBatches, _ known: inout Set<Digest>) throws -> [Digest] {
        var missing: [Digest] = []
        for digest in batches.digests where !known.contains(digest) {
            let status = try lake.entry(digest)?.status
            let isHere = status == .held || status == .erased
            if try isHere || chain.isDeleted(digest) { known.insert(digest) } else { missing.append(digest) }
        }
        return missing
    }

    private func bring(_ batches: [Digest], from others: [String]) async throws {
        let fetch = BatchFetch(partner: partner, lake: lake, ask: ask)
        for digest in batches {
            for other in others {
                do {
                    try await fetch.bring([digest], of: community, from: other, chain)
                    break
                } catch is LakeRefusal {
                    continue
                }
            }
        }
    }

    private func hasSalts(_ record: SettlementRecord, _ origin: String?) throws -> Bool {
        let (address, claim) = (community.address, record.claim)
        for place in origin == nil ? [nil] : [origin, nil] {
            let stored = try lake.secrets.storedSalts(
                of: address, period: claim.period, version: claim.version, origin: place, first: 0, limit: 1)
            if stored != nil { return true }
        }
        return try lake.secrets.key(of: nil, in: address) != nil
    }

    /// The salts that the inputs name, which then are what counts here: this node's own where they are those, else a
    /// partner's.
    private func restoreSalts(
        _ inputs: SettlementInputs, _ record: SettlementRecord, _ fetch: SettledFetch
    ) async throws -> SaltList? {
        let (address, period, version) = (community.address, record.claim.period, record.claim.version)
        let numbers = try chain.members(of: community, in: period).map(\.number)
        var found = try lake.secrets.salts(of: numbers, in: address, period: period, version: version)
        if found?.digest != inputs.salts { found = await fetch.salts(inputs) }
        guard let salts = found else { return nil }
        try lake.secrets.store(salts, of: address, period: period, version: version)
        return salts
    }

    /// Computes the version again and stores what comes out; false when that is not what the chain has.
    private func compute(
        _ inputs: SettlementInputs, _ batches: SettlementBatches, _ salts: SaltList, _ record: SettlementRecord
    ) throws -> Bool {
        let claim = record.claim
        var readings: [ReadingBatch] = []
        for digest in batches.digests {
            // An erased batch closes its period.
            guard let entry = try lake.entry(digest), entry.status == .held else { return false }
            readings.append(try lake.batch(of: entry))
        }
        guard let start = community.rules.period.start(of: claim.period) else { return false }
        let task = SettlementTask(
            repeating: record, of: community, isDeadlineOver: claim.stage != .provisional,
            members: try chain.members(of: community, in: claim.period),
            values: try chain.prices(of: community, at: start), batches: readings, salts: salts)
        let result = try task.run()
        guard result.claim.root == claim.root else { return false }
        try lake.results.store(result, inputs: inputs, batches: batches, of: community.address)
        return true
    }
}
