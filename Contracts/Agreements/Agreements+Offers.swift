internal import Chain
internal import ContractKit
internal import Primitives

extension Agreements {
    static let offerDaysMax: UInt32 = 366
    /// Open offers of one account.
    static let openOffersMax: UInt64 = 1_000
    /// Agreements of one user that have not ended.
    static let runningMax: UInt64 = 1_000

    static func offer(_ context: Context, _ request: Signed<OfferTerms>) throws(Rejection) -> OfferID {
        let provider = try context.authorise(request, as: offer.number, needing: [.contracting, .shareData])
        let terms = request.body
        try checkTerms(terms, by: provider, context)
        var noticeDays: UInt16 = 0
        var versions: [UInt32] = []
        for id in terms.dataSets {
            let dataSet = try dataSet(id, context)
            try require(dataSet.provider == provider, notProvider(dataSet.name))
            try require(!dataSet.isWithdrawn, dataSetWithdrawn(dataSet.name))
            let allowed =
                dataSet.description.sharingClass == .service
                ? dataSet.description.purposes.intersection(.serviceDelivery) : dataSet.description.purposes
            try require(terms.purposes.isSubset(of: allowed), purposeWrong(dataSet.name))
            noticeDays = max(noticeDays, dataSet.description.noticeDays)
            versions.append(dataSet.version)
        }
        try countLapsed(of: provider, context)
        let open = try openOfferCounts.get(provider, in: context) ?? Height(0)
        try require(open.value < openOffersMax, offersMax())
        try openOfferCounts.set(provider, open.next, in: context)
        let number = try offerCount.get(in: context) ?? Height(0)
        try openOffers.of(provider).insert(Pair(terms.expiry, number.value), in: context)
        try offerCount.set(Height(checked(number.value.adding(1))), in: context)
        let offer = Offer(
            number: number.value, provider: provider, providerKey: request.act.key, terms: terms, versions: versions,
            noticeDays: noticeDays)
        try store(offer, context)
        return OfferID(number.value)
    }

    /// Offers lapse without a step: the next offers find those whose time is over, the oldest first, faster than new ones come.
    private static func countLapsed(of provider: Digest, _ context: Context) throws(Rejection) {
        for key in try openOffers.of(provider).page(limit: 4, in: context) {
            guard key.first <= context.time else { return }
            try close(key, of: provider, context)
        }
    }

    private static func close(
        _ key: Pair<Timestamp, UInt64>, of provider: Digest, _ context: Context
    ) throws(Rejection) {
        guard try openOffers.of(provider).remove(key, in: context) else { return }
        let open = try openOfferCounts.get(provider, in: context)?.previous ?? Height(0)
        try openOfferCounts.set(provider, open, in: context)
    }

    private static func checkTerms(
        _ terms: OfferTerms, by provider: Digest, _ context: Context
    ) throws(Rejection) {
        let sets = terms.dataSets
        try require(!sets.isEmpty && Set(sets).count == sets.count, termsWrong("1 to 8 data sets, each once"))
        try require(
            (1...OfferTerms.copiesMax).contains(terms.copies), termsWrong("1 to \(OfferTerms.copiesMax) copies"))
        try require(terms.user == nil || terms.copies == 1, termsWrong("a named user takes one copy"))
        try require(terms.user != provider, offerForeign())
        try require(!terms.purposes.isEmpty, termsWrong("an offer has a purpose"))
        try require(
            (1...OfferTerms.durationDaysMax).contains(terms.durationDays),
            termsWrong("1 to \(OfferTerms.durationDaysMax) days"))
        let latest = context.time.adding(days: offerDaysMax)
        try require(terms.expiry > context.time && terms.expiry <= latest, expiryWrong())
        try require(terms.from <= latest, termsWrong("it starts within 366 days"))
        if let problem = terms.plan.problem { throw planWrong(problem) }
    }

