package import Consensus
package import Replica

/// Rules that a run can switch off, to show that the simulator notices.
package enum Mutation: String, CaseIterable, Sendable, Hashable {
    case tallyBeforeSync, finalizeWithoutDurableCertificate, noNotarizeAfterNullify, delayCountsNullifiedOnly
    case pruneBeforeSync, finalizationIsNoParent, emptyDescendantsAfterClosing, freshStartFromBackup
    case missingNullificationAccepted, reservationForgotten

    package var consensus: ConsensusMutation {
        switch self {
        case .tallyBeforeSync: .tallyBeforeSync
        case .finalizeWithoutDurableCertificate: .finalizeWithoutDurableCertificate
        case .noNotarizeAfterNullify: .noNotarizeAfterNullify
        case .delayCountsNullifiedOnly: .delayCountsNullifiedOnly
        case .pruneBeforeSync: .pruneBeforeSync
        case .finalizationIsNoParent: .finalizationIsNoParent
        case .emptyDescendantsAfterClosing: .emptyDescendantsAfterClosing
        case .freshStartFromBackup: .freshStartFromBackup
        case .missingNullificationAccepted: .missingNullificationAccepted
        case .reservationForgotten: .reservationForgotten
        }
    }

    package func apply(to configuration: inout ReplicaConfiguration) { configuration.mutations = consensus }
}
