package import Chain
package import LedgerCrypto
package import Primitives

/// What data may be used for. Bits are part of the format.
package struct Purposes: ContractBits {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let research = Purposes(rawValue: 1 << 0)
    /// Planning and operation of grids and plants.
    package static let gridOperation = Purposes(rawValue: 1 << 1)
    package static let settlement = Purposes(rawValue: 1 << 2)
    package static let forecasting = Purposes(rawValue: 1 << 3)
    /// Input of a service that is offered on the marketplace.
    package static let serviceDelivery = Purposes(rawValue: 1 << 4)
    package static let trading = Purposes(rawValue: 1 << 5)
    package static let advice = Purposes(rawValue: 1 << 6)
    package static let publicInterest = Purposes(rawValue: 1 << 7)

    package static let named: [(name: String, bit: Purposes)] = [
        ("research", .research), ("grid-operation", .gridOperation), ("settlement", .settlement),
        ("forecasting", .forecasting), ("service-delivery", .serviceDelivery), ("trading", .trading),
        ("advice", .advice), ("public-interest", .publicInterest),
    ]
}

/// Where an agreement stands, apart from its payment. Those from `expired` on are final and give no access.
package enum AgreementState: UInt8, ContractCode {
    case running = 0
    /// A party gave notice: it ends at `until`.
    case noticed = 1
    /// Its time was over.
    case expired = 2
    /// The notice was over, or both sides needed none.
    case terminated = 3
    /// The provider took the data back at once.
    case revoked = 4

    /// In texts of rejections, which are part of receipts.
    package var word: String {
        switch self {
        case .running: "running"
        case .noticed: "noticed"
        case .expired: "expired"
        case .terminated: "terminated"
        case .revoked: "revoked"
        }
    }

    package var isEnded: Bool { self != .running && self != .noticed }
}

/// What Billing lets an agreement do.
package enum PaymentStanding: UInt8, ContractCode {
    /// Nothing is in the way.
    case clear = 0
    /// The first invoice must be paid before access opens.
    case awaited = 1
    /// An invoice is overdue.
    case overdue = 2
}

/// A data contract between two accounts, as Agreements stores it.
package struct Agreement: Hashable, Sendable, ContractValue {
    package static let dataSetsMax = 8
    /// Logs of usage come at most so long after an agreement's end; the last bill waits for them.
    package static let logDelayMilliseconds = Timestamp.dayMilliseconds
    /// From the end of a period to its bill, when its usage is all logged.
    package static let usageDelayMilliseconds = logDelayMilliseconds + 1

    /// From 0, in order of countersignature.
    package let number: UInt64
    /// The offer that it came from.
    package let offer: UInt64
    /// Digest of the offer's terms as BCS: what both signed.
    package let terms: Digest
    package let provider: Digest
    package let user: Digest
    /// The keys that signed for them.
    package let providerKey: PublicKey
    package let userKey: PublicKey
    package let dataSets: [Digest]
    package let purposes: Purposes
    package let plan: PricePlan
    package let from: Timestamp
    /// End, exclusive. Shortened by notice and revocation.
    package var until: Timestamp
    /// Days of notice of a termination.
    package let noticeDays: UInt16
    package var state: AgreementState
    package var payment: PaymentStanding
    /// Block time of the last change of state or payment.
    package var changed: Timestamp
    /// Usage that serving partners logged: accesses, watt-hours of delivered data, number of logs.
    package var accesses: UInt64
    package var energy: Energy
    package var logs: UInt64
    /// Between which bills the last log came, and what all usage before that came to: what the ceiling is counted from.
    package var period: UInt64
    package var charged: Amount
    /// Since when payment closes access; accesses after it are not logged. Nil while access is open.
    package private(set) var closed: Timestamp?
    /// The scheduled call that ends it.
    package var due: ScheduleID

    package init(
        number: UInt64, offer: UInt64, terms: Digest, provider: Digest, user: Digest, providerKey: PublicKey,
        userKey: PublicKey, dataSets: [Digest], purposes: Purposes, plan: PricePlan, from: Timestamp, until: Timestamp,
        noticeDays: UInt16, payment: PaymentStanding, changed: Timestamp
    ) {
        self.number = number
        self.offer = offer
        self.terms = terms
        self.provider = provider
        self.user = user
        self.providerKey = providerKey
        self.userKey = userKey
        self.dataSets = dataSets
        self.purposes = purposes
        self.plan = plan
        self.from = from
        self.until = until
        self.noticeDays = noticeDays
        state = .running
        self.payment = payment
        self.changed = changed
        accesses = 0
        energy = 0
        logs = 0
        period = 0
        charged = 0
        closed = payment == .clear ? nil : changed
        due = ScheduleID(time: until, sequence: 0)
    }

    package static let shape = Shape.fields(
        "Agreement", ("number", .u64), ("offer", .u64), ("terms", .digest), ("provider", .digest), ("user", .digest),
        ("providerKey", .publicKey), ("userKey", .publicKey), ("dataSets", .list(.digest, max: dataSetsMax)),
        ("purposes", Purposes.shape), ("plan", PricePlan.shape), ("from", .u64), ("until", .u64),
        ("noticeDays", .u16), ("state", AgreementState.shape), ("payment", PaymentStanding.shape), ("changed", .u64),
        ("accesses", .u64), ("energy", .i64), ("logs", .u64), ("period", .u64),
        ("charged", .i64), ("closed", .option(.u64)), ("due", ScheduleID.shape))

    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.u64(offer)
        encoder.fixed(terms)
        encoder.fixed(provider)
        encoder.fixed(user)
        encoder.value(providerKey)
        encoder.value(userKey)
        encoder.vector(dataSets)
        encoder.value(purposes)
        encoder.value(plan)
        encoder.value(from)
        encoder.value(until)
        encoder.u16(noticeDays)
        encoder.value(state)
        encoder.value(payment)
        encoder.value(changed)
        encoder.u64(accesses)
        encoder.i64(energy)
        encoder.u64(logs)
        encoder.u64(period)
        encoder.i64(charged)
        encoder.option(closed)
        encoder.value(due)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        offer = try decoder.u64()
        terms = try decoder.digest()
        provider = try decoder.digest()
        user = try decoder.digest()
        providerKey = try PublicKey(from: &decoder)
        userKey = try PublicKey(from: &decoder)
        dataSets = try decoder.vector(max: Agreement.dataSetsMax)
        purposes = try Purposes(from: &decoder)
        plan = try PricePlan(from: &decoder)
        from = try Timestamp(from: &decoder)
        until = try Timestamp(from: &decoder)
        noticeDays = try decoder.u16()
        state = try AgreementState(from: &decoder)
        payment = try PaymentStanding(from: &decoder)
        changed = try Timestamp(from: &decoder)
        accesses = try decoder.u64()
        energy = try decoder.i64()
        logs = try decoder.u64()
        period = try decoder.u64()
        charged = try decoder.i64()
        closed = try decoder.option()
        due = try ScheduleID(from: &decoder)
    }
}