    static func withdrawOffer(_ context: Context, _ request: Signed<OfferID>) throws(Rejection) -> Nothing {
        let provider = try context.authorise(
            request, as: withdrawOffer.number, needing: .contracting, scope: .takesBack)
        let offer = try offer(request.body.number, context)
        try require(offer.provider == provider, notProvider())
        try require(offer.state(at: context.time) == .open, offerClosed())
        try take(.withdraw, offer, context)
        return Nothing()
    }

    static func countersign(_ context: Context, _ request: Signed<Countersign>) throws(Rejection) -> AgreementID {
        let user = try context.authorise(request, as: countersign.number, needing: [.contracting, .accessData])
        var offer = try offer(request.body.offer, context)
        try require(offer.state != .taken, offerTaken())
        try require(offer.state(at: context.time) == .open, offerClosed())
        try require(offer.provider != user && (offer.terms.user ?? user) == user, offerForeign())
        try require(request.body.terms == offer.terms.digest, termsDiffer())
        try checkProvider(offer, context)
        let running = try runningCounts.get(user, in: context) ?? Height(0)
        try require(running.value < runningMax, agreementsMax())
        try runningCounts.set(user, running.next, in: context)
        let taker = Pair(offer.number, user)
        try require(!takers.contains(taker, in: context), takenBefore())
        try takers.set(taker, context.height, in: context)
        offer.taken = try checked(offer.taken.adding(1))
        if offer.taken == offer.terms.copies {
            try take(.takeLast, offer, context)
        } else {
            try store(offer, context)
        }
        let number = try agreementCount.get(in: context) ?? Height(0)
        try agreementCount.set(Height(checked(number.value.adding(1))), in: context)
        let from = max(offer.terms.from, context.time)
        var agreement = Agreement(
            number: number.value, offer: offer.number, terms: request.body.terms, provider: offer.provider, user: user,
            providerKey: offer.providerKey, userKey: request.act.key, dataSets: offer.terms.dataSets,
            purposes: offer.terms.purposes, plan: offer.terms.plan, from: from,
            until: from.adding(days: offer.terms.durationDays), noticeDays: offer.noticeDays, payment: .clear,
            changed: context.time)
        let standing = try context.send(BillingMessages.begin, to: WellKnown.billing, BillingStart(agreement))
        agreement.setPayment(standing, at: context.time)
        agreement.due = try context.schedule(due.message, AgreementID(number.value), at: agreement.until)
        try store(agreement, context)
        return AgreementID(number.value)
    }

    /// What the provider promised must still be its to give.
    private static func checkProvider(_ offer: Offer, _ context: Context) throws(Rejection) {
        let account = try context.account(offer.provider)
        guard let account, account.status == .active, account.capabilities.contains([.contracting, .shareData]) else {
            throw providerInactive()
        }
        do throws(Rejection) {
            let question = ActorQuestion(
                account: offer.provider, key: offer.providerKey, capabilities: [.contracting, .shareData])
            _ = try context.send(AccountMessages.requireActor, to: WellKnown.accounts, question)
        } catch { throw offerUnbacked() }
        for (id, version) in zip(offer.terms.dataSets, offer.versions) {
            let dataSet = try dataSet(id, context)
            try require(!dataSet.isWithdrawn, dataSetWithdrawn(dataSet.name))
            try require(dataSet.version == version, dataSetRevised(dataSet.name))
        }
    }

    // MARK: Parts

    static func offer(_ number: UInt64, _ context: Context) throws(Rejection) -> Offer {
        guard let offer = try offers.get(number, in: context) else { throw offerUnknown("\(number)") }
        return offer
    }

    private static func take(_ step: OfferStep, _ offer: Offer, _ context: Context) throws(Rejection) {
        guard let state = offer.state.after(step) else { throw offerClosed() }
        try close(Pair(offer.terms.expiry, offer.number), of: offer.provider, context)
        var changed = offer
        changed.state = state
        try store(changed, context)
    }

    private static func store(_ offer: Offer, _ context: Context) throws(Rejection) {
        try offers.set(offer.number, offer, in: context)
        try context.emit(offerChanged, offer)
    }
}
