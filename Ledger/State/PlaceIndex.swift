/// Where the entry of each place is in a table whose entries lie side by side in the order of their places, some of which
/// may be gone: a rank over bits, two bits a place, so that what is gone costs next to nothing.
struct PlaceIndex: Sendable {
    /// 64 places.
    private struct Group: Sendable {
        /// Bit i: the place is taken.
        var bits: UInt64
        /// Taken places before this group.
        var before: UInt32
    }

    /// Empty while no place is gone: then an entry's position is its place.
    private var groups: [Group] = []

    /// Nil when the place is gone. While none is, any place has a position, which the table bounds.
    func position(_ place: UInt32) -> Int? {
        if groups.isEmpty { return Int(place) }
        let number = Int(place >> 6)
        guard number < groups.count else { return nil }
        let group = groups[number]
        let bit = UInt64(1) << UInt64(place & 63)
        guard group.bits & bit != 0 else { return nil }
        return Int(group.before) + (group.bits & (bit - 1)).nonzeroBitCount
    }

    /// Lets go of places, in any order, of a table of `count` entries. What is left, and the positions that it had here,
    /// ascending.
    func without(_ gone: [UInt32], count: Int) -> (index: PlaceIndex, kept: [Int]) {
        var rest = self
        if groups.isEmpty {
            rest.groups = (0..<(count + 63) / 64).map { number in
                let places = count - number * 64
                return Group(bits: places < 64 ? (1 << UInt64(places)) - 1 : .max, before: 0)
            }
        }
        for place in gone where Int(place >> 6) < rest.groups.count {
            rest.groups[Int(place >> 6)].bits &= ~(1 << UInt64(place & 63))
        }
        var kept: [Int] = []
        for number in rest.groups.indices {
            rest.groups[number].before = UInt32(clamping: kept.count)
            var bits = rest.groups[number].bits
            while bits != 0 {
                if let position = position(UInt32(clamping: number * 64 + bits.trailingZeroBitCount)) {
                    kept.append(position)
                }
                bits &= bits - 1
            }
        }
        return (rest, kept)
    }

    /// What it occupies.
    var byteCount: Int { groups.count * MemoryLayout<Group>.stride }
}
