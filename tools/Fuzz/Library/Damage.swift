package import Simulator

/// Damages bytes in the ways that decoders trip over.
package enum Damage {
    /// Bytes that stand for absurd lengths: large in ULEB128, in one byte, and as fixed integers.
    private static let lengths: [[UInt8]] = [
        [0xff, 0xff, 0xff, 0xff, 0x0f], [0xff, 0xff, 0xff, 0x7f], [0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x7f], [0xff],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        [0, 0, 0, 0, 0, 0, 0, 0x80],
    ]
    /// Words that text formats react to.
    private static let words = [
        "-1", "0", "1e999", "18446744073709551616", "-9223372036854775809", "9223372036854775807", "null", "true", "[]",
        "{}", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "\"\\u0000\"", "\"\\ud800\"", "\\", "\"", ",", "\n", "é", "NaN",
        "2",
    ].map { Array($0.utf8) }

    /// One of the samples as it is, or, nearly always, changed in some places, cut, extended, joined with another one, or
    /// replaced by random bytes.
    package static func apply(to samples: [[UInt8]], isText: Bool, _ random: inout SeededRandom) -> [UInt8] {
        var out = random.pick(samples) ?? []
        switch random.below(12) {
        case 0: out = Array(out.prefix(random.below(out.count + 1)))
        case 1: out += raw(1 + random.below(40), &random)
        case 2: out = raw(random.below(300), &random)
        case 3, 4: replace(&out, with: random.pick(isText ? words : lengths) ?? [], &random)
        case 5:
            let other = random.pick(samples) ?? []
            out = out.prefix(random.below(out.count + 1)) + other.suffix(random.below(other.count + 1))
        case 6: if !out.isEmpty { out.remove(at: random.below(out.count)) }
        case 7:
            // A part twice.
            let start = random.below(out.count + 1)
            let part = out[start...].prefix(random.below(48))
            out.insert(contentsOf: part, at: start)
        default:
            for _ in 0...random.below(4) where !out.isEmpty {
                let place = random.below(out.count)
                out[place] =
                    random.chance(500) ? UInt8(truncatingIfNeeded: random.next()) : out[place] ^ (1 << random.below(8))
            }
        }
        return out
    }

    private static func replace(_ out: inout [UInt8], with bytes: [UInt8], _ random: inout SeededRandom) {
        let place = random.below(out.count + 1)
        let end = min(out.count, place + (random.chance(500) ? 1 : bytes.count))
        out.replaceSubrange(place..<end, with: bytes)
    }

    private static func raw(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}
