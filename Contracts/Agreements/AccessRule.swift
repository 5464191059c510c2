internal import Chain
package import ContractKit
package import Primitives

/// Who asks to read what.
package struct AccessQuestion: Hashable, Sendable, ContractValue {
    /// Holder of the reading account.
    package let user: Digest
    package let dataSet: Digest
    /// Exactly one purpose.
    package let purpose: Purposes
    /// The agreement that it rests on; nil for an open data set, else one of the user's own that holds.
    package let agreement: UInt64?

    package init(user: Digest, dataSet: Digest, purpose: Purposes, agreement: UInt64?) {
        self.user = user
        self.dataSet = dataSet
        self.purpose = purpose
        self.agreement = agreement
    }

    package static let shape = Shape.fields(
        "AccessQuestion", ("user", .digest), ("dataSet", .digest), ("purpose", Purposes.shape),
        ("agreement", .option(.u64)))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(user)
        encoder.fixed(dataSet)
        encoder.value(purpose)
        encoder.option(agreement.map { Height($0) })
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        user = try decoder.digest()
        dataSet = try decoder.digest()
        purpose = try Purposes(from: &decoder)
        agreement = try decoder.option(Height.self)?.value
    }
}

/// The records that decide, nil where the state has none. Each has one state key (`AccessRule.keys`), so that a node, and
/// a reader that does not trust it, decide by the same proved state.
package struct AccessRecords: Hashable, Sendable {
    package var account: Account?
    package var dataSet: SharedDataSet?
    package var agreement: Agreement?
    /// In the order of the data set's owners.
    package var consents: [Consent?]

    package init(
        account: Account?, dataSet: SharedDataSet?, agreement: Agreement?, consents: [Consent?] = []
    ) {
        self.account = account
        self.dataSet = dataSet
        self.agreement = agreement
        self.consents = consents
    }
}

/// Why an account may not read. Numbers are part of the format.
package enum AccessRefusal: UInt8, ContractCode {
    /// A question names exactly one known purpose.
    case purposeUnclear = 0
    case accountUnknown = 1
    case accountNotActive = 2
    /// The account is no data user.
    case capabilityMissing = 3
    case dataSetUnknown = 4
    /// An open data set that is out of the market.
    case dataSetWithdrawn = 5
    /// The data set is not open, and the question names no agreement that exists.
    case agreementMissing = 6
    /// The agreement is another account's, or about other data sets.
    case agreementForeign = 7
    case purposeNotAgreed = 8
    case notStarted = 9
    /// Expired, terminated or revoked.
    case ended = 10
    case paymentAwaited = 11
    case paymentOverdue = 12
    /// A data owner has not consented to the purpose, or no longer does.
    case consentMissing = 13
    /// The description asks for more than a data owner consented to.
    case consentOutdated = 14

    /// For people: what is wrong and what to do.
    package var text: String {
        switch self {
        case .purposeUnclear: "name exactly one purpose"
        case .accountUnknown: "the reader has no marketplace account; open one"
        case .accountNotActive: "the reader's account is not active; ask the operator"
        case .capabilityMissing: "the reader's account is no data user; add that role"
        case .dataSetUnknown: "there is no such data set"
        case .dataSetWithdrawn: "the provider withdrew the open data set; ask for an offer"
        case .agreementMissing: "the data set needs an agreement; countersign an offer"
        case .agreementForeign: "the agreement is not the reader's, or not about this data set"
        case .purposeNotAgreed: "the agreement does not cover this purpose; ask for another one"
        case .notStarted: "the agreement has not begun"
        case .ended: "the agreement has ended"
        case .paymentAwaited: "access opens when the first invoice is paid"
        case .paymentOverdue: "access is closed until the overdue invoice is paid"
        case .consentMissing: "a data owner does not consent to this purpose"
        case .consentOutdated: "the description asks for more than a data owner consented to; ask for a new consent"
        }
    }
}

