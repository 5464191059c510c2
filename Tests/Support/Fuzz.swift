import Foundation

/// How much random damage decoders are given.
package enum Fuzz {
    /// The environment's COMMONWATT_FUZZ when that is larger, else `usual`.
    package static func count(_ usual: Int) -> Int {
        max(usual, ProcessInfo.processInfo.environment["COMMONWATT_FUZZ"].flatMap(Int.init) ?? 0)
    }
}

extension SeededGenerator {
    /// `bytes` truncated, extended, with changed, inserted or removed bytes, or replaced by random ones.
    package mutating func damage(_ bytes: [UInt8]) -> [UInt8] {
        var out = bytes
        switch Int.random(in: 0..<7, using: &self) {
        case 0: out = Array(out.prefix(Int.random(in: 0...out.count, using: &self)))
        case 1: out += (0...Int.random(in: 0..<40, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
        case 2: out = (0..<Int.random(in: 0..<400, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
        case 3 where !out.isEmpty:
            // An absurd length where one may stand.
            let place = Int.random(in: 0..<out.count, using: &self)
            out.replaceSubrange(place..<place + 1, with: [0xff, 0xff, 0xff, 0xff, 0x0f])
        case 4 where !out.isEmpty: out.remove(at: Int.random(in: 0..<out.count, using: &self))
        default:
            for _ in 0...Int.random(in: 0..<4, using: &self) where !out.isEmpty {
                out[Int.random(in: 0..<out.count, using: &self)] = UInt8.random(in: 0...255, using: &self)
            }
        }
        return out
    }
}
