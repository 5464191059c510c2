internal import Primitives
internal import Trading

/// What is not credible is flagged, never repaired: values stay as they are, with the code `estimated`.
extension ReadingCollector {
    /// The same value for this long counts as a stuck register.
    static let stuckMinutesMin: Int64 = 360
    /// Distance by which the middle of the production may move over a clock change, in minutes.
    static let centroidShiftMinutesMax: Int64 = 30
    static let centroidDays: Int64 = 14

    /// Stuck and implausible values of one register.
    mutating func flag(_ register: Register) {
        var column = values[register] ?? []
        let wattHoursMax = settings.plausibleKilowattsMax.multipliedReportingOverflow(by: 1_000 * slotMinutes / 60)
        for index in column.indices where !wattHoursMax.overflow && column[index].energy > wattHoursMax.partialValue {
            column[index].quality = max(column[index].quality, .estimated)
            list.add(
                ReadingNotice(
                    .implausible, .flagged, line: column[index].line, meter: name(register.meter),
                    "\(register.direction) of \(column[index].energy) Wh in \(slotMinutes) minutes is above \(settings.plausibleKilowattsMax) kW"
                ))
        }
        flagStuck(register, &column)
        replace(register, column)
    }

    /// A home always draws something, so a load of zero may be stuck; import, export and production rest at zero.
    private mutating func flagStuck(_ register: Register, _ column: inout [Value]) {
        let least = Int(ReadingCollector.stuckMinutesMin / slotMinutes)
        var first = 0
        while first < column.count {
            var end = first + 1
            while end < column.count, column[end].energy == column[first].energy,
                column[end].slot == column[end - 1].slot + 1
            { end += 1 }
            let energy = column[first].energy
            if end - first >= least, energy > 0 || register.direction == .load {
                for index in first..<end { column[index].quality = max(column[index].quality, .estimated) }
                list.add(
                    ReadingNotice(
                        .stuck, .flagged, line: column[first].line, lastLine: column[end - 1].line,
                        meter: name(register.meter), count: end - first,
                        "\(register.direction) stands at \(energy) Wh for \(end - first) periods from \(label(column[first].slot))"
                    ))
            }
            first = end
        }
    }

    private func localDay(_ slot: Int64) -> Int64 { CivilTime.dayNumber(of: start(slot), clock: settings.clock) }

    /// Production of zero during a whole local day on which at least half of the other meters produced.
    mutating func flagDeadInverters(_ registers: [Register]) {
        // A meter that never produces has no inverter.
        let producers = registers.filter { register in
            register.direction == .production && (values[register] ?? []).contains { $0.energy > 0 }
        }
        let others = registers.filter { $0.direction == .production }
        guard producers.count > 1 else { return }
        var produced: [Int64: [MeterNumber: Bool]] = [:]
        for register in others {
            for value in values[register] ?? [] {
                let day = localDay(value.slot)
                produced[day, default: [:]][register.meter, default: false] =
                    (produced[day]?[register.meter] ?? false) || value.energy > 0
            }
        }
        for register in producers {
            var column = values[register] ?? []
            var index = 0
            while index < column.count {
                let day = localDay(column[index].slot)
                var end = index
                while end < column.count, localDay(column[end].slot) == day { end += 1 }
                let rest = (produced[day] ?? [:]).filter { $0.key != register.meter }
                if produced[day]?[register.meter] == false, !rest.isEmpty,
                    rest.values.count(where: { $0 }) * 2 >= rest.count
                {
                    for each in index..<end { column[each].quality = max(column[each].quality, .estimated) }
                    list.add(
                        ReadingNotice(
                            .deadInverter, .flagged, line: column[index].line, lastLine: column[end - 1].line,
                            meter: name(register.meter), count: end - index,
                            "no production on \(CalendarDay.text(day)), when others produced"))
                }
                index = end
            }
            replace(register, column)
        }
    }

    // MARK: Clock

    /// The sun knows no daylight saving: when the middle of the production moves by an hour in UTC over a change of the
    /// clock, the labels did not follow that clock. Export says less: it depends on when a home uses its own production.
    mutating func checkClock(_ registers: [Register]) {
        for change in settings.clock.spans.dropFirst() {
            let at = Int64(clamping: change.from.milliseconds / 60_000)
            let span = ReadingCollector.centroidDays * 1_440
            var before: (weighted: Int64, total: Int64) = (0, 0)
            var after = before
            for register in registers where register.direction == .production {
                for value in values[register] ?? [] {
                    let minutes = value.slot * slotMinutes
                    guard minutes >= at - span, minutes < at + span else { continue }
                    // Minute of the solar day, near enough: local standard time keeps the night at its edges.
                    let minute = (minutes + standardOffset + slotMinutes / 2 + 1_440) % 1_440
                    let energy = min(value.energy, 1_000_000)
                    if minutes < at {
                        before = (before.weighted + energy * minute, before.total + energy)
                    } else {
                        after = (after.weighted + energy * minute, after.total + energy)
                    }
                }
            }
            guard before.total > 0, after.total > 0 else { continue }
            let shift = after.weighted / after.total - before.weighted / before.total
            if abs(shift) >= ReadingCollector.centroidShiftMinutesMax {
                list.add(
                    ReadingNotice(
                        .clockShift, .noted, line: 0,
                        "the middle of the production moves by \(shift) minutes where the clock changes, at \(LocalLabel.text(minutes: at))Z: the labels do not seem to follow this clock"
                    ))
            }
        }
    }

    private var standardOffset: Int64 { Int64(settings.clock.spans.map(\.offsetMinutes).min() ?? 0) }
}
