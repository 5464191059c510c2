internal import Chain
internal import ContractKit
internal import LedgerCrypto
package import Primitives
package import Trading

/// Recomputes and signs; implemented by the settlement module.
package protocol AttestationService: Sendable {
    func attest(_ request: AttestationRequest, for partner: String) async -> LakeMessage
}

/// Gives parts of data sets to other partners and takes them; implemented by `PartReplication`.
package protocol PartExchange: Sendable {
    func answer(_ message: LakeMessage, from sender: String) async throws -> LakeMessage
}

/// Answers other partners' lake messages: what the policies allow, and nothing else; nothing while this node's chain is behind.
package struct LakeService: Sendable {
    /// This node's partner.
    package let partner: String
    let lake: DataLake
    let room: WaitingRoom
    /// The machine's clock.
    let now: @Sendable () -> Timestamp
    private let chain: ChainSource
    private let communities: CommunitySource
    private let attester: (any AttestationService)?
    private let data: (any PartExchange)?
    private let results: (any ResultAttestation)?

    /// `chain` gives the newest final state; `attester` and `results` are nil on a node that does not attest, `data` on
    /// one that holds no data sets beyond readings. `now` is the machine's clock, `communities` are those of `partner`.
    package init(
        partner: String, lake: DataLake, attester: (any AttestationService)?, data: (any PartExchange)? = nil,
        results: (any ResultAttestation)? = nil, room: WaitingRoom = .standard,
        now: @escaping @Sendable () -> Timestamp, communities: @escaping CommunitySource,
        chain: @escaping ChainSource
    ) {
        self.partner = partner
        self.lake = lake
        self.room = room
        self.now = now
        self.attester = attester
        self.data = data
        self.results = results
        self.communities = communities
        self.chain = chain
    }

    func view() throws(StorageFailure) -> ChainView { try chain() }

    /// The answer to a request by `sender`, whose link proved which partner it is. Answers get a refusal.
    package func handle(_ message: LakeMessage, from sender: String) async -> LakeMessage {
        do {
            let chain = try chain()
            if try chain.isSuspended(sender) { throw LakeRefusal(.notPermitted, "partner \(sender) is suspended") }
            if sender != partner, message.isJudgedByPolicy { try requireFresh(chain) }
            switch message {
            case .batch(let digest): return .batchBytes(try bytes(digest, for: sender))
            case .store(let bytes): return .stored(try store(bytes, from: sender))
            case .list(let community, let from, let to):
                return .listed(try list(community, from: from, to: to, for: sender))
            case .salts(let community, let period, let version):
                return .saltList(try salts(community, period, version, for: sender))
            case .attest(let request):
                guard let attester else { throw LakeRefusal(.unavailable, "\(partner) runs no attester") }
                return await attester.attest(request, for: sender)
            case .saltPart(let community, let period, let version, let first):
                return .saltList(try saltPart(community, period, version, first, for: sender))
            case .batchPart(let community, let period, let version, let first):
                return .batchList(try batchPart(community, period, version, first, for: sender))
            case .attestResult(let request):
                guard let results else { throw LakeRefusal(.unavailable, "\(partner) recomputes no analyses") }
                return await results.attest(request, for: sender)
            case .inputs(let community, let period, let version):
                return .settledInputs(try inputs(community, period, version, for: sender))
            case .part, .chunks, .offer:
                guard let data else { throw LakeRefusal(.unavailable, "\(partner) holds no data sets") }
                return try await data.answer(message, from: sender)
            case .batchBytes, .stored, .listed, .saltList, .attested, .batchList, .refused, .manifest, .chunkBytes,
                .settledInputs:
                throw LakeRefusal(.malformed, "an answer was sent where a request belongs")
            }
        } catch let refusal as LakeRefusal {
            return .refused(refusal)
        } catch let error as LakeError {
            return .refused(LakeRefusal(error))
        } catch {
            return .refused(LakeRefusal(.unavailable, "\(partner): \(error)"))
        }
    }

    private func bytes(_ digest: Digest, for sender: String) throws -> [UInt8] {
        guard let entry = try lake.entry(digest) else { throw LakeError.notHeld(digest) }
        let chain = try chain()
        let isPermitted = try mayHave(entry.meter, from: entry.from, to: entry.to, sender, chain)
        try require(isPermitted, sender, "may not have batch \(digest.short)")
        guard let anchor = try chain.anchor(digest), try chain.isReadings(anchor, of: entry.meter) else {
            throw LakeRefusal(
                .unknown, "batch \(digest.short) is not anchored as readings by the meter's data provider")
        }
        if try chain.tombstone(digest, of: entry.meter) != nil {
            throw LakeRefusal(.erased, "the owner declared batch \(digest.short) deleted")
        }
        return try lake.bytes(digest)
    }

    /// Whether a partner may have readings of [from, to): as members of the meter's present community, or of one that this
    /// node's partner has to do with.
    package func mayHave(
        _ meter: MeterNumber, from: Timestamp, to: Timestamp, _ partner: String, _ chain: ChainView
    ) throws -> Bool {
        try chain.mayHold(meter, from: from, to: to, partner: partner) {
            guard let others = try communities(chain) else {
                throw LakeRefusal(
                    .unavailable,
                    "\(self.partner)'s node has not read yet which communities it has to do with; try again")
            }
            return others
        }
    }

    /// Throws when this node's chain is too old to know by it who may have what now.
    package func requireFresh(_ chain: ChainView) throws { try chain.requireFresh(now(), at: partner) }

    /// Takes a batch that the meter's data provider anchored, from and for partners that may hold it.
    private func store(_ bytes: [UInt8], from sender: String) throws -> Digest {
        guard bytes.count <= ReadingBatch.byteCountMax, let batch = try? ReadingBatch(bcs: bytes), let span = batch.span
        else {
            throw LakeRefusal(.malformed, "the bytes are no reading batch")
        }
        let digest = SHA256.hash(bytes)
        let chain = try chain()
        for each in [sender, partner] {
            let isPermitted = try mayHave(batch.meter, from: span.from, to: span.to, each, chain)
            try require(isPermitted, each, "may not have batch \(digest.short)")
        }
        guard let anchor = try chain.anchor(digest) else {
            throw LakeRefusal(.unknown, "batch \(digest.short) is not anchored; anchor it before replicating it")
        }
        guard try chain.isReadings(anchor, of: batch.meter) else {
            throw LakeRefusal(
                .notPermitted, "batch \(digest.short) is not anchored as readings by the meter's data provider")
        }
        if try chain.isDeleted(digest) {
            throw LakeRefusal(.erased, "the owner declared batch \(digest.short) deleted")
        }
        return try lake.store(bytes).digest
    }

    /// Of the members' times only: what a meter read before or after is of no business to the community.
    private func list(
        _ address: Address, from: Timestamp, to: Timestamp, for sender: String
    ) throws -> [ListedBatch] {
        let chain = try chain()
        let community = try permitted(address, sender, chain)
        var listed: [ListedBatch] = []
        let memberships = try chain.members(of: community).flatMap { member in member.meters.map { (member, $0) } }
        for (member, meter) in memberships {
            let span = community.span(of: member)
            let entries = try lake.entries(of: meter, from: max(from, span.from), to: min(to, span.to))
                .filter { $0.status == .held }
            for (entry, anchor) in zip(entries, try chain.anchors(entries.map(\.digest))) {
                guard let anchor, try chain.isReadings(anchor, of: meter),
                    try chain.tombstone(entry.digest, of: meter) == nil
                else { continue }
                listed.append(ListedBatch(digest: entry.digest, meter: meter, from: entry.from, to: entry.to))
                if listed.count == LakeMessage.listMax { return listed }
            }
        }
        return listed
    }

    private func salts(
        _ address: Address, _ period: PeriodNumber, _ version: UInt32, for sender: String
    ) throws -> SaltList {
        let chain = try chain()
        let community = try permitted(address, sender, chain)
        try requireOver(period, community, chain)
        let members = try chain.members(of: community).filter { $0.isActive(in: period) }.map(\.number)
        guard let salts = try lake.secrets.salts(of: members, in: address, period: period, version: version) else {
            throw LakeRefusal(.notHeld, "\(partner) has not the salts of period \(period), version \(version)")
        }
        return salts
    }

    private func saltPart(
        _ address: Address, _ period: PeriodNumber, _ version: UInt32, _ first: UInt32, for sender: String
    ) throws -> SaltList {
        let chain = try chain()
        let community = try permitted(address, sender, chain)
        try requireOver(period, community, chain)
        let settled = try settled(address, period, version, chain)
        // Those of what the chain took, else what counts here.
        for origin in settled == nil ? [nil] : [settled?.origin, nil] {
            let stored = try lake.secrets.storedSalts(
                of: address, period: period, version: version, origin: origin, first: first, limit: LakeMessage.partMax)
            if let stored { return stored }
        }
        // The administrator's keys give them for any period.
        let derived = try lake.secrets.derivedSalts(
            of: try chain.members(of: community, in: period).map(\.number), in: address, period: period,
            version: version, membership: community.head.members)
        guard let derived else {
            // Of an attempt by the administrator's node that this one attested.
            let attempted = try lake.secrets.storedSalts(
                of: address, period: period, version: version, origin: community.head.administrator, first: first,
                limit: LakeMessage.partMax)
            if let attempted { return attempted }
            throw LakeRefusal(.notHeld, "\(partner) has not the salts of period \(period), version \(version)")
        }
        return SaltList(
            community: derived.community,
            members: Array(derived.members.dropFirst(Int(first)).prefix(LakeMessage.partMax)))
    }

    /// What this lake has of a version that the chain took; nil when the chain has another one, or none.
    private func settled(
        _ address: Address, _ period: PeriodNumber, _ version: UInt32, _ chain: ChainView
    ) throws -> (stored: ResultStore.StoredInputs, origin: String?)? {
        guard let record = try chain.settlement(of: address, period: period), record.claim.version == version else {
            return nil
        }
        return try lake.results.settled(of: address, period: period, version: version, inputs: record.inputs)
    }

    /// Who is a member of a period, and so what its salts are, is settled when it is over.
    private func requireOver(_ period: PeriodNumber, _ community: CommunityView, _ chain: ChainView) throws {
        guard let end = community.rules.period.end(of: period), end <= chain.time else {
            throw LakeRefusal(.notHeld, "period \(period) is not over, so it has no salts yet")
        }
    }

    private func batchPart(
        _ address: Address, _ period: PeriodNumber, _ version: UInt32, _ first: UInt32, for sender: String
    ) throws -> SettlementBatches {
        let chain = try chain()
        _ = try permitted(address, sender, chain)
        let settled = try settled(address, period, version, chain)?.stored
        guard let stored = try settled ?? lake.results.inputs(of: address, period: period, version: version) else {
            throw LakeRefusal(.notHeld, "\(partner) has not the batches of period \(period), version \(version)")
        }
        return SettlementBatches(Array(stored.batches.digests.dropFirst(Int(first)).prefix(LakeMessage.partMax)))
    }

    private func inputs(
        _ address: Address, _ period: PeriodNumber, _ version: UInt32, for sender: String
    ) throws -> SettlementInputs {
        let chain = try chain()
        _ = try permitted(address, sender, chain)
        guard let stored = try settled(address, period, version, chain)?.stored else {
            throw LakeRefusal(.notHeld, "\(partner) has not the inputs of period \(period), version \(version)")
        }
        return stored.inputs
    }

    private func permitted(_ address: Address, _ sender: String, _ chain: ChainView) throws -> CommunityView {
        guard let community = try chain.community(address) else {
            throw LakeRefusal(.unknown, "the chain has no community \(address)")
        }
        try require(
            chain.mayHold(community, partner: sender), sender, "is not named by the policy of community \(address)")
        return community
    }

    private func require(_ isPermitted: Bool, _ sender: String, _ what: String) throws {
        if !isPermitted { throw LakeRefusal(.notPermitted, "partner \(sender) \(what)") }
    }
}

extension LakeRefusal {
    package init(_ error: LakeError) {
        switch error {
        case .notHeld, .partNotHeld: self.init(.notHeld, error.description)
        case .erased, .partErased: self.init(.erased, error.description)
        case .partCorrupted: self.init(.damaged, error.description)
        case .corrupted: self.init(.damaged, "this lake's copy of the batch is damaged")
        case .malformed: self.init(.malformed, error.description)
        case .storage: self.init(.unavailable, "this lake's storage failed")
        }
    }
}
