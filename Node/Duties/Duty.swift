package import Chain
package import ContractKit
internal import Governance
package import LedgerCrypto
internal import Primitives

/// What a node owes Governance.
package enum Duty: Hashable, Sendable {
    /// Proof that a validator contradicted itself.
    case evidence(Evidence)
    /// This release carries a contract version that is not active.
    case version(ContractVersion)
    /// A proposal would make this node a validator, and wants to know that it has caught up.
    case synced(proposal: UInt64)

    /// The call that does it, over the chain at `height`.
    func call(at height: Height) -> Call {
        switch self {
        case .evidence(let evidence):
            Governance.reportEvidence.call(on: WellKnown.governance, EvidenceReport(evidence))
        case .version(let version): Governance.reportVersion.call(on: WellKnown.governance, version)
        case .synced: Governance.reportSynced.call(on: WellKnown.governance, SyncReport(height: height))
        }
    }

    /// Completes "reports ...".
    var words: String {
        switch self {
        case .evidence(let evidence):
            "that validator \(evidence.first.signer) contradicted itself in view \(evidence.first.view) of epoch "
                + "\(evidence.first.epoch)"
        case .version(let version): "that this release carries \(version.name) version \(version.version)"
        case .synced(let proposal): "that it is synchronised, for proposal \(proposal)"
        }
    }
}

/// Who reports: a partner, with one of its keys.
package struct DutyHolder: Sendable {
    package let partner: String
    package let operatorKey: Secp256k1.SecretKey
    /// The validator that this node is or would be; nil for one that only follows.
    package let validator: Validator?

    package init(partner: String, operatorKey: Secp256k1.SecretKey, validator: Validator?) {
        self.partner = partner
        self.operatorKey = operatorKey
        self.validator = validator
    }
}
