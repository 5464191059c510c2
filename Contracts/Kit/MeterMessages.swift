package import Primitives

/// Calls of Identity that a community instance makes.
package enum MeterMessages {
    /// Takes a meter into the calling instance. Refused unless the grid operator confirmed exactly this holder, the meter is in
    /// no community, and the last one that had it settles nothing from the given time on.
    package static let join = Message<JoinMeter, Nothing>(6, "joinMeter")
    /// Lets a meter go that the calling instance has.
    package static let leave = Message<LeaveMeter, Nothing>(7, "leaveMeter")
}

package struct JoinMeter: Hashable, Sendable, ContractValue {
    package let meter: UInt64
    /// Digest of the consent that the community holds; must be the confirmed one.
    package let holder: Digest
    /// Start of the first period that the community settles for it.
    package let from: Timestamp

    package init(meter: UInt64, holder: Digest, from: Timestamp) {
        self.meter = meter
        self.holder = holder
        self.from = from
    }

    package static let shape = Shape.fields("JoinMeter", ("meter", .u64), ("holder", .digest), ("from", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(meter)
        encoder.fixed(holder)
        encoder.value(from)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        meter = try decoder.u64()
        holder = try decoder.digest()
        from = try Timestamp(from: &decoder)
    }
}

package struct LeaveMeter: Hashable, Sendable, ContractValue {
    package let meter: UInt64
    /// End of the last period that the community settles for it.
    package let until: Timestamp

    package init(meter: UInt64, until: Timestamp) {
        self.meter = meter
        self.until = until
    }

    package static let shape = Shape.fields("LeaveMeter", ("meter", .u64), ("until", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(meter)
        encoder.value(until)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        meter = try decoder.u64()
        until = try Timestamp(from: &decoder)
    }
}
