import Chain
import Consensus
import Primitives
import Testing

/// The protocol to read: time in milliseconds, node, what it does. Messages take 10 ms, a sync 2 ms, execution 1 ms.
/// A trace that changes is a change of behaviour: read the new one, then replace the text.
@Suite struct GoldenTraces {
    private func compare(_ network: Network, _ golden: String) {
        let lines = network.trace.lines.joined(separator: "\n")
        #expect(network.failures == [])
        if lines != golden { print(lines) }
        #expect(lines == golden)
    }

    @Test func normalCase() throws {
        var network = try Network(4)
        network.trace.isOn = true
        network.startAll()
        network.run(until: 50)
        network.setBusy(true)
        network.run(until: 130)
        compare(
            network,
            """
                0 n0 stands in view 1
                0 n1 stands in view 1
                0 n2 stands in view 1
                0 n3 stands in view 1
               51 n1 proposes B1 in view 1 on B0
               65 n0 notarize 1 B1
               65 n2 notarize 1 B1
               65 n3 notarize 1 B1
               77 n2 finalize 1 B1
               77 n2 proposes B2 in view 2 on B1, just: Notarization(1, B1)
               77 n3 finalize 1 B1
               77 n0 finalize 1 B1
               77 n1 finalize 1 B1
               87 n0 final: B1
               87 n1 final: B1
               87 n2 final: B1
               87 n3 final: B1
               91 n0 notarize 2 B2
               91 n1 notarize 2 B2
               91 n3 notarize 2 B2
              103 n1 finalize 2 B2
              103 n3 finalize 2 B2
              103 n3 proposes B3 in view 3 on B2, just: Notarization(2, B2)
              103 n0 finalize 2 B2
              103 n2 finalize 2 B2
              113 n0 final: B2
              113 n2 final: B2
              113 n1 final: B2
              113 n3 final: B2
              117 n0 notarize 3 B3
              117 n2 notarize 3 B3
              117 n1 notarize 3 B3
              129 n1 finalize 3 B3
              129 n2 finalize 3 B3
              129 n0 finalize 3 B3
              129 n0 proposes B4 in view 4 on B3, just: Notarization(3, B3)
              129 n3 finalize 3 B3
            """)
    }

    @Test func viewChange() throws {
        var network = try Network(4)
        network.startAll()
        network.run(until: 50)
        network.trace.isOn = true
        network.crash(1)
        network.setBusy(true)
        network.run(until: 640)
        compare(
            network,
            """
               50 n1 crashes
              552 n0 nullify 1
              552 n2 nullify 1
              552 n3 nullify 1
              562 n3 sends Nullification(1)
              562 n0 sends Nullification(1)
              562 n2 sends Nullification(1)
              564 n2 proposes B1 in view 2 on B0, just: Nullification(1)
              578 n0 notarize 2 B1
              578 n3 notarize 2 B1
              590 n3 finalize 2 B1
              590 n3 proposes B2 in view 3 on B1, just: Notarization(2, B1)
              590 n0 finalize 2 B1
              590 n2 finalize 2 B1
              600 n2 final: B1
              600 n0 final: B1
              600 n3 final: B1
              604 n0 notarize 3 B2
              604 n2 notarize 3 B2
              616 n2 finalize 3 B2
              616 n0 finalize 3 B2
              616 n0 proposes B3 in view 4 on B2, just: Notarization(3, B2)
              616 n3 finalize 3 B2
              619 n3 relays Notarization(2, B1) past 3
              619 n0 relays Notarization(2, B1) past 3
              619 n2 relays Notarization(2, B1) past 3
              626 n3 answers with Finalization(3, B2)
              626 n3 final: B2
              626 n0 answers with Finalization(3, B2)
              626 n0 final: B2
              626 n2 answers with Finalization(3, B2)
              626 n2 final: B2
              630 n3 notarize 4 B3
              630 n2 notarize 4 B3
              640 n2 answers with Notarization(4, B3)
              640 n0 answers with Notarization(4, B3)
              640 n3 answers with Notarization(4, B3)
            """)
    }

