/// What the links of a simulated network do to messages. Nodes are numbers. Links lose, delay, reorder and duplicate;
/// a partition cuts directed links, so it may be asymmetric (A hears B, B does not hear A).
package struct NetworkModel: Sendable {
    package struct Conditions: Sendable, Hashable {
        /// Delay of a message, in microseconds, drawn evenly; a wide range reorders.
        package var delayMicroseconds: ClosedRange<UInt64>
        /// Messages out of 1,000 that are lost, sent twice, or held back for `stallMicroseconds`.
        package var lossPerMille: Int
        package var duplicationPerMille: Int
        package var stallPerMille: Int
        package var stallMicroseconds: ClosedRange<UInt64>

        /// A network that keeps its promises: after healing.
        package static let calm = Conditions(
            delayMicroseconds: 2_000...20_000, lossPerMille: 0, duplicationPerMille: 0, stallPerMille: 0,
            stallMicroseconds: 0...0)

        package init(
            delayMicroseconds: ClosedRange<UInt64>, lossPerMille: Int, duplicationPerMille: Int, stallPerMille: Int,
            stallMicroseconds: ClosedRange<UInt64>
        ) {
            self.delayMicroseconds = delayMicroseconds
            self.lossPerMille = lossPerMille
            self.duplicationPerMille = duplicationPerMille
            self.stallPerMille = stallPerMille
            self.stallMicroseconds = stallMicroseconds
        }
    }

    package struct Link: Hashable, Sendable {
        package let from: Int
        package let to: Int
        package init(from: Int, to: Int) {
            self.from = from
            self.to = to
        }
    }

    package var conditions: Conditions
    /// Directed links that carry nothing at the moment. Only ever asked for membership.
    package private(set) var cut: Set<Link> = []
    /// Links that take longer than the others, in microseconds; asked for by key only.
    package var slowLinks: [Link: UInt64] = [:]

    package init(conditions: Conditions) { self.conditions = conditions }

    /// When the copies of a message sent now over the link arrive: none when lost or cut, two when duplicated.
    package mutating func deliveries(
        from: Int, to: Int, now: UInt64, random: inout SeededRandom, faults: inout FaultCounts
    ) -> [UInt64] {
        if cut.contains(Link(from: from, to: to)) {
            faults.count(.partitionedMessage)
            return []
        }
        if random.chance(conditions.lossPerMille) {
            faults.count(.lostMessage)
            return []
        }
        var delay = random.within(conditions.delayMicroseconds)
        if !slowLinks.isEmpty { delay += slowLinks[Link(from: from, to: to)] ?? 0 }
        if random.chance(conditions.stallPerMille) {
            faults.count(.delayedMessage)
            delay += random.within(conditions.stallMicroseconds)
        }
        guard random.chance(conditions.duplicationPerMille) else { return [now + delay] }
        faults.count(.duplicatedMessage)
        return [now + delay, now + delay + random.within(conditions.delayMicroseconds)]
    }

    /// Cuts every link between the two sides; when `oneWay`, only from the first side to the second.
    package mutating func partition(_ side: [Int], from other: [Int], oneWay: Bool) {
        for left in side {
            for right in other where left != right {
                cut.insert(Link(from: left, to: right))
                if !oneWay { cut.insert(Link(from: right, to: left)) }
            }
        }
    }

    package mutating func heal() { cut = [] }
    package func isCut(from: Int, to: Int) -> Bool { cut.contains(Link(from: from, to: to)) }
}
