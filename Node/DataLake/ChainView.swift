package import Chain
package import ContractKit
package import LedgerCrypto
package import Primitives
package import Trading

/// Gives the newest final state.
package typealias ChainSource = @Sendable () throws(StorageFailure) -> ChainView

/// The chain as one final block left it, read by the lake and the settlement: who may hold what, what is anchored.
package struct ChainView: Sendable {
    package let network: Digest
    /// Time of the block.
    package let time: Timestamp
    package let validators: ValidatorSet
    package let state: any StateReader & Sendable
    let cache: ChainCache
    /// Nil where only the state is at hand: then all is read from it.
    let events: ChainEvents?

    /// `cache` may be shared by the views of one network.
    package init(
        network: Digest, time: Timestamp, validators: ValidatorSet, state: any StateReader & Sendable,
        cache: ChainCache = ChainCache(), events: ChainEvents? = nil
    ) {
        self.cache = cache
        self.events = events
        self.network = network
        self.time = time
        self.validators = validators
        self.state = state
    }

    package func read<Value>(
        _ storage: StorageValue<Value>, of instance: Address
    ) throws(StorageFailure) -> Value? {
        try decoded(storage.stateKey(at: instance))
    }

    package func read<Key, Value>(
        _ storage: StorageMap<Key, Value>, _ key: Key, of instance: Address
    ) throws(StorageFailure) -> Value? {
        try decoded(storage.stateKey(key, at: instance))
    }

    private func decoded<Value: BCSDecodable>(_ key: [UInt8]) throws(StorageFailure) -> Value? {
        guard let bytes = try state.value(key) else { return nil }
        do { return try Value(bcs: bytes) } catch {
            throw StorageFailure("the state's record \(Hex.encode(key)) does not decode: \(error)")
        }
    }

    package func meter(_ number: MeterNumber) throws(StorageFailure) -> Meter? {
        try read(Directory.meters, number.value, of: WellKnown.identity)
    }

    package func anchor(_ batch: Digest) throws(StorageFailure) -> BatchAnchor? {
        try read(Directory.batches, batch, of: WellKnown.anchors)
    }

    /// The owner's word that the content of a batch was deleted, nil when there is none.
    package func tombstone(_ batch: Digest) throws(StorageFailure) -> Tombstone? {
        try read(Directory.tombstones, batch, of: WellKnown.anchors)
    }

    package func isDeleted(_ batch: Digest) throws(StorageFailure) -> Bool {
        try read(Directory.tombstones, batch, of: WellKnown.anchors) != nil
    }

    package func community(_ address: Address) throws(StorageFailure) -> CommunityView? {
        guard let head = try read(Community.head, of: address) else { return nil }
        var bytes: [UInt8] = []
        var part: UInt16 = 0
        while bytes.count == Int(part) * RulesPart.bytesMax, bytes.count <= CommunityRules.byteCountMax,
            let next = try read(Community.rulesParts, part, of: address)
        {
            bytes.append(contentsOf: next.bytes)
            part += 1
        }
        do {
            return CommunityView(address: address, head: head, rules: try CommunityRules(bcs: bytes))
        } catch {
            throw StorageFailure("the rules of community \(address) do not decode: \(error)")
        }
    }

    /// Members that count in `period`, ascending, each with its settings in it.
    package func members(
        of community: CommunityView, in period: PeriodNumber
    ) throws(StorageFailure) -> [Member] {
        try activeMembers(of: community, in: period).members
    }

    /// The same with their meters.
    package func activeMembers(
        of community: CommunityView, in period: PeriodNumber
    ) throws(StorageFailure) -> ActiveMembers {
        try membership(of: community).active(in: period)
    }

    /// Amendments of a member, in their order.
    package func changes(of member: Member, in community: Address) throws(StorageFailure) -> [SettingsChange] {
        var changes: [SettingsChange] = []
        for number in 0..<member.amendments {
            guard let change = try read(Community.changes, Pair(member.number, number), of: community) else {
                throw StorageFailure("community \(community) lacks amendment \(number) of member \(member.number)")
            }
            changes.append(change)
        }
        return changes
    }

    /// Values of the rules' price series for the hour that contains `time`, by position.
    package func prices(of community: CommunityView, at time: Timestamp) throws(StorageFailure) -> [Amount?] {
        guard let place = PriceDay.place(of: time) else { return community.rules.series.map { _ in nil } }
        var values: [Amount?] = []
        for series in community.rules.series.indices {
            let day = try read(Community.priceDays, Pair(UInt16(series), place.day), of: community.address)
            values.append(day?.values[place.hour])
        }
        return values
    }

    /// When the correction window of a final period closes; nil while it is not final.
    package func windowClosing(
        of community: Address, period: PeriodNumber
    ) throws(StorageFailure) -> Timestamp? {
        try read(Community.windows, period, of: community)
    }

    /// Members ever admitted, ascending; at most 131,072.
    package func members(of community: CommunityView) throws(StorageFailure) -> [Member] {
        try membership(of: community).members
    }

    package func settlement(
        of community: Address, period: PeriodNumber
    ) throws(StorageFailure) -> SettlementRecord? {
        try read(Community.settlements, period, of: community)
    }

    /// Keys with which a partner attests: its own, and that of its validator.
    package func attestationKeys(of partner: String) throws(StorageFailure) -> [PublicKey] {
        let own: Partner? = try read(Directory.partners, partner, of: WellKnown.governance)
        let validator = validators.index(ofPartner: partner).map { validators.validators[$0].consensusKey }
        return (own?.keys ?? []) + (validator.map { [$0] } ?? [])
    }
}

/// A community as the chain has it.
package struct CommunityView: Sendable {
    package let address: Address
    package let head: CommunityHead
    package let rules: CommunityRules
}

// MARK: Who may hold what

extension ChainView {
    /// Partners that may hold and recompute a community's data.
    package func attesters(of rules: CommunityRules) -> [String] {
        rules.attestation.attesters.isEmpty ? validators.validators.map(\.partner) : rules.attestation.attesters
    }

    package func mayHold(_ community: CommunityView, partner: String) -> Bool {
        community.head.administrator == partner || attesters(of: community.rules).contains(partner)
    }
}