    @Test func epochChange() throws {
        var network = try Network(4)
        network.sets.append(try Fixture.validators(Array(network.keys[0..<3])))
        network.closingHeights = [2]
        network.trace.isOn = true
        network.startAll()
        network.setBusy(true)
        network.run(until: 100)
        compare(
            network,
            """
                0 n0 stands in view 1
                0 n1 stands in view 1
                0 n2 stands in view 1
                0 n3 stands in view 1
                2 n1 proposes B1 in view 1 on B0
               16 n0 notarize 1 B1
               16 n2 notarize 1 B1
               16 n3 notarize 1 B1
               28 n2 finalize 1 B1
               28 n2 proposes B2 in view 2 on B1, just: Notarization(1, B1)
               28 n3 finalize 1 B1
               28 n0 finalize 1 B1
               28 n1 finalize 1 B1
               38 n0 final: B1
               38 n1 final: B1
               38 n2 final: B1
               38 n3 final: B1
               42 n0 notarize 2 B2
               42 n1 notarize 2 B2
               42 n3 notarize 2 B2
               54 n1 finalize 2 B2
               54 n3 finalize 2 B2
               54 n3 proposes B2 in view 3 again, just: Notarization(2, B2)
               54 n0 finalize 2 B2
               54 n2 finalize 2 B2
               64 n0 final: B2
               64 n0 sends Finalization(2, B2)
               64 n0 epoch 1 begins after B2
               64 n0 stands in view 1
               64 n2 final: B2
               64 n2 sends Finalization(2, B2)
               64 n2 epoch 1 begins after B2
               64 n2 stands in view 1
               64 n1 final: B2
               64 n1 sends Finalization(2, B2)
               64 n1 epoch 1 begins after B2
               64 n1 stands in view 1
               64 n3 final: B2
               64 n3 sends Finalization(2, B2)
               64 n3 epoch 1 begins after B2
               64 n3 stands in view 1
               68 n1 proposes B3 in view 1 on B2
               82 n0 notarize 1 B3
               82 n2 notarize 1 B3
               94 n2 finalize 1 B3
               94 n2 proposes B4 in view 2 on B3, just: Notarization(1, B3)
               94 n0 finalize 1 B3
               94 n1 finalize 1 B3
            """)
    }

    @Test func restart() throws {
        var network = try Network(4)
        network.trace.isOn = true
        network.startAll()
        network.setBusy(true)
        network.run(until: 26)
        network.crash(2)
        network.run(until: 40)
        network.start(2)
        network.run(until: 100)
        compare(
            network,
            """
                0 n0 stands in view 1
                0 n1 stands in view 1
                0 n2 stands in view 1
                0 n3 stands in view 1
                2 n1 proposes B1 in view 1 on B0
               16 n0 notarize 1 B1
               16 n2 notarize 1 B1
               16 n3 notarize 1 B1
               26 n2 crashes
               28 n3 finalize 1 B1
               28 n0 finalize 1 B1
               28 n1 finalize 1 B1
               38 n1 final: B1
               38 n0 final: B1
               38 n3 final: B1
               40 n2 stands in view 1
               40 n2 repeats B1 of view 1
               40 n2 notarize 1 B1
               50 n0 answers with Finalization(1, B1)
               50 n1 answers with Finalization(1, B1)
               50 n3 answers with Finalization(1, B1)
               57 n3 relays Notarization(1, B1) past 3
               57 n0 relays Notarization(1, B1) past 3
               57 n1 relays Notarization(1, B1) past 3
               60 n2 final: B1
               62 n2 proposes B2 in view 2 on B1, just: Finalization(1, B1)
               76 n0 notarize 2 B2
               76 n1 notarize 2 B2
               76 n3 notarize 2 B2
               86 n1 answers with Notarization(2, B2)
               86 n3 answers with Notarization(2, B2)
               86 n0 answers with Notarization(2, B2)
               88 n1 finalize 2 B2
               88 n3 finalize 2 B2
               88 n3 proposes B3 in view 3 on B2, just: Notarization(2, B2)
               88 n0 finalize 2 B2
               88 n2 finalize 2 B2
               98 n0 answers with Finalization(2, B2)
               98 n0 final: B2
               98 n2 final: B2
               98 n1 answers with Finalization(2, B2)
               98 n1 final: B2
               98 n3 answers with Finalization(2, B2)
               98 n3 final: B2
            """)
    }
}
