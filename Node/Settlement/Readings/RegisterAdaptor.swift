internal import Primitives
package import Trading

/// Reads `utc_timestamp,cet_cest_timestamp,<register>,…[,interpolated_values]`: hourly stands of cumulative registers in
/// kWh with a UTC and a local stamp, such as the shared file `kn_residential4_registers_hourly.csv` (Open Power System
/// Data). A file is one house, whose registers are columns.
///
/// The energy of an hour is the difference between the stands at its end and at its start; stands are rounded to whole
/// watt-hours first, so that the sum over any hours is the difference of two stands. UTC counts; a local stamp that says
/// another instant is reported as mislabelled. A register that goes backwards gives no reading for that hour. Over hours
/// without a stand the energy is known as a sum only: it is told in the notice, and the hours are missing.
package struct RegisterAdaptor: Sendable {
    package static let headerStart = "utc_timestamp,cet_cest_timestamp,"
    package static let columnsMax = 64
    package static let registers: [String: Direction] = ["grid_import": .import, "grid_export": .export]

    package let settings: AdaptorSettings
    /// Name of the house's meter.
    package let meter: String
    /// Columns that are taken; others are listed as ignored.
    package let columns: [String: Direction]

    package init(_ settings: AdaptorSettings, meter: String, columns: [String: Direction] = RegisterAdaptor.registers) {
        self.settings = settings
        self.meter = meter
        self.columns = columns
    }

    /// A column while its file is read: where it is, and the stand that it had last.
    private struct Column {
        let index: Int
        let name: String
        let direction: Direction
        var last: (minutes: Int64, wattHours: Int64, line: Int, isInterpolated: Bool)?
    }

    package func read(_ bytes: [UInt8]) throws(AdaptorError) -> AdaptedReadings {
        let table = try CSVTable(bytes)
        try settings.check()
        guard let number = settings.meters[meter] else {
            throw AdaptorError("meter '\(meter.prefix(32))' is no member's in the community file; `cec admit` adds it")
        }
        var collector = ReadingCollector(settings, resolution: .minutes60)
        let names = table.header.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        var taken = try taken(names, table.header, &collector)
        let interpolated = names.firstIndex(of: "interpolated_values")
        table.forEachLine { line, content in
            let fields: [Substring]
            switch content {
            case .bad(let why): return collector.reject(.malformed, line: line, meter: meter, why)
            case .fields(let found): fields = found
            }
            guard fields.count == names.count else {
                return collector.reject(
                    .malformed, line: line, meter: meter, "\(fields.count) fields where \(names.count) belong")
            }
            guard let minutes = instant(fields, line, &collector) else { return }
            let marked = interpolated.map { fields[$0] } ?? ""
            for index in taken.indices {
                step(&taken[index], fields, minutes, line, marked: marked, number, &collector)
            }
        }
        return try collector.finish()
    }

    private func taken(
        _ names: [String], _ header: String, _ collector: inout ReadingCollector
    ) throws(AdaptorError) -> [Column] {
        guard header.hasPrefix(RegisterAdaptor.headerStart), names.count <= RegisterAdaptor.columnsMax,
            Set(names).count == names.count
        else {
            throw AdaptorError(
                "the file's first line does not begin with '\(RegisterAdaptor.headerStart)' and up to \(RegisterAdaptor.columnsMax) names, each once"
            )
        }
        var taken: [Column] = []
        for (index, name) in names.enumerated().dropFirst(2) where name != "interpolated_values" {
            if let direction = columns[name] {
                taken.append(Column(index: index, name: name, direction: direction))
            } else {
                collector.list.add(
                    ReadingNotice(
                        .ignoredColumn, .noted, line: 1, meter: meter, "column '\(name.prefix(32))' is not taken"))
            }
        }
        if taken.isEmpty {
            throw AdaptorError("the file has none of the columns \(columns.keys.sorted().joined(separator: ", "))")
        }
        return taken
    }

    /// The row's instant in minutes UTC. The local stamp must agree with it, and with the clock; else that is reported.
    private func instant(_ fields: [Substring], _ line: Int, _ collector: inout ReadingCollector) -> Int64? {
        guard let utc = Stamp(fields[0]), utc.offsetMinutes == 0 else {
            collector.reject(
                .malformed, line: line, meter: meter,
                "'\(fields[0].prefix(32))' is no UTC time such as 2016-03-27T01:00:00Z")
            return nil
        }
        func mislabelled(_ reason: String) {
            collector.list.add(ReadingNotice(.mislabelledClock, .noted, line: line, meter: meter, reason))
        }
        guard let local = Stamp(fields[1]) else {
            mislabelled("'\(fields[1].prefix(32))' is no local time with an offset; the UTC stamp counts")
            return utc.utcMinutes
        }
        let expected = Int64(settings.clock.offsetMinutes(at: Timestamp(UInt64(max(0, utc.utcMinutes)) * 60_000)))
        if local.utcMinutes != utc.utcMinutes {
            mislabelled("\(fields[1]) is not the same instant as \(fields[0]), which counts")
        } else if local.offsetMinutes != expected {
            mislabelled("\(fields[1]) has another offset than the clock, which is \(expected) minutes from UTC then")
        }
        return utc.utcMinutes
    }

    private func step(
        _ column: inout Column, _ fields: [Substring], _ minutes: Int64, _ line: Int, marked: Substring,
        _ number: MeterNumber, _ collector: inout ReadingCollector
    ) {
        let text = fields[column.index]
        // The hours without a stand show as a gap.
        if text.isEmpty { return }
        guard let stand = DecimalText.units(text, power: 3), stand.value >= 0 else {
            return collector.reject(
                .malformed, line: line, meter: meter, "\(column.name) '\(text.prefix(32))' is no stand in kWh")
        }
        if case .rounded = stand {
            collector.list.add(
                ReadingNotice(
                    .rounded, .noted, line: line, meter: meter,
                    "\(column.name) '\(text)' is rounded to whole watt-hours"))
        }
        let isInterpolated = marked.split(separator: "|").contains {
            $0.trimmed.hasSuffix("_" + column.name) || $0.trimmed == column.name
        }
        let before = column.last
        if let before, minutes <= before.minutes {
            return collector.reject(
                minutes == before.minutes ? .duplicate : .outOfOrder, line: line, meter: meter,
                "\(column.name) comes after that of line \(before.line), which is not earlier; a register needs its order"
            )
        }
        column.last = (minutes, stand.value, line, isInterpolated)
        guard let before else { return }
        let energy = stand.value - before.wattHours
        guard energy >= 0 else {
            return collector.reject(
                .registerReset, line: line, meter: meter,
                "\(column.name) goes back from \(before.wattHours) to \(stand.value) Wh: reset or replaced")
        }
        guard minutes - before.minutes == 60 else {
            collector.list.add(
                ReadingNotice(
                    .noValue, .noted, line: line, meter: meter, count: Int((minutes - before.minutes) / 60),
                    "\(column.name) has no stand between lines \(before.line) and \(line): \(energy) Wh that belong to no single hour"
                ))
            return
        }
        if isInterpolated || before.isInterpolated {
            collector.list.add(
                ReadingNotice(
                    .interpolated, .flagged, line: before.line, lastLine: line, meter: meter,
                    "\(column.name) is interpolated by the source"))
        }
        collector.add(
            number, column.direction, minutes: before.minutes, energy: energy, line: line,
            quality: isInterpolated || before.isInterpolated ? .estimated : .asProvided)
    }
}

extension Substring {
    /// Without spaces at both ends.
    var trimmed: Substring {
        var part = self
        while part.first == " " { part.removeFirst() }
        while part.last == " " { part.removeLast() }
        return part
    }
}
