/// SplitMix64 with the few draws that a simulation needs. One seed gives several independent streams, so that a change
/// in one part of a run (say, the workload) leaves the draws of the others as they were.
package struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64, stream: UInt64 = 0) {
        state = seed &* 0x2545_f491_4f6c_dd1d &+ stream &* 0x9e37_79b9_7f4a_7c15 &+ 0x1234_5678_9abc_def1
        _ = next()
        _ = next()
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A number in `0..<bound`; 0 when the bound is 0. The bias of the high product is below 2^-32 for small bounds.
    package mutating func below(_ bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }

    package mutating func below(_ bound: Int) -> Int { Int(below(UInt64(max(0, bound)))) }

    /// A number in the closed range.
    package mutating func within(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True in `perMille` of 1,000 draws. Always draws, so that a rate of 0 does not shift the stream.
    package mutating func chance(_ perMille: Int) -> Bool { below(1_000) < perMille }

    /// One of the values; nil of none.
    package mutating func pick<Value>(_ values: [Value]) -> Value? {
        let index = below(max(1, values.count))
        return values.indices.contains(index) ? values[index] : nil
    }

    /// `count` of the values (fewer when there are fewer), in random order.
    package mutating func sample<Value>(_ values: [Value], _ count: Int) -> [Value] {
        var rest = values
        var chosen: [Value] = []
        while chosen.count < count, !rest.isEmpty { chosen.append(rest.remove(at: below(rest.count))) }
        return chosen
    }
}
