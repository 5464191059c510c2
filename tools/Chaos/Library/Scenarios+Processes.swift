internal import Foundation
internal import Glibc
internal import NodeClient

extension Scenarios {
    static let processes: [Scenario] = [
        Scenario(
            name: "kill-loop", what: "kill -9 of one validator after the other, six times, each started again at once",
            expects: .goesOn, seconds: nil,
            inject: { world, log in
                var random = ChaosGenerator(seed: log.seed)
                for round in 0..<6 {
                    let node = world.nodes[round % world.nodes.count]
                    try await Task.sleep(for: .milliseconds(Int.random(in: 300...900, using: &random)))
                    try await node.crash()
                    try await Task.sleep(for: .milliseconds(Int.random(in: 0...800, using: &random)))
                    try node.start()
                    try await node.ready(seconds: 30)
                    log.note("\(node.name) was killed and is back")
                }
            }),
        Scenario(
            name: "kill-two", what: "kill -9 of two validators at once", expects: .stands,
            inject: { world, _ in
                for node in world.nodes[1...2] { node.signal(SIGKILL) }
                for node in world.nodes[1...2] { try await node.ended(seconds: 5) }
            },
            heal: { world, log in
                for node in world.nodes[1...2] { try node.start() }
                log.note("both are started again")
            }),
        Scenario(
            name: "kill-all", what: "kill -9 of all validators at once, as a power cut does", expects: .stands,
            seconds: 2,
            inject: { world, _ in
                for node in world.nodes { node.signal(SIGKILL) }
                for node in world.nodes { try await node.ended(seconds: 5) }
            },
            heal: { world, log in
                for node in world.nodes { try node.start() }
                log.note("all are started again")
            }),
        Scenario(
            name: "stop-one", what: "SIGSTOP of one validator; its sockets stay open", expects: .goesOn,
            inject: { world, _ in world.nodes[2].signal(SIGSTOP) },
            heal: { world, log in
                world.nodes[2].signal(SIGCONT)
                log.note("SIGCONT")
            }),
        Scenario(
            name: "stop-two", what: "SIGSTOP of two validators", expects: .stands,
            inject: { world, _ in for node in world.nodes[1...2] { node.signal(SIGSTOP) } },
            heal: { world, log in
                for node in world.nodes[1...2] { node.signal(SIGCONT) }
                log.note("SIGCONT")
            }),
        Scenario(
            name: "rolling-upgrade",
            what: "SIGTERM of one validator after the other, each started again with a copy of the program",
            expects: .goesOn, seconds: nil,
            inject: { world, log in
                let copy = world.folder + "/commonwatt-next"
                try FileManager.default.copyItem(atPath: world.nodes[0].program, toPath: copy)
                for node in world.nodes {
                    let code = try await node.end(SIGTERM, seconds: 15)
                    if code != 0 { log.refuse("\(node.name) ended with \(code.map(String.init) ?? "a signal")") }
                    try node.start(program: copy)
                    try await node.ready(seconds: 30)
                    log.note("\(node.name) runs the copy")
                }
            }),
    ]

    static let clocks: [Scenario] = [
        Scenario(
            name: "clock-forward", what: "one validator's wall clock jumps an hour ahead, then back",
            needs: [.wallClock], expects: .goesOn, prepare: { $0.clocks = [1] },
            inject: { world, _ in try world.nodes[1].setClock(secondsAhead: 3_600) },
            heal: { world, _ in try world.nodes[1].setClock(secondsAhead: 0) }),
        Scenario(
            name: "clock-back", what: "one validator's wall clock jumps an hour back, then to now",
            needs: [.wallClock], expects: .goesOn, prepare: { $0.clocks = [1] },
            inject: { world, _ in try world.nodes[1].setClock(secondsAhead: -3_600) },
            heal: { world, _ in try world.nodes[1].setClock(secondsAhead: 0) }),
        Scenario(
            name: "clocks-apart", what: "the wall clocks of two validators stand one minute apart from the others'",
            needs: [.wallClock], expects: .either, prepare: { $0.clocks = [0, 1] },
            inject: { world, _ in
                try world.nodes[0].setClock(secondsAhead: 60)
                try world.nodes[1].setClock(secondsAhead: -60)
            },
            heal: { world, _ in for index in 0...1 { try world.nodes[index].setClock(secondsAhead: 0) } }),
    ]

    /// A schedule of three faults drawn from the seed, one after the other, sometimes two at a time.
    static let combined = Scenario(
        name: "combined", what: "faults drawn from the seed: loss, delay, cuts, kills and stops, overlapping",
        expects: .either, seconds: nil,
        inject: { world, log in
            var random = ChaosGenerator(seed: log.seed)
            for _ in 0..<6 {
                let victim = world.nodes[Int.random(in: 0..<world.nodes.count, using: &random)]
                let other = world.nodes[Int.random(in: 0..<world.nodes.count, using: &random)]
                let pause = Duration.milliseconds(Int.random(in: 500...2_000, using: &random))
                switch Int.random(in: 0..<5, using: &random) {
                case 0:
                    let loss = Double.random(in: 0.02...0.2, using: &random)
                    world.switchboard?.setAll(LinkCondition(loss: loss))
                    log.note("\(Int(loss * 100)) % loss")
                case 1:
                    world.switchboard?.setAll(delays(Double.random(in: 0.2...2, using: &random)))
                    log.note("delay")
                case 2:
                    separate(world, [victim.index])
                    log.note("\(victim.name) is cut off")
                case 3:
                    victim.signal(SIGSTOP)
                    log.note("\(victim.name) stands still")
                    try await Task.sleep(for: pause)
                    victim.signal(SIGCONT)
                default:
                    try await victim.crash()
                    log.note("\(victim.name) was killed")
                }
                // Sometimes a second one falls while the first is away.
                if Bool.random(using: &random), other.isRunning {
                    try await other.crash()
                    log.note("\(other.name) was killed")
                }
                try await Task.sleep(for: pause)
                world.switchboard?.setAll(LinkCondition())
                for node in world.nodes where !node.isRunning { try node.start() }
                try await Task.sleep(for: .milliseconds(500))
            }
        },
        heal: { world, log in
            try await whole(world, log)
            for node in world.nodes where !node.isRunning { try node.start() }
        })
}
