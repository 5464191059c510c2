internal import Chain
internal import ContractKit
internal import Primitives

extension Agreements {
    static let consentDaysMax: UInt32 = 3_660

    static func describe(_ context: Context, _ request: Signed<DescribeDataSet>) throws(Rejection) -> DataSetID {
        let body = request.body
        // The partner that holds the data carries the description: its word that the data is the provider's to share.
        let sender = try context.requirePartner(with: .dataProvider)
        try require(sender == body.location.partner, notStorage(body.location.partner))
        let provider = try context.authorise(request, as: describe.number, needing: [.shareData, .governOwn])
        try require(BatchAnchor.isName(body.name) && BatchAnchor.isName(body.location.anchor), nameWrong())
        if let problem = body.description.problem { throw descriptionWrong(problem) }
        try checkLocation(body.location, body.description, context)
        let id = DataSetID(provider: provider, name: body.name)
        try claim(body.location, for: id, context)
        var dataSet: SharedDataSet
        if let known = try dataSets.get(id.id, in: context) {
            try require(!known.isWithdrawn, dataSetWithdrawn(body.name))
            try require(body.previous == known.version, versionConflict("the newest is \(known.version)"))
            try require(body.description.revises(known.description), revisionWrong())
            dataSet = known
            dataSet.version = try checked(known.version.adding(1))
            // A consent is to the data at a place: other batches are other data.
            let isElsewhere =
                (body.location.partner, body.location.anchor) != (known.location.partner, known.location.anchor)
            if isElsewhere || !body.description.asksNoMore(than: known.description) { dataSet.asked = dataSet.version }
            dataSet.location = body.location
            dataSet.description = body.description
            dataSet.changed = context.time
        } else {
            try require(body.previous == 0, versionConflict("there is none"))
            dataSet = SharedDataSet(
                provider: provider, name: body.name, location: body.location, description: body.description,
                changed: context.time)
        }
        try store(dataSet, context)
        return id
    }

    private static func checkLocation(
        _ location: DataLocation, _ description: DataDescription, _ context: Context
    ) throws(Rejection) {
        let copies = location.copies
        let isAscending = zip(copies, copies.dropFirst()).allSatisfy { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        try require(isAscending && !copies.contains(location.partner), locationWrong())
        for partner in location.partners {
            let record = try context.partner(partner)
            try require(record.map { !$0.isSuspended } ?? false, locationWrong(partner))
            let refusal = AccessRule.storageRefusal(
                location, description, partner: partner, country: try context.country(of: partner))
            if let refusal { throw storageForbidden("\(partner): \(refusal.text)") }
        }
    }

    /// One anchor is one data set, for ever.
    private static func claim(
        _ location: DataLocation, for id: DataSetID, _ context: Context
    ) throws(Rejection) {
        let key = Pair(location.partner, location.anchor)
        if let holder = try anchorClaims.get(key, in: context) {
            try require(holder == id.id, anchorTaken(location.anchor))
        } else {
            try anchorClaims.set(key, id.id, in: context)
        }
    }

    static func withdrawDataSet(_ context: Context, _ request: Signed<DataSetID>) throws(Rejection) -> Nothing {
        let provider = try context.authorise(
            request, as: withdrawDataSet.number, needing: .governOwn, scope: .takesBack)
        var dataSet = try dataSet(request.body.id, context)
        try require(dataSet.provider == provider, notProvider())
        try require(!dataSet.isWithdrawn, dataSetWithdrawn(dataSet.name))
        dataSet.isWithdrawn = true
        dataSet.changed = context.time
        try store(dataSet, context)
        return Nothing()
    }

    // MARK: Consents

    static func grantConsent(_ context: Context, _ request: Signed<GrantConsent>) throws(Rejection) -> Nothing {
        let owner = try context.authorise(request, as: grantConsent.number, needing: .authenticate)
        let body = request.body
        let dataSet = try dataSet(body.dataSet, context)
        try require(dataSet.description.owners.contains(owner), notOwner())
        try require(body.version == dataSet.version, consentVersion("the newest is \(dataSet.version)"))
        let isPossible =
            !body.purposes.isEmpty && body.purposes.isSubset(of: dataSet.description.purposes)
            && body.until > context.time && body.until <= context.time.adding(days: consentDaysMax)
        try require(isPossible, consentWrong())
        // One that goes on without a gap began when it began.
        let known = try consents.get(Pair(body.dataSet, owner), in: context)
        let goesOn =
            known.map { $0.purposes == body.purposes && $0.version >= dataSet.asked && $0.holds(at: context.time) }
            ?? false
        let consent = Consent(
            version: body.version, purposes: body.purposes, from: goesOn ? known?.from ?? context.time : context.time,
            until: body.until)
        try store(consent, body.dataSet, owner, context)
        return Nothing()
    }

    static func withdrawConsent(_ context: Context, _ request: Signed<DataSetID>) throws(Rejection) -> Nothing {
        let owner = try context.authorise(
            request, as: withdrawConsent.number, needing: .authenticate, scope: .takesBack)
        guard var consent = try consents.get(Pair(request.body.id, owner), in: context), consent.withdrawn == nil,
            context.time < consent.until
        else { throw consentUnknown() }
        consent.withdrawn = context.time
        try store(consent, request.body.id, owner, context)
        return Nothing()
    }

    private static func store(
        _ consent: Consent, _ dataSet: Digest, _ owner: Digest, _ context: Context
    ) throws(Rejection) {
        try consents.set(Pair(dataSet, owner), consent, in: context)
        try context.emit(consentChanged, ConsentNotice(dataSet: dataSet, owner: owner, consent: consent))
    }

    // MARK: Parts

    static func dataSet(_ id: Digest, _ context: Context) throws(Rejection) -> SharedDataSet {
        guard let dataSet = try dataSets.get(id, in: context) else { throw dataSetUnknown(id.short) }
        return dataSet
    }

    private static func store(_ dataSet: SharedDataSet, _ context: Context) throws(Rejection) {
        try dataSets.set(dataSet.id, dataSet, in: context)
        try context.emit(dataSetChanged, dataSet)
    }

    static func mayRead(_ context: Context, _ question: AccessQuestion) throws(Rejection) -> AccessAnswer {
        var records = AccessRecords(
            account: try context.account(question.user), dataSet: try dataSets.get(question.dataSet, in: context),
            agreement: nil)
        if let number = question.agreement { records.agreement = try context.agreement(number) }
        for owner in records.dataSet?.description.owners ?? [] {
            records.consents.append(try consents.get(Pair(question.dataSet, owner), in: context))
        }
        return AccessAnswer(refusal: AccessRule.refusal(question, records, at: context.time))
    }
}
