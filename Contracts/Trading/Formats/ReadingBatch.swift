internal import LedgerCrypto
package import Primitives

/// Readings of one meter, content-addressed. Begins with a random salt, so that its digest says nothing about the
/// values to somebody who does not hold it.
///
/// Bytes: salt (32), format version (u16), meter (u64), resolution (u8), readings (vector).
/// Invariants (`problem`): at most 8,192 readings, strictly ascending by (start, direction), starts on the resolution.
package struct ReadingBatch: Hashable, Sendable {
    package static let formatVersion: UInt16 = 1
    package static let readingsMax = 8_192
    package static let byteCountMax = 64 + readingsMax * Reading.byteCount
    /// Name of this format in the Anchors contract.
    package static let schema = "commonwatt/readings/1"

    package let salt: Digest
    package let meter: MeterNumber
    package let resolution: Resolution
    package let readings: [Reading]
    /// Directions of the readings, a bit for each by its number: follows from them, and each period asks for it.
    package let directions: UInt8

    package init(salt: Digest, meter: MeterNumber, resolution: Resolution, readings: [Reading]) {
        self.salt = salt
        self.meter = meter
        self.resolution = resolution
        self.readings = readings
        directions = ReadingBatch.directions(of: readings)
    }

    private static func directions(of readings: [Reading]) -> UInt8 {
        readings.reduce(0) { $0 | 1 << $1.direction.rawValue }
    }

    /// What is wrong, nil when nothing is.
    package var problem: String? {
        if readings.isEmpty || readings.count > ReadingBatch.readingsMax {
            return "a batch has 1 to \(ReadingBatch.readingsMax) readings"
        }
        if salt == .zero { return "a batch needs a random salt" }
        for reading in readings {
            if let problem = reading.problem { return problem }
            if reading.start.milliseconds % resolution.milliseconds != 0 {
                return "a reading starts off the \(resolution.iso8601) grid"
            }
        }
        for (left, right) in zip(readings, readings.dropFirst()) {
            let ascends =
                left.start < right.start
                || (left.start == right.start && left.direction.rawValue < right.direction.rawValue)
            if !ascends { return "readings must ascend by start and direction, each once" }
        }
        return nil
    }

    /// Content address: SHA-256 of the BCS bytes.
    package var digest: Digest { SHA256.hash(bcs) }

    /// First start and end after the last reading.
    package var span: (from: Timestamp, to: Timestamp)? {
        guard let first = readings.first, let last = readings.last else { return nil }
        return (first.start, last.start.adding(milliseconds: resolution.milliseconds))
    }
}

extension ReadingBatch: BCSCodable {
    package func encode(to encoder: inout BCSEncoder) {
        encoder.fixed(salt)
        encoder.u16(ReadingBatch.formatVersion)
        encoder.value(meter)
        encoder.value(resolution)
        encoder.vector(readings)
    }

    package init(from decoder: inout BCSDecoder) throws(BCSError) {
        salt = try decoder.digest()
        guard try decoder.u16() == ReadingBatch.formatVersion else {
            throw decoder.failure(.invalid("this batch has another format version than \(ReadingBatch.formatVersion)"))
        }
        meter = try MeterNumber(from: &decoder)
        resolution = try Resolution(from: &decoder)
        readings = try decoder.vector(max: ReadingBatch.readingsMax)
        directions = ReadingBatch.directions(of: readings)
        if let problem { throw decoder.failure(.invalid(problem)) }
    }
}

/// Merkle tree over the readings, for the anchor and for proofs of a single reading. Each leaf has a salt of its own.
extension ReadingBatch {
    /// `HMAC-SHA-256(batch salt, u32 index)`.
    package func leafSalt(_ index: Int) -> Digest {
        var encoder = BCSEncoder()
        encoder.u32(UInt32(clamping: index))
        return SHA256.hmac(key: salt.bytes, encoder.bytes)
    }

    /// `SHA-256(00 || leaf salt || BCS(reading))` for each reading, in order.
    package var leaves: [Digest] {
        readings.enumerated().map { SaltedLeaf.digest(salt: leafSalt($0.offset), $0.element.bcs) }
    }

    package var root: Digest { MerkleTree.root(leaves) }
}

/// Leaf of a salted Merkle list: `SHA-256(00 || salt || content)`.
package enum SaltedLeaf {
    package static func digest(salt: Digest, _ content: [UInt8]) -> Digest {
        SHA256.hash(prefix: [0] + salt.bytes, content)
    }
}
