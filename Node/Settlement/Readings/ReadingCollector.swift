package import Primitives
package import Trading

/// What every adaptor needs to know beside the file.
package struct AdaptorSettings: Sendable {
    package static let metersMax = 4_096

    /// Civil time of the labels, and of the days that the plausibility checks look at.
    package let clock: LocalClock
    /// Pseudonymous numbers of the file's meter names; names that are missing here are rejected.
    package let meters: [String: MeterNumber]
    package let receivedAt: Timestamp
    /// 0 for first readings; changed ones that are handed in later have a higher number, and the highest counts.
    package let revision: UInt16
    /// Mean power above which a value is flagged as implausible, in kilowatts.
    package let plausibleKilowattsMax: Int64

    package init(
        clock: LocalClock, meters: [String: MeterNumber], receivedAt: Timestamp, revision: UInt16 = 0,
        plausibleKilowattsMax: Int64 = 100
    ) {
        self.clock = clock
        self.meters = meters
        self.receivedAt = receivedAt
        self.revision = revision
        self.plausibleKilowattsMax = plausibleKilowattsMax
    }

    func check() throws(AdaptorError) {
        guard meters.count <= AdaptorSettings.metersMax, clock.problem == nil, plausibleKilowattsMax > 0 else {
            throw AdaptorError("the adaptor's meters or clock are not valid")
        }
    }
}

/// Takes the values of a file in any order and makes readings of them: one per slot and register, with a missing one
/// wherever a slot between the first and the last has no value.
struct ReadingCollector {
    /// Span of one meter in one file.
    static let daysMax: Int64 = 732
    /// Values of one file in memory.
    static let valuesMax = 16_777_216

    /// 2201-01-01: no file is from the time after it.
    static let minutesEnd: Int64 = 121_494_240

    struct Register: Hashable {
        let meter: MeterNumber
        let direction: Direction
    }

    /// A value in a slot of the resolution, counted from 1970.
    struct Value {
        let slot: Int64
        let energy: Energy
        let line: Int
        var quality: Quality
    }

    let settings: AdaptorSettings
    let resolution: Resolution
    var list = NoticeList()
    private let names: [MeterNumber: String]
    private(set) var values: [Register: [Value]] = [:]
    private var count = 0

    init(_ settings: AdaptorSettings, resolution: Resolution) {
        self.settings = settings
        self.resolution = resolution
        names = Dictionary(settings.meters.map { ($1, $0) }, uniquingKeysWith: min)
    }

    func name(_ meter: MeterNumber) -> String { names[meter] ?? "\(meter.value)" }

    var slotMinutes: Int64 { Int64(resolution.minutes) }

    func start(_ slot: Int64) -> Timestamp { Timestamp(UInt64(max(0, slot)) * resolution.milliseconds) }

    func label(_ slot: Int64) -> String { LocalLabel.text(minutes: slot * slotMinutes) + "Z" }

    mutating func reject(_ kind: ReadingNotice.Kind, line: Int, meter: String? = nil, count: Int = 1, _ reason: String)
    {
        list.add(ReadingNotice(kind, .rejected, line: line, meter: meter, count: count, reason))
    }

    /// Adds a value that begins `minutes` after 1970-01-01T00:00Z. What is wrong with it is listed.
    mutating func add(
        _ meter: MeterNumber, _ direction: Direction, minutes: Int64, energy: Energy, line: Int,
        quality: Quality = .asProvided
    ) {
        let name = name(meter)
        guard minutes >= 0, minutes < ReadingCollector.minutesEnd, minutes % slotMinutes == 0 else {
            return reject(
                .malformed, line: line, meter: name,
                "\(LocalLabel.text(minutes: min(max(0, minutes), ReadingCollector.minutesEnd)))Z is not the start of a \(resolution.iso8601) period"
            )
        }
        guard energy >= 0 else {
            return reject(
                .negative, line: line, meter: name, "\(direction) \(energy) Wh is outside 0 to \(Reading.energyMax)")
        }
        guard energy <= Reading.energyMax else {
            return reject(
                .outOfRange, line: line, meter: name, "\(direction) \(energy) Wh is outside 0 to \(Reading.energyMax)")
        }
        guard count < ReadingCollector.valuesMax else {
            return reject(
                .tooLong, line: line, meter: name,
                "the file has more than \(ReadingCollector.valuesMax) values; split it")
        }
        let register = Register(meter: meter, direction: direction)
        let slot = minutes / slotMinutes
        if let last = values[register]?.last, slot < last.slot {
            list.add(
                ReadingNotice(
                    .outOfOrder, .noted, line: line, meter: name,
                    "\(direction) of \(label(slot)) comes after that of \(label(last.slot)) in line \(last.line)"))
        }
        values[register, default: []].append(Value(slot: slot, energy: energy, line: line, quality: quality))
        count += 1
    }

