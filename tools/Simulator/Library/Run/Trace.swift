package import Primitives

/// What happened, in order. The digest covers every line's facts, so that two runs of one seed can be compared; the
/// readable lines are made only on demand.
package struct Trace: Sendable {
    /// FNV-1a over 64-bit words, twice with different offsets.
    private var low: UInt64 = 0xcbf2_9ce4_8422_2325
    private var high: UInt64 = 0x6c62_272e_07bb_0142
    package private(set) var events: UInt64 = 0
    /// Called with each line; nil for runs that nobody reads.
    private let sink: (@Sendable (String) -> Void)?

    package init(sink: (@Sendable (String) -> Void)?) { self.sink = sink }

    package var isReadable: Bool { sink != nil }

    package mutating func absorb(_ word: UInt64) {
        low = (low ^ word) &* 0x0000_0100_0000_01b3
        low ^= low >> 29
        high = (high ^ word) &* 0x9e37_79b9_7f4a_7c15
        high ^= high >> 31
    }

    /// One event: its time, its kind, the nodes concerned and the content.
    package mutating func event(_ time: UInt64, _ kind: UInt64, _ node: Int, _ content: Digest? = nil) {
        events += 1
        absorb(time)
        absorb(kind << 32 | UInt64(truncatingIfNeeded: node))
        if let content {
            absorb(content.words.0)
            absorb(content.words.3)
        }
    }

    /// Hands the line to the reader, if there is one. The text is not built otherwise.
    package func line(_ time: UInt64, _ text: @autoclosure () -> String) {
        guard let sink else { return }
        let milliseconds = String(time / 1_000)
        let fraction = String(time % 1_000)
        sink(
            String(repeating: " ", count: max(0, 6 - milliseconds.count)) + milliseconds + "."
                + String(repeating: "0", count: max(0, 3 - fraction.count)) + fraction + "  " + text())
    }

    /// 32 hexadecimal digits.
    package var digest: String { Hex.encode(bytes(high) + bytes(low)) }

    private func bytes(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
}
