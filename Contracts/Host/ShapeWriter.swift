internal import Chain
package import ContractKit
package import LedgerCrypto
internal import Primitives

/// Makes BCS bytes from a shape, for fuzzing: structurally right, with values at random and at their bounds.
package struct ShapeWriter<Generator: RandomNumberGenerator> {
    package var generator: Generator
    private let words: [String]
    private let keys: [PublicKey]

    /// `words` and `keys` are what a network knows: partners, names, their public keys.
    package init(generator: Generator, words: [String] = [], keys: [PublicKey] = []) {
        self.generator = generator
        self.words = words
        self.keys = keys
    }

    package mutating func bytes(_ shape: Shape) -> [UInt8] {
        var encoder = BCSEncoder()
        write(shape, to: &encoder)
        return encoder.bytes
    }

    private mutating func number() -> UInt64 {
        switch generator.next() % 4 {
        case 0: generator.next() % 4
        case 1: .max - generator.next() % 2
        case 2: 1_750_000_000_000 + generator.next() % 1_000_000
        default: generator.next()
        }
    }

    private mutating func raw(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    private mutating func count(_ max: Int) -> Int {
        switch generator.next() % 3 {
        case 0: 0
        case 1: Int(generator.next() % 3) % (max + 1)
        default: min(max, Int(generator.next() % 40))
        }
    }

    private mutating func write(_ shape: Shape, to encoder: inout BCSEncoder) {
        switch shape {
        case .bool: encoder.bool(generator.next() % 2 == 0)
        case .u8: encoder.u8(UInt8(truncatingIfNeeded: number()))
        case .u16: encoder.u16(UInt16(truncatingIfNeeded: number()))
        case .u32: encoder.u32(UInt32(truncatingIfNeeded: number()))
        case .u64: encoder.u64(number())
        case .i64: encoder.i64(Int64(truncatingIfNeeded: number()))
        case .digest: encoder.fixed(raw(32))
        case .address:
            let known = [WellKnown.governance, WellKnown.identity, WellKnown.host]
            encoder.fixed(generator.next() % 2 == 0 ? known[Int(generator.next() % 3)].bytes : raw(20))
        case .publicKey:
            if !keys.isEmpty, generator.next() % 2 == 0 {
                return encoder.value(keys[Int(generator.next() % UInt64(keys.count))])
            }
            let tag = UInt8(generator.next() % 3)
            encoder.u8(tag)
            encoder.fixed(raw(tag == 1 ? 32 : 33))
        case .signature: encoder.fixed(raw(64))
        case .text(let max):
            let words = words + ["", "é\u{0}", String(repeating: "x", count: max)]
            let word = words[Int(generator.next() % UInt64(words.count))]
            encoder.string(word.utf8.count <= max ? word : "")
        case .bytes(let max): encoder.blob(raw(count(max)))
        case .option(let inner):
            let isPresent = generator.next() % 2 == 0
            encoder.bool(isPresent)
            if isPresent { write(inner, to: &encoder) }
        case .list(let inner, let max):
            let elements = count(max)
            encoder.length(elements)
            for _ in 0..<elements { write(inner, to: &encoder) }
        case .record(_, let fields): for field in fields { write(field.shape, to: &encoder) }
        case .choice(_, let cases):
            let one = cases[Int(generator.next() % UInt64(cases.count))]
            encoder.uleb(one.tag)
            for field in one.fields { write(field.shape, to: &encoder) }
        case .code(_, let values): encoder.u8(values[Int(generator.next() % UInt64(values.count))].value)
        }
    }

    /// The bytes cut, extended, replaced, or with some bits turned.
    package mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var out = bytes
        switch generator.next() % 4 {
        case 0: out.removeLast(min(out.count, 1 + Int(generator.next() % 8)))
        case 1: out += raw(1 + Int(generator.next() % 8))
        case 2: out = raw(Int(generator.next() % 200))
        default:
            for _ in 0..<(1 + generator.next() % 3) where !out.isEmpty {
                out[Int(generator.next() % UInt64(out.count))] ^= UInt8(1 << (generator.next() % 8))
            }
        }
        return out
    }
}
