internal import Chain
package import ContractKit
package import Primitives

/// Data contracts: data sets as their providers describe them, offers, agreements that both sides signed, consents of
/// data owners, and the logs of every access. README.md says how they live; `AccessRule` who may read what.
///
/// Invariants (checked by `AgreementTests` and `AgreementModelTests`):
/// - A data set belongs to the account that described it; only that account revises, offers or withdraws it. Versions
///   rise by one. The partner that holds the data carries every description; one anchor is one data set.
/// - An offer moves open -> taken | withdrawn, and counts as lapsed from its expiry on; at most `copies` agreements come
///   from it, and only while its data sets have the versions that it was made with.
/// - An agreement has the signatures of both accounts under the same terms. It moves running -> noticed -> terminated,
///   running -> expired | terminated, and running or noticed -> revoked, and never back; `until` never grows, and an
///   ended agreement's `until` is not after the block that ended it.
/// - An account has at most 1,000 open offers, a user at most 1,000 agreements that have not ended, and one agreement of an
///   offer.
/// - Usage only grows, by logs of partners that hold the data set; one partner's logs of a data set do not overlap.
/// - While access is closed by payment no later access is logged.
/// - A user that cannot read for want of a consent ends the agreement without notice, and is credited what it could not use.
/// - Between two bills no more usage counts than the plan's ceiling, and none of open data.
/// - A consent is given and withdrawn by the data owner alone; it names the newest version of the description, and holds for
///   later ones as long as they ask for no more.
/// - Billing alone opens and closes access by payment.
package enum Agreements: Contract {
    package static let name = "agreements"
    package static let version: UInt32 = 1
    package static let summary = "Data sets, offers, agreements, consents of data owners and access logs."

    // MARK: Storage. Number 1 is `Directory.agreements`.

    package static let dataSets = StorageMap<Digest, SharedDataSet>(2, "dataSets")
    package static let offers = StorageMap<UInt64, Offer>(3, "offers")
    package static let offerCount = StorageValue<Height>(4, "offerCount")
    package static let agreementCount = StorageValue<Height>(5, "agreementCount")
    /// By data set and data owner.
    package static let consents = StorageMap<Pair<Digest, Digest>, Consent>(6, "consents")
    /// By agreement and number, from 0.
    package static let accessLogs = StorageMap<Pair<UInt64, UInt64>, AccessLog>(7, "accessLogs")
    /// Up to when a partner logged a data set's accesses under an agreement.
    package static let loggedUntil = StorageMap<Pair<UInt64, Pair<Digest, String>>, Timestamp>(8, "loggedUntil")

    /// The data set that an anchor (partner and name in Anchors) was described as.
    package static let anchorClaims = StorageMap<Pair<String, String>, Digest>(9, "anchorClaims")
    /// Of each provider by expiry and number; lapsed ones go with the provider's next offers.
    package static let openOffers = StorageIndexMap<Pair<Timestamp, UInt64>>(10, "openOffers")
    package static let openOfferCounts = StorageMap<Digest, Height>(11, "openOfferCounts")
    /// Agreements of a user that have not ended.
    package static let runningCounts = StorageMap<Digest, Height>(12, "runningCounts")
    /// Who countersigned an offer, by offer and user.
    package static let takers = StorageMap<Pair<UInt64, Digest>, Height>(13, "takers")

    package static var storage: [StorageDeclaration] {
        [
            Directory.agreements.declaration, dataSets.declaration, offers.declaration, offerCount.declaration,
            agreementCount.declaration, consents.declaration, accessLogs.declaration, loggedUntil.declaration,
            anchorClaims.declaration, openOffers.declaration, openOfferCounts.declaration, runningCounts.declaration,
            takers.declaration, Directory.periodAccesses.declaration,
        ]
    }

    // MARK: Events

    package static let dataSetChanged = EventKind<SharedDataSet>(
        1, "dataSetChanged", "A data set was described, revised or withdrawn.")
    package static let offerChanged = EventKind<Offer>(2, "offerChanged", "An offer was made, taken or closed.")
    package static let agreementChanged = EventKind<Agreement>(
        3, "agreementChanged", "An agreement was made, or its state or payment changed.")
    package static let consentChanged = EventKind<ConsentNotice>(
        4, "consentChanged", "A data owner consented, or withdrew its consent.")
    package static let accessLogged = EventKind<AccessLogNotice>(
        5, "accessLogged", "A partner anchored the accesses that it served.")

    package static var events: [EventDeclaration] {
        [
            dataSetChanged.declaration, offerChanged.declaration, agreementChanged.declaration,
            consentChanged.declaration, accessLogged.declaration,
        ]
    }

    // MARK: Calls

    package static let describe = Method<Signed<DescribeDataSet>, DataSetID>(
        1, "describe", "A data provider describes a data set, or revises its description.", describe)
    package static let withdrawDataSet = Method<Signed<DataSetID>, Nothing>(
        2, "withdrawDataSet", "The provider takes a data set out of the market; agreements run on.", withdrawDataSet)
    package static let offer = Method<Signed<OfferTerms>, OfferID>(
        3, "offer", "A provider signs an offer of data sets.", offer)
    package static let withdrawOffer = Method<Signed<OfferID>, Nothing>(
        4, "withdrawOffer", "The provider takes an open offer back.", withdrawOffer)
    package static let countersign = Method<Signed<Countersign>, AgreementID>(
        5, "countersign", "A user signs the same terms: the agreement is made, and billed by its plan.", countersign)
    package static let grantConsent = Method<Signed<GrantConsent>, Nothing>(
        6, "grantConsent", "A data owner consents to the use of a data set.", grantConsent)
    package static let withdrawConsent = Method<Signed<DataSetID>, Nothing>(
        7, "withdrawConsent", "A data owner withdraws its consent, at once.", withdrawConsent)
    package static let revoke = Method<Signed<EndAgreement>, Nothing>(
        8, "revoke", "The provider ends an agreement at once; access stops with this block.", revoke)
    package static let terminate = Method<Signed<EndAgreement>, Nothing>(
        9, "terminate", "Either side gives notice; without a notice period the agreement ends at once.", terminate)
    package static let logAccess = Method<LogAccess, Nothing>(
        10, "logAccess", "A partner that holds the data set anchors the accesses that it served.", logAccess)
    package static let due = Method<AgreementID, Nothing>(
        11, "due", "Scheduled, or by any partner once due: ends an agreement whose time is over.", due)
    package static let setPayment = Method<PaymentChange, Nothing>(
        AgreementMessages.setPayment.number, AgreementMessages.setPayment.name,
        "Billing opens or closes access by payment.", setPayment)

    package static var calls: [CallDeclaration] {
        [
            describe.declaration, withdrawDataSet.declaration, offer.declaration, withdrawOffer.declaration,
            countersign.declaration, grantConsent.declaration, withdrawConsent.declaration, revoke.declaration,
            terminate.declaration, logAccess.declaration, due.declaration, setPayment.declaration,
        ]
    }

    // MARK: Queries

    package static let dataSetQuery = Query<DataSetID, SharedDataSet>(1, "dataSet", "A data set by its identifier.") {
        (context, id) throws(Rejection) in try dataSet(id.id, context)
    }
    package static let offerQuery = Query<OfferID, Offer>(2, "offer", "An offer by number.") {
        (context, id) throws(Rejection) in try offer(id.number, context)
    }
    package static let agreementQuery = Query<AgreementID, Agreement>(3, "agreement", "An agreement by number.") {
        (context, id) throws(Rejection) in try agreement(id.number, context)
    }
    package static let consentQuery = Query<ConsentID, Consent>(4, "consent", "A data owner's consent.") {
        (context, id) throws(Rejection) in
        guard let consent = try consents.get(Pair(id.dataSet, id.owner), in: context) else { throw consentUnknown() }
        return consent
    }
    package static let mayReadQuery = Query<AccessQuestion, AccessAnswer>(
        5, "mayRead", "Whether an account may read a data set for a purpose now; the records decide, see AccessRule.",
        mayRead)
    package static let countsQuery = Query<Nothing, AgreementCounts>(
        6, "counts", "How many offers and agreements there are."
    ) { (context, _) throws(Rejection) in
        AgreementCounts(
            offers: try offerCount.get(in: context)?.value ?? 0,
            agreements: try agreementCount.get(in: context)?.value ?? 0)
    }

    package static var queries: [CallDeclaration] {
        [
            dataSetQuery.declaration, offerQuery.declaration, agreementQuery.declaration, consentQuery.declaration,
            mayReadQuery.declaration, countsQuery.declaration,
        ]
    }
}
