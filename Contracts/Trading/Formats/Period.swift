package import ContractKit
package import Primitives

/// Number of a settlement period: its UTC start in milliseconds divided by the period length of the community. The
/// clock of a region plays no part in it, so that no local night ever has a doubled or a missing period.
package struct PeriodNumber: Counter, ContractValue, StorageKey {
    package static var shape: Shape { .u64 }
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// Length of a reading or of a settlement period.
package enum Resolution: UInt8, Hashable, Sendable, CaseIterable, ContractValue {
    case minutes15 = 0
    case minutes30 = 1
    case minutes60 = 2

    package static let shape = Shape.code(
        "Resolution", allCases.map { Shape.CodeValue($0.rawValue, $0.iso8601) })

    package var minutes: UInt64 {
        switch self {
        case .minutes15: 15
        case .minutes30: 30
        case .minutes60: 60
        }
    }

    package var milliseconds: UInt64 { minutes * 60_000 }

    /// ISO 8601 duration, as meter data formats write it.
    package var iso8601: String { "PT\(minutes)M" }

    /// The period that contains `time`.
    package func period(at time: Timestamp) -> PeriodNumber { PeriodNumber(time.milliseconds / milliseconds) }

    /// First millisecond of the period, nil beyond what a timestamp holds.
    package func start(of period: PeriodNumber) -> Timestamp? {
        let (product, overflow) = period.value.multipliedReportingOverflow(by: milliseconds)
        return overflow ? nil : Timestamp(product)
    }

    /// First millisecond after the period, nil beyond what a timestamp holds.
    package func end(of period: PeriodNumber) -> Timestamp? {
        guard let start = start(of: period) else { return nil }
        let (sum, overflow) = start.milliseconds.addingReportingOverflow(milliseconds)
        return overflow ? nil : Timestamp(sum)
    }

    package func encode(to encoder: inout BCSEncoder) { encoder.u8(rawValue) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { self = try decoder.tag() }
}

extension BCSDecoder {
    /// A one-byte enum tag.
    package mutating func tag<Value: RawRepresentable<UInt8>>(_ type: Value.Type = Value.self) throws(BCSError) -> Value
    {
        let raw = try u8()
        guard let value = Value(rawValue: raw) else { throw BCSError(.unknownTag(UInt32(raw)), at: offset - 1) }
        return value
    }
}
