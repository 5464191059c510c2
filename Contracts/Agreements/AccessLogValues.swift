package import ContractKit
package import Primitives

/// Accesses that a partner served under an agreement in a span of time.
package struct LogAccess: Hashable, Sendable, ContractValue {
    package static let accessesMax: UInt32 = 1_000_000
    package static let energyMax: Energy = 1_000_000_000_000

    package let agreement: UInt64
    package let dataSet: Digest
    /// Merkle root over the entries of the log, which lies in the partner's lake.
    package let root: Digest
    /// Accesses: 1 to 1,000,000.
    package let accesses: UInt32
    /// Watt-hours of the data delivered, what a price per kWh counts: 0 to 10^12, and 0 for other plans.
    package let energy: Energy
    package let from: Timestamp
    package let to: Timestamp

    package init(
        agreement: UInt64, dataSet: Digest, root: Digest, accesses: UInt32, energy: Energy, from: Timestamp,
        to: Timestamp
    ) {
        self.agreement = agreement
        self.dataSet = dataSet
        self.root = root
        self.accesses = accesses
        self.energy = energy
        self.from = from
        self.to = to
    }

    package static let shape = Shape.fields(
        "LogAccess", ("agreement", .u64), ("dataSet", .digest), ("root", .digest), ("accesses", .u32),
        ("energy", .i64), ("from", .u64), ("to", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(agreement)
        encoder.fixed(dataSet)
        encoder.fixed(root)
        encoder.u32(accesses)
        encoder.i64(energy)
        encoder.value(from)
        encoder.value(to)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        agreement = try decoder.u64()
        dataSet = try decoder.digest()
        root = try decoder.digest()
        accesses = try decoder.u32()
        energy = try decoder.i64()
        from = try Timestamp(from: &decoder)
        to = try Timestamp(from: &decoder)
    }
}

/// An anchored access log. Never changed.
package struct AccessLog: Hashable, Sendable, ContractValue {
    package let partner: String
    package let log: LogAccess
    package let height: Height

    init(partner: String, log: LogAccess, height: Height) {
        self.partner = partner
        self.log = log
        self.height = height
    }

    package static let shape = Shape.fields(
        "AccessLog", ("partner", .text(max: Partner.idBytesMax)), ("log", LogAccess.shape), ("height", .u64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.string(partner)
        encoder.value(log)
        encoder.value(height)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        partner = try decoder.string(max: Partner.idBytesMax)
        log = try LogAccess(from: &decoder)
        height = try Height(from: &decoder)
    }
}

package struct AccessLogNotice: Hashable, Sendable, ContractValue {
    /// Number of the log in its agreement, from 0.
    package let number: UInt64
    package let log: AccessLog
    /// What counts under the agreement with this log: not what is above the plan's ceiling, nor reads of open data that a
    /// plan would bill.
    package let accesses: UInt64
    package let energy: Energy

    init(number: UInt64, log: AccessLog, accesses: UInt64, energy: Energy) {
        self.number = number
        self.log = log
        self.accesses = accesses
        self.energy = energy
    }

    package static let shape = Shape.fields(
        "AccessLogNotice", ("number", .u64), ("log", AccessLog.shape), ("accesses", .u64), ("energy", .i64))
    package func encode(to encoder: inout BCSEncoder) {
        encoder.u64(number)
        encoder.value(log)
        encoder.u64(accesses)
        encoder.i64(energy)
    }
    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        number = try decoder.u64()
        log = try AccessLog(from: &decoder)
        accesses = try decoder.u64()
        energy = try decoder.i64()
    }
}
