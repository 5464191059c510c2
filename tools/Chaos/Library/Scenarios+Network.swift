/// All faults that the tool knows, in the order of the report.
enum Scenarios {
    static let all: [Scenario] = network + processes + governance + disks + clocks + [combined]

    static func delays(_ scale: Double) -> LinkCondition {
        LinkCondition(delayMilliseconds: 40 * scale, jitterMilliseconds: 30 * scale)
    }

    /// Cuts both directions between two groups.
    static func separate(_ world: World, _ some: [Int]) {
        for from in world.nodes.indices {
            for to in world.nodes.indices where some.contains(from) != some.contains(to) {
                world.switchboard?.set(from: from, to: to, LinkCondition(isCut: true))
            }
        }
    }

    static let whole: @Sendable (World, FaultLog) async throws -> Void = { world, log in
        world.switchboard?.setAll(LinkCondition())
        log.note("all links are whole again")
    }

    static let network: [Scenario] = [
        Scenario(
            name: "loss", what: "10 % of all packets between all validators vanish", expects: .goesOn,
            inject: { world, _ in world.switchboard?.setAll(LinkCondition(loss: 0.10)) }, heal: whole),
        Scenario(
            name: "delay", what: "40 to 70 ms one way between all validators", expects: .goesOn,
            inject: { world, _ in world.switchboard?.setAll(delays(1)) }, heal: whole),
        Scenario(
            name: "jitter-and-loss", what: "5 to 150 ms one way, and 3 % loss, between all validators",
            expects: .goesOn,
            inject: { world, _ in
                world.switchboard?.setAll(
                    LinkCondition(loss: 0.03, delayMilliseconds: 5, jitterMilliseconds: 145))
            }, heal: whole),
        Scenario(
            name: "partition-one", what: "one validator is cut off in both directions", expects: .goesOn,
            inject: { world, _ in separate(world, [3]) }, heal: whole),
        Scenario(
            name: "partition-halves", what: "two validators are cut off from the other two", expects: .stands,
            inject: { world, _ in separate(world, [0, 1]) }, heal: whole),
        Scenario(
            name: "one-way-in", what: "nobody hears one validator, but it hears all", expects: .goesOn,
            inject: { world, _ in
                for to in 0..<3 { world.switchboard?.set(from: 3, to: to, LinkCondition(isCut: true)) }
            }, heal: whole),
        Scenario(
            name: "one-way-ring",
            what: "each validator's packets to the next one vanish (1 to 2, 2 to 3, 3 to 4, 4 to 1)", expects: .either,
            inject: { world, _ in
                for from in 0..<4 {
                    world.switchboard?.set(from: from, to: (from + 1) % 4, LinkCondition(isCut: true))
                }
            }, heal: whole),
        Scenario(
            name: "flapping-links", what: "a validator's links go and come every half second", expects: .goesOn,
            seconds: nil,
            inject: { world, log in
                for round in 0..<8 {
                    separate(world, [round % 4])
                    try await Task.sleep(for: .milliseconds(500))
                    world.switchboard?.setAll(LinkCondition())
                    try await Task.sleep(for: .milliseconds(500))
                }
                log.note("8 times")
            }),
    ]
}
