internal import Primitives
internal import Replica

/// Two nodes with one key and one name: the operator restored a machine while the first one still ran. Each keeps the
/// rules by itself; together they vote twice. The network delivers to one of them, or to both.
package struct Twins: ByzantineActor {
    package let kind = ByzantineKind.twins

    package init() {}
}

/// Which twin hears a peer: redrawn now and then.
package struct TwinRouting: Sendable {
    private var choices: [Int: Int] = [:]

    package init() {}

    /// Whether twin `side` (0 or 1) hears the node with this number.
    package mutating func hears(_ side: Int, _ node: Int, _ random: inout SeededRandom) -> Bool {
        if random.chance(30) { choices[node] = nil }
        let choice = choices[node] ?? random.below(3)
        choices[node] = choice
        return choice == 2 || choice == side
    }
}
