/// Regions and the round-trip times between them. Node `i` stands in region `i % count`.
package struct Regions: Sendable {
    package let names: [String]
    /// Milliseconds there and back, symmetric; on the diagonal between two zones of one region.
    private let roundTripMilliseconds: [[UInt64]]

    /// Averages of 27 July to 25 August 2024 that IBM publishes for its cloud ("Network latency dashboards",
    /// cloud.ibm.com/docs/vpc), rounded to milliseconds; 2 ms between zones of one region.
    package static let world = Regions(
        names: ["Frankfurt", "Madrid", "Washington DC", "Sao Paulo", "Tokyo"],
        roundTripMilliseconds: [
            [2, 29, 91, 198, 233],
            [29, 2, 88, 209, 258],
            [91, 88, 2, 119, 166],
            [198, 209, 119, 2, 284],
            [233, 258, 166, 284, 2],
        ])

    /// Half the round trip, microseconds; 0 from a node to itself.
    package func oneWayMicroseconds(_ from: Int, _ to: Int) -> UInt64 {
        from == to ? 0 : roundTripMilliseconds[from % names.count][to % names.count] * 500
    }

    /// The earliest time at which each of `count` nodes can know that a block is final, in microseconds after `leader`
    /// proposed it: the proposal, a quorum's Notarize and a quorum's Finalize each travel one way. Nothing else takes time.
    package func finality(of count: Int, quorum: Int, leader: Int) -> [UInt64] {
        let nodes = 0..<count
        func round(_ ready: [UInt64]) -> [UInt64] {
            nodes.map { to in
                nodes.map { ready[$0] + oneWayMicroseconds($0, to) }.sorted()[quorum - 1]
            }
        }
        return round(round(nodes.map { oneWayMicroseconds(leader, $0) }))
    }
}
