import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite struct DirectFileTests {
    /// Appending writes of any size and alignment leave the bytes of a plain array, whatever was in the file before;
    /// the rest of the last block is zero.
    @Test(arguments: 0..<4) func appendsLikeAnArray(seed: UInt64) throws {
        let place = try TemporaryFolder()
        let path = place.path + "/f"
        let size = 256 * 1024
        try Data(repeating: 0xee, count: size).write(to: URL(filePath: path))
        var random = SeededGenerator(seed: seed)
        // A file system without direct writes has nothing to test: the journal uses plain ones there.
        guard var file = DirectFile(path) else { return }
        var expected: [UInt8] = []
        while expected.count < size - 20_000 {
            let count =
                Bool.random(using: &random)
                ? Int.random(in: 1...300, using: &random) : 4096 * Int.random(in: 1...4, using: &random)
            let bytes = [UInt8](repeating: UInt8.random(in: 1...255, using: &random), count: count)
            try file.write(bytes, at: expected.count)
            expected += bytes
            // Opened again, it has to read back the last block.
            if Int.random(in: 0..<8, using: &random) == 0 {
                file.close()
                file = try #require(DirectFile(path))
            }
        }
        try file.sync()
        let found = [UInt8](try Data(contentsOf: URL(filePath: path)))
        #expect(found.count == size)
        #expect(Array(found[..<expected.count]) == expected)
        let blockEnd = (expected.count + 4095) / 4096 * 4096
        #expect(found[expected.count..<blockEnd].allSatisfy { $0 == 0 })
        #expect(found[blockEnd...].allSatisfy { $0 == 0xee })
    }
}
