package import Primitives

/// How an agreement is paid.
package struct PricePlan: Hashable, Sendable, ContractValue {
    package enum Kind: UInt8, ContractCode {
        case free = 0
        /// `price` once, at the countersignature.
        case oneTime = 1
        /// `price` per period, billed at its start.
        case recurring = 2
        /// `price` per access, billed at the end of each period.
        case perAccess = 3
        /// `price` per kWh of the data delivered, billed at the end of each period.
        case perEnergy = 4
    }

    /// 10^9 units of a currency, in micro-units.
    package static let priceMax: Amount = 1_000_000_000_000_000
    /// Shorter periods would fill the schedule of the network.
    package static let daysMin: UInt16 = 7
    package static let daysMax: UInt16 = 366
    package static let dueDaysMax: UInt16 = 90

    package let kind: Kind
    package let currency: Currency
    /// Micro-units.
    package let price: Amount
    /// Length of a billing period in days of 24 hours, 7 to 366; 0 where there are no periods.
    package let periodDays: UInt16
    /// From an invoice to the first reminder, 1 to 90.
    package let dueDays: UInt16
    /// Access opens when the first invoice is paid, not before. One-time and recurring only.
    package let paysFirst: Bool
    /// Micro-units that the usage of one period may come to; 0 for plans that count no usage.
    package let ceiling: Amount

    package init(
        _ kind: Kind, currency: Currency, price: Amount = 0, periodDays: UInt16 = 0, dueDays: UInt16 = 0,
        paysFirst: Bool = false, ceiling: Amount = 0
    ) {
        self.kind = kind
        self.currency = currency
        self.price = price
        self.periodDays = periodDays
        self.dueDays = dueDays
        self.paysFirst = paysFirst
        self.ceiling = ceiling
    }

    package var countsUsage: Bool { kind == .perAccess || kind == .perEnergy }

    /// Why nobody could bill by it, nil when they can.
    package var problem: String? {
        let hasPeriods = kind == .recurring || countsUsage
        if countsUsage ? !(1...PricePlan.priceMax).contains(ceiling) : ceiling != 0 {
            return countsUsage
                ? "a plan that counts usage has a ceiling per period, at most 10^9 currency units"
                : "only a plan that counts usage has a ceiling"
        }
        if kind == .free {
            let isPlain = price == 0 && periodDays == 0 && dueDays == 0 && !paysFirst
            return isPlain ? nil : "a free plan has no price, period or term"
        }
        if price <= 0 || price > PricePlan.priceMax { return "a price is above 0 and at most 10^9 currency units" }
        if hasPeriods ? !(PricePlan.daysMin...PricePlan.daysMax).contains(periodDays) : periodDays != 0 {
            return hasPeriods ? "a period has 7 to 366 days" : "a one-time price has no period"
        }
        if !(1...PricePlan.dueDaysMax).contains(dueDays) { return "an invoice is due after 1 to 90 days" }
        if paysFirst, kind != .oneTime, kind != .recurring {
            return "usage is billed after it, so it cannot be paid first"
        }
        return nil
    }

    /// Price of all usage so far: per access, or per kWh of `energy` watt-hours, rounded down. 0 for other plans.
    package func usageCharge(accesses: UInt64, energy: Energy) throws(ArithmeticOverflow) -> Amount {
        switch kind {
        case .free, .oneTime, .recurring: return 0
        case .perAccess:
            guard let count = Int64(exactly: accesses) else { throw ArithmeticOverflow() }
            return try price.multiplied(by: count)
        case .perEnergy: return try price.scaled(by: energy, over: 1_000)
        }
    }

    /// The most usage, in accesses or watt-hours, whose charge is at most `charge`; 0 for plans that count no usage.
    package func usageMax(charge: Amount) -> Int64 {
        guard countsUsage, price > 0, charge >= 0 else { return 0 }
        guard kind == .perEnergy else { return charge / price }
        // Charges are rounded down: up to the last watt-hour before the next micro-unit.
        return Int64(clamping: ((Int128(charge) + 1) * 1_000 - 1) / Int128(price))
    }

    package static let shape = Shape.fields(
        "PricePlan", ("kind", Kind.shape), ("currency", Currency.shape), ("price", .i64), ("periodDays", .u16),
        ("dueDays", .u16), ("paysFirst", .bool), ("ceiling", .i64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(kind)
        encoder.value(currency)
        encoder.i64(price)
        encoder.u16(periodDays)
        encoder.u16(dueDays)
        encoder.bool(paysFirst)
        encoder.i64(ceiling)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        kind = try Kind(from: &decoder)
        currency = try Currency(from: &decoder)
        price = try decoder.i64()
        periodDays = try decoder.u16()
        dueDays = try decoder.u16()
        paysFirst = try decoder.bool()
        ceiling = try decoder.i64()
    }
}

extension Timestamp {
    package static let dayMilliseconds: UInt64 = 86_400_000
    /// Days of 24 hours later; cannot overflow for block times.
    package func adding(days: UInt32) -> Timestamp {
        adding(milliseconds: UInt64(days) * Timestamp.dayMilliseconds)
    }
    package func adding(days: UInt16) -> Timestamp { adding(days: UInt32(days)) }
}
