package import Chain
package import DataLake
internal import Primitives
package import Trading

/// Asks a partner for the salts of a period, part by part: a whole list of a large community fits into no message.
package struct SaltParts: Sendable {
    package let community: Address
    package let period: PeriodNumber
    package let version: UInt32

    package init(community: Address, period: PeriodNumber, version: UInt32) {
        self.community = community
        self.period = period
        self.version = version
    }

    /// Salts of `count` members; nil when the partner has them not, or sent something else.
    package func fetch(count: Int, _ ask: (LakeMessage) async -> LakeMessage?) async -> SaltList? {
        var entries: [SaltList.Entry] = []
        var own: Digest?
        repeat {
            let message = LakeMessage.saltPart(
                community: community, period: period, version: version, first: UInt32(clamping: entries.count))
            guard case .saltList(let part)? = await ask(message), own == nil || own == part.community else {
                return nil
            }
            own = part.community
            guard entries.count + part.members.count <= count, !Task.isCancelled else { return nil }
            entries += part.members
            if part.members.isEmpty { break }
        } while entries.count < count
        guard let own, entries.count == count, zip(entries, entries.dropFirst()).allSatisfy({ $0.member < $1.member })
        else { return nil }
        return SaltList(community: own, members: entries)
    }
}

/// Asks a partner for the batches of a settlement, likewise.
struct BatchParts: Sendable {
    let community: Address
    let period: PeriodNumber
    let version: UInt32

    /// `count` batches; nil when the partner has them not, sends something else, or a settlement cannot have so many.
    func fetch(count: UInt32, _ ask: (LakeMessage) async -> LakeMessage?) async -> SettlementBatches? {
        guard count <= SettlementBatches.countMax else { return nil }
        var digests: [Digest] = []
        while digests.count < count, !Task.isCancelled {
            let message = LakeMessage.batchPart(
                community: community, period: period, version: version, first: UInt32(clamping: digests.count))
            guard case .batchList(let part)? = await ask(message), let first = part.digests.first,
                digests.last.map({ $0 < first }) ?? true, digests.count + part.digests.count <= count
            else { return nil }
            digests += part.digests
        }
        return digests.count == count ? SettlementBatches(digests) : nil
    }
}
