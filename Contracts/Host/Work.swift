/// Price of host calls in work units; one unit is about a nanosecond of the machine of the benchmarks, with the cost of
/// the authenticated tree in the writes. Part of consensus: a change is a new host version.
enum Work {
    static let transaction: UInt64 = 10_000
    static let call: UInt64 = 1_000
    static let argumentByte: UInt64 = 5
    static let read: UInt64 = 1_000
    static let readByte: UInt64 = 2
    static let write: UInt64 = 5_000
    static let writtenByte: UInt64 = 10
    static let event: UInt64 = 500
    static let eventByte: UInt64 = 5
    static let instance: UInt64 = 10_000
    static let schedule: UInt64 = 5_000
}

/// Counts work against a limit. Once above it, every further charge is refused: catching the rejection does not help.
struct WorkMeter {
    private(set) var used: UInt64 = 0
    let limit: UInt64

    /// False when the limit is passed; then `used` is the limit, so that a receipt never shows more.
    mutating func charge(_ units: UInt64) -> Bool {
        let (sum, overflow) = used.addingReportingOverflow(units)
        if overflow || sum > limit {
            used = limit
            isExhausted = true
        }
        if isExhausted { return false }
        used = sum
        return true
    }

    private(set) var isExhausted = false

    init(limit: UInt64) { self.limit = limit }
}
