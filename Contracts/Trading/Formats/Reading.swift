package import ContractKit
package import Primitives

/// What a register counts. `import` and `export` are seen at the grid connection, `load` and `production` behind it.
package enum Direction: UInt8, Hashable, Sendable, CaseIterable, BCSCodable {
    case `import` = 0
    case export = 1
    case load = 2
    case production = 3

    /// Whether the energy adds to the member's production; otherwise it adds to the consumption.
    package var isProduction: Bool { self == .export || self == .production }

    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { self = try decoder.tag() }
}

/// How a value came to be. Ordered by how much it can be relied on: a sum is as good as its worst part.
package enum Quality: UInt8, Hashable, Comparable, Sendable, CaseIterable, BCSCodable {
    case asProvided = 0
    case adjusted = 1
    case estimated = 2
    /// There is no value; the watt-hours of such a reading are 0.
    case missing = 3

    package static func < (left: Quality, right: Quality) -> Bool { left.rawValue < right.rawValue }

    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { self = try decoder.tag() }
}

/// Pseudonymous number of a meter: given out by the grid operator at random, says nothing of a person or a place.
package struct MeterNumber: Counter, ContractValue, StorageKey {
    package static var shape: Shape { .u64 }
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// Energy of one register of one meter in one period. Meter and resolution are those of its batch.
package struct Reading: Hashable, Sendable, BCSCodable {
    /// Upper bound of one reading in watt-hours (1 TWh): sums over every bounded collection then fit Int64.
    package static let energyMax: Energy = 1_000_000_000_000
    package static let byteCount = 28

    /// Start of the period, UTC, a multiple of the resolution.
    package let start: Timestamp
    package let direction: Direction
    /// Watt-hours, 0 to `energyMax`; 0 when missing.
    package let energy: Energy
    package let quality: Quality
    /// 0 for the first value of this period and register, then ascending.
    package let revision: UInt16
    package let receivedAt: Timestamp

    package init(
        start: Timestamp, direction: Direction, energy: Energy, quality: Quality, revision: UInt16 = 0,
        receivedAt: Timestamp
    ) {
        self.start = start
        self.direction = direction
        self.energy = energy
        self.quality = quality
        self.revision = revision
        self.receivedAt = receivedAt
    }

    /// What is wrong with the value itself, nil when nothing is.
    package var problem: String? {
        if energy < 0 || energy > Reading.energyMax { return "a reading is 0 to \(Reading.energyMax) Wh" }
        if quality == .missing, energy != 0 { return "a missing reading has 0 Wh" }
        return nil
    }

    package func encode(to encoder: inout BCSEncoder) {
        encoder.value(start)
        encoder.value(direction)
        encoder.i64(energy)
        encoder.value(quality)
        encoder.u16(revision)
        encoder.value(receivedAt)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        start = try Timestamp(from: &decoder)
        direction = try Direction(from: &decoder)
        energy = try decoder.i64()
        quality = try Quality(from: &decoder)
        revision = try decoder.u16()
        receivedAt = try Timestamp(from: &decoder)
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}
