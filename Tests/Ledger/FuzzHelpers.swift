import Primitives
import TestSupport
import Testing

/// Round trip, then damaged bytes: they are refused, or decode to a value whose one encoding they are.
func expectCanonical<Value: BCSCodable & Equatable>(
    _ value: Value, seed: UInt64, count: Int = 400, location: SourceLocation = #_sourceLocation
) {
    let bytes = value.bcs
    #expect((try? Value(bcs: bytes)) == value, sourceLocation: location)
    var random = SeededGenerator(seed: seed)
    for round in 0..<Fuzz.count(count) {
        let damaged = random.damage(bytes)
        guard let decoded = try? Value(bcs: damaged) else { continue }
        if decoded.bcs != damaged {
            Issue.record("seed \(seed) round \(round): a second encoding of one value", sourceLocation: location)
        }
    }
}
