internal import Primitives
internal import Simulator

/// One way in for bytes from outside.
package struct Decoder: Sendable {
    package let name: String
    let samples: [[UInt8]]
    let isText: Bool
    /// Whether the bytes were taken. Throws what must not be: a second encoding of one value.
    let decode: @Sendable ([UInt8]) throws(Finding) -> Bool

    init(
        _ name: String, isText: Bool = false, _ samples: [[UInt8]],
        decode: @escaping @Sendable ([UInt8]) throws(Finding) -> Bool
    ) {
        self.name = name
        self.samples = samples
        self.isText = isText
        self.decode = decode
    }

    /// A BCS type: damaged bytes are refused, or are the one encoding of what they decode to.
    static func bcs<Value: BCSCodable & SendableMetatype>(_ name: String, _ type: Value.Type, _ samples: [[UInt8]])
        -> Decoder
    {
        Decoder(name, samples.filter { (try? Value(bcs: $0)) != nil }) { (bytes) throws(Finding) in
            guard let value = try? Value(bcs: bytes) else { return false }
            guard value.bcs == bytes else { throw Finding(decoder: name, bytes: bytes, text: "a second encoding") }
            return true
        }
    }
}

/// Bytes that a decoder got wrong.
package struct Finding: Error, Sendable, CustomStringConvertible {
    package let decoder: String
    package let bytes: [UInt8]
    package let text: String
    package var description: String { "\(decoder): \(text): \(Hex.encode(bytes))" }
}

/// What so many inputs did to one decoder.
package struct FuzzResult: Sendable {
    package let decoder: String
    package let samples: Int
    package let inputs: Int
    package let accepted: Int
    package let finding: Finding?
}

package enum Fuzzing {
    /// Feeds `rounds` inputs, the samples themselves first. A trap ends the process: `begins` hears of each decoder
    /// before, so that it can be named.
    package static func run(
        _ decoder: Decoder, rounds: Int, seed: UInt64, before: (_ round: Int, _ bytes: [UInt8]) -> Void = { _, _ in }
    ) -> FuzzResult {
        var random = SeededRandom(seed: seed, stream: 8)
        var accepted = 0
        var finding: Finding?
        for round in 0..<rounds where finding == nil {
            let bytes =
                round < decoder.samples.count
                ? decoder.samples[round]
                : Damage.apply(to: decoder.samples, isText: decoder.isText, &random)
            before(round, bytes)
            do throws(Finding) {
                if try decoder.decode(bytes) { accepted += 1 }
            } catch {
                finding = error
            }
        }
        return FuzzResult(
            decoder: decoder.name, samples: decoder.samples.count, inputs: rounds, accepted: accepted, finding: finding)
    }
}
