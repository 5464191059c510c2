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
        let count = members.reduce(0) { $0 + $1.meters.count }
        // Place of each meter, in the order of the members.
        var places: [MeterNumber: Int] = [:]
        places.reserveCapacity(count)
        var meters: [MeterSlots] = []
        meters.reserveCapacity(count)
        for member in members {
            for meter in member.meters {
                guard places.updateValue(meters.count, forKey: meter) == nil else { throw .sharedMeter(meter) }
                meters.append(MeterSlots(meter: meter))
            }
        }
        for batch in batches {
            guard let place = places[batch.meter] else { throw .foreignBatch(batch.meter) }
            try meters[place].add(batch, from: start, to: end, period: rules.period)
        }
        let reference = try rules.referencePrices(at: start, values: values)
        var balances: [MemberBalance] = []
        balances.reserveCapacity(members.count)
        var place = 0
        for member in members {
            var sums = MeterSlots.Sums()
            var flows = (injected: Energy(0), withdrawn: Energy(0))
            for _ in member.meters {
                let own = try meters[place].sums(period: rules.period)
                place += 1
                sums.production = try sized(sums.production.adding(own.production))
                sums.consumption = try sized(sums.consumption.adding(own.consumption))
                flows.injected = try sized(flows.injected.adding(own.flows.injected))
                flows.withdrawn = try sized(flows.withdrawn.adding(own.flows.withdrawn))
                sums.quality = max(sums.quality, own.quality)
            }
            let prices =
                member.settings.tariff == nil
                ? reference : try rules.gridPrices(of: member, at: start, values: values)
            balances.append(
                MemberBalance(
                    member: member.number, production: sums.production, consumption: sums.consumption,
                    gridPrices: prices, quality: sums.quality, flows: flows))
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
    /// Directions seen in any batch, one bit each.
    private var directions: UInt8 = 0
    private var resolution: Resolution?
    /// Those of the first batch, and those of all others: nearly every meter has one batch.
    private var first: ArraySlice<Reading> = []
    private var others: [Reading] = []

    init(meter: MeterNumber) { self.meter = meter }

    mutating func add(
        _ batch: ReadingBatch, from start: Timestamp, to end: Timestamp, period: Resolution
    ) throws(SettlementError) {
        guard batch.resolution.minutes <= period.minutes else { throw .tooCoarse(meter) }
        // A meter that changes its resolution inside a period has slots that cannot be compared.
        guard resolution == nil || resolution == batch.resolution else { throw .tooCoarse(meter) }
        resolution = batch.resolution
        directions |= batch.directions
        let inside = batch.readings(from: start, to: end)
        guard !inside.isEmpty else { throw .foreignBatch(meter) }
        if first.isEmpty { first = inside } else { others.append(contentsOf: inside) }
    }

    func sums(period: Resolution) throws(SettlementError) -> Sums {
        let atGrid: UInt8 = 0b0011
        guard directions & atGrid == 0 || directions & ~atGrid == 0 else { throw .mixedDirections(meter) }
        guard let resolution else { return Sums(quality: .missing) }
        var sums = Sums(isAtGrid: directions & atGrid != 0)
        // The readings of one batch ascend, each slot and register once.
        let latest = others.isEmpty ? first : try latestRevisions()[...]
        let expected = Int(period.minutes / resolution.minutes) * directions.nonzeroBitCount
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
        let ordered = (Array(first) + others).sorted {
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
