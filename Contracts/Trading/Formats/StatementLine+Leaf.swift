internal import Chain
internal import LedgerCrypto
package import Primitives

extension StatementLine {
    /// Bytes of a line without and with charges.
    static let byteCount = 150
    static let byteCountMax = byteCount + 56

    /// `SHA-256(00 || salt || BCS(line))`, the content of a settlement's tree. Each line of each period is hashed once by
    /// each attester, so the bytes are written where they are hashed, without an encoder; `FormatTests` compares with one.
    package func leaf(salt: Digest) -> Digest {
        let count = 1 + Digest.byteCount + (charges == nil ? StatementLine.byteCount : StatementLine.byteCountMax)
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { buffer in
            var writer = LittleEndianWriter(buffer)
            writer.put(UInt8(0))
            salt.withUnsafeBytes { writer.put($0) }
            community.bytes.withUnsafeBytes { writer.put($0) }
            writer.put(period.value)
            writer.put(version)
            writer.put(member.value)
            writer.put(production)
            writer.put(consumption)
            writer.put(received)
            writer.put(given)
            writer.put(bought)
            writer.put(sold)
            writer.put(communityPrices.consumption)
            writer.put(communityPrices.production)
            writer.put(gridPrices.consumption)
            writer.put(gridPrices.production)
            writer.put(paidForReceived)
            writer.put(earnedForGiven)
            writer.put(paidForBought)
            writer.put(earnedForSold)
            writer.put(quality.rawValue)
            writer.put(UInt8(charges == nil ? 0 : 1))
            if let charges { writer.put(charges) }
            return SHA256.hash(UnsafeRawBufferPointer(buffer))
        }
    }
}

/// Writes integers one after the other into memory that is large enough.
private struct LittleEndianWriter {
    private let buffer: UnsafeMutableRawBufferPointer
    private var offset = 0

    init(_ buffer: UnsafeMutableRawBufferPointer) { self.buffer = buffer }

    @inline(__always)
    mutating func put<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value) {
        buffer.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
        offset += MemoryLayout<Value>.size
    }

    @inline(__always)
    mutating func put(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).copyMemory(from: bytes)
        offset += bytes.count
    }

    mutating func put(_ charges: LineCharges) {
        put(charges.gridFeeRate)
        put(charges.fundLevyRate)
        put(charges.incentiveRate)
        put(charges.shared)
        put(charges.gridFee)
        put(charges.fundLevy)
        put(charges.incentive)
    }
}
