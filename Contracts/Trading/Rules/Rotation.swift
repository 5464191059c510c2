internal import LedgerCrypto
internal import Primitives

/// Who comes first when something cannot be divided: the members concerned in ascending order, rotated from period to
/// period. Only those concerned are counted: rotating among all would give a bystander's turns to its neighbour.
///
/// In every block of n consecutive periods (n members concerned, blocks counted from period 0) each position comes first exactly
/// once. The blocks themselves are shifted by a hash of their number: a plain `period mod n` would give the same member
/// every noon in a community whose size divides the periods of a day.
package struct Rotation: Hashable, Sendable {
    package let count: Int
    /// Position that comes first.
    package let first: Int

    package init(period: PeriodNumber, count: Int) {
        self.count = count
        guard count > 0 else {
            first = 0
            return
        }
        let size = UInt64(count)
        let block = SHA256.hash(PeriodNumber(period.value / size).bcs)
        // The first eight bytes of the hash, big-endian.
        let shift = block.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        first = Int((period.value % size + shift % size) % size)
    }

    /// 0 for the position that comes first, `count - 1` for the last. `position` in 0..<count.
    package func rank(_ position: Int) -> Int {
        position >= first ? position - first : position - first + count
    }
}
