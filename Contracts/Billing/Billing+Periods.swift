internal import Chain
internal import ContractKit
internal import Primitives

extension Billing {
    /// Bills that one call makes at most where they are late.
    static let lateBillsMax = 8

    static func begin(_ context: Context, _ start: BillingStart) throws(Rejection) -> PaymentStanding {
        try require(context.caller.origin == .instance(WellKnown.agreements), notAgreements())
        var bill = AgreementBill(start)
        switch start.plan.kind {
        case .free: bill.isClosed = true
        case .oneTime:
            try issue(&bill, .oneTime, start.plan.price, from: start.from, to: start.until, context)
            bill.isClosed = true
        case .recurring:
            if start.plan.paysFirst || start.from <= context.time {
                try billPeriods(&bill, until: start.until, most: 1, context)
            } else {
                try schedule(&bill, at: start.from, context)
            }
        case .perAccess, .perEnergy: try scheduleUsage(&bill, until: start.until, context)
        }
        try store(bill, context)
        return bill.standing
    }

    /// The start of a period, the first being 0.
    private static func start(of period: UInt32, _ bill: AgreementBill) throws(Rejection) -> Timestamp {
        bill.from.adding(days: try checked(period.multiplied(by: UInt32(bill.plan.periodDays))))
    }

    static func bill(_ context: Context, _ run: BillRun) throws(Rejection) -> Nothing {
        guard var bill = try bills.get(run.agreement, in: context), let agreement = try context.agreement(run.agreement)
        else { throw documentUnknown() }
        // What began was billed by what came before; who asks before the first bill is told that it is early.
        guard !bill.isClosed, bill.periods == 0 || bill.next.time <= context.time else { return Nothing() }
        try context.requireSchedule(of: bill.next)
        if bill.plan.kind == .recurring {
            // Where access waits and the newest invoice leaves nothing to pay, it waits for the next one.
            var asks = bill.standing == .awaited
            if asks, let last = bill.last { asks = try invoice(last, context).state != .open }
            try billPeriods(&bill, until: agreement.until, most: 1, asks: asks, context)
        } else {
            try billUsage(&bill, agreement, context)
        }
        try store(bill, context)
        return Nothing()
    }

    /// Bills the period that begins, and up to `most` of those that began, and schedules the next bill. Nothing is billed
    /// for periods that begin while access is closed by payment, until access opens again (`billRest`); where it waits and
    /// the newest invoice leaves nothing to pay, one that it waits for. A plan's days bound the steps.
    private static func billPeriods(
        _ bill: inout AgreementBill, until: Timestamp, most: Int, asks: Bool = false, _ context: Context
    ) throws(Rejection) {
        var asks = asks
        var (billed, from) = (0, try start(of: bill.periods, bill))
        while from < until {
            bill.periods = try checked(bill.periods.adding(1))
            let next = try start(of: bill.periods, bill)
            if bill.standing == .clear || bill.invoices == 0 || asks {
                billed += 1
                asks = false
                // The price is for the period up to its agreed end.
                let to = min(next, bill.until)
                let amount = try kept(bill.plan.price, from: from, to: to, until: bill.creditsFrom ?? to)
                if amount > 0 {
                    try issue(
                        &bill, .recurring, amount, from: from, to: min(to, bill.creditsFrom ?? to), context)
                }
            }
            from = next
            guard next > context.time || billed >= most else { continue }
            guard next < until else { break }
            return try schedule(&bill, at: max(next, context.time.next), context)
        }
        bill.isClosed = true
    }

    /// Bills the periods that began and were not billed, since the call for it was refused or still waits, by what access is
    /// now: before that changes. Of more than `lateBillsMax` the rest is billed after it.
    static func billLate(
        _ bill: inout AgreementBill, until end: Timestamp? = nil, _ context: Context
    ) throws(Rejection) {
        guard bill.plan.kind == .recurring, !bill.isClosed, try start(of: bill.periods, bill) <= context.time,
            let agreement = try context.agreement(bill.agreement)
        else { return }
        try context.cancel(bill.next)
        try billPeriods(&bill, until: end ?? agreement.until, most: lateBillsMax, context)
    }

