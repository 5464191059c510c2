package import ContractKit
package import Primitives

/// A region's civil time as data: UTC offsets with the instants at which they begin. Rules carry it, so that a tariff
/// band means the same on every node without a time zone database.
///
/// Invariants (`problem`): 1 to 64 spans, ascending, offsets within 15 hours. Times before the first span have its offset.
package struct LocalClock: Hashable, Sendable, ContractValue {
    package static let spansMax = 64
    package static let offsetMinutesMax: Int16 = 900
    package static let utc = LocalClock(spans: [Span(from: Timestamp(0), offsetMinutes: 0)])

    package struct Span: Hashable, Sendable, ContractValue {
        package let from: Timestamp
        /// Local time minus UTC.
        package let offsetMinutes: Int16

        package init(from: Timestamp, offsetMinutes: Int16) {
            self.from = from
            self.offsetMinutes = offsetMinutes
        }

        package static let shape = Shape.fields("ClockSpan", ("from", .u64), ("offsetMinutes", .u16))

        package func encode(to encoder: inout BCSEncoder) {
            encoder.value(from)
            // Two's complement.
            encoder.u16(UInt16(bitPattern: offsetMinutes))
        }

        package init(from decoder: inout BCSDecoder) throws(BCSError) {
            from = try Timestamp(from: &decoder)
            offsetMinutes = Int16(bitPattern: try decoder.u16())
        }
    }

    package let spans: [Span]

    package init(spans: [Span]) { self.spans = spans }

    package var problem: String? {
        if spans.isEmpty || spans.count > LocalClock.spansMax { return "a clock has 1 to \(LocalClock.spansMax) spans" }
        for (left, right) in zip(spans, spans.dropFirst()) where left.from >= right.from {
            return "the spans of a clock must ascend"
        }
        let range = -LocalClock.offsetMinutesMax...LocalClock.offsetMinutesMax
        return spans.allSatisfy { range.contains($0.offsetMinutes) } ? nil : "a clock's offset is above 15 hours"
    }

    package func offsetMinutes(at time: Timestamp) -> Int16 {
        (spans.last { $0.from <= time } ?? spans.first)?.offsetMinutes ?? 0
    }

    /// Weekday (0 = Monday) and minute of the local day.
    package func local(at time: Timestamp) -> (weekday: Int, minute: Int) {
        let minutes = Int64(time.milliseconds / 60_000) + Int64(offsetMinutes(at: time))
        let day = minutes >= 0 ? minutes / 1_440 : (minutes - 1_439) / 1_440
        // 1970-01-01 was a Thursday.
        let weekday = ((day % 7) + 10) % 7
        return (Int(weekday), Int(minutes - day * 1_440))
    }

    /// The instants whose local label is `minutes` (local minutes since 1970-01-01T00:00): none in the hour that a
    /// spring night skips, two in the hour that an autumn night repeats, else one. Ascending.
    package func instants(ofLocalMinutes minutes: Int64) -> [Timestamp] {
        var found: [Timestamp] = []
        for (index, span) in spans.enumerated() {
            let (utc, overflow) = minutes.subtractingReportingOverflow(Int64(span.offsetMinutes))
            guard !overflow, utc >= 0, utc <= Int64(UInt64.max / 60_000 / 2) else { continue }
            let time = Timestamp(UInt64(utc) * 60_000)
            let begins = index == 0 || span.from <= time
            let lasts = index + 1 == spans.count || time < spans[index + 1].from
            if begins, lasts { found.append(time) }
        }
        return found
    }

    package static let shape = Shape.fields("LocalClock", ("spans", .list(Span.shape, max: spansMax)))

    package func encode(to encoder: inout BCSEncoder) { encoder.vector(spans) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        spans = try decoder.vector(max: LocalClock.spansMax)
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}
