package import ContractKit

extension Agreements {
    // MARK: Data sets

    package static let nameWrong = RejectionKind(
        300, "name-wrong", "a data set's name has \(BatchAnchor.nameRule)")
    package static let descriptionWrong = RejectionKind(
        301, "description-wrong", "the description contradicts itself")
    package static let locationWrong = RejectionKind(
        302, "location-wrong",
        "a data set lies at partners of the network that are not suspended; copies are ascending and elsewhere")
    package static let storageForbidden = RejectionKind(
        303, "storage-forbidden", "a partner's node does not stand in a country where the data set may be stored")
    package static let dataSetUnknown = RejectionKind(304, "data-set-unknown", "there is no such data set")
    package static let versionConflict = RejectionKind(
        305, "version-conflict", "the description does not follow the newest version; read that and sign again")
    package static let dataSetWithdrawn = RejectionKind(
        306, "data-set-withdrawn", "the provider took the data set out of the market")
    package static let revisionWrong = RejectionKind(
        308, "revision-wrong",
        "a revision keeps authority, owners, privacy, class and sovereignty, and adds no country; else describe another data set"
    )
    package static let anchorTaken = RejectionKind(
        309, "anchor-taken", "this anchor was described as another data set")
    package static let notProvider = RejectionKind(307, "not-provider", "this belongs to another provider")

    // MARK: Offers

    package static let termsWrong = RejectionKind(310, "terms-wrong", "the terms of the offer cannot be kept")
    package static let planWrong = RejectionKind(311, "plan-wrong", "nobody could bill by this price plan")
    package static let purposeWrong = RejectionKind(
        312, "purpose-wrong", "a data set of the offer is not for these purposes")
    package static let expiryWrong = RejectionKind(
        313, "expiry-wrong", "an offer expires after now and within 366 days")
    package static let offerUnknown = RejectionKind(314, "offer-unknown", "there is no such offer")
    package static let offerTaken = RejectionKind(
        315, "offer-taken", "others countersigned the offer as often as it may be")
    package static let dataSetRevised = RejectionKind(
        325, "data-set-revised", "a data set was revised since the offer; ask for a new one")
    package static let offerClosed = RejectionKind(316, "offer-closed", "the offer was withdrawn, or its time is over")
    package static let offerForeign = RejectionKind(
        317, "offer-foreign", "the offer is for another account, or the account's own")
    package static let termsDiffer = RejectionKind(
        318, "terms-differ", "the offer has other terms than those that were countersigned; read it again")
    package static let providerInactive = RejectionKind(
        319, "provider-inactive", "the provider's account is not active or shares data no longer")

    package static let offersMax = RejectionKind(
        326, "offers-max", "an account has at most 1,000 open offers; withdraw some")
    package static let agreementsMax = RejectionKind(
        327, "agreements-max", "a user has at most 1,000 agreements that have not ended")
    package static let offerUnbacked = RejectionKind(
        328, "offer-unbacked", "the key that signed the offer acts for the provider no longer; ask for a new one")
    package static let takenBefore = RejectionKind(
        329, "taken-before", "the account countersigned this offer before; one copy is for one account")

    // MARK: Agreements

    package static let agreementUnknown = RejectionKind(320, "agreement-unknown", "there is no such agreement")
    package static let notParty = RejectionKind(321, "not-party", "the account is no party of the agreement")
    package static let stepForbidden = RejectionKind(
        322, "step-forbidden", "the agreement's state does not allow this step")
    package static let reasonMissing = RejectionKind(323, "reason-missing", "a reason is a number above 0")
    package static let notBilling = RejectionKind(324, "not-billing", "only Billing says what is paid")

    // MARK: Consents and logs

    package static let notOwner = RejectionKind(
        330, "not-owner", "the description does not name the account as a data owner")
    package static let consentWrong = RejectionKind(
        331, "consent-wrong", "a consent names a purpose of the data set and ends after now, within 3,660 days")
    package static let consentUnknown = RejectionKind(332, "consent-unknown", "there is no consent that holds")
    package static let notStorage = RejectionKind(
        333, "not-storage", "the partner that holds the data set must send this")
    package static let logEmpty = RejectionKind(
        334, "log-empty",
        "a log has 1 to 1,000,000 accesses, at most 10^12 Wh and none but for plans per kWh, and covers a span that is over"
    )
    package static let logOutside = RejectionKind(
        335, "log-outside", "a log lies within its agreement's time and comes at most a day after its end")
    package static let logOverlaps = RejectionKind(
        336, "log-overlaps", "the partner logged this time before")

    package static let consentVersion = RejectionKind(
        338, "consent-version",
        "the consent names another version of the description than the newest; read that and sign again")

    package static let logClosed = RejectionKind(
        339, "log-closed", "access was closed by payment: a log ends when it was closed, at the latest")

    package static var rejections: [RejectionKind] {
        [
            nameWrong, descriptionWrong, locationWrong, storageForbidden, dataSetUnknown, versionConflict,
            dataSetWithdrawn, notProvider, revisionWrong, anchorTaken, termsWrong, planWrong, purposeWrong, expiryWrong,
            offerUnknown, offerTaken,
            offerClosed, offerForeign, termsDiffer, providerInactive, agreementUnknown, notParty, stepForbidden,
            reasonMissing, notBilling, dataSetRevised, notOwner, consentWrong, consentUnknown, notStorage, logEmpty,
            logOutside,
            logOverlaps, offersMax, agreementsMax, offerUnbacked, takenBefore, consentVersion,
            logClosed,
        ]
    }
}
