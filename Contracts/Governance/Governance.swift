package import Chain
package import ContractKit
package import Primitives

/// Who the partners are, where their nodes stand, who validates, which contract versions run.
///
/// Invariants (checked by `GovernanceTests`):
/// - The council is never empty. Nothing is enacted without approvals of at least two thirds of the council as it is at
///   the moment of enactment, nor before the delay has passed.
/// - A key belongs to at most one partner; every partner has 1 to 8 keys.
/// - `validators` and `validatorIDs` hold the same partners; each exists, has the validator role, and the set has 1 to
///   256 members with distinct keys. Every change of it becomes the set of the next epoch.
/// - A proposal moves open -> approved -> enacted | failed, or open -> expired | withdrawn, and never back.
/// - Evidence and history are never removed.
package enum Governance: Contract {
    package static let name = "governance"
    package static let version: UInt32 = 2
    package static let summary = "Partners, roles, validators, network parameters and active contract versions."

    package static let councilMax = 64
    /// Open proposals of one member: each ends by a call of its own, and decisions of others are carried out among these.
    package static let openProposalsMax: UInt64 = 16

    /// How many blocks ahead a version may be activated: until then no other version of the contract can be.
    static let activationBlocksMax: UInt64 = 10_000_000

    // MARK: Storage. Numbers 1 to 4 are `Directory`, which the host reads too.

    package static let partnerIDs = StorageIndex<String>(5, "partnerIDs")
    package static let council = StorageIndex<String>(6, "council")
    package static let validators = StorageMap<String, Validator>(7, "validators")
    package static let validatorIDs = StorageIndex<String>(8, "validatorIDs")
    /// Validators of every epoch that ever was, by position: evidence is judged against them.
    package static let epochValidators = StorageMap<Pair<Epoch, UInt16>, Validator>(9, "epochValidators")
    package static let epochCounts = StorageMap<Epoch, EpochCount>(10, "epochCounts")
    package static let proposals = StorageMap<UInt64, Proposal>(11, "proposals")
    package static let proposalCount = StorageValue<Height>(12, "proposalCount")
    package static let approvals = StorageMap<Pair<UInt64, String>, Height>(13, "approvals")
    package static let evidence = StorageMap<Pair<Epoch, Pair<UInt64, UInt16>>, EvidenceRecord>(14, "evidence")
    package static let versionReports = StorageMap<Pair<String, Pair<UInt32, String>>, Digest>(15, "versionReports")
    package static let syncReports = StorageMap<String, Height>(16, "syncReports")
    package static let rotations = StorageMap<String, Timestamp>(17, "rotations")
    /// How many proposals of a member are open.
    package static let openProposals = StorageMap<String, Height>(19, "openProposals")

    package static var storage: [StorageDeclaration] {
        [
            Directory.partners.declaration, Directory.keys.declaration, Directory.activeVersions.declaration,
            Directory.parameters.declaration, partnerIDs.declaration, council.declaration, validators.declaration,
            validatorIDs.declaration, epochValidators.declaration, epochCounts.declaration, proposals.declaration,
            proposalCount.declaration, approvals.declaration, evidence.declaration, versionReports.declaration,
            syncReports.declaration, rotations.declaration, Directory.countries.declaration,
            openProposals.declaration, Directory.keysReplaced.declaration,
        ]
    }

    // MARK: Events

    package static let proposed = EventKind<ProposalNotice>(1, "proposed", "A proposal was submitted.")
    package static let approved = EventKind<ProposalNotice>(2, "approved", "A council member approved a proposal.")
    package static let decided = EventKind<ProposalNotice>(3, "decided", "A proposal changed its status.")
    package static let partnerChanged = EventKind<Partner>(4, "partnerChanged", "A partner's record was written.")
    package static let validatorsChanged = EventKind<ValidatorsNotice>(
        5, "validatorsChanged", "The next epoch has another validator set.")
    package static let evidenceStored = EventKind<EvidenceNotice>(
        6, "evidenceStored", "A validator was proved to have contradicted itself.")
    package static let versionReported = EventKind<ContractVersion>(
        7, "versionReported", "A validator reported a contract version that it carries.")
    package static let activationSet = EventKind<Activation>(
        8, "activationSet", "A contract version becomes active at a height.")
    package static let syncReported = EventKind<PartnerHeight>(
        9, "syncReported", "A partner reported its node synchronised.")

    package static let located = EventKind<PartnerCountry>(
        10, "located", "The council decided in which country a partner's node stands.")

    package static var events: [EventDeclaration] {
        [
            proposed.declaration, approved.declaration, decided.declaration, partnerChanged.declaration,
            validatorsChanged.declaration, evidenceStored.declaration, versionReported.declaration,
            activationSet.declaration, syncReported.declaration, located.declaration,
        ]
    }

    // MARK: Calls

    static let begin = Method<GovernanceGenesis, Nothing>(
        0, "initialize", "Takes the partners and parameters of the genesis.", initialize)
    package static let propose = Method<Propose, ProposalID>(
        1, "propose", "Submits a proposal; the proposer, a council member, approves it by that.", propose)
    package static let approve = Method<ProposalID, Nothing>(
        2, "approve", "A council member approves an open proposal.", approve)
    package static let withdraw = Method<ProposalID, Nothing>(
        3, "withdraw", "The proposer takes an open proposal back.", withdraw)
    package static let enact = Method<ProposalID, Nothing>(
        4, "enact", "Scheduled: carries out an approved proposal after the delay.", enact)
    package static let expire = Method<ProposalID, Nothing>(
        5, "expire", "Scheduled, or by any partner once due: closes a proposal that was not approved in time.", expire)
    package static let addKey = Method<AddKey, Nothing>(
        6, "addKey", "A partner adds a key of its own, which signs as proof of possession.", addKey)
    package static let removeKey = Method<RemoveKey, Nothing>(
        7, "removeKey", "A partner removes one of its keys; one stays.", removeKey)
    package static let rotateValidator = Method<ValidatorClaim, Nothing>(
        8, "rotateValidator", "A partner replaces the keys of its validator, at most once a day.", rotateValidator)
    package static let reportEvidence = Method<EvidenceReport, EvidenceAnswer>(
        9, "reportEvidence", "Stores proof of two contradicting votes. Reporting again changes nothing.", reportEvidence
    )
    package static let reportVersion = Method<ContractVersion, Nothing>(
        10, "reportVersion", "A validator reports that its release carries a contract version.", reportVersion)
    package static let reportSynced = Method<SyncReport, Nothing>(
        11, "reportSynced", "A partner reports that its node has executed a height.", reportSynced)

    package static var initialize: CallDeclaration? { begin.declaration }
    package static var calls: [CallDeclaration] {
        [
            propose.declaration, approve.declaration, withdraw.declaration, enact.declaration, expire.declaration,
            addKey.declaration, removeKey.declaration, rotateValidator.declaration, reportEvidence.declaration,
            reportVersion.declaration, reportSynced.declaration,
        ]
    }

    // MARK: Queries

    package static let proposalQuery = Query<ProposalID, Proposal>(1, "proposal", "A proposal by number.") {
        (context, id) throws(Rejection) in try proposal(id.number, context)
    }
    package static let partnerQuery = Query<PartnerID, Partner>(2, "partner", "A partner by identifier.") {
        (context, id) throws(Rejection) in try partner(id.id, context)
    }
    package static let partnersQuery = Query<PartnerPage, PartnerList>(
        3, "partners", "Up to 64 partners in order of identifier, from one on."
    ) { (context, page) throws(Rejection) in
        var partners: [Partner] = []
        for id in try partnerIDs.page(from: page.from, limit: PartnerList.countMax, in: context) {
            partners.append(try partner(id, context))
        }
        return PartnerList(partners: partners)
    }

    package static var queries: [CallDeclaration] {
        [proposalQuery.declaration, partnerQuery.declaration, partnersQuery.declaration]
    }
}
