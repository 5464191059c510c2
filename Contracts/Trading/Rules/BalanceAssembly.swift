package import Primitives

/// From reading batches to the balances of one period. Part of the contract version: attesters run exactly this.
///
/// A meter's registers are those that its batches contain. For each of them every slot of the period needs a reading;
/// the highest revision counts; a slot without one makes the member's balance `missing` there (counted as 0 Wh). A meter
/// without any batch is missing as a whole.
package enum BalanceAssembly {
    /// Active members of the period, ascending, with their settings in it and their meters' batches in any order. Batches
    /// must overlap the period and belong to one of the meters. `values` of the rules' price series for its hour.
    package static func balances(
        of members: [Member], rules: CommunityRules, period: PeriodNumber, batches: [ReadingBatch],
        values: [Amount?] = []
    ) throws(SettlementError) -> [MemberBalance] {
        guard let start = rules.period.start(of: period), let end = rules.period.end(of: period) else {
            throw .periodOutOfRange
        }
        var meters: [MeterNumber: MeterSlots] = [:]
        for member in members {
            for meter in member.meters {
                guard meters.updateValue(MeterSlots(meter: meter, start: start, end: end), forKey: meter) == nil else {
                    throw .sharedMeter(meter)
                }
            }
        }
        for batch in batches {
            guard var slots = meters[batch.meter] else { throw .foreignBatch(batch.meter) }
            try slots.add(batch, period: rules.period)
            meters[batch.meter] = slots
        }
        var balances: [MemberBalance] = []
        balances.reserveCapacity(members.count)
        for member in members {
            var production: Energy = 0
            var consumption: Energy = 0
            var flows = (injected: Energy(0), withdrawn: Energy(0))
            var quality = Quality.asProvided
            for meter in member.meters {
                guard let sums = try meters[meter]?.sums(period: rules.period) else { throw .foreignBatch(meter) }
                production = try sized(production.adding(sums.production))
                consumption = try sized(consumption.adding(sums.consumption))
                flows.injected = try sized(flows.injected.adding(sums.flows.injected))
                flows.withdrawn = try sized(flows.withdrawn.adding(sums.flows.withdrawn))
                quality = max(quality, sums.quality)
            }
            balances.append(
                MemberBalance(
                    member: member.number, production: production, consumption: consumption,
                    gridPrices: try rules.gridPrices(of: member, at: start, values: values), quality: quality,
                    flows: flows))
        }
        return balances
    }
}

/// Readings of one meter inside one period.
private struct MeterSlots {
    struct Sums {
        var production: Energy = 0
        var consumption: Energy = 0
        var quality = Quality.asProvided
        var isAtGrid = false

        /// Through the grid connection. Energy is >= 0, so the difference fits.
        var flows: (injected: Energy, withdrawn: Energy) {
            isAtGrid
                ? (production, consumption) : (max(production - consumption, 0), max(consumption - production, 0))
        }
    }

    let meter: MeterNumber
    let start: Timestamp
    let end: Timestamp
    /// Directions seen in any batch, one bit each.
    private var directions: UInt8 = 0
    private var resolution: Resolution?
    private var readings: [Reading] = []

    init(meter: MeterNumber, start: Timestamp, end: Timestamp) {
        self.meter = meter
        self.start = start
        self.end = end
    }

    mutating func add(_ batch: ReadingBatch, period: Resolution) throws(SettlementError) {
        guard batch.resolution.minutes <= period.minutes else { throw .tooCoarse(meter) }
        // A meter that changes its resolution inside a period has slots that cannot be compared.
        guard resolution == nil || resolution == batch.resolution else { throw .tooCoarse(meter) }
        resolution = batch.resolution
        for reading in batch.readings { directions |= 1 << reading.direction.rawValue }
        let inside = batch.readings(from: start, to: end)
        guard !inside.isEmpty else { throw .foreignBatch(meter) }
        readings.append(contentsOf: inside)
    }

    func sums(period: Resolution) throws(SettlementError) -> Sums {
        let atGrid: UInt8 = 0b0011
        guard directions & atGrid == 0 || directions & ~atGrid == 0 else { throw .mixedDirections(meter) }
        guard let resolution else { return Sums(quality: .missing) }
        var sums = Sums(isAtGrid: directions & atGrid != 0)
        let latest = try latestRevisions()
        let registers = Direction.allCases.filter { directions & (1 << $0.rawValue) != 0 }
        let expected = Int(period.minutes / resolution.minutes) * registers.count
        if latest.count < expected { sums.quality = .missing }
        for reading in latest {
            sums.quality = max(sums.quality, reading.quality)
            if reading.direction.isProduction {
                sums.production = try sized(sums.production.adding(reading.energy))
            } else {
                sums.consumption = try sized(sums.consumption.adding(reading.energy))
            }
        }
        return sums
    }

    /// One reading per slot and register: the highest revision, which must be the only value of that revision.
    private func latestRevisions() throws(SettlementError) -> [Reading] {
        let ordered = readings.sorted {
            ($0.start, $0.direction.rawValue, $0.revision) < ($1.start, $1.direction.rawValue, $1.revision)
        }
        var latest: [Reading] = []
        for reading in ordered {
            guard let last = latest.last, last.start == reading.start, last.direction == reading.direction else {
                latest.append(reading)
                continue
            }
            if last.revision == reading.revision, (last.energy, last.quality) != (reading.energy, reading.quality) {
                throw .contradiction(meter, start: reading.start)
            }
            latest[latest.count - 1] = reading
        }
        return latest
    }
}

extension ReadingBatch {
    /// Readings that start in [from, to). Binary search: readings ascend.
    package func readings(from: Timestamp, to: Timestamp) -> ArraySlice<Reading> {
        let lower = firstIndex(from: from)
        let upper = firstIndex(from: to)
        return lower < upper ? readings[lower..<upper] : []
    }

    private func firstIndex(from time: Timestamp) -> Int {
        var low = 0
        var high = readings.count
        while low < high {
            let middle = low + (high - low) / 2
            if readings[middle].start < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