extension Agreement {
    /// Payment opens or closes access. What has ended stays as closed as it was: its late logs are judged by that.
    package mutating func setPayment(_ standing: PaymentStanding, at time: Timestamp) {
        payment = standing
        if standing != .clear { closed = closed ?? time } else if !state.isEnded { closed = nil }
    }

    /// The period of a recurring plan that a time of the agreement lies in, from 0.
    package func period(of time: Timestamp) -> UInt64 {
        guard plan.periodDays > 0, time > from else { return 0 }
        return (time.value - from.value) / (UInt64(plan.periodDays) * Timestamp.dayMilliseconds)
    }

    /// The end of the period of a recurring plan that a time of the agreement lies in; the agreement's where that is first
    /// or there are no periods.
    package func end(ofPeriodAt time: Timestamp) -> Timestamp {
        guard plan.periodDays > 0 else { return until }
        let milliseconds = UInt64(plan.periodDays) * Timestamp.dayMilliseconds
        let (span, isOver) = milliseconds.multipliedReportingOverflow(by: period(of: time) + 1)
        return isOver ? until : min(until, from.adding(milliseconds: span))
    }

    /// The bill that usage logged at `time` goes into, from 0; the last one takes what comes after the end. For plans with
    /// periods.
    package func billingPeriod(at time: Timestamp) -> UInt64 {
        let first = from.adding(milliseconds: Agreement.usageDelayMilliseconds)
        guard time >= first, plan.periodDays > 0 else { return 0 }
        return (time.value - first.value) / (UInt64(plan.periodDays) * Timestamp.dayMilliseconds)
    }
}

extension Context {
    package func agreement(_ number: UInt64) throws(Rejection) -> Agreement? {
        try read(Directory.agreements.stateKey(number, at: WellKnown.agreements))
    }

    /// Accesses that began in the recurring plan's period that `time` lies in, and were logged until a day after its end.
    package func accesses(of agreement: Agreement, inPeriodAt time: Timestamp) throws(Rejection) -> UInt64 {
        let key = Pair(agreement.number, agreement.period(of: time))
        let count: Height? = try read(Directory.periodAccesses.stateKey(key, at: WellKnown.agreements))
        return count?.value ?? 0
    }
}
