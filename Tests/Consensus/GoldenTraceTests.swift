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
               53 n1 proposes B1 in view 1 on B0
               67 n0 notarize 1 B1
               67 n2 notarize 1 B1
               67 n3 notarize 1 B1
               79 n2 finalize 1 B1
               79 n3 finalize 1 B1
               79 n0 finalize 1 B1
               79 n1 finalize 1 B1
               81 n2 proposes B2 in view 2 on B1, just: Notarization(1, B1)
               89 n0 final: B1
               89 n1 final: B1
               89 n2 final: B1
               89 n3 final: B1
               95 n0 notarize 2 B2
               95 n1 notarize 2 B2
               95 n3 notarize 2 B2
              107 n1 finalize 2 B2
              107 n3 finalize 2 B2
              107 n0 finalize 2 B2
              107 n2 finalize 2 B2
              109 n3 proposes B3 in view 3 on B2, just: Notarization(2, B2)
              117 n0 final: B2
              117 n2 final: B2
              117 n1 final: B2
              117 n3 final: B2
              123 n0 notarize 3 B3
              123 n2 notarize 3 B3
              123 n1 notarize 3 B3
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
              566 n2 proposes B1 in view 2 on B0, just: Nullification(1)
              580 n0 notarize 2 B1
              580 n3 notarize 2 B1
              592 n3 finalize 2 B1
              592 n0 finalize 2 B1
              592 n2 finalize 2 B1
              594 n3 proposes B2 in view 3 on B1, just: Notarization(2, B1)
              602 n2 final: B1
              602 n0 final: B1
              602 n3 final: B1
              608 n2 notarize 3 B2
              608 n0 notarize 3 B2
              620 n0 finalize 3 B2
              620 n2 finalize 3 B2
              620 n3 finalize 3 B2
              621 n3 relays Notarization(2, B1) past 3
              621 n0 relays Notarization(2, B1) past 3
              621 n2 relays Notarization(2, B1) past 3
              622 n0 proposes B3 in view 4 on B2, just: Notarization(3, B2)
              630 n3 answers with Finalization(3, B2)
              630 n3 final: B2
              630 n0 answers with Finalization(3, B2)
              630 n0 final: B2
              630 n2 answers with Finalization(3, B2)
              630 n2 final: B2
              636 n3 notarize 4 B3
              636 n2 notarize 4 B3
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
                3 n1 proposes B1 in view 1 on B0
               17 n0 notarize 1 B1
               17 n2 notarize 1 B1
               17 n3 notarize 1 B1
               29 n2 finalize 1 B1
               29 n3 finalize 1 B1
               29 n0 finalize 1 B1
               29 n1 finalize 1 B1
               31 n2 proposes B2 in view 2 on B1, just: Notarization(1, B1)
               39 n0 final: B1
               39 n1 final: B1
               39 n2 final: B1
               39 n3 final: B1
               45 n0 notarize 2 B2
               45 n1 notarize 2 B2
               45 n3 notarize 2 B2
               57 n1 finalize 2 B2
               57 n3 finalize 2 B2
               57 n3 proposes B2 in view 3 again, just: Notarization(2, B2)
               57 n0 finalize 2 B2
               57 n2 finalize 2 B2
               67 n0 final: B2
               67 n0 sends Finalization(2, B2)
               67 n0 epoch 1 begins after B2
               67 n0 stands in view 1
               67 n2 final: B2
               67 n2 sends Finalization(2, B2)
               67 n2 epoch 1 begins after B2
               67 n2 stands in view 1
               67 n1 final: B2
               67 n1 sends Finalization(2, B2)
               67 n1 epoch 1 begins after B2
               67 n1 stands in view 1
               67 n3 final: B2
               67 n3 sends Finalization(2, B2)
               67 n3 epoch 1 begins after B2
               67 n3 stands in view 1
               71 n1 proposes B3 in view 1 on B2
               85 n0 notarize 1 B3
               85 n2 notarize 1 B3
               97 n2 finalize 1 B3
               97 n0 finalize 1 B3
               97 n1 finalize 1 B3
               99 n2 proposes B4 in view 2 on B3, just: Notarization(1, B3)
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
                3 n1 proposes B1 in view 1 on B0
               17 n0 notarize 1 B1
               17 n2 notarize 1 B1
               17 n3 notarize 1 B1
               26 n2 crashes
               29 n3 finalize 1 B1
               29 n0 finalize 1 B1
               29 n1 finalize 1 B1
               39 n1 final: B1
               39 n0 final: B1
               39 n3 final: B1
               40 n2 stands in view 1
               40 n2 repeats B1 of view 1
               40 n2 notarize 1 B1
               50 n0 answers with Finalization(1, B1)
               50 n1 answers with Finalization(1, B1)
               50 n3 answers with Finalization(1, B1)
               58 n3 relays Notarization(1, B1) past 3
               58 n0 relays Notarization(1, B1) past 3
               58 n1 relays Notarization(1, B1) past 3
               60 n2 final: B1
               64 n2 proposes B2 in view 2 on B1, just: Finalization(1, B1)
               78 n0 notarize 2 B2
               78 n1 notarize 2 B2
               78 n3 notarize 2 B2
               88 n1 answers with Notarization(2, B2)
               88 n3 answers with Notarization(2, B2)
               88 n0 answers with Notarization(2, B2)
               90 n1 finalize 2 B2
               90 n3 finalize 2 B2
               90 n0 finalize 2 B2
               90 n2 finalize 2 B2
               92 n3 proposes B3 in view 3 on B2, just: Notarization(2, B2)
              100 n0 answers with Finalization(2, B2)
              100 n0 final: B2
              100 n2 final: B2
              100 n1 answers with Finalization(2, B2)
              100 n1 final: B2
              100 n3 answers with Finalization(2, B2)
              100 n3 final: B2
            """)
    }
}
