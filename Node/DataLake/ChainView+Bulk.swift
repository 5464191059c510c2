package import Chain
package import ContractKit
internal import LedgerCrypto
package import Primitives
package import Trading

/// Reads of many records at once, for communities of many members.
extension ChainView {
    /// Records under `keys`, in their order.
    func read<Key, Value>(
        _ storage: StorageMap<Key, Value>, all keys: [Key], of instance: Address
    ) throws(StorageFailure) -> [Value?] {
        let stateKeys = keys.map { storage.stateKey($0, at: instance) }
        var values: [Value?] = []
        values.reserveCapacity(keys.count)
        for (key, bytes) in zip(stateKeys, try state.values(stateKeys)) {
            guard let bytes else {
                values.append(nil)
                continue
            }
            do { values.append(try Value(bcs: bytes)) } catch {
                throw StorageFailure("the state's record \(Hex.encode(key)) does not decode: \(error)")
            }
        }
        return values
    }

    /// Members ever admitted, ascending, with their amendments in order; at most 131,072 members. Known ones are brought up
    /// to date by what final blocks said since; the digest of the log tells whether that is all.
    func membership(of community: CommunityView) throws(StorageFailure) -> Membership {
        let (address, digest) = (community.address, community.head.members)
        let known = cache.membership(of: address)
        if let known, known.membership.digest == digest { return known.membership }
        var number: UInt64 = 0
        if let events {
            let answer = try cache.events.follow(events, from: known?.number, of: address)
            number = answer.next
            let own = answer.changes?.compactMap { entry -> Event? in
                guard case .membership(let event) = entry.change, event.instance == address else { return nil }
                return event
            }
            if let known, let own, let made = known.membership.applying(own, to: digest) {
                // Of an older view: what came after it is still to be applied.
                if answer.followed == events.height { cache.keep(made, of: address, from: number) }
                return made
            }
        }
        let made = try readMembership(of: community)
        cache.keep(made, of: address, from: number)
        return made
    }

    private func readMembership(of community: CommunityView) throws(StorageFailure) -> Membership {
        let address = community.address
        let count = min(community.head.memberCount, Community.membersMax)
        let numbers = (0..<count).map { MemberNumber($0 + 1) }
        var members: [Member] = []
        members.reserveCapacity(numbers.count)
        for (number, member) in zip(numbers, try read(Community.members, all: numbers, of: address)) {
            guard let member else {
                throw StorageFailure("community \(address) lacks the record of member \(number)")
            }
            members.append(member)
        }
        let wanted = members.flatMap { member in (0..<member.amendments).map { Pair(member.number, $0) } }
        var changes: [MemberNumber: [SettingsChange]] = [:]
        for (key, change) in zip(wanted, try read(Community.changes, all: wanted, of: address)) {
            guard let change else {
                throw StorageFailure("community \(address) lacks amendment \(key.second) of member \(key.first)")
            }
            changes[key.first, default: []].append(change)
        }
        return Membership(digest: community.head.members, members: members, changes: changes)
    }

    /// Data providers of meters, in their order; a registration never changes its provider.
    package func dataProviders(of meters: [MeterNumber]) throws(StorageFailure) -> [String?] {
        var known = cache.providers(meters)
        let missing = meters.indices.filter { known[$0] == nil }
        if missing.isEmpty { return known }
        let records = try read(
            Directory.meters, all: missing.map { meters[$0].value }, of: WellKnown.identity)
        var added: [(meter: MeterNumber, provider: String)] = []
        for (index, record) in zip(missing, records) {
            guard let record else { continue }
            known[index] = record.dataProvider
            added.append((meters[index], record.dataProvider))
        }
        cache.keep(added)
        return known
    }

    /// Anchors of batches, in their order. An anchor never changes.
    package func anchors(_ batches: [Digest]) throws(StorageFailure) -> [BatchAnchor?] {
        var known = cache.anchors(batches)
        let missing = batches.indices.filter { known[$0] == nil }
        // A newer view may have found what was not there yet.
        if let height = events?.height {
            for index in batches.indices {
                if let anchor = known[index], anchor.height > height { known[index] = nil }
            }
        }
        if missing.isEmpty { return known }
        let records = try read(Directory.batches, all: missing.map { batches[$0] }, of: WellKnown.anchors)
        var added: [(batch: Digest, anchor: BatchAnchor)] = []
        for (index, record) in zip(missing, records) {
            guard let record else { continue }
            known[index] = record
            added.append((batches[index], record))
        }
        cache.keep(added)
        return known
    }

    /// Which of the batches the owner declared deleted. Read anew each time.
    package func deleted(among batches: [Digest]) throws(StorageFailure) -> Set<Digest> {
        let keys = batches.map { Directory.tombstones.stateKey($0, at: WellKnown.anchors) }
        var deleted: Set<Digest> = []
        for (batch, value) in zip(batches, try state.values(keys)) where value != nil { deleted.insert(batch) }
        return deleted
    }
}
