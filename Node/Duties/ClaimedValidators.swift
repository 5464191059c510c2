internal import Chain
internal import ContractKit
internal import Governance
internal import LedgerCrypto
internal import Primitives

/// Validators to be: those that the council's open and approved proposals claim for partners that the council gave the role.
/// Nodes let their transport keys in, as of nodes that follow, so that they catch up before the proposal is carried out; then
/// the validator set has them, or nobody has any more.
///
/// Each proposal is read until it is decided. Of one proposer `perProposerMax` claims count and `countMax` in all, the approved
/// ones first and then the oldest, so that no member of the council fills the places of the others.
struct ClaimedValidators {
    static let countMax = 16
    static let perProposerMax = 2

    /// Proposals that may still let somebody in, ascending.
    private var live: [UInt64] = []
    /// Proposals below were read.
    private var next: UInt64 = 0

    mutating func validators(_ view: GovernanceView) throws(StorageFailure) -> [Validator] {
        let count = try view.proposalCount()
        if next < count { live += next..<count }
        next = max(next, count)
        var approved: [Validator] = []
        var open: [Validator] = []
        var counts: [String: Int] = [:]
        var kept: [UInt64] = []
        for number in live {
            guard let proposal = try view.proposal(number), case .addValidator(let claim) = proposal.action,
                try isPending(proposal, claim.validator, view)
            else { continue }
            kept.append(number)
            guard try isClaimed(claim, view), counts[proposal.proposer, default: 0] < ClaimedValidators.perProposerMax
            else { continue }
            counts[proposal.proposer, default: 0] += 1
            if case .open = proposal.status { open.append(claim.validator) } else { approved.append(claim.validator) }
        }
        live = kept
        return Array((approved + open).prefix(ClaimedValidators.countMax))
    }

    /// Whether it may become, or is about to become, part of the validator set.
    private func isPending(
        _ proposal: Proposal, _ validator: Validator, _ view: GovernanceView
    ) throws(StorageFailure) -> Bool {
        switch proposal.status {
        case .open: view.time < proposal.expiry.time
        case .approved: true
        // The set of the next epoch has it.
        case .enacted:
            try view.validator(of: validator.partner) == validator
                && view.validators.index(ofTransport: validator.transportKey) == nil
        case .failed, .expired, .withdrawn: false
        }
    }

    private func isClaimed(_ claim: ValidatorClaim, _ view: GovernanceView) throws(StorageFailure) -> Bool {
        let validator = claim.validator
        guard view.validators.index(ofPartner: validator.partner) == nil,
            let partner = try view.partner(validator.partner), !partner.isSuspended, partner.roles.contains(.validator)
        else { return false }
        let digest = ValidatorClaim.signingDigest(network: view.network, validator: validator)
        return SignatureVerifier.verify(claim.proof, by: validator.consensusKey, over: digest)
    }
}
