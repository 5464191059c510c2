package import DataLake
package import Primitives
package import Trading

/// Why a period cannot be settled now, in words for the administrator.
package enum SettlementRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownCommunity
    case noMembers(PeriodNumber)
    case notOver(PeriodNumber)
    /// A batch of the period was erased or declared deleted.
    case closed(batch: Digest, MeterNumber)
    /// A batch on disk is damaged.
    case damaged(batch: Digest, MeterNumber)
    case tooManyBatches
    /// The correction window of the period is closed.
    case windowClosed(PeriodNumber)
    /// The current settlement was computed from the same inputs.
    case unchanged(PeriodNumber, version: UInt32)
    case noSalts(PeriodNumber, version: UInt32)
    case computation(SettlementError)
    case lake(LakeError)
    case chain(String)
    /// Not enough partners attested.
    case notEnoughAttestations(given: Int, needed: Int, refusals: [String])

    /// For programs.
    package var name: String {
        switch self {
        case .unknownCommunity: "unknownCommunity"
        case .noMembers: "noMembers"
        case .notOver: "notOver"
        case .closed: "closed"
        case .damaged: "damaged"
        case .tooManyBatches: "tooManyBatches"
        case .windowClosed: "windowClosed"
        case .unchanged: "unchanged"
        case .noSalts: "noSalts"
        case .computation: "computation"
        case .lake: "lake"
        case .chain: "chain"
        case .notEnoughAttestations: "notEnoughAttestations"
        }
    }

    package var description: String {
        switch self {
        case .unknownCommunity: "the chain has no community at this address"
        case .noMembers(let period): "the community has no members in period \(period)"
        case .notOver(let period): "period \(period) is not over yet"
        case .closed(let batch, let meter):
            "batch \(batch.short) of meter \(meter) was erased, so the period is closed to correction"
        case .damaged(let batch, let meter):
            "batch \(batch.short) of meter \(meter) is damaged on disk: fetch it again from a partner of the policy"
        case .tooManyBatches:
            "the period draws on too many batches (\(DataLake.batchesPerMeterMax) of a meter, "
                + "\(SettlementBatches.countMax) in all); send longer ones"
        case .windowClosed(let period):
            "the correction window of period \(period) is closed; post the difference in a later period"
        case .unchanged(let period, let version):
            "period \(period) has version \(version), computed from the same readings: there is nothing to correct"
        case .noSalts(let period, let version):
            "salts for period \(period), version \(version) are missing: a member's key is not in this lake"
        case .computation(let error): error.description
        case .lake(let error): error.description
        case .chain(let why): "the state could not be read: \(why)"
        case .notEnoughAttestations(let given, let needed, let refusals):
            "\(given) of \(needed) attestations: " + refusals.joined(separator: "; ")
        }
    }
}
