/// A 64-bit counter that must not be confused with another one: heights, views and epochs are all numbers.
package protocol Counter: Hashable, Comparable, Sendable, CustomStringConvertible, BCSCodable {
    var value: UInt64 { get }
    init(_ value: UInt64)
}

extension Counter {
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    package var description: String { String(value) }

    /// The next counter; stays at the largest value instead of trapping (2^64 - 1 is never reached in practice).
    package var next: Self { Self(value == .max ? value : value + 1) }

    /// The previous counter, nil at zero.
    package var previous: Self? { value == 0 ? nil : Self(value - 1) }

    /// `self + distance`, held at the largest value instead of trapping.
    package func advanced(by distance: UInt64) -> Self {
        let (sum, overflow) = value.addingReportingOverflow(distance)
        return Self(overflow ? .max : sum)
    }

    /// How far `self` lies ahead of `other`; 0 when it does not.
    package func distance(above other: Self) -> UInt64 { value > other.value ? value - other.value : 0 }

    package func encode(to encoder: inout BCSEncoder) { encoder.u64(value) }
    package init(from decoder: inout BCSDecoder) throws(BCSError) { self.init(try decoder.u64()) }
}

/// Position of a block in the chain; the genesis block has height 0.
package struct Height: Counter {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// Consensus view inside an epoch; view 0 belongs to the epoch's root block, voting begins at view 1.
package struct View: Counter {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// Span of the chain certified by one validator set; the first epoch is 0.
package struct Epoch: Counter {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
package struct Timestamp: Counter {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
    package var milliseconds: UInt64 { value }
    package func adding(milliseconds: UInt64) -> Timestamp { advanced(by: milliseconds) }
}
