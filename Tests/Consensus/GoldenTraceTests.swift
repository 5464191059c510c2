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
        compare(network, "")
    }

    @Test func viewChange() throws {
        var network = try Network(4)
        network.startAll()
        network.run(until: 50)
        network.trace.isOn = true
        network.crash(1)
        network.setBusy(true)
        network.run(until: 700)
        compare(network, "")
    }

    @Test func epochChange() throws {
        var network = try Network(4)
        network.sets.append(try Fixture.validators(Array(network.keys[0..<3])))
        network.closingHeights = [2]
        network.trace.isOn = true
        network.startAll()
        network.setBusy(true)
        network.run(until: 200)
        compare(network, "")
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
        compare(network, "")
    }
}