    /// Access opens in a period that began while it was closed: from now on it is billed, to its end or the agreement's.
    static func billRest(_ bill: inout AgreementBill, _ context: Context) throws(Rejection) {
        guard bill.plan.kind == .recurring, bill.periods > 0, let last = bill.last,
            let agreement = try context.agreement(bill.agreement), !agreement.state.isEnded
        else { return }
        let from = try start(of: bill.periods - 1, bill)
        guard try invoice(last, context).from < from else { return }
        let whole = min(try start(of: bill.periods, bill), bill.until)
        let to = min(whole, agreement.until)
        guard from <= context.time, context.time < to else { return }
        let open = from.adding(milliseconds: to.value - context.time.value)
        let amount = try kept(bill.plan.price, from: from, to: whole, until: open)
        if amount > 0 { try issue(&bill, .recurring, amount, from: context.time, to: to, context) }
    }

    private static func billUsage(
        _ bill: inout AgreementBill, _ agreement: Agreement, _ context: Context
    ) throws(Rejection) {
        let from = try start(of: bill.periods, bill)
        bill.periods = try checked(bill.periods.adding(1))
        let to = min(try start(of: bill.periods, bill), agreement.until)
        let charge = try checked(
            bill.plan.usageCharge(accesses: agreement.accesses, energy: agreement.energy))
        let amount = try checked(charge.subtracting(bill.amount))
        if amount > 0 {
            let accesses = try checked(agreement.accesses.subtracting(bill.accesses))
            let energy = try checked(agreement.energy.subtracting(bill.energy))
            try issue(
                &bill, .usage, amount, from: min(from, to), to: to, accesses: accesses, energy: energy, context)
            bill.amount = charge
            bill.accesses = agreement.accesses
            bill.energy = agreement.energy
        }
        if agreement.until.adding(milliseconds: Agreement.usageDelayMilliseconds) <= context.time {
            bill.isClosed = true
        } else {
            try scheduleUsage(&bill, until: agreement.until, context)
        }
    }

    private static func scheduleUsage(
        _ bill: inout AgreementBill, until: Timestamp, _ context: Context
    ) throws(Rejection) {
        let end = min(try start(of: checked(bill.periods.adding(1)), bill), until)
        try schedule(
            &bill, at: max(end.adding(milliseconds: Agreement.usageDelayMilliseconds), context.time.next), context)
    }

    private static func schedule(
        _ bill: inout AgreementBill, at time: Timestamp, _ context: Context
    ) throws(Rejection) {
        bill.next = try context.schedule(Billing.bill.message, BillRun(agreement: bill.agreement), at: time)
    }

    /// The agreement ends: no bill for later periods, the last one for usage sooner. What was billed for the time from
    /// `creditsFrom` on goes back, and what will be billed stops there.
    static func end(_ context: Context, _ request: BillingEnd) throws(Rejection) -> PaymentStanding {
        try require(context.caller.origin == .instance(WellKnown.agreements), notAgreements())
        guard var bill = try bills.get(request.agreement, in: context) else { throw documentUnknown() }
        if let from = request.creditsFrom { bill.creditsFrom = min(bill.creditsFrom ?? from, from) }
        try billLate(&bill, until: request.until, context)
        if !bill.isClosed {
            if bill.plan.countsUsage {
                try context.cancel(bill.next)
                try scheduleUsage(&bill, until: request.until, context)
            } else if try start(of: bill.periods, bill) >= request.until {
                try context.cancel(bill.next)
                bill.isClosed = true
            }
        }
        try store(bill, context)
        // Access that waited for its payment until the end never opened, so nothing is owed for it; or what opened it was
        // taken back, and then it matters whether anybody read.
        let isUnopened = bill.awaits && request.until <= context.time
        if isUnopened, let first = bill.first, first != bill.last {
            try giveBack(first, request.reason, context)
        }
        if let number = bill.last {
            if isUnopened, try giveBack(number, request.reason, context) {
                // Nothing is left to wait for.
                try change(request.agreement, by: AccessChange(awaits: false), context)
            } else if let from = bill.creditsFrom {
                try creditRest(of: invoice(number, context), after: from, request.reason, context)
            }
            try bringForward(number, until: request.until, context)
        }
        guard let after = try bills.get(request.agreement, in: context) else { throw documentUnknown() }
        return after.standing
    }

    /// What is kept of a price for a span of which the part before `until` counts: by milliseconds, rounded down to whole
    /// micro-units, so that the rest of the division is the buyer's.
    static func kept(
        _ price: Amount, from: Timestamp, to: Timestamp, until: Timestamp
    ) throws(Rejection) -> Amount {
        guard until < to else { return price }
        guard until > from else { return 0 }
        let (used, whole) = (until.value - from.value, to.value - from.value)
        return try checked(price.scaled(by: Int64(clamping: used), over: Int64(clamping: whole)))
    }
}