package struct AccessAnswer: Hashable, Sendable, ContractValue {
    /// Nil: it may read.
    package let refusal: AccessRefusal?
    package init(refusal: AccessRefusal?) { self.refusal = refusal }
    package static let shape = Shape.fields("AccessAnswer", ("refusal", .option(AccessRefusal.shape)))
    package func encode(to encoder: inout BCSEncoder) { encoder.option(refusal) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { refusal = try decoder.option() }
}

/// Who may read what, and which partner may store it: pure functions of state records and a time, the same for contract,
/// nodes and readers.
package enum AccessRule {
    /// Nil when the account may read at `time`. The records are those of the state at `time`, or of a later one in which
    /// neither account, payment nor description changed since: the ends of agreements and consents stand in them.
    package static func refusal(
        _ question: AccessQuestion, _ records: AccessRecords, at time: Timestamp
    ) -> AccessRefusal? {
        guard question.purpose.rawValue.nonzeroBitCount == 1, question.purpose.names.count == 1 else {
            return .purposeUnclear
        }
        guard let account = records.account, account.holder == question.user else { return .accountUnknown }
        guard account.status == .active else { return .accountNotActive }
        guard account.capabilities.contains(.accessData) else { return .capabilityMissing }
        guard let dataSet = records.dataSet, dataSet.id == question.dataSet else { return .dataSetUnknown }
        // An agreement that was paid for runs on when its data set leaves the market or is described otherwise.
        if dataSet.description.sharingClass == .open, question.agreement == nil {
            if dataSet.isWithdrawn { return .dataSetWithdrawn }
            if !dataSet.description.purposes.contains(question.purpose) { return .purposeNotAgreed }
        }
        // Open data needs none, but accesses are logged under the one that is named.
        if dataSet.description.sharingClass != .open || question.agreement != nil {
            if let refusal = refusalByAgreement(question, records.agreement, time) { return refusal }
        }
        let owners = dataSet.description.owners
        guard owners.isEmpty || records.consents.count == owners.count else { return .consentMissing }
        for consent in records.consents.prefix(owners.count) {
            guard let consent, consent.allows(question.purpose, at: time) else { return .consentMissing }
            if consent.version < dataSet.asked { return .consentOutdated }
        }
        return nil
    }

    private static func refusalByAgreement(
        _ question: AccessQuestion, _ agreement: Agreement?, _ time: Timestamp
    ) -> AccessRefusal? {
        guard let agreement, agreement.number == question.agreement else { return .agreementMissing }
        guard agreement.user == question.user, agreement.dataSets.contains(question.dataSet) else {
            return .agreementForeign
        }
        guard agreement.purposes.contains(question.purpose) else { return .purposeNotAgreed }
        if time < agreement.from { return .notStarted }
        // The end of an agreement, however it came, stands in `until`.
        if time >= agreement.until { return .ended }
        switch agreement.payment {
        case .clear: return nil
        case .awaited: return .paymentAwaited
        case .overdue: return .paymentOverdue
        }
    }

    /// State keys of the records that decide, given the data set's owners: account, data set, agreement (when the
    /// question names one), then one consent per owner.
    package static func keys(_ question: AccessQuestion, owners: [Digest]) -> [[UInt8]] {
        var keys = [
            Directory.accounts.stateKey(question.user, at: WellKnown.accounts),
            Agreements.dataSets.stateKey(question.dataSet, at: WellKnown.agreements),
        ]
        if let number = question.agreement {
            keys.append(Directory.agreements.stateKey(number, at: WellKnown.agreements))
        }
        for owner in owners {
            keys.append(Agreements.consents.stateKey(Pair(question.dataSet, owner), at: WellKnown.agreements))
        }
        return keys
    }
}

/// Why a partner may not store a data set. Numbers are part of the format.
package enum StorageRefusal: UInt8, ContractCode {
    /// The description does not name the partner.
    case notNamed = 0
    /// Governance has not said where the partner's node stands.
    case countryUnknown = 1
    case countryForbidden = 2

    /// For people, and in texts of rejections.
    package var text: String {
        switch self {
        case .notNamed: "the description does not name the partner"
        case .countryUnknown: "governance has not said where the partner's node stands"
        case .countryForbidden: "the partner's node stands in a country that the description does not name"
        }
    }
}

extension AccessRule {
    /// Nil when the partner's node may store the data set. `country` is governance's record of the partner.
    package static func storageRefusal(
        _ location: DataLocation, _ description: DataDescription, partner: String, country: CountryCode?
    ) -> StorageRefusal? {
        guard location.names(partner) else { return .notNamed }
        guard description.sovereignty == .restricted else { return nil }
        guard let country else { return .countryUnknown }
        return description.countries.contains(country) ? nil : .countryForbidden
    }
}
