internal import LedgerCrypto
package import Primitives
package import Trading

/// Readings that an adaptor made of a file, with everything that it did not take, changed or does not vouch for.
package struct AdaptedReadings: Sendable {
    package let resolution: Resolution
    /// Ascending by meter; each ascending by start and direction.
    package let series: [(meter: MeterNumber, readings: [Reading])]
    /// Ascending by line.
    package let notices: [ReadingNotice]

    /// Rows and values that were not taken, in the order of the file.
    package var rejected: [RejectedRow] {
        notices.filter { $0.action == .rejected }.map { RejectedRow(line: $0.line, reason: $0.reason) }
    }

    package var rejectedCount: Int { notices.reduce(0) { $0 + ($1.action == .rejected ? $1.count : 0) } }

    /// Readings by quality code.
    package func count(_ quality: Quality) -> Int {
        series.reduce(0) { $0 + $1.readings.count { $0.quality == quality } }
    }

    package var readingsCount: Int { series.reduce(0) { $0 + $1.readings.count } }
}

extension AdaptedReadings {
    /// Batches of at most `span` milliseconds each, cut at its multiples; `salt` draws 32 random bytes for each.
    package func batches(
        from: Timestamp, to: Timestamp, span: UInt64, salt: () -> Digest
    ) -> [ReadingBatch] {
        var batches: [ReadingBatch] = []
        for (meter, readings) in series {
            let inside = readings.filter { $0.start >= from && $0.start < to }
            let parts = Dictionary(grouping: inside) { $0.start.value / max(1, span) }
            for part in parts.keys.sorted() {
                let rows = parts[part] ?? []
                for start in stride(from: 0, to: rows.count, by: ReadingBatch.readingsMax) {
                    let end = min(start + ReadingBatch.readingsMax, rows.count)
                    batches.append(
                        ReadingBatch(
                            salt: salt(), meter: meter, resolution: resolution, readings: Array(rows[start..<end])))
                }
            }
        }
        return batches
    }
}
