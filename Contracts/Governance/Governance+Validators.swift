internal import Chain
internal import ContractKit
internal import LedgerCrypto
internal import Primitives

extension Governance {
    /// Each rotation ends an epoch, and a client that begins at the genesis is shown the ends of all of them, at most 1,024
    /// (`ProofBundle.epochEndsMax`). So no validator alone uses them up in less than some years.
    static let rotationIntervalMilliseconds: UInt64 = 86_400_000

    static func add(_ claim: ValidatorClaim, proposed: Height, _ context: Context) throws(Rejection) {
        let id = claim.validator.partner
        try require(partner(id, context).roles.contains(.validator), roleNeeded(id))
        try require(!validators.contains(id, in: context), validatorExists(id))
        try check(claim, context)
        // So that activation and agreement never wait for a node that has yet to catch up.
        guard let synced = try syncReports.get(id, in: context), synced >= proposed else { throw notSynced(id) }
        try validators.set(id, claim.validator, in: context)
        try validatorIDs.insert(id, in: context)
        try publishSet(context)
    }

    static func removeValidator(of id: String, _ context: Context) throws(Rejection) {
        try require(validators.contains(id, in: context), validatorUnknown(id))
        try validators.remove(id, in: context)
        try validatorIDs.remove(id, in: context)
        try publishSet(context)
    }

    static func rotateValidator(_ context: Context, _ claim: ValidatorClaim) throws(Rejection) -> Nothing {
        let id = try ownRecord(context).id
        guard let present = try validators.get(id, in: context), claim.validator.partner == id else {
            throw validatorUnknown(id)
        }
        if let last = try rotations.get(id, in: context) {
            let open = last.adding(milliseconds: rotationIntervalMilliseconds)
            try require(context.time >= open, rotatedRecently())
        }
        try require(present != claim.validator, validatorExists(id))
        try check(claim, context)
        try rotations.set(id, context.time, in: context)
        try validators.set(id, claim.validator, in: context)
        try publishSet(context)
        return Nothing()
    }

    private static func check(_ claim: ValidatorClaim, _ context: Context) throws(Rejection) {
        try context.spend(Context.signatureWork(claim.validator.consensusKey.scheme))
        let digest = ValidatorClaim.signingDigest(network: context.network, validator: claim.validator)
        let key = claim.validator.consensusKey
        try require(SignatureVerifier.verify(claim.proof, by: key, over: digest), proofWrong())
    }

    /// Makes the stored validators the set of the next epoch.
    private static func publishSet(_ context: Context) throws(Rejection) {
        var members: [Validator] = []
        var ids = try validatorIDs.page(limit: ValidatorSet.countMax, in: context)
        if let last = ids.last {
            // A page is as large as the largest set: is there one more?
            let rest = try validatorIDs.page(from: last, limit: 2, in: context)
            try require(rest.count == 1, validatorCount())
        }
        try require(!ids.isEmpty, validatorCount())
        ids.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for id in ids {
            guard let validator = try validators.get(id, in: context) else { throw HostRejection.malformedState() }
            members.append(validator)
        }
        try context.spend(5_000 * UInt64(members.count))
        let set: ValidatorSet
        do { set = try ValidatorSet(members) } catch { throw validatorExists(error.description) }
        let epoch = context.block.epoch.next
        try store(set, for: epoch, context)
        try context.services.replaceValidators(from: context, set)
        try context.emit(validatorsChanged, ValidatorsNotice(epoch: epoch, set: set.digest))
    }

    /// Keeps the set of an epoch. A second change in one block replaces the first.
    static func store(_ set: ValidatorSet, for epoch: Epoch, _ context: Context) throws(Rejection) {
        for (index, validator) in set.validators.enumerated() {
            try epochValidators.set(Pair(epoch, UInt16(clamping: index)), validator, in: context)
        }
        try epochCounts.set(epoch, EpochCount(UInt16(clamping: set.count)), in: context)
    }

    static func reportSynced(_ context: Context, _ report: SyncReport) throws(Rejection) -> Nothing {
        let id = try context.requirePartner(with: .validator)
        try require(report.height <= context.height, heightAhead())
        try syncReports.set(id, report.height, in: context)
        try context.emit(syncReported, PartnerHeight(partner: id, height: report.height))
        return Nothing()
    }

    // MARK: Evidence

    static func reportEvidence(_ context: Context, _ report: EvidenceReport) throws(Rejection) -> EvidenceAnswer {
        let reporter = try context.requirePartner()
        let first = report.evidence.first
        let key = Pair(first.epoch, Pair(first.view.value, first.signer))
        if try evidence.contains(key, in: context) { return EvidenceAnswer(isNew: false) }
        guard let count = try epochCounts.get(first.epoch, in: context), first.signer < count.count,
            let validator = try epochValidators.get(Pair(first.epoch, first.signer), in: context)
        else { throw evidenceUnknown() }
        for vote in [first, report.evidence.second] {
            try context.spend(Context.signatureWork(validator.consensusKey.scheme))
            let digest = vote.payload(network: context.network).signingDigest
            let isNullifyOfNothing = vote.kind != .nullify || vote.digest == .zero
            let isSigned = SignatureVerifier.verify(vote.signature, by: validator.consensusKey, over: digest)
            try require(isNullifyOfNothing && isSigned, evidenceWrong())
        }
        let record = EvidenceRecord(
            evidence: report.evidence, partner: validator.partner, reporter: reporter, height: context.height)
        try evidence.set(key, record, in: context)
        try context.emit(
            evidenceStored, EvidenceNotice(partner: validator.partner, epoch: first.epoch, view: first.view))
        return EvidenceAnswer(isNew: true)
    }
}
