import Chain
import Foundation
import NodeClient
import Primitives
import TestSupport
import Testing

extension ProcessSuite {
    /// kill -9 at random instants under load: nothing acknowledged is lost or doubled, and each killed node comes back
    /// and catches up without help.
    @Test(.timeLimit(.minutes(30))) func crashesUnderLoadLoseNothing() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        try await ValidatorNetwork.with { network in
            let load = try RegistryLoad(network)
            let partners = ValidatorNetwork.partners
            for round in 0..<ProcessSuite.rounds(4) {
                let victim = partners[round % partners.count]
                let other = partners[(round + 1) % partners.count]
                try await Task.sleep(for: .milliseconds(Int.random(in: 200...1_500, using: &random)))
                try await network.crash(victim)
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...1_500, using: &random)))
                try network.start(victim)
                try await network.follows(victim, other)
            }
            let writes = try await load.stop()
            #expect(writes.count > RegistryLoad.batch * partners.count, "seed \(seed): hardly anything was written")
            try await network.expectNothingLostOrDoubled(writes, on: partners)
        }
    }

    /// With two of four dead no block can become final; with three alive the chain goes on, and what waited is done.
    @Test(.timeLimit(.minutes(5))) func chainStopsWithoutQuorumAndResumes() async throws {
        try await ValidatorNetwork.with { network in
            try await network.write("before", through: "coop")
            try await network.crash("gridco")
            try await network.crash("sunsupply")
            // What had all its votes when they died may still become final.
            try await Task.sleep(for: .milliseconds(500))
            let stopped = await network.height("coop")
            let waiting = try RegistryWrite(
                owner: "coop", name: "waiting", key: network.operatorKey("coop"), network: network.genesis().network)
            let report = try await network.with(["coop"]) { try await $0.submit(waiting.transaction, waitSeconds: 4) }
            if case .final = report.status { Issue.record("a transaction became final with two of four validators") }
            #expect(await network.height("coop") == stopped)
            #expect(await network.height("energylab") == stopped)
            try await eventually("the node says who is missing") {
                let said = try await Program.run(["status", "--node", network.url("coop")])
                return said.exitCode == 1
                    && said.output.contains(
                        "2 of 4 validators are missing, and 3 must take part. Missing: gridco (no link), sunsupply (no link)."
                    )
            }
            try network.start("gridco")
            _ = try await network.with(["coop"]) {
                try await $0.finality(of: waiting.transaction.digest, seconds: 60)
            }
            try network.start("sunsupply")
            try await network.follows("sunsupply", "coop")
            try await network.expectNothingLostOrDoubled([waiting], on: ValidatorNetwork.partners)
        }
    }

    /// A node that cannot write any more says why and ends, and all its services with it; with a disk again it comes back.
    @Test(.timeLimit(.minutes(5))) func aNodeThatCannotWriteEnds() async throws {
        try await ValidatorNetwork.with { network in
            _ = try await network.stop("gridco", seconds: 60)
            let log = "\(network.folder)/gridco/limited.log"
            // What it says goes through another process, since no file of its own will take anything.
            let node = try Program.spawn(
                [
                    "-c", "trap '' XFSZ; exec \"$0\" node --config \"$1\" > >(cat > \"$2\") 2>&1", Program.path,
                    network.settings("gridco"), log,
                ], of: "/bin/bash", log: "\(network.folder)/gridco/bash.log")
            defer { if node.isRunning { kill(node.processIdentifier, SIGKILL) } }
            try await eventually("gridco is ready") {
                (try? await network.with(["gridco"]) { try await $0.nodeStatus() })?.ready ?? false
            }
            let limited = try await Program.run(
                ["--pid", "\(node.processIdentifier)", "--fsize=0:0"], of: "/usr/bin/prlimit")
            #expect(limited.exitCode == 0, "\(limited.output)")
            try await Program.ended(node, seconds: 30)
            #expect(node.terminationReason == .exit && node.terminationStatus == 1)
            try await eventually("it says why", seconds: 10) {
                (try? String(contentsOfFile: log, encoding: .utf8))?.contains("the node halts") ?? false
            }
            try network.start("gridco")
            try await network.follows("gridco", "coop")
        }
    }

    /// A node that lost its disk comes back, catches up, and later votes again: then the chain stands another failure.
    @Test(.timeLimit(.minutes(5))) func wipedNodeRejoins() async throws {
        try await ValidatorNetwork.with { network in
            var writes = [try await network.write("first", through: "coop")]
            try await network.crash("energylab")
            try FileManager.default.removeItem(atPath: network.data("energylab"))
            writes.append(try await network.write("while-away", through: "coop"))
            try network.start("energylab")
            try await network.follows("energylab", "coop")
            writes.append(try await network.write("after", through: "energylab"))
            let log = try String(contentsOfFile: "\(network.folder)/energylab/node.log", encoding: .utf8)
            #expect(log.contains("abstains"), "a node without a journal must say that it abstains")
            try await network.crash("sunsupply")
            writes.append(try await network.write("three-of-four", through: "gridco", seconds: 90))
            try await network.expectNothingLostOrDoubled(writes, on: ["coop", "energylab", "gridco"])
        }
    }

    /// SIGTERM under load: an orderly end, in time, with exit code 0; the restart continues where it stopped.
    @Test(.timeLimit(.minutes(5))) func stopsInOrderAndContinues() async throws {
        try await ValidatorNetwork.with { network in
            let load = try RegistryLoad(network)
            try await Task.sleep(for: .seconds(1))
            for name in ["coop", "gridco"] {
                let before = await network.height(name)
                #expect(try await network.stop(name, seconds: 10) == 0)
                try network.start(name)
                try await network.ready([name])
                #expect(await network.height(name) >= before)
                try await network.follows(name, "sunsupply")
            }
            let writes = try await load.stop()
            try await network.expectNothingLostOrDoubled(writes, on: ValidatorNetwork.partners)
        }
    }
}
