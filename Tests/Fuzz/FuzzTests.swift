import Foundation
import Fuzzing
import Testing

/// A round of `tools/fuzz`, whose own runs are longer. `COMMONWATT_FUZZ` raises the inputs per decoder.
struct FuzzTests {
    @Test func decodersNeitherTrapNorTakeSecondEncodings() throws {
        let rounds = max(3_000, ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap(Int.init) ?? 0)
        let decoders = try Decoders.all()
        #expect(decoders.count >= 25)
        for decoder in decoders {
            let result = Fuzzing.run(decoder, rounds: rounds, seed: 3)
            #expect(result.finding == nil, "\(String(describing: result.finding))")
            // Without a real encoding to begin from, damage stays at the door.
            #expect(result.samples > 0 && result.accepted > 0 && result.accepted < rounds, "\(decoder.name)")
        }
    }
}