    /// Adds a value that a document gives as `text` in units of 10^`power` Wh, with the source's own quality. Text that is
    /// no such number is rejected as `wrong`; what is rounded or not vouched for is listed.
    mutating func add(
        _ meter: MeterNumber, _ direction: Direction, minutes: Int64, text: String, power: Int, line: Int,
        quality: Quality, code: String, name: String, wrong: String
    ) {
        guard let value = DecimalText.units(text, power: power) else {
            return reject(.malformed, line: line, meter: name, "'\(text.prefix(32))' is no \(wrong)")
        }
        if case .rounded = value {
            list.add(
                ReadingNotice(
                    .rounded, .noted, line: line, meter: name, "'\(text.prefix(32))' is rounded to whole watt-hours"))
        }
        if quality != .asProvided {
            list.add(
                ReadingNotice(
                    .interpolated, .flagged, line: line, meter: name, "the source gives quality \(code): \(quality)"))
        }
        add(meter, direction, minutes: minutes, energy: value.value, line: line, quality: quality)
    }

    /// Sorts, drops second values, checks plausibility, fills gaps.
    mutating func finish() throws(AdaptorError) -> AdaptedReadings {
        let registers = values.keys.sorted {
            ($0.meter, $0.direction.rawValue) < ($1.meter, $1.direction.rawValue)
        }
        for register in registers { values[register] = unique(register) }
        flagDeadInverters(registers)
        for register in registers { flag(register) }
        checkClock(registers)
        var series: [(meter: MeterNumber, readings: [Reading])] = []
        var at = 0
        while at < registers.count {
            let meter = registers[at].meter
            var end = at
            while end < registers.count, registers[end].meter == meter { end += 1 }
            let readings = readings(of: Array(registers[at..<end]))
            if !readings.isEmpty { series.append((meter: meter, readings: readings)) }
            at = end
        }
        try list.checkSize()
        // Stable: equal lines keep the order in which they were found.
        let notices = list.notices.enumerated().sorted {
            ($0.element.line, $0.offset) < ($1.element.line, $1.offset)
        }.map(\.element)
        return AdaptedReadings(resolution: resolution, series: series, notices: notices)
    }

    mutating func replace(_ register: Register, _ changed: [Value]) { values[register] = changed }

    /// One value a slot, ascending: the first that the file has. Others are rejected, whether they agree or not.
    private mutating func unique(_ register: Register) -> [Value] {
        let all = values[register] ?? []
        let isAscending = !zip(all, all.dropFirst()).contains { $0.slot >= $1.slot }
        let ordered = isAscending ? all : all.sorted { ($0.slot, $0.line) < ($1.slot, $1.line) }
        guard let first = ordered.first else { return [] }
        let end = first.slot + ReadingCollector.daysMax * 1_440 / slotMinutes
        var kept: [Value] = []
        kept.reserveCapacity(ordered.count)
        for value in ordered {
            if value.slot >= end {
                reject(
                    .tooLong, line: value.line, meter: name(register.meter),
                    "\(label(value.slot)) is more than \(ReadingCollector.daysMax) days after the meter's first value; split the file"
                )
            } else if let last = kept.last, last.slot == value.slot {
                let what =
                    last.energy == value.energy
                    ? "the same value" : "\(value.energy) Wh where line \(last.line) has \(last.energy)"
                reject(
                    .duplicate, line: value.line, meter: name(register.meter),
                    "a second row for this meter and period, \(register.direction) of \(label(value.slot)): \(what)")
            } else {
                kept.append(value)
            }
        }
        return kept
    }

    /// Readings of one meter over the span of all its registers.
    private mutating func readings(of registers: [Register]) -> [Reading] {
        let columns = registers.map { values[$0] ?? [] }
        guard let first = columns.compactMap(\.first?.slot).min(), let last = columns.compactMap(\.last?.slot).max()
        else {
            return []
        }
        for (register, column) in zip(registers, columns) { noteGaps(register, column, first: first, last: last) }
        var readings: [Reading] = []
        readings.reserveCapacity(Int(last - first + 1) * registers.count)
        var next = Array(repeating: 0, count: registers.count)
        for slot in first...last {
            for (index, register) in registers.enumerated() {
                var value = Value(slot: slot, energy: 0, line: 0, quality: .missing)
                if next[index] < columns[index].count, columns[index][next[index]].slot == slot {
                    value = columns[index][next[index]]
                    next[index] += 1
                }
                readings.append(
                    Reading(
                        start: start(slot), direction: register.direction, energy: value.energy, quality: value.quality,
                        revision: settings.revision, receivedAt: settings.receivedAt))
            }
        }
        return readings
    }

    private mutating func noteGaps(_ register: Register, _ column: [Value], first: Int64, last: Int64) {
        var expected = first
        var before = 0
        func gap(_ to: Int64, _ line: Int) -> ReadingNotice {
            ReadingNotice(
                .gap, .missing, line: line, meter: name(register.meter), count: Int(to - expected),
                "no \(register.direction) for \(to - expected) periods from \(label(expected))")
        }
        for value in column {
            if value.slot > expected { list.add(gap(value.slot, value.line)) }
            expected = value.slot + 1
            before = value.line
        }
        if expected <= last { list.add(gap(last + 1, before)) }
    }
}
